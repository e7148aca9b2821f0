//! The engine on disk: redb with a write-ahead log. One writer thread takes changes from a bounded queue, applies all
//! waiting ones in one redb transaction, syncs one record of them to the log, and only then shows them to readers and
//! answers. Readers never wait for it. redb's own file is made durable from time to time; what it lacks is in the log.

mod file;
mod format;
mod media;
mod opened;
mod replace;
mod rows;
mod shield;
mod snapshot;
mod tables;
mod wal;
mod writer;

use std::path::Path;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;

pub use media::Media;
pub use replace::Replacement;

use media::Files;
use opened::Opened;
use snapshot::Live;
use writer::Writer;

use super::Reader;
use super::engine::{Change, Committed, Engine, Load, StoreError, View};
use super::queue::{self, QUEUE, Submitted};
use super::tally::Tally;

#[derive(Clone, Copy, Debug)]
pub struct RedbOptions {
    pub cache_bytes: usize,
    /// redb's own file is made durable at most this long after a change, and whenever the log is full. A start after a
    /// crash reads that much of the log. With a longer log, pages that many changes touch are written less often.
    pub save_after: Duration,
    /// Length of the log.
    pub log_bytes: u64,
    /// How long after a failure to try to reopen the files.
    pub retry_after: Duration,
}

impl Default for RedbOptions {
    fn default() -> Self {
        Self {
            // A campus's frequently used rows fit; the operating system caches the rest.
            cache_bytes: 80 * 1024 * 1024,
            save_after: Duration::from_secs(5),
            log_bytes: 32 * 1024 * 1024,
            retry_after: Duration::from_secs(1),
        }
    }
}

pub struct RedbEngine {
    /// Both are set until `drop`.
    queue: Option<SyncSender<Submitted>>,
    writer: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
}

/// State shared by the engine and its writer.
struct Shared {
    /// `None` while the files cannot be opened.
    live: RwLock<Option<Live>>,
    tally: Tally,
    /// Last, so that watchers see the end only after the file is closed.
    sequence: watch::Sender<u64>,
}

impl Shared {
    fn live(&self) -> RwLockReadGuard<'_, Option<Live>> {
        self.live.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn live_mut(&self) -> RwLockWriteGuard<'_, Option<Live>> {
        self.live.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_sequence(&self, sequence: u64) {
        self.sequence
            .send_if_modified(|last| std::mem::replace(last, sequence) != sequence);
    }
}

impl RedbEngine {
    /// Opens or creates the file. Fails if another process uses it, or if it is not a store.
    pub fn open(path: &Path, options: RedbOptions) -> Result<Self, StoreError> {
        file::empty_if_unfinished(path).map_err(failed_at(path))?;
        let files = Files {
            store: path.to_owned(),
            reads_only: false,
        };
        let engine = Self::open_media(files, options)?;
        file::sync_folder(path).map_err(unavailable)?;
        Ok(engine)
    }

    /// Opens a store on any media. The crash tests use it to stop the store.
    pub fn open_media(media: impl Media, options: RedbOptions) -> Result<Self, StoreError> {
        let Opened {
            database,
            shield,
            wal,
            sequence,
        } = opened::open(&media, &options)?;
        let shared = Arc::new(Shared {
            live: RwLock::new(Some(Live::new(database))),
            tally: Tally::default(),
            sequence: watch::Sender::new(sequence),
        });
        let (queue, waiting) = sync_channel(QUEUE);
        let files = (shield, wal);
        let writer = Writer::new(shared.clone(), Box::new(media), options, waiting, files);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || writer.run())
            .map_err(unavailable)?;
        Ok(Self {
            queue: Some(queue),
            writer: Some(thread),
            shared,
        })
    }

    /// A view of an existing file that no server uses. Nothing is written: changes that a crash left only in the log
    /// are added in memory.
    pub fn read_only(path: &Path, options: RedbOptions) -> Result<Reader, StoreError> {
        let files = Files {
            store: path.to_owned(),
            reads_only: true,
        };
        let snapshot = Arc::new(opened::look(&files, &options)?);
        Ok(Reader::of(View::Local(snapshot)))
    }
}

impl Drop for RedbEngine {
    /// Lets the writer finish all submitted changes, so that the file is closed when this returns.
    fn drop(&mut self) {
        drop(self.queue.take());
        if self
            .writer
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("the store's writer panicked");
        }
        drop(self.shared.live_mut().take());
    }
}

impl Engine for RedbEngine {
    fn view(&self) -> Result<View, StoreError> {
        let live = self.shared.live();
        let snapshot = live.as_ref().ok_or_else(closed)?.snapshot()?;
        Ok(View::Local(snapshot))
    }

    fn submit(&self, change: Change) -> Committed {
        queue::submit(change, &self.shared.tally, |one| match &self.queue {
            None => Some((one, stopped())),
            Some(queue) => match queue.try_send(one) {
                Ok(()) => None,
                Err(TrySendError::Full(one)) => Some((one, StoreError::Busy)),
                Err(TrySendError::Disconnected(one)) => Some((one, stopped())),
            },
        })
    }

    fn watch(&self) -> watch::Receiver<u64> {
        self.shared.sequence.subscribe()
    }

    fn load(&self) -> Load {
        self.shared.tally.load()
    }
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the writer has stopped".into())
}

fn closed() -> StoreError {
    StoreError::Unavailable("could not reopen the store's file".into())
}

/// An error of a file. Whoever may not write it must know which one it is.
fn failed_at(path: &Path) -> impl Fn(std::io::Error) -> StoreError {
    move |error| unavailable(format_args!("{}: {error}", path.display()))
}

fn unavailable(error: impl std::fmt::Display) -> StoreError {
    StoreError::Unavailable(error.to_string())
}
