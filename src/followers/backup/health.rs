//! The permit to take a backup, and how the scheduled ones go.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::BackupSettings;
use crate::model::Timestamp;

/// A backup that runs longer counts as failing. It probably hangs, for example on a network disk that is down.
const MAX_RUN: Duration = Duration::from_hours(1);

/// Lets one backup run at a time, and knows how the scheduled ones go.
#[derive(Debug)]
pub struct Backups {
    permit: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    state: BackupState,
    /// When the newest good one was taken.
    last_success: Option<Timestamp>,
    running_since: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BackupState {
    /// The settings name no folder and no bucket.
    Off,
    /// The last one is good, or none was due yet.
    Ok,
    /// The last try failed, or one hangs.
    Failing,
}

impl Backups {
    pub fn new(settings: &BackupSettings) -> Self {
        Self {
            permit: Arc::new(Semaphore::new(1)),
            state: Mutex::new(State {
                state: if settings.is_on() {
                    BackupState::Ok
                } else {
                    BackupState::Off
                },
                last_success: None,
                running_since: None,
            }),
        }
    }

    /// The permit to take a backup, unless another one runs.
    pub fn try_start(&self) -> Option<OwnedSemaphorePermit> {
        self.permit.clone().try_acquire_owned().ok()
    }

    /// The permit for a scheduled backup, after the one that runs.
    pub(super) async fn start(&self) -> OwnedSemaphorePermit {
        let permit = self.permit.clone().acquire_owned().await;
        permit.expect("nothing closes the semaphore")
    }

    pub fn state(&self, now: Timestamp) -> BackupState {
        let state = self.lock();
        match state.running_since {
            Some(since) if since.plus(MAX_RUN) < now => BackupState::Failing,
            _ => state.state,
        }
    }

    /// When the newest good scheduled backup was taken.
    pub fn last_success(&self) -> Option<Timestamp> {
        self.lock().last_success
    }

    pub(super) fn running(&self, since: Timestamp) {
        self.lock().running_since = Some(since);
    }

    /// Notes an earlier backup.
    pub(super) fn found(&self, taken_at: Timestamp) {
        self.lock().last_success = Some(taken_at);
    }

    pub(super) fn succeeded(&self, taken_at: Timestamp) {
        *self.lock() = State {
            state: BackupState::Ok,
            last_success: Some(taken_at),
            running_since: None,
        };
    }

    pub(super) fn failed(&self) {
        let mut state = self.lock();
        state.state = BackupState::Failing;
        state.running_since = None;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn a_scheduled_one_waits_for_the_one_that_runs() {
        let backups = Backups::new(&BackupSettings::default());
        let first = backups.try_start().unwrap();
        assert!(backups.try_start().is_none());
        assert!(backups.start().now_or_never().is_none());
        drop(first);
        let second = backups.start().now_or_never().unwrap();
        assert!(backups.try_start().is_none());
        drop(second);
        assert!(backups.try_start().is_some());
    }

    #[test]
    fn one_that_hangs_is_failing() {
        let at = |minutes: i64| Timestamp::from_millis(minutes * 60_000);
        let mut settings = BackupSettings::default();
        assert_eq!(Backups::new(&settings).state(at(0)), BackupState::Off);
        settings.folder = Some("backups".into());
        let backups = Backups::new(&settings);
        assert_eq!(backups.state(at(0)), BackupState::Ok);
        backups.running(at(0));
        assert_eq!(backups.state(at(60)), BackupState::Ok);
        assert_eq!(backups.state(at(61)), BackupState::Failing);
        backups.succeeded(at(0));
        assert_eq!(backups.state(at(61)), BackupState::Ok);
        backups.failed();
        backups.running(at(100));
        assert_eq!(backups.state(at(100)), BackupState::Failing);
        assert_eq!(backups.last_success(), Some(at(0)));
    }
}
