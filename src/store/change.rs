//! One unit of work: what it has read, will write and will log. It becomes a `Change`.

use std::collections::BTreeMap;

use super::engine::{Change, Check, KeysCheck, Row, StoreError, View, Write};
use super::keys::{Key, RecordKey, UniqueKey};
use super::reader::Reader;
use super::reading::Reading;
use super::record::{Record, Stored, decode, encode};
use super::stores::Origin;
use crate::model::{Event, LogEntry, Timestamp};

/// Reads see a view plus this transaction's own writes. Every record that was read (or found absent) becomes a
/// check of the change. Scans do not, so a decision over a range takes a guard key, or checks the keys.
pub struct Transaction {
    view: View,
    origin: Origin,
    now: Timestamp,
    /// The version of each key that was read. `None`: absent.
    reads: BTreeMap<Key, Option<u64>>,
    /// What `fetch` has read and nobody has asked for yet.
    fetched: BTreeMap<Key, Option<Row>>,
    keys_checks: Vec<KeysCheck>,
    writes: BTreeMap<Key, Write>,
    events: Vec<Vec<u8>>,
}

impl Transaction {
    pub fn begin(view: View, origin: Origin, now: Timestamp) -> Self {
        Self {
            view,
            origin,
            now,
            reads: BTreeMap::new(),
            fetched: BTreeMap::new(),
            keys_checks: Vec::new(),
            writes: BTreeMap::new(),
            events: Vec::new(),
        }
    }

    pub fn now(&self) -> Timestamp {
        self.now
    }

    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// The same view without this transaction's writes. Reads there are not checks of the change.
    pub fn reader(&self) -> Reader {
        Reader::of(self.view.clone())
    }

    /// Reads a row. Its version becomes a check of the change.
    pub fn row<'a>(&'a mut self, key: &'a Key) -> Reading<'a, Option<Row>> {
        Reading::new(self.view.reads_at_once(), async move {
            match self.writes.get(key) {
                Some(Write::Put { version, value }) => {
                    return Ok(Some(Row {
                        version: *version,
                        value: value.clone(),
                    }));
                }
                Some(Write::Delete) => return Ok(None),
                Some(Write::Add(_)) => {
                    return Err(StoreError::Corrupt(format!(
                        "a counter read in its own change: {key:?}"
                    )));
                }
                // The view still has no such row.
                None if self.reads.get(key) == Some(&None) => return Ok(None),
                None => {}
            }
            let row = match self.fetched.remove(key) {
                Some(row) => row,
                None => self.view.get(key).await?,
            };
            self.check(key, row.as_ref().map(|row| row.version));
            Ok(row)
        })
    }

    /// Reads rows ahead that will be read one by one, because a database takes as long for one as for all of them. Only
    /// those that are then read become checks of the change.
    pub async fn fetch(&mut self, keys: &[&Key]) -> Result<(), StoreError> {
        if !self.view.reads_at_once() {
            let rows = self.view.get_many(keys).await?;
            let keys = keys.iter().copied().cloned();
            self.fetched.extend(keys.zip(rows));
        }
        Ok(())
    }

