//! A consistent view of the file at one moment.

use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError};

use redb::{Database, ReadTransaction, ReadableDatabase};

use super::rows::split;
use super::tables::{self, RowsToRead};
use super::unavailable;
use crate::store::engine::{Direction, KeyRange, MAX_SCAN_ROWS, Row, Snapshot, StoreError};
use crate::store::keys::Key;

type Opened = (Vec<u8>, Option<Arc<RowsToRead>>);

pub(super) struct RedbSnapshot {
    transaction: ReadTransaction,
    /// The tables that were read from, by family.
    opened: Mutex<Vec<Opened>>,
    /// Of a view that has the file to itself: dropping it would close the file.
    _database: Option<Database>,
}

impl RedbSnapshot {
    pub(super) fn open(database: &impl ReadableDatabase) -> Result<Self, StoreError> {
        Ok(Self {
            transaction: database.begin_read().map_err(unavailable)?,
            opened: Mutex::default(),
            _database: None,
        })
    }

    pub(super) fn keeping(self, database: Database) -> Self {
        Self {
            _database: Some(database),
            ..self
        }
    }

    fn table(&self, family: &[u8]) -> Result<Option<Arc<RowsToRead>>, StoreError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, table)) = opened.iter().find(|(one, _)| one == family) {
            return Ok(table.clone());
        }
        let table = tables::read(&self.transaction, family)?.map(Arc::new);
        opened.push((family.to_vec(), table.clone()));
        Ok(table)
    }
}

impl Snapshot for RedbSnapshot {
    fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        let Some(table) = self.table(key.family())? else {
            return Ok(None);
        };
        let Some(found) = table.get(key.as_bytes()).map_err(unavailable)? else {
            return Ok(None);
        };
        let (version, value) = split(key, found.value())?;
        Ok(Some(Row {
            version,
            value: value.to_vec(),
        }))
    }

    fn version(&self, key: &Key) -> Result<Option<u64>, StoreError> {
        let Some(table) = self.table(key.family())? else {
            return Ok(None);
        };
        let found = table.get(key.as_bytes()).map_err(unavailable)?;
        found
            .map(|found| split(key, found.value()).map(|(version, _)| version))
            .transpose()
    }

    fn scan(
        &self,
        range: &KeyRange,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<(Key, Row)>, StoreError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let limit = limit.min(MAX_SCAN_ROWS);
        let mut families = tables::families(&self.transaction, range)?;
        if direction == Direction::Backward {
            families.reverse();
        }
        let mut rows = Vec::with_capacity(limit.min(128));
        for family in families {
            if rows.len() == limit {
                break;
            }
            if let Some(table) = self.table(&family)? {
                scan(&table, range, direction, limit, &mut rows)?;
            }
        }
        Ok(rows)
    }
}

/// Adds the rows of one table until there are `limit`.
fn scan(
    table: &RowsToRead,
    range: &KeyRange,
    direction: Direction,
    limit: usize,
    rows: &mut Vec<(Key, Row)>,
) -> Result<(), StoreError> {
    let bound = |bound: &Bound<Key>| bound.as_ref().map(|key| key.as_bytes().to_vec());
    let (start, end) = (bound(&range.start), bound(&range.end));
    let bounds = (
        start.as_ref().map(Vec::as_slice),
        end.as_ref().map(Vec::as_slice),
    );
    let mut found = table.range::<&[u8]>(bounds).map_err(unavailable)?;
    while rows.len() < limit {
        let next = match direction {
            Direction::Forward => found.next(),
            Direction::Backward => found.next_back(),
        };
        let Some(next) = next else { break };
        let (key, row) = next.map_err(unavailable)?;
        let key = Key::from_bytes(key.value());
        let (version, value) = split(&key, row.value())?;
        let value = value.to_vec();
        rows.push((key, Row { version, value }));
    }
    Ok(())
}
