//! The store for the layers above: views, and transactions that run again on conflict.

use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard, watch};

use super::engine::{Change, CommitError, Engine, Load, StoreError};
use super::reading::Waiting;
use super::{Key, Reader, Transaction};
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

/// How often a command runs if others keep changing what it read. Those of one server wait for each other, but of two
/// servers with many commands on one record, each loses about every other time.
const ATTEMPTS: usize = 16;

/// The attempts of a command so far.
#[derive(Default)]
struct Tries {
    conflicts: usize,
    lock: Option<OwnedMutexGuard<()>>,
}

/// A row and the version it must have for a change to succeed.
#[derive(Clone)]
struct Fence {
    key: Key,
    version: u64,
}

#[derive(Clone)]
pub struct Store {
    engine: Arc<dyn Engine>,
    clock: Clock,
    fence: Option<Fence>,
    /// Held by a command that runs again: commands that met a conflict run one after another, so that many commands on
    /// one record do not use up their attempts against each other.
    again: Arc<Mutex<()>>,
}

impl Store {
    pub fn new(engine: Arc<dyn Engine>, clock: Clock) -> Self {
        Self {
            engine,
            clock,
            fence: None,
            again: Arc::default(),
        }
    }

    /// The same store with a fence: once the row has another version, all changes fail with `Fenced`.
    #[must_use]
    pub fn fenced(&self, key: Key, version: u64) -> Self {
        let fence = Some(Fence { key, version });
        Self {
            fence,
            ..self.clone()
        }
    }

    /// Whether other servers may use the same store at the same time.
    pub fn is_shared(&self) -> bool {
        self.engine.is_shared()
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// A consistent view of the current state.
    pub fn read(&self) -> Result<Reader, StoreError> {
        Ok(Reader::of(self.engine.view()?))
    }

    /// Reads that each see the newest state by themselves. Cheaper on a database, for what needs one read.
    pub fn read_latest(&self) -> Result<Reader, StoreError> {
        Ok(Reader::of(self.engine.latest()?))
    }

    /// A view that keeps the engine open.
    pub fn into_reader(self) -> Result<Reader, StoreError> {
        Ok(self.read()?.with_engine(self.engine))
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
    /// `Contended`. When this returns, the change is on disk. A command that only reads commits nothing. One that waits
    /// (for the campus rules) between reading and deciding blocks nobody meanwhile: it holds only a view.
    pub async fn run<T, E: From<StoreError>>(
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
        let mut transaction = Transaction::begin(self.engine.view()?, origin, self.clock.now());
        if let Some(Fence { key, version }) = &self.fence {
            transaction.check(key, Some(*version));
        }
        Ok(transaction)
    }

    /// Whether the fence's row has another version.
    async fn is_fenced_off(&self) -> Result<bool, StoreError> {
        let Some(Fence { key, version }) = &self.fence else {
            return Ok(false);
        };
        Ok(self.engine.view()?.version(key).await? != Some(*version))
    }

    /// Commits. False: there was a conflict, and the command must run again.
    fn settle<'a>(&'a self, transaction: Transaction, tries: &'a mut Tries) -> Waiting<'a, bool> {
        Box::pin(self.try_to_settle(transaction, tries))
    }

    async fn try_to_settle(
        &self,
        transaction: Transaction,
        tries: &mut Tries,
    ) -> Result<bool, StoreError> {
        match self.commit(transaction.into_change()).await {
            Ok(()) => return Ok(true),
            Err(CommitError::Store(error)) => return Err(error),
            Err(CommitError::Conflict) if self.is_fenced_off().await? => {
                return Err(StoreError::Fenced);
            }
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

    /// Runs a command and drops its changes, to see what would happen.
    pub async fn preview<T, E: From<StoreError>>(
        &self,
        origin: Origin,
        command: impl AsyncFnOnce(&mut Transaction) -> Result<T, E>,
    ) -> Result<T, E> {
        command(&mut self.begin(origin)?).await
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

/// For tests that are not asynchronous.
#[cfg(test)]
pub trait Now: Future + Sized {
    fn now(self) -> Self::Output {
        wait(self)
    }
}

#[cfg(test)]
impl<F: Future> Now for F {}

#[cfg(test)]
impl Store {
    /// `run` for tests that are not asynchronous.
    pub fn run_now<T, E: From<StoreError>>(
        &self,
        origin: Origin,
        mut command: impl FnMut(&mut Transaction) -> Result<T, E>,
    ) -> Result<T, E> {
        wait(self.run(origin, async |transaction: &mut Transaction| {
            command(transaction)
        }))
    }
}

/// Waits for a future, on a thread that serves nobody else meanwhile. Works in a task that may block, too.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    // As a trait object, so that it is compiled once, and not again with each function that passes it on.
    let future: Pin<&mut dyn Future<Output = T>> = pin!(future);
    // Inside a task, Tokio would let the future wait for the next turn of that task, which waits here.
    pollster::block_on(tokio::task::unconstrained(future))
}

#[cfg(test)]
mod tests;
