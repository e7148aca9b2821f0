//! Everything that follows from a change or from the time without being part of a command: the search index, notices,
//! mail, deadlines, retention, backups. Each is a `Follower`; its driver runs it, on every server or where the lease is.
//! Nobody calls a follower.

mod backup;
mod clock;
mod driver;
mod follower;
mod index;
mod lease;
mod log_ins;
mod mail;
mod notify;
mod retention;
mod status;

pub use backup::{BackupState, Backups};
pub use follower::FollowError;
pub use index::rebuild;
pub use mail::{MailHealth, Mailer, MailerState};
pub use notify::write_due_notices;
pub use status::{FollowerState, FollowerStatus, Registry};

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::watch;

use crate::accounts::Registrar;
use crate::auth::LogInLimits;
use crate::config::Config;
use crate::search::SearchIndex;
use crate::store::Store;
use driver::Driver;
use follower::Follower;
use lease::Keeper;

/// The followers' threads. Each follower has its own, since it works in bursts and on disk.
pub struct Followers {
    store: Store,
    stop: watch::Sender<bool>,
    lease: watch::Sender<Option<u64>>,
    registry: Arc<Registry>,
    threads: Vec<JoinHandle<()>>,
    /// Ends after the others: it releases the lease that they need.
    keeper: Option<(watch::Sender<bool>, JoinHandle<()>)>,
}

/// What the followers work with.
pub struct Parts<'a> {
    pub store: &'a Store,
    pub search: &'a Arc<SearchIndex>,
    pub registrar: &'a Arc<Registrar>,
    pub mailer: Mailer,
    pub log_ins: &'a Arc<LogInLimits>,
    pub registry: &'a Arc<Registry>,
    pub backups: &'a Arc<Backups>,
    pub config: &'a Config,
}

impl Followers {
    /// Starts all followers; the backups only if the settings ask for them.
    pub fn start(parts: Parts<'_>) -> std::io::Result<Self> {
        let Parts {
            store,
            search,
            registrar,
            mailer,
            log_ins,
            registry,
            backups,
            config,
        } = parts;
        let mut followers = Self {
            store: store.clone(),
            stop: watch::Sender::new(false),
            lease: watch::Sender::new(None),
            registry: registry.clone(),
            threads: Vec::new(),
            keeper: None,
        };
        if store.is_shared() {
            followers.keep_lease()?;
            followers.spawn(log_ins::LogInFollower::new(log_ins.clone()))?;
        }
        let index = followers.spawn(index::IndexFollower::new(search.clone()))?;
        followers.spawn(notify::NotifyFollower::new(registrar.clone()))?;
        followers.spawn(mailer)?;
        followers.spawn(clock::ClockFollower::default())?;
        followers.spawn(retention::RetentionFollower::new(
            config.retention.clone(),
            search.clone(),
            index,
        ))?;
        if let Some(backup) = backup::BackupFollower::new(config, backups) {
            followers.spawn(backup)?;
        }
        Ok(followers)
    }

    fn keep_lease(&mut self) -> std::io::Result<()> {
        let mut keeper = Keeper::new(self.store.clone(), self.lease.clone());
        let (stop, stopping) = watch::channel(false);
        let thread = spawn("lease", async move || {
            keeper.run(stopping).await;
            keeper.release().await;
        })?;
        self.keeper = Some((stop, thread));
        Ok(())
    }

    fn spawn<F: Follower>(&mut self, follower: F) -> std::io::Result<Arc<FollowerStatus>> {
        let status = self.registry.add(F::NAME);
        let driver = Driver {
            follower,
            store: self.store.clone(),
            status: status.clone(),
            stop: self.stop.subscribe(),
            lease: self.lease.subscribe(),
        };
        self.threads.push(spawn(F::NAME, || driver.run())?);
        Ok(status)
    }

    /// Stops all followers and waits for them.
    pub fn stop(self) {
        self.stop.send_replace(true);
        for thread in self.threads {
            join(thread);
        }
        if let Some((stop, thread)) = self.keeper {
            stop.send_replace(true);
            join(thread);
        }
    }
}

/// Runs work on a thread of its own.
fn spawn<F: Future<Output = ()>>(
    name: &str,
    work: impl FnOnce() -> F + Send + 'static,
) -> std::io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let thread = std::thread::Builder::new().name(name.into());
    thread.spawn(move || {
        let working: Pin<&mut dyn Future<Output = ()>> = pin!(work());
        runtime.block_on(working);
    })
}

fn join(thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!("a background task panicked");
    }
}
