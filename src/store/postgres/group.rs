//! Judges the changes of a group in order, and collects what they write. Each sees what the earlier ones write. Knows no
//! database: it says what must be read, and is given it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use crate::store::engine::{Change, Check, CommitError, KeyRange, KeysCheck, Write, not_a_counter};
use crate::store::keys::{self, Key};

/// What must be read to judge a group.
pub(super) struct Needs<'a> {
    pub versions: Vec<&'a [u8]>,
    pub counters: Vec<&'a [u8]>,
    pub listings: Vec<Listing<'a>>,
}

/// The keys with a prefix, up to a limit.
pub(super) struct Listing<'a> {
    pub prefix: &'a Key,
    pub limit: usize,
}

/// What was read.
#[derive(Default)]
pub(super) struct Found {
    pub versions: HashMap<Key, u64>,
    /// Version, and the first bytes of the value.
    pub counters: HashMap<Key, (u64, Vec<u8>)>,
    pub listings: HashMap<Key, Vec<Key>>,
}

impl<'a> Needs<'a> {
    pub fn of(changes: &'a [Change]) -> Self {
        let writes = || changes.iter().flat_map(|change| &change.writes);
        let keys = |keys: BTreeSet<&'a Key>| keys.into_iter().map(Key::as_bytes).collect();
        let checked = changes.iter().flat_map(|change| &change.checks);
        let added = writes().filter(|(_, write)| matches!(write, Write::Add(_)));
        let deletes = writes().filter(|(_, write)| matches!(write, Write::Delete));
        let deletes = deletes.count();
        let mut longest: BTreeMap<&Key, usize> = BTreeMap::new();
        for check in changes.iter().flat_map(|change| &change.keys_checks) {
            let expected = longest.entry(&check.prefix).or_default();
            *expected = check.keys.len().max(*expected);
        }
        // With one key more than are expected or deleted, the check fails whatever else there is.
        let listing = |(prefix, expected)| Listing {
            prefix,
            limit: expected + deletes + 1,
        };
        Self {
            versions: keys(checked.map(|check| &check.key).collect()),
            counters: keys(added.map(|(key, _)| key).collect()),
            listings: longest.into_iter().map(listing).collect(),
        }
    }
}

struct NewRow<'a> {
    version: u64,
    value: Cow<'a, [u8]>,
}

/// What a group writes. `None`: the row is deleted.
pub(super) struct Draft<'a> {
    found: &'a Found,
    rows: BTreeMap<Cow<'a, Key>, Option<NewRow<'a>>>,
    /// The log's last sequence number after it.
    pub sequence: u64,
}

/// The rows of a draft, as columns.
#[derive(Default)]
pub(super) struct Columns<'a> {
    pub deleted: Vec<&'a [u8]>,
    pub keys: Vec<&'a [u8]>,
    pub versions: Vec<i64>,
    pub values: Vec<&'a [u8]>,
}

impl<'a> Draft<'a> {
    pub fn new(found: &'a Found, sequence: u64) -> Self {
        Self {
            found,
            rows: BTreeMap::new(),
            sequence,
        }
    }

    /// Adds a change, unless it is refused. Then nothing of it is added.
    pub fn add(&mut self, change: &'a Change) -> Result<(), CommitError> {
        self.judge(change)?;
        for (key, write) in &change.writes {
            let row = match write {
                Write::Put { version, value } => Some(NewRow {
                    version: *version,
                    value: Cow::Borrowed(value),
                }),
                Write::Delete => None,
                Write::Add(amount) => {
                    let (version, sum) = self.counter(key).unwrap_or_default();
                    let sum = sum.saturating_add(*amount).to_le_bytes();
                    Some(NewRow {
                        version: version.wrapping_add(1),
                        value: Cow::Owned(sum.to_vec()),
                    })
                }
            };
            self.rows.insert(Cow::Borrowed(key), row);
        }
        for event in &change.events {
            self.sequence += 1;
            let row = NewRow {
                version: 1,
                value: Cow::Borrowed(event),
            };
            self.rows
                .insert(Cow::Owned(keys::log(self.sequence)), Some(row));
        }
        Ok(())
    }

    fn judge(&self, change: &Change) -> Result<(), CommitError> {
        for Check { key, version } in &change.checks {
            if self.version(key) != *version {
                return Err(CommitError::Conflict);
            }
        }
        for check in &change.keys_checks {
            if !self.has_keys(check) {
                return Err(CommitError::Conflict);
            }
        }
        for (key, write) in &change.writes {
            if matches!(write, Write::Add(_)) && self.counter(key).is_none() {
                return Err(CommitError::Store(not_a_counter(key)));
            }
        }
        Ok(())
    }

    fn version(&self, key: &Key) -> Option<u64> {
        match self.rows.get(key) {
            Some(row) => row.as_ref().map(|row| row.version),
            None => self.found.versions.get(key).copied(),
        }
    }

    /// A counter's version and sum, zeros if it is absent; `None` if the key holds something else.
    fn counter(&self, key: &Key) -> Option<(u64, i64)> {
        let (version, value) = match self.rows.get(key) {
            Some(None) => return Some((0, 0)),
            Some(Some(row)) => (row.version, &*row.value),
            None => match self.found.counters.get(key) {
                None => return Some((0, 0)),
                Some((version, value)) => (*version, value.as_slice()),
            },
        };
        let sum = value.try_into().ok()?;
        Some((version, i64::from_le_bytes(sum)))
    }

    fn has_keys(&self, check: &KeysCheck) -> bool {
        let stored = self.found.listings.get(&check.prefix).into_iter().flatten();
        let mut keys: BTreeSet<&Key> = stored.collect();
        let range = KeyRange::prefix(&check.prefix);
        let bounds: (Bound<&Key>, Bound<&Key>) = (range.start.as_ref(), range.end.as_ref());
        for (key, row) in self.rows.range::<Key, _>(bounds) {
            let key: &Key = key;
            match row {
                Some(_) => keys.insert(key),
                None => keys.remove(key),
            };
        }
        keys.into_iter().eq(&check.keys)
    }

    pub fn columns(&self) -> Columns<'_> {
        let mut columns = Columns::default();
        for (key, row) in &self.rows {
            match row {
                None => columns.deleted.push(key.as_bytes()),
                Some(row) => {
                    columns.keys.push(key.as_bytes());
                    columns.versions.push(row.version as i64);
                    columns.values.push(&row.value);
                }
            }
        }
        columns
    }
}
