//! A consistent view: a read-only transaction on one of the pool's connections.

use std::collections::HashMap;
use std::ops::Bound;
use std::sync::Arc;

use tokio::sync::OnceCell;
use tokio_postgres::types::ToSql;

use super::failure;
use super::pool::{Lease, Pool, Read};
use crate::store::engine::{Direction, KeyRange, MAX_SCAN_ROWS, Row, StoreError};
use crate::store::keys::Key;
use crate::store::reading::Waiting;

/// How often a view tries to begin. An idle connection may turn out to be dead.
const ATTEMPTS: usize = 3;

/// Begins with its first read, and ends when it is dropped. After an error, all its reads fail.
pub struct PostgresView {
    pool: Arc<Pool>,
    lease: OnceCell<Lease>,
    /// Each read is a transaction of its own, on any connection.
    is_latest: bool,
}

impl PostgresView {
    pub(super) fn new(pool: Arc<Pool>) -> Self {
        Self {
            pool,
            lease: OnceCell::new(),
            is_latest: false,
        }
    }

    pub(super) fn latest(pool: Arc<Pool>) -> Self {
        Self {
            is_latest: true,
            ..Self::new(pool)
        }
    }

    pub fn get<'a>(&'a self, key: &'a Key) -> Waiting<'a, Option<Row>> {
        Box::pin(async {
            let rows = self.rows(Read::Get, &[&key.as_bytes()]).await?;
            let row = rows.first().map(|found| row(found, 0));
            row.transpose().map_err(|error| damaged(&error))
        })
    }

    /// The rows of several keys, in the order of the keys.
    pub fn get_many<'a>(&'a self, keys: &'a [&'a Key]) -> Waiting<'a, Vec<Option<Row>>> {
        Box::pin(async move {
            if keys.is_empty() {
                return Ok(Vec::new());
            }
            let wanted: Vec<&[u8]> = keys.iter().map(|key| key.as_bytes()).collect();
            let rows = self.rows(Read::GetMany, &[&wanted]).await?;
            let found = rows.iter().map(keyed_row).collect::<Result<Vec<_>, _>>();
            let mut found: HashMap<Key, Row> = found
                .map_err(|error| damaged(&error))?
                .into_iter()
                .collect();
            // The last of several equal keys takes the row; the others copy it.
            let mut uses: HashMap<&Key, usize> = HashMap::new();
            for key in keys {
                *uses.entry(key).or_default() += 1;
            }
            let take = |key: &&Key| {
                let left = uses.get_mut(*key)?;
                *left -= 1;
                if *left == 0 {
                    found.remove(*key)
                } else {
                    found.get(*key).cloned()
                }
            };
            Ok(keys.iter().map(take).collect())
        })
    }

    /// Only the version, without the value.
    pub fn version<'a>(&'a self, key: &'a Key) -> Waiting<'a, Option<u64>> {
        Box::pin(async move {
            let versions = self.versions(&[key]).await?;
            Ok(versions.into_iter().next().flatten())
        })
    }

    /// Only the versions, without the values.
    pub fn versions<'a>(&'a self, keys: &'a [&'a Key]) -> Waiting<'a, Vec<Option<u64>>> {
        Box::pin(async move {
            if keys.is_empty() {
                return Ok(Vec::new());
            }
            let wanted: Vec<&[u8]> = keys.iter().map(|key| key.as_bytes()).collect();
            let rows = self.rows(Read::Versions, &[&wanted]).await?;
            let version = |found: &tokio_postgres::Row| {
                let key = Key::from_bytes(found.try_get(0)?);
                Ok((key, found.try_get::<_, i64>(1)? as u64))
            };
            let found = rows.iter().map(version).collect::<Result<_, _>>();
            let found: HashMap<Key, u64> = found.map_err(|error| damaged(&error))?;
            Ok(keys.iter().map(|key| found.get(*key).copied()).collect())
        })
    }

    /// The first `limit` rows of a range in a direction, at most `MAX_SCAN_ROWS`.
    pub fn scan<'a>(
        &'a self,
        range: &'a KeyRange,
        direction: Direction,
        limit: usize,
    ) -> Waiting<'a, Vec<(Key, Row)>> {
        Box::pin(async move {
            let limit = limit.min(MAX_SCAN_ROWS) as i64;
            if limit == 0 || range.is_empty() {
                return Ok(Vec::new());
            }
            let (start, end) = bounds(range);
            let rows = match &end {
                Some(end) => {
                    let parts: [&(dyn ToSql + Sync); 3] = [&start, &limit, end];
                    self.rows(Read::Within(direction), &parts).await?
                }
                None => self.rows(Read::From(direction), &[&start, &limit]).await?,
            };
            let rows = rows.iter().map(keyed_row).collect::<Result<_, _>>();
            rows.map_err(|error| damaged(&error))
        })
    }

    async fn rows(
        &self,
        read: Read,
        parts: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>, StoreError> {
        if self.is_latest {
            return Ok(self.begin(read, parts).await?.1);
        }
        let mut first = None;
        let begin = async {
            let (lease, rows) = self.begin(read, parts).await?;
            first = Some(rows);
            Ok::<_, StoreError>(lease)
        };
        let lease = self.lease.get_or_try_init(|| begin).await?;
        match first {
            Some(rows) => Ok(rows),
            None => {
                let rows = lease.query(read, parts).await;
                rows.map_err(|error| failure::store_error(&error))
            }
        }
    }

    async fn begin(
        &self,
        read: Read,
        parts: &[&(dyn ToSql + Sync)],
    ) -> Result<(Lease, Vec<tokio_postgres::Row>), StoreError> {
        let mut attempts = 1;
        loop {
            let mut lease = self.pool.lease().await?;
            let rows = if self.is_latest {
                lease.query(read, parts).await
            } else {
                lease.begin(read, parts).await
            };
            match rows {
                Ok(rows) => return Ok((lease, rows)),
                // Nothing was read yet, so another moment does as well.
                Err(error)
                    if attempts < ATTEMPTS
                        && (failure::is_lost(&error) || failure::is_conflict(&error)) =>
                {
                    attempts += 1;
                }
                Err(error) => return Err(failure::store_error(&error)),
            }
        }
    }
}

/// The first key of a range, and the first one after it; none if the range has no end.
pub(super) fn bounds(range: &KeyRange) -> (Vec<u8>, Option<Vec<u8>>) {
    // No key is between a key and the same with a zero byte at its end.
    let after = |key: &Key| [key.as_bytes(), &[0]].concat();
    let start = match &range.start {
        Bound::Unbounded => Vec::new(),
        Bound::Included(key) => key.as_bytes().to_vec(),
        Bound::Excluded(key) => after(key),
    };
    let end = match &range.end {
        Bound::Unbounded => None,
        Bound::Included(key) => Some(after(key)),
        Bound::Excluded(key) => Some(key.as_bytes().to_vec()),
    };
    (start, end)
}

/// The row in two columns from this one on.
fn row(found: &tokio_postgres::Row, column: usize) -> Result<Row, tokio_postgres::Error> {
    Ok(Row {
        version: found.try_get::<_, i64>(column)? as u64,
        value: found.try_get(column + 1)?,
    })
}

fn keyed_row(found: &tokio_postgres::Row) -> Result<(Key, Row), tokio_postgres::Error> {
    let key = Key::from_bytes(found.try_get(0)?);
    Ok((key, row(found, 1)?))
}

fn damaged(error: &tokio_postgres::Error) -> StoreError {
    StoreError::Corrupt(failure::text(error))
}
