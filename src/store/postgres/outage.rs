//! The time from a failure until the database accepts writes again.

use std::time::Duration;

use tokio::time::Instant;

use crate::store::engine::{StoreError, Trouble};

/// Attempts to reconnect come no further apart than this.
const MAX_PAUSE: Duration = Duration::from_secs(5);

pub(super) struct Outage {
    error: StoreError,
    pub retry_at: Instant,
    pause: Duration,
}

impl Outage {
    /// `pause` is the time until the first attempt.
    pub fn new(error: StoreError, pause: Duration) -> Self {
        Self {
            error,
            retry_at: Instant::now() + jittered(pause),
            pause,
        }
    }

    /// After another failed attempt.
    pub fn longer(self, error: StoreError) -> Self {
        let pause = match error {
            // Space can be freed at any time.
            StoreError::DiskFull => self.pause,
            _ => (self.pause * 2).min(MAX_PAUSE),
        };
        Self::new(error, pause)
    }

    /// The error for changes that come meanwhile.
    pub fn refusal(&self) -> StoreError {
        self.error.clone()
    }

    pub fn trouble(&self) -> Trouble {
        match self.error {
            StoreError::DiskFull => Trouble::DiskFull,
            _ => Trouble::Failing,
        }
    }

    pub fn is_over(&self) -> bool {
        self.retry_at <= Instant::now()
    }
}

/// About as long, so that several nodes do not come at the same moment again and again.
pub(super) fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(rand::random_range(0.5..1.5))
}
