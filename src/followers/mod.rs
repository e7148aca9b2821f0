//! Everything that follows from a change without being part of it. A follower reads the log behind a cursor that it
//! saves together with its effect. Nobody calls a follower.

mod backup;
mod clock;
mod index;
mod notify;
mod retention;

pub use backup::{BackupState, Backups};
pub use index::{FollowError, rebuild};
pub use notify::write_due_notices;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use crate::accounts::Registrar;
use crate::config::Config;
use crate::search::SearchIndex;
use crate::store::Store;

/// The followers' threads. Each follower has its own, since it works in bursts and on disk.
pub struct Followers {
    stop: watch::Sender<bool>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

/// The last sequence number that each follower has handled.
#[derive(Debug, Default)]
pub struct Progress {
    pub index: AtomicU64,
    pub notify: AtomicU64,
}

/// A follower's view of the log's end: sleeps until the log grows, and wakes for a stop.
struct Tail {
    log: watch::Receiver<u64>,
    stop: watch::Receiver<bool>,
}

/// Why a follower woke up.
enum Woken {
    Grown,
    /// Nothing happened for a while.
    Idle,
    Stopping,
}

impl Followers {
    /// Starts the index follower, the notifications, the clock, and the backups if the settings ask for them.
    pub fn start(
        store: &Store,
        search: &Arc<SearchIndex>,
        registrar: &Arc<Registrar>,
        progress: &Arc<Progress>,
        backups: &Arc<Backups>,
        config: &Config,
    ) -> std::io::Result<Self> {
        let mut followers = Self {
            stop: watch::Sender::new(false),
            threads: Vec::new(),
        };
        let index = index::IndexFollower::new(store.clone(), search.clone(), progress.clone());
        followers.spawn("index", store, |tail| index.run(tail))?;
        let notify =
            notify::NotifyFollower::new(store.clone(), registrar.clone(), progress.clone());
        followers.spawn("notify", store, |tail| notify.run(tail))?;
        let clearing =
            retention::Clearing::new(config.retention.clone(), search.clone(), progress.clone());
        let clock = store.clone();
        followers.spawn("clock", store, |tail| clock::run(clock, clearing, tail))?;
        if let Some(backup) = backup::BackupFollower::new(store, config, backups) {
            followers.spawn("backup", store, |tail| backup.run(tail))?;
        }
        Ok(followers)
    }

    fn spawn<F: Future<Output = ()>>(
        &mut self,
        name: &str,
        store: &Store,
        run: impl FnOnce(Tail) -> F + Send + 'static,
    ) -> std::io::Result<()> {
        let tail = Tail {
            log: store.watch(),
            stop: self.stop.subscribe(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()?;
        let thread = std::thread::Builder::new().name(name.into());
        self.threads
            .push(thread.spawn(move || runtime.block_on(run(tail)))?);
        Ok(())
    }

    /// Stops all followers and waits for them.
    pub fn stop(self) {
        self.stop.send_replace(true);
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a background task panicked");
            }
        }
    }
}

/// How long a follower waits after an error before it tries again.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);

impl Tail {
    fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Sleeps until the log has grown past a position. False: the server is stopping.
    async fn grown_past(&mut self, position: u64) -> bool {
        while *self.log.borrow_and_update() <= position && !self.is_stopping() {
            tokio::select! {
                grown = self.log.changed() => if grown.is_err() { return false },
                stopped = self.stop.changed() => if stopped.is_err() { return false },
            }
        }
        !self.is_stopping()
    }

    /// The same with a time limit. Returns why it woke up.
    async fn grown_past_within(&mut self, position: u64, span: Duration) -> Woken {
        match tokio::time::timeout(span, self.grown_past(position)).await {
            Ok(true) => Woken::Grown,
            Ok(false) => Woken::Stopping,
            Err(_) => Woken::Idle,
        }
    }

    /// Whether the log has entries after a position.
    fn is_past(&self, position: u64) -> bool {
        *self.log.borrow() > position
    }

    /// Sleeps for a while. False: the server is stopping.
    async fn pause(&mut self, span: Duration) -> bool {
        if self.is_stopping() {
            return false;
        }
        tokio::select! {
            () = tokio::time::sleep(span) => true,
            // Without a sender, nobody would ever stop it.
            changed = self.stop.changed() => changed.is_ok() && !self.is_stopping(),
        }
    }

    /// Completes when the server is stopping.
    async fn stopped(&mut self) {
        // An error means that it has stopped.
        let _ = self.stop.wait_for(|stop| *stop).await;
    }

    /// Logs an error and waits. A follower never gives up, but continues where it was.
    async fn wait_after_error(&mut self, name: &str, error: &dyn std::fmt::Display) {
        tracing::error!(task = name, %error, "a background task failed and will try again");
        self.pause(PAUSE_AFTER_ERROR).await;
    }
}

impl Progress {
    fn set(position: &AtomicU64, to: u64) {
        position.store(to, Ordering::Release);
    }
}
