//! What an engine must do, and its limits. Small enough to be right, and nothing that a distributed database behind the
//! same trait could not keep.

use std::ops::Bound;
use std::sync::Arc;

use tokio::sync::{oneshot, watch};

use super::keys::Key;

pub const MAX_KEY_BYTES: usize = 1024;
pub const MAX_VALUE_BYTES: usize = 8 * 1024 * 1024;
/// Most bytes of keys and values in one change.
pub const MAX_CHANGE_BYTES: usize = 32 * 1024 * 1024;
/// Most rows one scan gives back, whatever was asked for.
pub const MAX_SCAN_ROWS: usize = 10_000;

/// A value and how often its key was written: 1 when it appears, one more at each write.
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

    /// All keys that begin with these bytes.
    pub fn prefix(prefix: &Key) -> Self {
        let end = prefix
            .after_prefix()
            .map_or(Bound::Unbounded, Bound::Excluded);
        Self {
            start: Bound::Included(prefix.clone()),
            end,
        }
    }

    /// The part of this range beyond a key, in the direction of reading.
    #[must_use]
    pub fn beyond(mut self, key: Key, direction: Direction) -> Self {
        match direction {
            Direction::Forward => self.start = Bound::Excluded(key),
            Direction::Backward => self.end = Bound::Excluded(key),
        }
        self
    }

    /// Whether no key can lie in it; engines answer such a scan with nothing.
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

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// `version` is the one this write makes; the engine stores it as given.
    Put {
        version: u64,
        value: Vec<u8>,
    },
    Delete,
    /// Adds to a counter (little-endian i64, absent is 0) without reading it, so that two adders never conflict.
    Add(i64),
}

/// Data, not code: what must be so, what to write, what to log. All of it happens, or nothing. Each key is written once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    pub checks: Vec<Check>,
    pub writes: Vec<(Key, Write)>,
    /// Encoded log entries; each gets the next sequence number.
    pub events: Vec<Vec<u8>>,
}

impl Change {
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.events.is_empty()
    }

    /// Refuses what no engine takes.
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
    /// More writes wait than the queue holds.
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
    /// Others changed the same records each time it was tried.
    #[error("the same records keep changing; try again")]
    Contended,
}

/// The refusal of an `Add` to a key that holds other than 8 bytes.
pub(super) fn not_a_counter(key: &Key) -> StoreError {
    StoreError::Corrupt(format!("{key:?} is not a counter"))
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitError {
    /// A check failed; nothing was written.
    Conflict,
    Store(StoreError),
}

/// The commit's answer: the last sequence number of the log as of it.
pub type Committed = oneshot::Receiver<Result<u64, CommitError>>;

/// A consistent view of one moment. Holds no lock that a writer waits for.
pub trait Snapshot: Send + Sync {
    fn get(&self, key: &Key) -> Result<Option<Row>, StoreError>;
    /// The version alone, without the value being copied: for whoever has kept the value.
    fn version(&self, key: &Key) -> Result<Option<u64>, StoreError>;
    /// The first `limit` rows of a range in a direction, `MAX_SCAN_ROWS` at most.
    fn scan(
        &self,
        range: &KeyRange,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<(Key, Row)>, StoreError>;
}

/// What an engine has done and has to do, for those who watch it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Durable commits since it was opened.
    pub commits: u64,
    /// Changes in those commits.
    pub changes: u64,
    /// Changes handed over and not yet answered.
    pub waiting: u64,
    /// Why it takes no writes, if it takes none.
    pub trouble: Option<Trouble>,
}

/// Why an engine takes no writes for now. It tries by itself to take them again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    DiskFull,
    /// The storage fails.
    Failing,
}

pub trait Engine: Send + Sync {
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError>;
    /// Hands a change over; the answer comes once it is durable. Never blocks: a full queue answers `Busy`, a change past
    /// the limits `TooLarge`, one that adds to what is no counter `Corrupt`; none of these spoils another change.
    fn submit(&self, change: Change) -> Committed;
    /// Tells the last sequence number of the log each time it grows; ends when the engine is dropped and its file closed.
    fn watch(&self) -> watch::Receiver<u64>;
    /// An engine that counts nothing says so by zeros.
    fn load(&self) -> Load {
        Load::default()
    }
}
