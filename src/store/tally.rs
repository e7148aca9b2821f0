//! Counts what the writer has done, and holds its current trouble, for monitoring.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::store::engine::{Load, Trouble};

#[derive(Default)]
pub(super) struct Tally {
    commits: AtomicU64,
    changes: AtomicU64,
    waiting: AtomicU64,
    trouble: Mutex<Option<Trouble>>,
}

impl Tally {
    pub(super) fn handed_over(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn refused(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    /// A group was answered.
    pub(super) fn answered(&self, changes: usize, failed: bool) {
        self.waiting.fetch_sub(changes as u64, Ordering::Relaxed);
        if !failed {
            self.commits.fetch_add(1, Ordering::Relaxed);
            self.changes.fetch_add(changes as u64, Ordering::Relaxed);
        }
    }

    pub(super) fn set_trouble(&self, trouble: Option<Trouble>) {
        let mut kept = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = trouble;
    }

    pub(super) fn load(&self) -> Load {
        Load {
            commits: self.commits.load(Ordering::Relaxed),
            changes: self.changes.load(Ordering::Relaxed),
            waiting: self.waiting.load(Ordering::Relaxed),
            trouble: *self.trouble.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }
}
