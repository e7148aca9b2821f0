//! Rate limits: a burst, and then one more per time step. The memory is fixed, however many keys there are.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Each key has one slot in each row (a count-min sketch). Nothing is evicted, so a flood of keys cannot free a key
/// that must wait. Others affect a key only if they share its slot in every row. Keys are not stored, only hashed with
/// a secret key.
const ROWS: usize = 4;
/// One slot for each value of the 16 bits that a row takes from a hash.
const SLOTS: usize = 1 << 16;

/// Allows a number per minute for each key. Beyond it, the key must wait for one more. A slot contains the time at
/// which everything spent is restored (the generic cell rate algorithm).
pub struct Throttle {
    /// Microseconds until one more is allowed.
    step: u64,
    /// How far a slot may be ahead of now.
    most: u64,
    digest: RandomState,
    started: Instant,
    /// Microseconds since the start.
    slots: Mutex<Vec<u64>>,
}

/// A client's share of a limit. A campus network is many people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    One,
    Campus,
}

impl Share {
    fn of(self, step: u64) -> u64 {
        match self {
            Self::One => step,
            Self::Campus => step / 10,
        }
    }
}

impl Throttle {
    /// `at_once` is the burst.
    pub fn new(per_minute: NonZeroU32, at_once: NonZeroU32) -> Self {
        let step = 60_000_000 / u64::from(per_minute.get());
        Self {
            step,
            most: step * u64::from(at_once.get()),
            digest: RandomState::new(),
            started: Instant::now(),
            slots: Mutex::new(vec![0; ROWS * SLOTS]),
        }
    }

    /// How long this key must wait before it may spend one, or `None` if it may now.
    pub fn wait(&self, key: &impl Hash, share: Share) -> Option<Duration> {
        let spent = least(&self.lock(), self.slots_of(key), self.now());
        self.too_much(spent, share)
    }

    /// Spends one, whether allowed or not.
    pub fn spend(&self, key: &impl Hash, share: Share) {
        let now = self.now();
        let (mut slots, own) = (self.lock(), self.slots_of(key));
        let spent = least(&slots, own, now) + share.of(self.step);
        // Attempts beyond the limit add nothing, so the wait is never longer than one step.
        raise(&mut slots, own, now + spent.min(self.most));
    }

    /// Spends one if allowed, or says how long to wait.
    pub fn take(&self, key: &impl Hash, share: Share) -> Result<(), Duration> {
        let now = self.now();
        let (mut slots, own) = (self.lock(), self.slots_of(key));
        let spent = least(&slots, own, now);
        if let Some(wait) = self.too_much(spent, share) {
            return Err(wait);
        }
        raise(&mut slots, own, now + spent + share.of(self.step));
        Ok(())
    }

    fn too_much(&self, spent: u64, share: Share) -> Option<Duration> {
        let over = (spent + share.of(self.step)).saturating_sub(self.most);
        (over > 0).then(|| Duration::from_micros(over))
    }

    fn slots_of(&self, key: &impl Hash) -> [usize; ROWS] {
        let digest = self.digest.hash_one(key);
        std::array::from_fn(|row| row * SLOTS + (digest >> (16 * row)) as usize % SLOTS)
    }

    fn now(&self) -> u64 {
        self.started.elapsed().as_micros() as u64
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u64>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a key has spent and not yet regained. Keys that share a slot can only raise a row's value, so the least row
/// counts.
fn least(slots: &[u64], own: [usize; ROWS], now: u64) -> u64 {
    let spent = own.map(|slot| slots[slot].saturating_sub(now));
    spent.into_iter().min().unwrap_or(0)
}

fn raise(slots: &mut [u64], own: [usize; ROWS], to: u64) {
    for slot in own {
        slots[slot] = slots[slot].max(to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttle(count: u32) -> Throttle {
        let count = NonZeroU32::new(count).unwrap();
        Throttle::new(count, count)
    }

    #[test]
    fn only_spending_counts_and_only_for_its_own_key() {
        let throttle = throttle(3);
        for _ in 0..3 {
            assert_eq!(throttle.wait(&"a", Share::One), None);
            throttle.spend(&"a", Share::One);
        }
        let wait = throttle.wait(&"a", Share::One);
        assert!(
            wait.is_some_and(|wait| wait <= Duration::from_secs(20)),
            "{wait:?}"
        );
        assert_eq!(throttle.wait(&"b", Share::One), None);
        // More attempts do not make the wait longer.
        for _ in 0..50 {
            throttle.spend(&"a", Share::One);
        }
        let wait = throttle.wait(&"a", Share::One);
        assert!(
            wait.is_some_and(|wait| wait <= Duration::from_secs(20)),
            "{wait:?}"
        );
    }

    #[test]
    fn a_campus_network_has_ten_times_the_limit() {
        let throttle = throttle(3);
        let taken = (0..100).filter(|_| throttle.take(&"campus", Share::Campus).is_ok());
        assert_eq!(taken.count(), 30);
        let taken = (0..100).filter(|_| throttle.take(&"one", Share::One).is_ok());
        assert_eq!(taken.count(), 3);
    }

    /// A9: a flood of keys takes no more memory, and frees no key that must wait.
    #[test]
    fn a_flood_of_keys_frees_no_key_and_blocks_no_other() {
        let throttle = throttle(3);
        for _ in 0..3 {
            throttle.spend(&"guesser", Share::One);
        }
        for key in 0..20_000 {
            throttle.spend(&key, Share::One);
        }
        assert!(throttle.wait(&"guesser", Share::One).is_some());
        assert_eq!(throttle.wait(&"somebody", Share::One), None);
        assert_eq!(throttle.lock().len(), ROWS * SLOTS);
    }
}
