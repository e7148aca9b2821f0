//! What the writer has done, counted for those who watch it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::store::engine::Load;

#[derive(Default)]
pub(super) struct Tally {
    commits: AtomicU64,
    changes: AtomicU64,
    waiting: AtomicU64,
    is_failing: AtomicBool,
}

impl Tally {
    pub(super) fn handed_over(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn refused(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    /// A group has its answers.
    pub(super) fn answered(&self, changes: usize, failed: bool) {
        self.waiting.fetch_sub(changes as u64, Ordering::Relaxed);
        self.is_failing.store(failed, Ordering::Relaxed);
        if !failed {
            self.commits.fetch_add(1, Ordering::Relaxed);
            self.changes.fetch_add(changes as u64, Ordering::Relaxed);
        }
    }

    pub(super) fn load(&self) -> Load {
        Load {
            commits: self.commits.load(Ordering::Relaxed),
            changes: self.changes.load(Ordering::Relaxed),
            waiting: self.waiting.load(Ordering::Relaxed),
            is_failing: self.is_failing.load(Ordering::Relaxed),
        }
    }
}
