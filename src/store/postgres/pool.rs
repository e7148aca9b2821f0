//! The connections of views. A pool of its own, because waiting, connecting and giving back must all happen on the
//! engine's runtime, whichever runtime the view is read on; what remains is a semaphore and a stack.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::{join, try_join_all};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row, Statement};

use super::connect::{Connector, Link, Role};
use super::{PostgresOptions, failure, stopped};
use crate::store::engine::{Direction, StoreError};

/// A connection that nobody used for this long is closed.
const IDLE: Duration = Duration::from_mins(1);

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// The statements of views.
#[derive(Clone, Copy)]
pub(super) enum Read {
    Get,
    GetMany,
    Versions,
    /// From a key up to another one, or to the end.
    Within(Direction),
    From(Direction),
}

const READS: [&str; 7] = [
    "SELECT version, value FROM corkboard_rows WHERE key = $1",
    "SELECT key, version, value FROM corkboard_rows WHERE key = ANY($1::bytea[])",
    "SELECT key, version FROM corkboard_rows WHERE key = ANY($1::bytea[])",
    "SELECT key, version, value FROM corkboard_rows WHERE key >= $1 AND key < $3 ORDER BY key LIMIT $2",
    "SELECT key, version, value FROM corkboard_rows WHERE key >= $1 AND key < $3 ORDER BY key DESC LIMIT $2",
    "SELECT key, version, value FROM corkboard_rows WHERE key >= $1 ORDER BY key LIMIT $2",
    "SELECT key, version, value FROM corkboard_rows WHERE key >= $1 ORDER BY key DESC LIMIT $2",
];

impl Read {
    fn place(self) -> usize {
        match self {
            Self::Get => 0,
            Self::GetMany => 1,
            Self::Versions => 2,
            Self::Within(Direction::Forward) => 3,
            Self::Within(Direction::Backward) => 4,
            Self::From(Direction::Forward) => 5,
            Self::From(Direction::Backward) => 6,
        }
    }
}

pub(super) struct Pool {
    connector: Arc<Connector>,
    runtime: Handle,
    permits: Arc<Semaphore>,
    wait: Duration,
    /// The last used on top. `None` after `close`.
    idle: Mutex<Option<Vec<Idle>>>,
}

struct Idle {
    connection: Connection,
    since: Instant,
}

struct Connection {
    link: Link,
    statements: Vec<Statement>,
}

impl Pool {
    pub fn new(connector: Arc<Connector>, runtime: Handle, options: &PostgresOptions) -> Self {
        Self {
            connector,
            runtime,
            permits: Arc::new(Semaphore::new(options.connections.max(1))),
            wait: options.connection_wait,
            idle: Mutex::new(Some(Vec::new())),
        }
    }

    pub fn close(&self) {
        self.permits.close();
        self.connector.close();
        self.idle().take();
    }

    /// Closes connections that nobody uses. Runs until the pool is closed.
    pub async fn reap(self: Arc<Self>) {
        loop {
            tokio::time::sleep(IDLE / 4).await;
            let mut idle = self.idle();
            let Some(idle) = idle.as_mut() else { return };
            idle.retain(|one| one.since.elapsed() < IDLE && one.connection.is_open());
        }
    }

