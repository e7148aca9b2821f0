//! The engine on PostgreSQL, and on databases that speak its protocol. Rows, the log's counter and the schema's version
//! are plain tables. Several nodes can use one database: each commit locks the counter's row, so all nodes agree on the
//! order of the log. One thread with its own runtime runs every connection, so that callers may use any runtime.

mod connect;
mod failure;
mod group;
mod outage;
mod pool;
mod resolve;
mod schema;
mod session;
#[cfg(test)]
mod tests;
mod view;
mod writer;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};

#[cfg(test)]
pub(super) use tests::Server;
pub use view::PostgresView;

use connect::Connector;
use failure::unavailable;
use pool::Pool;
use writer::Writer;

use super::engine::{Change, Committed, Engine, Load, StoreError, View};
use super::queue::{self, QUEUE, Submitted};
use super::tally::Tally;

/// How long `drop` waits for the connections to close.
const CLOSING: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub struct PostgresOptions {
    /// `postgres://user:password@host:port/database`. Several hosts are separated by commas; the one that accepts writes
    /// is used. The folder of a Unix socket is percent-encoded: `postgres://user@%2Frun%2Fpostgresql/database`.
    pub url: String,
    /// A PEM file of the certificates to trust, in place of those that browsers trust.
    pub root_certificates: Option<PathBuf>,
    /// Most connections of views. The writer has one more.
    pub connections: usize,
    pub connect_timeout: Duration,
    /// How long a view waits for a connection while all are in use.
    pub connection_wait: Duration,
    pub statement_timeout: Duration,
    /// How long a commit waits for those of other nodes.
    pub lock_timeout: Duration,
    /// A view that reads nothing for this long ends.
    pub view_idle_timeout: Duration,
    /// How often to look for commits of other nodes.
    pub poll_every: Duration,
    /// How long after a failure to try to reconnect. Doubled each time, up to a few seconds.
    pub retry_after: Duration,
    /// How long to find out whether a commit happened whose answer was lost.
    pub resolve_for: Duration,
    /// Deletes everything first, for a restore.
    pub emptied: bool,
}

impl PostgresOptions {
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            root_certificates: None,
            connections: 16,
            connect_timeout: Duration::from_secs(5),
            connection_wait: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(10),
            lock_timeout: Duration::from_secs(4),
            view_idle_timeout: Duration::from_mins(5),
            poll_every: Duration::from_millis(100),
            retry_after: Duration::from_millis(200),
            resolve_for: Duration::from_secs(10),
            emptied: false,
        }
    }
}

impl fmt::Debug for PostgresOptions {
    /// Without the URL, which may contain a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}

pub struct PostgresEngine {
    /// Both are set until `drop`.
    queue: Option<mpsc::Sender<Submitted>>,
    thread: Option<JoinHandle<()>>,
    pool: Arc<Pool>,
    tally: Arc<Tally>,
    sequence: watch::Receiver<u64>,
}

impl PostgresEngine {
    /// Connects, and brings the schema up to date. Blocks until that is done. Fails with `Newer` if the schema is for a
    /// newer Corkboard.
    pub fn open(options: PostgresOptions) -> Result<Self, StoreError> {
        let (connector, connections_ended) = Connector::new(&options)?;
        let connector = Arc::new(connector);
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(unavailable)?;
        let handle = runtime.handle().clone();
        let pool = Arc::new(Pool::new(connector.clone(), handle, &options));
        let tally = Arc::new(Tally::default());
        let sequence = watch::Sender::new(0);
        let watched = sequence.subscribe();
        let (queue, waiting) = mpsc::channel(QUEUE);
        let writer = Writer::new(connector, options, waiting, tally.clone(), sequence.clone());
        let (opened, open) = std::sync::mpsc::channel();
        let running = Running {
            pool: pool.clone(),
            connections_ended,
            opened,
        };
        let thread = std::thread::Builder::new()
            .name("store-postgres".into())
            .spawn(move || {
                running.run(runtime, writer);
                // Last, so that watchers see the end only after the connections are closed.
                drop(sequence);
            })
            .map_err(unavailable)?;
        let engine = Self {
            queue: Some(queue),
            thread: Some(thread),
            pool,
            tally,
            sequence: watched,
        };
        open.recv().map_err(|_| stopped())??;
        Ok(engine)
    }
}

impl Engine for PostgresEngine {
    /// Its moment is that of its first read; until then it costs nothing.
    fn view(&self) -> Result<View, StoreError> {
        let view = PostgresView::new(self.pool.clone());
        Ok(View::Postgres(Arc::new(view)))
    }

    fn latest(&self) -> Result<View, StoreError> {
        let view = PostgresView::latest(self.pool.clone());
        Ok(View::Postgres(Arc::new(view)))
    }

    fn submit(&self, change: Change) -> Committed {
        queue::submit(change, &self.tally, |one| match &self.queue {
            None => Some((one, stopped())),
            Some(queue) => match queue.try_send(one) {
                Ok(()) => None,
                Err(TrySendError::Full(one)) => Some((one, StoreError::Busy)),
                Err(TrySendError::Closed(one)) => Some((one, stopped())),
            },
        })
    }

    /// Also when other nodes make the log grow.
    fn watch(&self) -> watch::Receiver<u64> {
        let mut receiver = self.sequence.clone();
        receiver.mark_unchanged();
        receiver
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn load(&self) -> Load {
        self.tally.load()
    }
}

impl Drop for PostgresEngine {
    /// Lets the writer finish all submitted changes, and closes the connections. Views that are left then fail.
    fn drop(&mut self) {
        drop(self.queue.take());
        let thread = self.thread.take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the store's connections to the database panicked");
        }
    }
}

/// What the engine's thread runs.
struct Running {
    pool: Arc<Pool>,
    connections_ended: mpsc::Receiver<()>,
    opened: std::sync::mpsc::Sender<Result<(), StoreError>>,
}

impl Running {
    fn run(mut self, runtime: Runtime, mut writer: Writer) {
        runtime.block_on(async {
            let started = writer.start().await;
            let is_open = started.is_ok();
            // The opening thread waits for it.
            let _ = self.opened.send(started);
            if is_open {
                tokio::spawn(self.pool.clone().reap());
                writer.run().await;
            }
            self.pool.close();
            let _ = tokio::time::timeout(CLOSING, self.connections_ended.recv()).await;
        });
    }
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the connections to the database are closed".into())
}
