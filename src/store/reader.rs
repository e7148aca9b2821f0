//! Typed reads.

use std::ops::Bound;
use std::sync::Arc;

use super::engine::{Direction, Engine, KeyRange, Row, StoreError, View};
use super::keys::{self, Key, RecordKey, UniqueKey};
use super::reading::Reading;
use super::record::{Record, Stored};
use super::{Logged, log};

/// Rows in memory at a time in `Reader::walk`: with records of a few kilobytes, a few megabytes.
pub(super) const WALK_ROWS: usize = 1000;

/// Typed reads of one view.
#[derive(Clone)]
pub struct Reader {
    // First, so that it ends before the engine.
    pub(super) view: View,
    /// What must stay open while it reads, if nothing else keeps it open.
    engine: Option<Arc<dyn Engine>>,
}

impl Reader {
    pub(super) fn of(view: View) -> Self {
        let engine = None;
        Self { view, engine }
    }

    pub(super) fn with_engine(mut self, engine: Arc<dyn Engine>) -> Self {
        self.engine = Some(engine);
        self
    }

    pub fn get<'a, R: Record>(&'a self, key: &'a RecordKey<R>) -> Reading<'a, Option<Stored<R>>> {
        Reading::new(self.view.reads_at_once(), async move {
            let row = self.view.get(key).await?;
            row.map(|row| Stored::decode(key, row)).transpose()
        })
    }

    /// The record of each key, in the order of the keys.
    pub fn get_many<'a, R: Record>(
        &'a self,
        keys: &'a [RecordKey<R>],
    ) -> Reading<'a, Vec<Option<Stored<R>>>> {
        Reading::new(self.view.reads_at_once(), async move {
            let plain: Vec<&Key> = keys.iter().map(|key| &**key).collect();
            let rows = self.view.get_many(&plain).await?;
            keys.iter()
                .zip(rows)
                .map(|(key, row)| row.map(|row| Stored::decode(key, row)).transpose())
                .collect()
        })
    }

    /// A record's version, without loading the record.
    pub fn version<'a, R>(&'a self, key: &'a RecordKey<R>) -> Reading<'a, Option<u64>> {
        self.view.version(key)
    }

    /// The version of each record, in the order of the keys.
    pub async fn versions<R>(&self, keys: &[RecordKey<R>]) -> Result<Vec<Option<u64>>, StoreError> {
        let plain: Vec<&Key> = keys.iter().map(|key| &**key).collect();
        self.view.versions(&plain).await
    }

    /// The record with a unique key.
    pub fn find<'a, R: Record>(
        &'a self,
        unique: &'a UniqueKey<R>,
    ) -> Reading<'a, Option<Stored<R>>> {
        Reading::new(self.view.reads_at_once(), async move {
            let Some(row) = self.view.get(unique).await? else {
                return Ok(None);
            };
            let key = RecordKey::new(Key::from_bytes(&row.value));
            match self.get(&key).await? {
                None => Err(StoreError::Corrupt(format!(
                    "{} without its record",
                    **unique
                ))),
                found => Ok(found),
            }
        })
    }

    pub async fn is_taken<R: Record>(&self, unique: &UniqueKey<R>) -> Result<bool, StoreError> {
        Ok(self.view.get(unique).await?.is_some())
    }

    pub async fn bytes(&self, key: &Key) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.view.get(key).await?.map(|row| row.value))
    }

    pub async fn counter(&self, key: &Key) -> Result<i64, StoreError> {
        match self.view.get(key).await? {
            None => Ok(0),
            Some(row) => row
                .value
                .try_into()
                .map(i64::from_le_bytes)
                .map_err(|_| StoreError::Corrupt(format!("the value of {key}"))),
        }
    }

    /// The records that rows of an index lead to. A row without its record is left out.
    pub fn get_indexed<'a, R: Record>(&'a self, rows: &'a [Key]) -> Reading<'a, Vec<Stored<R>>> {
        Reading::new(self.view.reads_at_once(), async move {
            let keys: Vec<RecordKey<R>> =
                rows.iter().map(keys::indexed).collect::<Result<_, _>>()?;
            Ok(self.get_many(&keys).await?.into_iter().flatten().collect())
        })
    }

    pub fn scan_keys<'a>(
        &'a self,
        range: &'a KeyRange,
        direction: Direction,
        limit: usize,
    ) -> Reading<'a, Vec<Key>> {
        Reading::new(self.view.reads_at_once(), async move {
            let rows = self.view.scan(range, direction, limit).await?;
            Ok(rows.into_iter().map(|(key, _)| key).collect())
        })
    }

    /// All rows with a prefix, some at a time.
    pub fn walk(&self, prefix: &Key) -> Walk {
        self.walk_range(KeyRange::prefix(prefix), WALK_ROWS)
    }

    /// All rows of a range, at most `step` at a time.
    pub(super) fn walk_range(&self, range: KeyRange, step: usize) -> Walk {
        Walk {
            view: self.view.clone(),
            range,
            step,
        }
    }

    /// At most `limit` log entries after a sequence number, oldest first.
    pub async fn log_after(&self, after: u64, limit: usize) -> Result<Vec<Logged>, StoreError> {
        log::read_after(&self.view, after, limit).await
    }

    /// At most `limit` log entries before a sequence number, newest first.
    pub async fn log_before(&self, before: u64, limit: usize) -> Result<Vec<Logged>, StoreError> {
        log::read_before(&self.view, before, limit).await
    }

    pub async fn log_end(&self) -> Result<u64, StoreError> {
        log::last(&self.view).await
    }

    /// The sequence number of the oldest log entry that was not trimmed, 1 for an empty log.
    pub async fn log_start(&self) -> Result<u64, StoreError> {
        log::first(&self.view).await
    }

    /// Whether the log still has every entry after a position. If not, whoever stopped there must read the records.
    pub async fn has_log_after(&self, position: u64) -> Result<bool, StoreError> {
        Ok(position.saturating_add(1) >= self.log_start().await?)
    }

    /// A follower's position, 0 if it never ran.
    pub async fn cursor(&self, follower: &str) -> Result<u64, StoreError> {
        let key = keys::cursor(follower);
        match self.bytes(&key).await? {
            None => Ok(0),
            Some(bytes) => bytes
                .try_into()
                .map(u64::from_be_bytes)
                .map_err(|_| StoreError::Corrupt(format!("the value of {key}"))),
        }
    }
}

/// A walk over many rows, in the order of their keys.
pub struct Walk {
    view: View,
    range: KeyRange,
    step: usize,
}

impl Walk {
    /// The next rows. `None`: there are no more.
    pub async fn next(&mut self) -> Result<Option<Vec<(Key, Row)>>, StoreError> {
        let rows = self
            .view
            .scan(&self.range, Direction::Forward, self.step)
            .await?;
        if let Some((last, _)) = rows.last() {
            self.range.start = Bound::Excluded(last.clone());
        }
        Ok((!rows.is_empty()).then_some(rows))
    }

    /// The same, without the values.
    pub async fn next_keys(&mut self) -> Result<Option<Vec<Key>>, StoreError> {
        let rows = self.next().await?;
        Ok(rows.map(|rows| rows.into_iter().map(|(key, _)| key).collect()))
    }
}
