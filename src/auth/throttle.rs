//! Limits on guessing passwords: failed log-ins per account and per address. Successful ones cost nothing.

use std::collections::HashMap;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use governor::clock::DefaultClock;
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

type Limiter<K> =
    RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// Keys remembered before those that have recovered are dropped.
const MAX_KEYS: usize = 10_000;

/// So many failures a minute for each key; then the key waits until one more is allowed.
pub struct Throttle<K: Hash + Eq + Clone> {
    limiter: Limiter<K>,
    /// The time in which one failure is forgiven.
    step: Duration,
    /// Keys whose allowance is spent, and until when. The limiter itself cannot be asked without spending.
    blocked: Mutex<HashMap<K, Instant>>,
}

impl<K: Hash + Eq + Clone> Throttle<K> {
    pub fn new(per_minute: NonZeroU32) -> Self {
        Self {
            limiter: RateLimiter::dashmap(Quota::per_minute(per_minute))
                .with_middleware::<StateInformationMiddleware>(),
            step: Duration::from_mins(1) / per_minute.get(),
            blocked: Mutex::default(),
        }
    }

    /// How long this key must wait before it may try; `None`: it may.
    pub fn wait(&self, key: &K) -> Option<Duration> {
        let blocked = self.blocked.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = blocked.get(key)?.saturating_duration_since(Instant::now());
        (!wait.is_zero()).then_some(wait)
    }

    /// Counts a failure.
    pub fn failed(&self, key: K) {
        let spent = match self.limiter.check_key(&key) {
            Ok(state) => state.remaining_burst_capacity() == 0,
            Err(_) => true,
        };
        if self.limiter.len() > MAX_KEYS {
            self.limiter.retain_recent();
        }
        if spent {
            let now = Instant::now();
            let mut blocked = self.blocked.lock().unwrap_or_else(PoisonError::into_inner);
            if blocked.len() > MAX_KEYS {
                blocked.retain(|_, until| *until > now);
            }
            blocked.insert(key, now + self.step);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_failures_count_and_only_against_their_key() {
        let throttle = Throttle::new(NonZeroU32::new(3).unwrap());
        for _ in 0..3 {
            assert_eq!(throttle.wait(&"a"), None);
            throttle.failed("a");
        }
        assert!(
            throttle
                .wait(&"a")
                .is_some_and(|wait| wait <= Duration::from_secs(20))
        );
        assert_eq!(throttle.wait(&"b"), None);
    }
}
