//! The engine on disk. One writer thread takes changes from a bounded queue, applies as many as wait in one redb
//! transaction, makes one durable commit for all, and only then answers them. Readers never wait for it.

mod file;
mod snapshot;
mod tally;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use redb::{
    Builder, Database, ReadableDatabase, ReadableTable, StorageBackend, Table, TableDefinition,
};
use tokio::sync::{oneshot, watch};

use snapshot::RedbSnapshot;
use tally::Tally;

use super::engine::{
    Change, Check, CommitError, Committed, Engine, Load, Snapshot, StoreError, Write, not_a_counter,
};
use super::keys::{self, Key};

/// Key to version (8 bytes, little-endian) and value.
const ROWS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("rows");

/// Changes that may wait; one more is refused as `Busy`.
const QUEUE: usize = 4096;
/// Most changes in one durable commit, so that the first of them does not wait long for the rest.
const GROUP: usize = 256;
/// Most bytes in one durable commit.
const GROUP_BYTES: usize = 16 * 1024 * 1024;

#[derive(Clone, Copy, Debug)]
pub struct RedbOptions {
    pub cache_bytes: usize,
    /// From this size on, each commit also keeps what a start after a crash needs, which costs it a second fsync. A
    /// smaller file is read through after a crash instead (5.3 s per GB from a cold disk that reads 200 MB/s).
    pub quick_repair_from_bytes: u64,
}

impl Default for RedbOptions {
    fn default() -> Self {
        Self {
            // A campus's hot rows fit; the operating system caches the rest.
            cache_bytes: 96 * 1024 * 1024,
            quick_repair_from_bytes: 2 * 1024 * 1024 * 1024,
        }
    }
}

pub struct RedbEngine {
    database: Arc<Database>,
    /// Both are there until `drop`.
    queue: Option<SyncSender<Submitted>>,
    writer: Option<JoinHandle<()>>,
    tally: Arc<Tally>,
    /// Last, so that who watches hears the end when the file is closed and not before.
    sequence: Arc<watch::Sender<u64>>,
}

struct Submitted {
    change: Change,
    bytes: usize,
    answer: oneshot::Sender<Result<u64, CommitError>>,
}

impl RedbEngine {
    /// Opens or makes the file. Fails if another process holds it, or it is no store.
    pub fn open(path: &Path, options: RedbOptions) -> Result<Self, StoreError> {
        file::empty_if_unfinished(path).map_err(unavailable)?;
        file::make_private(path).map_err(unavailable)?;
        let length = std::fs::metadata(path).map_or(0, |file| file.len());
        let database = builder(options).create(path).map_err(|error| match error {
            redb::DatabaseError::DatabaseAlreadyOpen => is_held(path),
            error => unavailable(error),
        })?;
        file::sync_folder(path).map_err(unavailable)?;
        Self::start(database, length >= options.quick_repair_from_bytes)
    }

    /// Opens a store that lies in a storage of the caller's; the crash tests stop it where they like.
    pub fn open_backend(
        backend: impl StorageBackend,
        options: RedbOptions,
    ) -> Result<Self, StoreError> {
        let length = backend.len().map_err(unavailable)?;
        let database = builder(options)
            .create_with_backend(backend)
            .map_err(unavailable)?;
        Self::start(database, length >= options.quick_repair_from_bytes)
    }

    fn start(database: Database, quick_repair: bool) -> Result<Self, StoreError> {
        let database = Arc::new(database);
        if database
            .begin_read()
            .map_err(unavailable)?
            .open_table(ROWS)
            .is_err()
        {
            let transaction = database.begin_write().map_err(unavailable)?;
            transaction.open_table(ROWS).map_err(unavailable)?;
            transaction.commit().map_err(unavailable)?;
        }
        let last = super::log::last(&RedbSnapshot::open(&*database)?)?;
        let sequence = Arc::new(watch::Sender::new(last));
        let (queue, waiting) = sync_channel(QUEUE);
        let tally = Arc::new(Tally::default());
        let writer = Writer {
            database: database.clone(),
            tally: tally.clone(),
            waiting,
            sequence: sequence.clone(),
            quick_repair,
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || writer.run())
            .map_err(unavailable)?;
        Ok(Self {
            database,
            queue: Some(queue),
            writer: Some(thread),
            tally,
            sequence,
        })
    }
}

