//! Takes a backup each day (`[backup]`) while the board runs. A failure never stops the board: it is logged, `/readyz`
//! shows it, the office is told once a day, and the backup is tried again.

mod bucket;
mod destination;
mod folder;
mod health;
mod name;

pub use health::{BackupState, Backups};

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::follower::{FollowError, Follower, Next, Turn};
use crate::config::Config;
use crate::model::{Event, Timestamp};
use crate::store::{About, Origin, Store, StoreError, Transaction, give_way, keys};
use destination::{Destination, SaveError, fault};

/// How often to see whether a backup is due.
const TICK: Duration = Duration::from_secs(1);
/// How long a failed backup waits for the next try.
const RETRY_AFTER: Duration = Duration::from_hours(1);
/// A backup that is said to be from the future, by more than this, was taken while the clock was wrong.
const MAX_AHEAD: Duration = Duration::from_hours(24);

/// When backups are due.
struct Schedule {
    at: Time,
    zone: TimeZone,
}

impl Schedule {
    /// Whether a backup fulfills the schedule until its next time.
    fn is_met_by(&self, taken_at: Timestamp, now: Timestamp) -> bool {
        taken_at >= now.last_at(self.at, &self.zone) && taken_at <= now.plus(MAX_AHEAD)
    }
}

pub(super) struct BackupFollower {
    backups: Arc<Backups>,
    campus: String,
    destination: Destination,
    schedule: Schedule,
    keep: usize,
    /// When the last try failed.
    failed_at: Option<Timestamp>,
}

impl BackupFollower {
    /// `None`: the settings ask for no backups.
    pub(super) fn new(config: &Config, backups: &Arc<Backups>) -> Option<Self> {
        let settings = &config.backup;
        Some(Self {
            backups: backups.clone(),
            campus: config.campus.name.clone(),
            destination: Destination::new(config)?,
            schedule: Schedule {
                at: settings.at,
                zone: config.campus.time_zone.clone(),
            },
            keep: settings.keep.get() as usize,
            failed_at: None,
        })
    }

    fn is_due(&self, now: Timestamp) -> bool {
        // A clock that is set back must not put off a try.
        let waits = |failed: Timestamp| failed <= now && now < failed.plus(RETRY_AFTER);
        let last = self.backups.last_success();
        !last.is_some_and(|last| self.schedule.is_met_by(last, now))
            && !self.failed_at.is_some_and(waits)
    }

    async fn back_up(&mut self, turn: &Turn) {
        self.backups.running(turn.store.clock().now());
        match self.attempt(turn).await {
            Ok(taken_at) => {
                self.failed_at = None;
                self.backups.succeeded(taken_at);
            }
            // The next start makes up for it, or the next server.
            Err(_) if turn.is_ending() => {}
            Err(error) => self.report(&error, &turn.store).await,
        }
    }

    /// Returns when the newest backup was taken.
    async fn attempt(&mut self, turn: &Turn) -> Result<Timestamp, SaveError> {
        give_way();
        let may_go_on = || !turn.is_ending();
        let taken_at = turn.store.clock().now();
        let saved = self.destination.saved(&may_go_on)?.into_iter();
        if self.backups.last_success().is_none()
            && let Some(newest) = saved.filter(|at| *at <= taken_at.plus(MAX_AHEAD)).max()
        {
            self.backups.found(newest);
            if self.schedule.is_met_by(newest, taken_at) {
                return Ok(newest);
            }
        }
        let about = About::new(&self.campus, taken_at);
        let reader = turn.store.read()?;
        let destination = &mut self.destination;
        let contents = destination.save(reader, about, &may_go_on).await?;
        let name = destination.name(taken_at);
        tracing::info!(to = %destination, name, rows = contents.rows, "took the daily backup");
        destination.remove_old(taken_at, self.keep, &may_go_on);
        Ok(taken_at)
    }

    /// Logs a failure and tells the office, once a day.
    async fn report(&mut self, error: &SaveError, store: &Store) {
        let because = fault(error);
        tracing::error!(
            to = %self.destination,
            %error,
            retry_in_minutes = RETRY_AFTER.as_secs() / 60,
            "the daily backup failed. {}",
            because.sentence()
        );
        let now = store.clock().now();
        self.failed_at = Some(now);
        self.backups.failed();
        let zone = &self.schedule.zone;
        let failed = Event::BackupFailed {
            because,
            last_success: self.backups.last_success().map(|at| at.day(zone)),
        };
        let today = now.day(zone);
        let note =
            async |transaction: &mut Transaction| note_failure(transaction, &failed, today).await;
        if let Err(error) = store.run(Origin::SYSTEM, note).await {
            tracing::error!(%error, "could not tell the office that the daily backup failed");
        }
    }
}

