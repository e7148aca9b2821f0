//! Consistent snapshots of the file, each of one moment, and the one that all readers of the newest state share.

use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock};

use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable};

use super::rows::split;
use super::tables::{self, RowsToRead};
use super::unavailable;
use crate::store::engine::{Direction, KeyRange, MAX_SCAN_ROWS, Row, Snapshot, StoreError};
use crate::store::keys::Key;

/// An open database, and the snapshot of its newest state. All who read between two commits share that snapshot, so that
/// its tables are opened once.
pub(super) struct Live {
    newest: RwLock<Option<Arc<RedbSnapshot>>>,
    database: Database,
}

impl Live {
    pub fn new(database: Database) -> Self {
        Self {
            newest: RwLock::default(),
            database,
        }
    }

    pub fn snapshot(&self) -> Result<Arc<RedbSnapshot>, StoreError> {
        if let Some(snapshot) = &*self.newest.read().unwrap_or_else(PoisonError::into_inner) {
            return Ok(snapshot.clone());
        }
        // Opened under the lock, so that a commit in the meantime drops it after it is set, not before.
        let mut newest = self.newest.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(snapshot) = &*newest {
            return Ok(snapshot.clone());
        }
        let snapshot = Arc::new(RedbSnapshot::open(&self.database)?);
        Ok(newest.insert(snapshot).clone())
    }

    /// The database, for a write. Closes the shared snapshot first: while one is open, redb keeps each page that a commit
    /// replaces, and records it in further pages.
    pub fn to_write(&self) -> &Database {
        self.drop_snapshot();
        &self.database
    }

    /// Makes the next reader open a new snapshot. Call it after each commit, before anybody learns of the commit.
    pub fn drop_snapshot(&self) {
        let mut newest = self.newest.write().unwrap_or_else(PoisonError::into_inner);
        let old = newest.take();
        // Readers need not wait while it closes.
        drop(newest);
        drop(old);
    }
}

type Opened = (Vec<u8>, Option<Arc<RowsToRead>>);

pub(super) struct RedbSnapshot {
    transaction: ReadTransaction,
    /// The tables that were opened, by family. `None`: there is no such table.
    opened: RwLock<Vec<Opened>>,
    /// Of a snapshot that has the file to itself: dropping it would close the file.
    _database: Option<Database>,
}

impl RedbSnapshot {
    pub(super) fn open(database: &impl ReadableDatabase) -> Result<Self, StoreError> {
        Ok(Self {
            transaction: database.begin_read().map_err(unavailable)?,
            opened: RwLock::default(),
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
        let opened = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, table)) = opened.iter().find(|(one, _)| one == family) {
            return Ok(table.clone());
        }
        drop(opened);
        let table = tables::read(&self.transaction, family)?.map(Arc::new);
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
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
                scan(&*table, range, direction, limit, &mut rows)?;
            }
        }
        Ok(rows)
    }
}

/// Adds the rows of one table until there are `limit`.
pub(super) fn scan(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Change, Engine, RedbEngine, RedbOptions, Write};

    #[test]
    fn all_who_read_between_two_commits_share_a_snapshot() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        let engine = RedbEngine::open(&path, RedbOptions::default()).unwrap();
        let first = engine.snapshot().unwrap();
        assert!(Arc::ptr_eq(&first, &engine.snapshot().unwrap()));
        let key = Key::from_bytes(b"key");
        let writes = vec![(key.clone(), Write::Add(1))];
        let change = Change {
            writes,
            ..Change::default()
        };
        engine.submit(change).blocking_recv().unwrap().unwrap();
        assert!(engine.snapshot().unwrap().get(&key).unwrap().is_some());
        assert!(first.get(&key).unwrap().is_none());
    }
}
