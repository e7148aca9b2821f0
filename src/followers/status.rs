//! What the followers of this server do, for monitoring.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum FollowerState {
    /// Not started yet, or stopped.
    Stopped,
    /// Another server runs it.
    Standby,
    Running,
    /// Its last step failed. It tries again.
    Failing,
}

/// One follower.
#[derive(Debug)]
pub struct FollowerStatus {
    pub name: &'static str,
    state: AtomicU8,
    /// `NONE` if it does not read the change log, or does not run here.
    position: AtomicU64,
}

const NONE: u64 = u64::MAX;

impl FollowerStatus {
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            state: AtomicU8::new(FollowerState::Stopped as u8),
            position: AtomicU64::new(NONE),
        }
    }

    pub fn state(&self) -> FollowerState {
        match self.state.load(Ordering::Relaxed) {
            1 => FollowerState::Standby,
            2 => FollowerState::Running,
            3 => FollowerState::Failing,
            _ => FollowerState::Stopped,
        }
    }

    /// How many entries of the change log, whose last one is `log_end`, it has not handled yet. `None` for a follower that
    /// does not read the log, or does not run on this server.
    pub fn lag(&self, log_end: u64) -> Option<u64> {
        let position = self.position.load(Ordering::Acquire);
        (position != NONE).then(|| log_end.saturating_sub(position))
    }

    pub(super) fn set(&self, state: FollowerState) {
        self.state.store(state as u8, Ordering::Relaxed);
    }

    pub(super) fn reached(&self, position: u64) {
        self.position.store(position, Ordering::Release);
    }

    pub(super) fn leaves_the_log(&self) {
        self.reached(NONE);
    }
}

/// The followers of this server, in the order of their start.
#[derive(Debug, Default)]
pub struct Registry(Mutex<Vec<Arc<FollowerStatus>>>);

impl Registry {
    pub fn followers(&self) -> Vec<Arc<FollowerStatus>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn add(&self, name: &'static str) -> Arc<FollowerStatus> {
        let status = Arc::new(FollowerStatus::new(name));
        let mut followers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        followers.push(status.clone());
        status
    }
}
