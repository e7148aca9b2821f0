//! The store for the layers above: typed reads, and transactions that run again on conflict.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard, watch};

use super::engine::{Change, CommitError, Direction, Engine, KeyRange, Load, Snapshot, StoreError};
use super::keys::{self, Key, RecordKey, UniqueKey};
use super::record::{Record, Stored, decode};
use super::{Logged, Transaction, log};
use crate::clock::Clock;
use crate::model::Actor;

/// Who made a change, for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    pub actor: Actor,
    pub address: Option<IpAddr>,
}

impl Origin {
    pub const SYSTEM: Self = Self {
        actor: Actor::System,
        address: None,
    };
    pub const OPERATOR: Self = Self {
        actor: Actor::Operator,
        address: None,
    };
}

/// How often a command runs if others keep changing what it read.
const ATTEMPTS: usize = 5;

/// The attempts of a command so far.
#[derive(Default)]
struct Tries {
    conflicts: usize,
    lock: Option<OwnedMutexGuard<()>>,
}

/// Rows in memory at a time in `Reader::each_key`: with records of a few kilobytes, a few megabytes.
const EACH_KEY_ROWS: usize = 1000;

#[derive(Clone)]
pub struct Store {
    engine: Arc<dyn Engine>,
    clock: Clock,
    /// Held by a command that runs again: commands that met a conflict run one after another, so that many commands on
    /// one record do not use up their attempts against each other.
    again: Arc<Mutex<()>>,
}

impl Store {
    pub fn new(engine: Arc<dyn Engine>, clock: Clock) -> Self {
        Self {
            engine,
            clock,
            again: Arc::default(),
        }
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// A consistent view of the current state.
    pub fn read(&self) -> Result<Reader, StoreError> {
        Ok(Reader::of(self.engine.snapshot()?))
    }

    /// Sends the log's last sequence number each time it grows.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.engine.watch()
    }

    /// Completes once all users of this store have dropped it and its engine has closed its files.
    pub fn closed(&self) -> impl Future<Output = ()> + use<> {
        let mut log = self.engine.watch();
        async move { while log.changed().await.is_ok() {} }
    }

    pub fn load(&self) -> Load {
        self.engine.load()
    }

    /// Runs a command and commits its changes. On a conflict, runs it again, at most `ATTEMPTS` times, then fails with
    /// `Contended`. When this returns, the change is on disk. A command that only reads commits nothing.
    pub async fn run<T, E: From<StoreError>>(
        &self,
        origin: Origin,
        mut command: impl FnMut(&mut Transaction) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut tries = Tries::default();
        loop {
            let mut transaction = self.begin(origin)?;
            let answer = command(&mut transaction)?;
            if self.settle(transaction, &mut tries).await? {
                return Ok(answer);
            }
        }
    }

    /// `run` for a command that waits (for the campus rules) between reading and deciding. It blocks nobody meanwhile:
    /// it holds only a snapshot.
    pub async fn run_async<T, E: From<StoreError>>(
        &self,
        origin: Origin,
        mut command: impl AsyncFnMut(&mut Transaction) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut tries = Tries::default();
        loop {
            let mut transaction = self.begin(origin)?;
            let answer = command(&mut transaction).await?;
            if self.settle(transaction, &mut tries).await? {
                return Ok(answer);
            }
        }
    }

    fn begin(&self, origin: Origin) -> Result<Transaction, StoreError> {
        Ok(Transaction::begin(
            self.engine.snapshot()?,
            origin,
            self.clock.now(),
        ))
    }

    /// Commits. False: there was a conflict, and the command must run again.
    async fn settle(
        &self,
        transaction: Transaction,
        tries: &mut Tries,
    ) -> Result<bool, StoreError> {
        match self.commit(transaction.into_change()).await {
            Ok(()) => return Ok(true),
            Err(CommitError::Store(error)) => return Err(error),
            Err(CommitError::Conflict) => tries.conflicts += 1,
        }
        if tries.conflicts == ATTEMPTS {
            return Err(StoreError::Contended);
        }
        if tries.lock.is_none() {
            tries.lock = Some(self.again.clone().lock_owned().await);
        }
        Ok(false)
    }

    /// `run` for separate threads. Do not call it in async code.
    pub fn run_blocking<T, E: From<StoreError>>(
        &self,
        origin: Origin,
        command: impl FnMut(&mut Transaction) -> Result<T, E>,
    ) -> Result<T, E> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        runtime.block_on(self.run(origin, command))
    }

    /// Runs a command and drops its changes, to see what would happen.
    pub fn preview<T, E: From<StoreError>>(
        &self,
        origin: Origin,
        command: impl FnOnce(&mut Transaction) -> Result<T, E>,
    ) -> Result<T, E> {
        command(&mut self.begin(origin)?)
    }

    async fn commit(&self, change: Change) -> Result<(), CommitError> {
        if change.is_empty() {
            return Ok(());
        }
        let gone = |_| {
            CommitError::Store(StoreError::Unknown(
                "the writer stopped before it answered".into(),
            ))
        };
        self.engine.submit(change).await.map_err(gone)?.map(drop)
    }
}