fn builder(options: RedbOptions) -> Builder {
    let mut builder = Builder::new();
    builder
        .set_cache_size(options.cache_bytes)
        .set_repair_callback(|session| {
            let percent = session.progress() * 100.0;
            tracing::warn!("the store was not closed; reading it through: {percent:.0} %");
        });
    builder
}

impl Drop for RedbEngine {
    /// Lets the writer finish what was handed over, so that the file is closed when this returns.
    fn drop(&mut self) {
        drop(self.queue.take());
        if self
            .writer
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("the store's writer had panicked");
        }
    }
}

impl Engine for RedbEngine {
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError> {
        Ok(Arc::new(RedbSnapshot::open(&*self.database)?))
    }

    fn submit(&self, change: Change) -> Committed {
        let (answer, committed) = oneshot::channel();
        let refused = match (change.check_limits(), &self.queue) {
            (Err(error), _) => Some((answer, error)),
            (Ok(_), None) => Some((answer, stopped())),
            (Ok(bytes), Some(queue)) => {
                let submitted = Submitted {
                    change,
                    bytes,
                    answer,
                };
                self.tally.handed_over();
                let taken = queue.try_send(submitted);
                if taken.is_err() {
                    self.tally.refused();
                }
                match taken {
                    Ok(()) => None,
                    Err(TrySendError::Full(one)) => Some((one.answer, StoreError::Busy)),
                    Err(TrySendError::Disconnected(one)) => Some((one.answer, stopped())),
                }
            }
        };
        if let Some((answer, error)) = refused {
            // The receiver is in this function's hands, so the answer always arrives.
            let _ = answer.send(Err(CommitError::Store(error)));
        }
        committed
    }

    fn watch(&self) -> watch::Receiver<u64> {
        self.sequence.subscribe()
    }

    fn load(&self) -> Load {
        self.tally.load()
    }
}

struct Writer {
    database: Arc<Database>,
    tally: Arc<Tally>,
    waiting: Receiver<Submitted>,
    sequence: Arc<watch::Sender<u64>>,
    quick_repair: bool,
}

impl Writer {
    fn run(self) {
        while let Ok(first) = self.waiting.recv() {
            let mut bytes = first.bytes;
            let mut group = vec![first];
            while group.len() < GROUP && bytes < GROUP_BYTES {
                let Ok(next) = self.waiting.try_recv() else {
                    break;
                };
                bytes += next.bytes;
                group.push(next);
            }
            self.commit(group);
        }
    }

    /// Applies a group and answers each of it. A requester who has gone away misses his answer; that is all right.
    fn commit(&self, group: Vec<Submitted>) {
        let (changes, answers): (Vec<_>, Vec<_>) = group
            .into_iter()
            .map(|one| (one.change, one.answer))
            .unzip();
        let applied = self.apply(&changes);
        self.tally.answered(changes.len(), applied.is_err());
        match applied {
            Ok((sequence, outcomes)) => {
                self.sequence
                    .send_if_modified(|last| std::mem::replace(last, sequence) != sequence);
                for (answer, outcome) in answers.into_iter().zip(outcomes) {
                    let _ = answer.send(outcome.map(|()| sequence));
                }
            }
            Err(error) => {
                tracing::error!(%error, changes = answers.len(), "a commit failed");
                for answer in answers {
                    let _ = answer.send(Err(CommitError::Store(error.clone())));
                }
            }
        }
    }

