//! A consistent view of the file at one moment.

use std::ops::Bound;

use redb::{Database, ReadOnlyTable, ReadableDatabase};

use super::rows::{ROWS, split};
use super::unavailable;
use crate::store::engine::{Direction, KeyRange, MAX_SCAN_ROWS, Row, Snapshot, StoreError};
use crate::store::keys::Key;

pub(super) struct RedbSnapshot {
    rows: ReadOnlyTable<&'static [u8], &'static [u8]>,
    /// Of a view that has the file to itself: dropping it would close the file.
    _database: Option<Database>,
}

impl RedbSnapshot {
    pub(super) fn open(database: &impl ReadableDatabase) -> Result<Self, StoreError> {
        let transaction = database.begin_read().map_err(unavailable)?;
        Ok(Self {
            rows: transaction.open_table(ROWS).map_err(unavailable)?,
            _database: None,
        })
    }

    pub(super) fn keeping(self, database: Database) -> Self {
        Self {
            rows: self.rows,
            _database: Some(database),
        }
    }
}

impl Snapshot for RedbSnapshot {
    fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        let Some(found) = self.rows.get(key.as_bytes()).map_err(unavailable)? else {
            return Ok(None);
        };
        let (version, value) = split(key, found.value())?;
        Ok(Some(Row {
            version,
            value: value.to_vec(),
        }))
    }

    fn version(&self, key: &Key) -> Result<Option<u64>, StoreError> {
        let found = self.rows.get(key.as_bytes()).map_err(unavailable)?;
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
        let bound = |bound: &Bound<Key>| bound.as_ref().map(|key| key.as_bytes().to_vec());
        let (start, end) = (bound(&range.start), bound(&range.end));
        let bounds = (
            start.as_ref().map(Vec::as_slice),
            end.as_ref().map(Vec::as_slice),
        );
        let mut found = self.rows.range::<&[u8]>(bounds).map_err(unavailable)?;
        let mut rows = Vec::with_capacity(limit.min(128));
        while rows.len() < limit.min(MAX_SCAN_ROWS) {
            let next = match direction {
                Direction::Forward => found.next(),
                Direction::Backward => found.next_back(),
            };
            let Some(next) = next else { break };
            let (key, row) = next.map_err(unavailable)?;
            let key = Key::from_bytes(key.value());
            let (version, value) = split(&key, row.value())?;
            rows.push((
                key,
                Row {
                    version,
                    value: value.to_vec(),
                },
            ));
        }
        Ok(rows)
    }
}