    pub fn get<'a, R: Record>(
        &'a mut self,
        key: &'a RecordKey<R>,
    ) -> Reading<'a, Option<Stored<R>>> {
        Reading::new(self.view.reads_at_once(), async move {
            let row = self.row(key).await?;
            row.map(|row| Stored::decode(key, row)).transpose()
        })
    }

    /// Reads a record, including this transaction's own writes, without making it a check of the change.
    pub async fn peek<R: Record>(&self, key: &RecordKey<R>) -> Result<Option<R>, StoreError> {
        let stored;
        let value = match self.writes.get(key) {
            Some(Write::Put { value, .. }) => Some(value),
            Some(Write::Delete | Write::Add(_)) => None,
            None => {
                stored = self.view.get(key).await?;
                stored.as_ref().map(|row| &row.value)
            }
        };
        value.map(|value| decode(key, value)).transpose()
    }

    /// The record with a unique key.
    pub fn find<'a, R: Record>(
        &'a mut self,
        unique: &'a UniqueKey<R>,
    ) -> Reading<'a, Option<Stored<R>>> {
        Reading::new(self.view.reads_at_once(), async move {
            let Some(row) = self.row(unique).await? else {
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

    pub async fn is_taken<R: Record>(&mut self, unique: &UniqueKey<R>) -> Result<bool, StoreError> {
        Ok(self.row(unique).await?.is_some())
    }

    /// Adds a new record and its event. Fails with `Corrupt` if its ID or a unique key is taken. Call `is_taken` first,
    /// in the same transaction, so that a race for the key is a conflict, not an error.
    pub fn insert<R: Record>(&mut self, record: R) -> Reading<'_, Stored<R>> {
        Reading::new(self.view.reads_at_once(), async move {
            self.put_new(&record.key(), encode(&record)?).await?;
            for key in record.index_keys() {
                self.writes.insert(
                    key,
                    Write::Put {
                        version: 1,
                        value: Vec::new(),
                    },
                );
            }
            for unique in record.unique_keys() {
                self.put_new(&unique, record.key().as_bytes().to_vec())
                    .await?;
            }
            if let Some(event) = record.event(None) {
                self.log(event)?;
            }
            Ok(Stored { version: 1, record })
        })
    }

    /// Replaces a record that was read here, with its event, and updates its index and unique keys. Fails with
    /// `Corrupt` if this transaction has changed the record since `old`, whose index keys would then be the wrong ones
    /// to remove.
    pub fn update<'a, R: Record>(
        &'a mut self,
        old: &'a Stored<R>,
        record: R,
    ) -> Reading<'a, Stored<R>> {
        Reading::new(self.view.reads_at_once(), async move {
            let key = record.key();
            if key != old.record.key() {
                return Err(StoreError::Corrupt(format!(
                    "an update of {:?} as {key:?}",
                    old.record.key()
                )));
            }
            if !self.is_current(&key, old.version) {
                return Err(StoreError::Corrupt(format!(
                    "an update of an old version of {key:?}"
                )));
            }
            let version = old.version + 1;
            self.check(&key, Some(old.version));
            self.writes.insert(
                Key::clone(&key),
                Write::Put {
                    version,
                    value: encode(&record)?,
                },
            );
            let (before, after) = (old.record.index_keys(), record.index_keys());
            for gone in before.iter().filter(|key| !after.contains(key)) {
                self.writes.insert(gone.clone(), Write::Delete);
            }
            for added in after.into_iter().filter(|key| !before.contains(key)) {
                self.writes.insert(
                    added,
                    Write::Put {
                        version: 1,
                        value: Vec::new(),
                    },
                );
            }
            let (before, after) = (old.record.unique_keys(), record.unique_keys());
            for gone in before.iter().filter(|key| !after.contains(key)) {
                self.writes.insert(Key::clone(gone), Write::Delete);
            }
            for added in after.into_iter().filter(|key| !before.contains(key)) {
                self.put_new(&added, key.as_bytes().to_vec()).await?;
            }
            if let Some(event) = record.event(Some(&old.record)) {
                self.log(event)?;
            }
            Ok(Stored { version, record })
        })
    }

    /// Deletes a record that was read here, with its index and unique keys.
    pub fn delete<R: Record>(&mut self, old: &Stored<R>) {
        let key = old.record.key();
        debug_assert!(
            self.is_current(&key, old.version),
            "a delete of an old version of {key:?} would leave the newer one's index keys"
        );
        self.check(&key, Some(old.version));
        let keys = [Key::from(key)]
            .into_iter()
            .chain(old.record.index_keys())
            .chain(old.record.unique_keys().into_iter().map(Key::from));
        for key in keys {
            self.writes.insert(key, Write::Delete);
        }
    }

    /// Orders changes over a range: of two changes that take the same guard in the same view, only one succeeds.
    pub fn guard<'a>(&'a mut self, key: &'a Key) -> Reading<'a, ()> {
        self.put_bytes(key, Vec::new())
    }

    /// Makes all keys with a prefix a check of the change: a key that is added or removed meanwhile is a conflict. For
    /// rare changes. Unlike a guard, it costs those who add keys nothing.
    pub async fn check_keys(&mut self, prefix: Key) -> Result<(), StoreError> {
        let (mut keys, mut walk) = (Vec::new(), self.reader().walk(&prefix));
        while let Some(more) = walk.next_keys().await? {
            keys.extend(more);
        }
        self.keys_checks.push(KeysCheck { prefix, keys });
        Ok(())
    }

    /// Adds to a counter without reading it, so that it never causes a conflict.
    pub fn add(&mut self, counter: Key, amount: i64) {
        let write = match self.writes.get(&counter) {
            None => Write::Add(amount),
            Some(Write::Add(sum)) => Write::Add(sum.saturating_add(amount)),
            // The counter was deleted in this transaction, so it starts again from zero.
            Some(Write::Delete) => counter_of(amount),
            Some(Write::Put { value, .. }) => {
                let sum = value.as_slice().try_into().map_or(0, i64::from_le_bytes);
                counter_of(sum.saturating_add(amount))
            }
        };
        self.writes.insert(counter, write);
    }

    /// Stores bytes that are not a record: a chunk of a file, a follower's cursor, or what a guard holds.
    pub fn put_bytes<'a>(&'a mut self, key: &'a Key, value: Vec<u8>) -> Reading<'a, ()> {
        Reading::new(self.view.reads_at_once(), async move {
            let version = self.next_version(key).await?;
            self.writes
                .insert(key.clone(), Write::Put { version, value });
            Ok(())
        })
    }

    pub fn delete_bytes(&mut self, key: Key) {
        self.writes.insert(key, Write::Delete);
    }

    /// Logs an event that is not a change of a record, or that the record itself cannot describe. See `Record::event`.
    pub fn log(&mut self, event: Event) -> Result<(), StoreError> {
        let Origin { actor, address } = self.origin;
        self.events.push(encode(&LogEntry {
            at: self.now,
            actor,
            address,
            event,
        })?);
        Ok(())
    }

    pub fn into_change(self) -> Change {
        let checks = self
            .reads
            .into_iter()
            .map(|(key, version)| Check { key, version })
            .collect();
        Change {
            checks,
            keys_checks: self.keys_checks,
            writes: self.writes.into_iter().collect(),
            events: self.events,
        }
    }

    fn put_new<'a>(&'a mut self, key: &'a Key, value: Vec<u8>) -> Reading<'a, ()> {
        Reading::new(self.view.reads_at_once(), async move {
            if self.row(key).await?.is_some() {
                return Err(StoreError::Corrupt(format!("a second record for {key}")));
            }
            self.put_bytes(key, value).await
        })
    }

    /// The version of a key's next write. A key that this transaction deletes and sets again keeps counting from the
    /// stored version; otherwise a check of the old value would match the new one.
    async fn next_version(&mut self, key: &Key) -> Result<u64, StoreError> {
        if self.writes.get(key) == Some(&Write::Delete) {
            let stored = self.view.get(key).await?.map(|row| row.version);
            self.check(key, stored);
            return Ok(stored.unwrap_or(0) + 1);
        }
        Ok(self.row(key).await?.map_or(0, |row| row.version) + 1)
    }

    /// Makes a version a check of the change, unless the key was read earlier.
    pub(super) fn check(&mut self, key: &Key, version: Option<u64>) {
        self.reads.entry(key.clone()).or_insert(version);
    }

    /// Whether this is the version of the key that the transaction sees, as far as it knows.
    fn is_current(&self, key: &Key, version: u64) -> bool {
        match (self.writes.get(key), self.reads.get(key)) {
            (Some(Write::Put { version: own, .. }), _) => *own == version,
            (Some(Write::Delete | Write::Add(_)), _) => false,
            (None, Some(read)) => *read == Some(version),
            (None, None) => true,
        }
    }
}

fn counter_of(sum: i64) -> Write {
    Write::Put {
        version: 1,
        value: sum.to_le_bytes().to_vec(),
    }
}

mod scan;
#[cfg(test)]
mod tests;