    fn apply(&self, changes: &[Change]) -> Result<(u64, Vec<Result<(), CommitError>>), StoreError> {
        let mut transaction = self.database.begin_write().map_err(unavailable)?;
        transaction.set_quick_repair(self.quick_repair);
        let mut sequence = *self.sequence.borrow();
        let mut outcomes = Vec::with_capacity(changes.len());
        {
            let mut rows = transaction.open_table(ROWS).map_err(unavailable)?;
            for change in changes {
                let outcome = judge(&rows, change)?;
                if outcome.is_ok() {
                    write(&mut rows, change, &mut sequence)?;
                }
                outcomes.push(outcome);
            }
        }
        if outcomes.iter().all(Result::is_err) {
            transaction.abort().map_err(unavailable)?;
        } else {
            transaction
                .commit()
                .map_err(|error| StoreError::Unknown(error.to_string()))?;
        }
        Ok((sequence, outcomes))
    }
}

/// Whether a change can be written as it is. The outer error is the storage's and fails the whole group.
fn judge(
    rows: &Table<'_, &[u8], &[u8]>,
    change: &Change,
) -> Result<Result<(), CommitError>, StoreError> {
    for Check { key, version } in &change.checks {
        let found = rows.get(key.as_bytes()).map_err(unavailable)?;
        let found = found
            .map(|found| split(key, found.value()).map(|(version, _)| version))
            .transpose()?;
        if found != *version {
            return Ok(Err(CommitError::Conflict));
        }
    }
    for (key, write) in &change.writes {
        if matches!(write, Write::Add(_)) && counter(rows, key)?.is_none() {
            return Ok(Err(CommitError::Store(not_a_counter(key))));
        }
    }
    Ok(Ok(()))
}

/// A counter's version and sum, zeros if it is absent; `None` if the key holds something else.
fn counter(rows: &Table<'_, &[u8], &[u8]>, key: &Key) -> Result<Option<(u64, i64)>, StoreError> {
    let Some(found) = rows.get(key.as_bytes()).map_err(unavailable)? else {
        return Ok(Some((0, 0)));
    };
    let (version, value) = split(key, found.value())?;
    Ok(value
        .try_into()
        .ok()
        .map(|sum| (version, i64::from_le_bytes(sum))))
}

fn write(
    rows: &mut Table<'_, &[u8], &[u8]>,
    change: &Change,
    sequence: &mut u64,
) -> Result<(), StoreError> {
    for (key, write) in &change.writes {
        match write {
            Write::Put { version, value } => put(rows, key, *version, value)?,
            Write::Delete => drop(rows.remove(key.as_bytes()).map_err(unavailable)?),
            Write::Add(amount) => {
                let (version, sum) = counter(rows, key)?.ok_or_else(|| not_a_counter(key))?;
                let sum = sum.saturating_add(*amount);
                put(rows, key, version + 1, &sum.to_le_bytes())?;
            }
        }
    }
    for event in &change.events {
        *sequence += 1;
        put(rows, &keys::log(*sequence), 1, event)?;
    }
    Ok(())
}

fn put(
    rows: &mut Table<'_, &[u8], &[u8]>,
    key: &Key,
    version: u64,
    value: &[u8],
) -> Result<(), StoreError> {
    let mut row = rows
        .insert_reserve(key.as_bytes(), value.len() + 8)
        .map_err(unavailable)?;
    let row = row.as_mut();
    row[..8].copy_from_slice(&version.to_le_bytes());
    row[8..].copy_from_slice(value);
    Ok(())
}

fn split<'a>(key: &Key, row: &'a [u8]) -> Result<(u64, &'a [u8]), StoreError> {
    let (version, value) = row
        .split_first_chunk::<8>()
        .ok_or_else(|| StoreError::Corrupt(format!("the row of {key:?}")))?;
    Ok((u64::from_le_bytes(*version), value))
}

fn is_held(path: &Path) -> StoreError {
    StoreError::Unavailable(format!(
        "{} is held by a running corkboard; stop it first",
        path.display()
    ))
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the writer has stopped".into())
}

fn unavailable(error: impl std::fmt::Display) -> StoreError {
    StoreError::Unavailable(error.to_string())
}