    fn idle(&self) -> MutexGuard<'_, Option<Vec<Idle>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection for one view. Waits while all are in use, but not longer than `connection_wait`.
    pub async fn lease(self: &Arc<Self>) -> Result<Lease, StoreError> {
        let permit = self.permit().await?;
        let connection = match self.take_idle()? {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        Ok(Lease {
            connection: Some(connection),
            unanswered: AtomicUsize::new(0),
            has_begun: false,
            pool: self.clone(),
            permit: Some(permit),
        })
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, StoreError> {
        if let Ok(permit) = self.permits.clone().try_acquire_owned() {
            return Ok(permit);
        }
        let (permits, wait) = (self.permits.clone(), self.wait);
        let waiting = async move { tokio::time::timeout(wait, permits.acquire_owned()).await };
        match self.runtime.spawn(waiting).await {
            Ok(Ok(Ok(permit))) => Ok(permit),
            Ok(Err(_)) => Err(failure::unavailable(
                "all connections to the database are in use",
            )),
            Ok(Ok(Err(_))) | Err(_) => Err(stopped()),
        }
    }

    fn take_idle(&self) -> Result<Option<Connection>, StoreError> {
        let mut idle = self.idle();
        let idle = idle.as_mut().ok_or_else(stopped)?;
        while let Some(one) = idle.pop() {
            if one.connection.is_open() {
                return Ok(Some(one.connection));
            }
        }
        Ok(None)
    }

    async fn connect(&self) -> Result<Connection, StoreError> {
        let connector = self.connector.clone();
        let connecting = async move { Connection::open(&connector).await };
        let connected = self.runtime.spawn(connecting).await;
        connected.map_err(|_| stopped())?
    }

    fn give_back(&self, connection: Connection) {
        if let Some(idle) = self.idle().as_mut() {
            let since = Instant::now();
            idle.push(Idle { connection, since });
        }
    }
}

impl Connection {
    async fn open(connector: &Connector) -> Result<Self, StoreError> {
        let link = connector.connect(Role::View).await?;
        let statements = try_join_all(READS.iter().map(|read| link.client.prepare(read))).await;
        let statements = statements.map_err(|error| failure::store_error(&error))?;
        Ok(Self { link, statements })
    }

    fn is_open(&self) -> bool {
        !self.link.client.is_closed()
    }

    async fn query(&self, read: Read, parts: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        let statement = &self.statements[read.place()];
        self.link.client.query(statement, parts).await
    }

    async fn commit(&self) -> Result<(), Error> {
        self.link.client.batch_execute("COMMIT").await
    }
}

/// A connection in use by one view. Gives it back when dropped.
pub(super) struct Lease {
    /// Both are set until `drop`.
    connection: Option<Connection>,
    permit: Option<OwnedSemaphorePermit>,
    /// Statements that were sent and not answered. What a dropped future sent stays counted.
    unanswered: AtomicUsize,
    has_begun: bool,
    pool: Arc<Pool>,
}

impl Lease {
    /// Begins the transaction, and reads with the same round trip.
    pub async fn begin(
        &mut self,
        read: Read,
        parts: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        self.has_begun = true;
        self.unanswered.fetch_add(1, Ordering::Relaxed);
        let connection = self.connection();
        // Polled in this order, so sent in this order.
        let begin = connection.link.client.batch_execute(BEGIN);
        let (begun, rows) = join(begin, connection.query(read, parts)).await;
        self.unanswered.fetch_sub(1, Ordering::Relaxed);
        begun?;
        rows
    }

    /// Reads in the transaction.
    pub async fn query(
        &self,
        read: Read,
        parts: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        self.unanswered.fetch_add(1, Ordering::Relaxed);
        let rows = self.connection().query(read, parts).await;
        self.unanswered.fetch_sub(1, Ordering::Relaxed);
        rows
    }

    fn connection(&self) -> &Connection {
        let connection = self.connection.as_ref();
        connection.expect("it is only taken by drop")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let (pool, permit) = (self.pool.clone(), self.permit.take());
        let Some(connection) = self.connection.take() else {
            return;
        };
        if !connection.is_open() {
            return;
        }
        if !self.has_begun {
            pool.give_back(connection);
        } else if *self.unanswered.get_mut() == 0 {
            // The first poll sends it. The next view's statements come after it on the same connection, so nobody needs
            // to wait for the answer.
            let _ = connection.commit().now_or_never();
            pool.give_back(connection);
        } else {
            let runtime = pool.runtime.clone();
            runtime.spawn(async move {
                if connection.commit().await.is_ok() {
                    pool.give_back(connection);
                }
                drop(permit);
            });
        }
    }
}
