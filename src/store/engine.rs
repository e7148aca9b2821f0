//! The interface of an engine, and its limits. Small enough to be correct, and implementable by a distributed database.

use std::ops::Bound;
use std::sync::Arc;

use tokio::sync::{oneshot, watch};

use super::keys::Key;
use super::postgres::PostgresView;
use super::reading::Reading;

pub const MAX_KEY_BYTES: usize = 1024;
pub const MAX_VALUE_BYTES: usize = 8 * 1024 * 1024;
/// Most bytes of keys and values in one change.
pub const MAX_CHANGE_BYTES: usize = 32 * 1024 * 1024;
/// Most rows that a scan returns, whatever the limit.
pub const MAX_SCAN_ROWS: usize = 10_000;

/// A value, and how often its key was written: 1 at first, and one more with each write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub version: u64,
    pub value: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Forward,
    Backward,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    pub start: Bound<Key>,
    pub end: Bound<Key>,
}

impl KeyRange {
    /// Every key.
    pub fn all() -> Self {
        Self {
            start: Bound::Unbounded,
            end: Bound::Unbounded,
        }
    }

    /// All keys with this prefix.
    pub fn prefix(prefix: &Key) -> Self {
        let end = prefix
            .after_prefix()
            .map_or(Bound::Unbounded, Bound::Excluded);
        Self {
            start: Bound::Included(prefix.clone()),
            end,
        }
    }

    /// The part of this range after a key, in the direction of reading.
    #[must_use]
    pub fn beyond(mut self, key: Key, direction: Direction) -> Self {
        match direction {
            Direction::Forward => self.start = Bound::Excluded(key),
            Direction::Backward => self.end = Bound::Excluded(key),
        }
        self
    }

    /// Whether the range contains no keys. Engines return nothing for it.
    pub fn is_empty(&self) -> bool {
        match (&self.start, &self.end) {
            (Bound::Included(start), Bound::Included(end)) => start > end,
            (Bound::Included(start) | Bound::Excluded(start), Bound::Excluded(end))
            | (Bound::Excluded(start), Bound::Included(end)) => start >= end,
            _ => false,
        }
    }
}

/// A condition of a change: the key has this version, or (`None`) is absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub key: Key,
    pub version: Option<u64>,
}

/// A condition of a change: these are all keys with the prefix, which is at least as long as a family (see
/// `Key::family`). So a key that was added or removed since a snapshot is a conflict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeysCheck {
    pub prefix: Key,
    pub keys: Vec<Key>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// `version` is the one that this write creates. The engine stores it as given.
    Put {
        version: u64,
        value: Vec<u8>,
    },
    Delete,
    /// Adds to a counter (little-endian i64; absent is 0) without reading it, so that two additions never conflict.
    Add(i64),
}

/// A change as data: conditions, writes and log events. All of it happens, or nothing. Each key is written once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    pub checks: Vec<Check>,
    pub keys_checks: Vec<KeysCheck>,
    pub writes: Vec<(Key, Write)>,
    /// Encoded log entries. Each gets the next sequence number.
    pub events: Vec<Vec<u8>>,
}

impl Change {
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.events.is_empty()
    }

    /// Refuses what no engine accepts.
    pub fn check_limits(&self) -> Result<usize, StoreError> {
        let mut bytes = self.events.iter().map(Vec::len).sum::<usize>();
        for (key, write) in &self.writes {
            let value = if let Write::Put { value, .. } = write {
                value.len()
            } else {
                0
            };
            if key.len() > MAX_KEY_BYTES {
                return Err(StoreError::TooLarge("key"));
            }
            if value > MAX_VALUE_BYTES {
                return Err(StoreError::TooLarge("value"));
            }
            bytes += key.len() + value;
        }
        if bytes > MAX_CHANGE_BYTES {
            return Err(StoreError::TooLarge("change"));
        }
        Ok(bytes)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// Another process has opened the file with this name.
    #[error("a running corkboard is using {0}; stop it first")]
    InUse(String),
    /// Nothing was touched.
    #[error(
        "{name} was written by a newer Corkboard (format {format}), and this one reads formats up to {known}; use the newer program"
    )]
    Newer {
        name: String,
        format: u16,
        known: u16,
    },
    /// The queue is full.
    #[error("too many writes are waiting; try again")]
    Busy,
    /// Nothing was written.
    #[error("the disk is full; free some space")]
    DiskFull,
    #[error("a write may or may not have happened: {0}")]
    Unknown(String),
    #[error("the stored data is damaged: {0}; run `corkboard check`")]
    Corrupt(String),
    #[error("a {0} is too large for the store")]
    TooLarge(&'static str),
    /// Each attempt met a concurrent change of the same records.
    #[error("the same records keep changing; try again")]
    Contended,
    /// Nothing was written: the row that fences this store's changes has another version now.
    #[error("another server does this now")]
    Fenced,
    /// Servers must not use a part of the data.
    #[error(
        "the database holds only a part of a backup, since a restore was interrupted; run `corkboard restore` again"
    )]
    Unfinished,
}