impl Follower for BackupFollower {
    const NAME: &'static str = "backup";

    async fn step(&mut self, turn: &Turn) -> Result<Next, FollowError> {
        if self.is_due(turn.store.clock().now()) {
            let permit = tokio::select! {
                permit = self.backups.start() => permit,
                () = turn.end.comes() => return Ok(Next::After(TICK)),
            };
            self.back_up(turn).await;
            drop(permit);
        }
        Ok(Next::After(TICK))
    }
}

/// Puts a failure in the change log, unless one of the same day is there. `notify` tells the office.
async fn note_failure(
    transaction: &mut Transaction,
    failed: &Event,
    today: Date,
) -> Result<(), StoreError> {
    let (key, today) = (keys::reported_backups(), today.to_string().into_bytes());
    if transaction.reader().bytes(&key).await?.as_ref() == Some(&today) {
        return Ok(());
    }
    transaction.put_bytes(&key, today).await?;
    transaction.log(failed.clone())
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;
    use crate::clock::Clock;
    use crate::model::BackupFault;
    use crate::store::MemoryEngine;
    use crate::store::Now as _;

    pub(super) fn at(text: &str) -> Timestamp {
        let time: jiff::Timestamp = text.parse().unwrap();
        Timestamp::from_millis(time.as_millisecond())
    }

    #[test]
    fn a_backup_meets_the_schedule_until_the_next_day() {
        let schedule = Schedule {
            at: "03:00".parse().unwrap(),
            zone: TimeZone::get("America/New_York").unwrap(),
        };
        let now = at("2026-11-29T12:00:00Z");
        for (taken, is_met) in [
            ("2026-11-29T07:59:59Z", false),
            ("2026-11-29T08:00:00Z", true),
            // The clock was set back a little.
            ("2026-11-29T12:00:30Z", true),
            // The clock was wrong.
            ("2026-11-30T12:00:01Z", false),
            ("2036-01-01T00:00:00Z", false),
        ] {
            assert_eq!(schedule.is_met_by(at(taken), now), is_met, "{taken}");
        }
        let tomorrow = at("2026-11-30T08:00:00Z");
        assert!(!schedule.is_met_by(at("2026-11-29T23:00:00Z"), tomorrow));
    }

    fn follower(folder: &std::path::Path) -> BackupFollower {
        let mut config = Config::default();
        config.backup.folder = Some(folder.into());
        let backups = Arc::new(Backups::new(&config.backup));
        BackupFollower::new(&config, &backups).unwrap()
    }

    #[test]
    fn a_failed_backup_waits_an_hour_unless_the_clock_is_set_back() {
        let now = at("2026-11-29T12:00:00Z");
        let mut follower = follower(std::path::Path::new("/nowhere/backups"));
        assert!(follower.is_due(now));
        for (failed, is_due) in [
            ("2026-11-29T11:59:59Z", false),
            ("2026-11-29T11:00:01Z", false),
            ("2026-11-29T11:00:00Z", true),
            ("2026-12-29T12:00:00Z", true),
        ] {
            follower.failed_at = Some(at(failed));
            assert_eq!(follower.is_due(now), is_due, "{failed}");
        }
    }

    #[test]
    fn the_office_is_told_once_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let mut follower = follower(folder.path());
        let clock = Arc::new(AtomicI64::new(at("2026-11-29T12:00:00Z").as_millis()));
        let engine = Arc::new(MemoryEngine::default());
        let store = Store::new(engine, Clock::Fixed(clock.clone()));
        let told = || store.read().unwrap().log_end().now().unwrap();
        let full = SaveError::from(std::io::Error::from(ErrorKind::StorageFull));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let mut report = || runtime.block_on(follower.report(&full, &store));
        report();
        report();
        assert_eq!(told(), 1);
        let entry = store.read().unwrap().log_after(0, 1).now().unwrap();
        assert_eq!(
            entry[0].entry.event,
            Event::BackupFailed {
                because: BackupFault::DiskFull,
                last_success: None
            }
        );
        // It is still the same day on the campus.
        let set = |text: &str| clock.store(at(text).as_millis(), Ordering::Release);
        set("2026-11-30T04:59:59Z");
        report();
        assert_eq!(told(), 1);
        set("2026-11-30T05:00:00Z");
        report();
        assert_eq!(told(), 2);
        let state = follower.backups.state(store.clock().now());
        assert_eq!(state, BackupState::Failing);
    }
}