/// Typed reads of one snapshot.
#[derive(Clone)]
pub struct Reader {
    pub(super) snapshot: Arc<dyn Snapshot>,
}

impl Reader {
    pub(super) fn of(snapshot: Arc<dyn Snapshot>) -> Self {
        Self { snapshot }
    }

    pub fn get<R: Record>(&self, key: &RecordKey<R>) -> Result<Option<Stored<R>>, StoreError> {
        let Some(row) = self.snapshot.get(key)? else {
            return Ok(None);
        };
        Ok(Some(Stored {
            version: row.version,
            record: decode(key, &row.value)?,
        }))
    }

    /// A record's version, without loading the record.
    pub fn version(&self, key: &Key) -> Result<Option<u64>, StoreError> {
        self.snapshot.version(key)
    }

    /// The record with a unique key.
    pub fn find<R: Record>(&self, unique: &UniqueKey<R>) -> Result<Option<Stored<R>>, StoreError> {
        let Some(row) = self.snapshot.get(unique)? else {
            return Ok(None);
        };
        match self.get(&RecordKey::new(Key::from_bytes(&row.value)))? {
            None => Err(StoreError::Corrupt(format!(
                "{} without its record",
                **unique
            ))),
            found => Ok(found),
        }
    }

    pub fn is_taken<R: Record>(&self, unique: &UniqueKey<R>) -> Result<bool, StoreError> {
        Ok(self.snapshot.get(unique)?.is_some())
    }

    pub fn bytes(&self, key: &Key) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.snapshot.get(key)?.map(|row| row.value))
    }

    pub fn counter(&self, key: &Key) -> Result<i64, StoreError> {
        match self.snapshot.get(key)? {
            None => Ok(0),
            Some(row) => row
                .value
                .try_into()
                .map(i64::from_le_bytes)
                .map_err(|_| StoreError::Corrupt(format!("the value of {key}"))),
        }
    }

    pub fn scan_keys(
        &self,
        range: &KeyRange,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Key>, StoreError> {
        Ok(self
            .snapshot
            .scan(range, direction, limit)?
            .into_iter()
            .map(|(key, _)| key)
            .collect())
    }

    /// Passes every key of a range to a callback, one scan at a time.
    pub fn each_key<E: From<StoreError>>(
        &self,
        prefix: &Key,
        mut visit: impl FnMut(Key) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut range = KeyRange::prefix(prefix);
        loop {
            let keys = self.scan_keys(&range, Direction::Forward, EACH_KEY_ROWS)?;
            let Some(last) = keys.last().cloned() else {
                return Ok(());
            };
            for key in keys {
                visit(key)?;
            }
            range = range.beyond(last, Direction::Forward);
        }
    }

    /// At most `limit` log entries after a sequence number, oldest first.
    pub fn log_after(&self, after: u64, limit: usize) -> Result<Vec<Logged>, StoreError> {
        log::read_after(&*self.snapshot, after, limit)
    }

    /// At most `limit` log entries before a sequence number, newest first.
    pub fn log_before(&self, before: u64, limit: usize) -> Result<Vec<Logged>, StoreError> {
        log::read_before(&*self.snapshot, before, limit)
    }

    pub fn log_end(&self) -> Result<u64, StoreError> {
        log::last(&*self.snapshot)
    }

    /// The sequence number of the oldest log entry that was not trimmed, 1 for an empty log.
    pub fn log_start(&self) -> Result<u64, StoreError> {
        log::first(&*self.snapshot)
    }

    /// Whether the log still has every entry after a position. If not, whoever stopped there must read the records.
    pub fn has_log_after(&self, position: u64) -> Result<bool, StoreError> {
        Ok(position.saturating_add(1) >= self.log_start()?)
    }

    /// A follower's position, 0 if it never ran.
    pub fn cursor(&self, follower: &str) -> Result<u64, StoreError> {
        let key = keys::cursor(follower);
        match self.bytes(&key)? {
            None => Ok(0),
            Some(bytes) => bytes
                .try_into()
                .map(u64::from_be_bytes)
                .map_err(|_| StoreError::Corrupt(format!("the value of {key}"))),
        }
    }
}

#[cfg(test)]
mod tests;