/// The error of an `Add` to a key whose value does not have 8 bytes.
pub(super) fn not_a_counter(key: &Key) -> StoreError {
    StoreError::Corrupt(format!("{key} is not a counter"))
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitError {
    /// A check failed, and nothing was written.
    Conflict,
    Store(StoreError),
}

/// The result of a commit: the log's last sequence number after it.
pub type Committed = oneshot::Receiver<Result<u64, CommitError>>;

/// A consistent state of a store in this process. Holds no lock that blocks the writer.
pub trait Snapshot: Send + Sync {
    fn get(&self, key: &Key) -> Result<Option<Row>, StoreError>;
    /// Only the version, without copying the value, for callers that have cached it.
    fn version(&self, key: &Key) -> Result<Option<u64>, StoreError>;
    /// The first `limit` rows of a range in a direction, at most `MAX_SCAN_ROWS`.
    fn scan(
        &self,
        range: &KeyRange,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<(Key, Row)>, StoreError>;
}

/// A consistent view of the store. Keep it no longer than a request reads: an engine keeps what it shows.
#[derive(Clone)]
pub enum View {
    /// Reads resolve at once.
    Local(Arc<dyn Snapshot>),
    Postgres(Arc<PostgresView>),
}

impl View {
    /// Whether reads wait for nothing.
    pub fn reads_at_once(&self) -> bool {
        matches!(self, Self::Local(_))
    }

    pub fn get<'a>(&'a self, key: &'a Key) -> Reading<'a, Option<Row>> {
        match self {
            Self::Local(snapshot) => Reading::done(snapshot.get(key)),
            Self::Postgres(view) => Reading::Waiting(view.get(key)),
        }
    }

    /// The row of each key, in the order of the keys.
    pub fn get_many<'a>(&'a self, keys: &'a [&'a Key]) -> Reading<'a, Vec<Option<Row>>> {
        match self {
            Self::Local(snapshot) => {
                Reading::done(keys.iter().map(|key| snapshot.get(key)).collect())
            }
            Self::Postgres(view) => Reading::Waiting(view.get_many(keys)),
        }
    }

    /// Only the version, for callers that have cached the value.
    pub fn version<'a>(&'a self, key: &'a Key) -> Reading<'a, Option<u64>> {
        match self {
            Self::Local(snapshot) => Reading::done(snapshot.version(key)),
            Self::Postgres(view) => Reading::Waiting(view.version(key)),
        }
    }

    /// The version of each key, in the order of the keys.
    pub fn versions<'a>(&'a self, keys: &'a [&'a Key]) -> Reading<'a, Vec<Option<u64>>> {
        match self {
            Self::Local(snapshot) => {
                Reading::done(keys.iter().map(|key| snapshot.version(key)).collect())
            }
            Self::Postgres(view) => Reading::Waiting(view.versions(keys)),
        }
    }

    /// The first `limit` rows of a range in a direction, at most `MAX_SCAN_ROWS`.
    pub fn scan<'a>(
        &'a self,
        range: &'a KeyRange,
        direction: Direction,
        limit: usize,
    ) -> Reading<'a, Vec<(Key, Row)>> {
        match self {
            Self::Local(snapshot) => Reading::done(snapshot.scan(range, direction, limit)),
            Self::Postgres(view) => Reading::Waiting(view.scan(range, direction, limit)),
        }
    }
}

/// What an engine has done and still has to do, for monitoring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Durable commits since it was opened.
    pub commits: u64,
    /// Changes in those commits.
    pub changes: u64,
    /// Changes submitted and not yet answered.
    pub waiting: u64,
    /// Why it refuses writes, if it does.
    pub trouble: Option<Trouble>,
}

/// Why an engine refuses writes for now. It retries by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    DiskFull,
    /// The storage reports errors.
    Failing,
}

pub trait Engine: Send + Sync {
    /// A view of the newest state, or of the state at its first read.
    fn view(&self) -> Result<View, StoreError>;
    /// Reads that each see the newest state, so two of them may see different ones. On a database they cost a third of the
    /// statements of a view.
    fn latest(&self) -> Result<View, StoreError> {
        self.view()
    }
    /// A view of an engine in this process.
    #[cfg(test)]
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError> {
        match self.view()? {
            View::Local(snapshot) => Ok(snapshot),
            View::Postgres(_) => Err(StoreError::Unavailable("not in this process".into())),
        }
    }
    /// Submits a change. The answer comes once it is durable. Never blocks: a full queue answers `Busy`, a change
    /// beyond the limits `TooLarge`, an addition to something that is not a counter `Corrupt`. None of these affects
    /// other changes.
    fn submit(&self, change: Change) -> Committed;
    /// Sends the log's last sequence number each time it grows. Ends when the engine is dropped and its file is closed.
    fn watch(&self) -> watch::Receiver<u64>;
    /// Whether other servers may use the same store at the same time.
    fn is_shared(&self) -> bool {
        false
    }
    /// An engine that counts nothing returns zeros.
    fn load(&self) -> Load {
        Load::default()
    }
}
