//! What a follower is, and what its driver gives to each of its steps.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::FollowerStatus;
use crate::search::SearchError;
use crate::store::{Store, StoreError};

/// Where a follower runs if several servers share one store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    EveryServer,
    /// Where the lease is.
    OneServer,
}

/// Background work, in steps. What a step changes in the store is one or more commits through `Turn::store`, and a cursor
/// is in the same commit as what it stands for. So a step may be cut off anywhere, and its follower goes on from there,
/// on this server or on another one.
pub(super) trait Follower: Send + 'static {
    /// Its name in logs, metrics and readiness.
    const NAME: &'static str;
    const PLACE: Place = Place::OneServer;

    /// Prepares to run on this server, from now on. Returns the position in the change log, 0 for a follower that does not
    /// read it. Runs again after an error.
    async fn begin(&mut self, _turn: &Turn) -> Result<u64, FollowError> {
        Ok(0)
    }

    /// One step. A long one ends early once the turn is ending.
    async fn step(&mut self, turn: &Turn) -> Result<Next, FollowError>;

    /// Runs after the last step on this server: it stops, or another server goes on.
    async fn end(&mut self, _turn: &Turn) {}
}

/// When the next step is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    After(Duration),
    /// Once the change log has entries after this position, but not before the pause is over.
    Log {
        position: u64,
        pause: Duration,
        /// Without new entries, this long after the pause.
        at_latest: Option<Duration>,
    },
}

/// Why a step failed. The driver tries again.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Search(#[from] SearchError),
}

/// The time during which a follower runs on this server without a break, as its steps see it.
pub(super) struct Turn {
    /// Refuses changes once another server has the lease.
    pub store: Store,
    /// The last log entry that was handled.
    pub position: u64,
    pub log: watch::Receiver<u64>,
    pub end: End,
    pub status: Arc<FollowerStatus>,
}

/// When a turn is over: at a stop, or when the lease is lost.
#[derive(Clone)]
pub(super) struct End {
    pub stop: watch::Receiver<bool>,
    /// The term of this server's lease, and the one of this turn. `None`: the turn needs none.
    pub lease: Option<(watch::Receiver<Option<u64>>, u64)>,
}

impl End {
    pub fn is_here(&self) -> bool {
        let is_lost = |(lease, term): &(watch::Receiver<Option<u64>>, u64)| {
            *lease.borrow() != Some(*term) || lease.has_changed().is_err()
        };
        self.is_stop() || self.lease.as_ref().is_some_and(is_lost)
    }

    /// Also if the other side is gone, since then nothing would ever end the turn.
    pub fn is_stop(&self) -> bool {
        *self.stop.borrow() || self.stop.has_changed().is_err()
    }

    /// Completes when the turn is over.
    pub async fn comes(&self) {
        let mut end = self.clone();
        // An error means that the other side is gone.
        let stopped = async { end.stop.wait_for(|stop| *stop).await.is_ok() };
        let lost = async {
            match &mut end.lease {
                Some((lease, term)) => lease.wait_for(|held| *held != Some(*term)).await.is_ok(),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = stopped => {}
            _ = lost => {}
        }
    }
}

impl Turn {
    pub fn new(store: Store, stop: watch::Receiver<bool>, status: Arc<FollowerStatus>) -> Self {
        Self {
            position: 0,
            log: store.watch(),
            end: End { stop, lease: None },
            status,
            store,
        }
    }

    pub fn is_ending(&self) -> bool {
        self.end.is_here()
    }

    /// The last entry of the change log, as far as this server knows.
    pub fn log_end(&self) -> u64 {
        *self.log.borrow()
    }

    /// Waits until a step is due.
    pub async fn wait(&mut self, next: Next) {
        match next {
            Next::After(pause) => self.pause(pause).await,
            Next::Log {
                position,
                pause,
                at_latest,
            } => {
                self.position = position;
                self.pause(pause).await;
                let end = self.end.clone();
                let grown = self.log.wait_for(|last| *last > position);
                tokio::select! {
                    // An error means that the store is closing; a stop follows.
                    Ok(_) = grown => {}
                    () = sleep(at_latest) => {}
                    () = end.comes() => {}
                }
            }
        }
    }

    pub async fn pause(&self, span: Duration) {
        tokio::select! {
            () = tokio::time::sleep(span) => {}
            () = self.end.comes() => {}
        }
    }
}

async fn sleep(span: Option<Duration>) {
    match span {
        Some(span) => tokio::time::sleep(span).await,
        None => std::future::pending().await,
    }
}
