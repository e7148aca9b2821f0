//! Rate limits: a burst, and then one more per time step. The memory is fixed, however many keys there are.

use std::hash::{Hash, Hasher};
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::store::{Origin, Store, StoreError, Transaction, keys};

/// Most spends to keep for other servers. They are asked for once a second; beyond this, a flood counts here only.
const MAX_RECORDED: usize = 1_000;

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
    secret: ThrottleSecret,
    started: Instant,
    /// Microseconds since the start.
    slots: Mutex<Vec<u64>>,
    /// What was spent here and other servers have not been told, if anybody asks.
    recorded: Option<Mutex<Vec<Spent>>>,
}

/// What a throttle hashes its keys with. Servers that tell each other what was spent have the same.
#[derive(Clone, Copy)]
pub struct ThrottleSecret(pub [u8; 32]);

impl ThrottleSecret {
    pub fn random() -> Self {
        Self(rand::random())
    }

    /// The one of a store: the first server of a database decides. Without other servers, it need not be kept.
    pub async fn of_store(store: &Store) -> Result<Self, StoreError> {
        let fresh = Self::random();
        if !store.is_shared() {
            return Ok(fresh);
        }
        let key = keys::throttle_secret();
        let find = async |transaction: &mut Transaction| {
            let stored = transaction.row(&key).await?;
            if let Some(secret) = stored.and_then(|row| row.value.try_into().ok()) {
                return Ok::<_, StoreError>(Self(secret));
            }
            transaction.put_bytes(&key, fresh.0.to_vec()).await?;
            Ok(fresh)
        };
        store.run(Origin::SYSTEM, find).await
    }

    /// The digest of a key. It does not tell the key to whoever lacks the secret.
    pub fn digest(&self, key: &impl Hash) -> u64 {
        let mut hasher = Sha256Hasher(Sha256::new_with_prefix(self.0));
        key.hash(&mut hasher);
        hasher.finish()
    }
}

struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.clone().finalize();
        digest
            .iter()
            .take(8)
            .fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

/// One that was spent, as other servers are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    digest: u64,
    share: Share,
}

/// A client's share of a limit. A campus network is many people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
            secret: ThrottleSecret::random(),
            started: Instant::now(),
            slots: Mutex::new(vec![0; ROWS * SLOTS]),
            recorded: None,
        }
    }

    /// Records what is spent, for other servers with the same secret.
    #[must_use]
    pub fn shared(self, secret: ThrottleSecret) -> Self {
        Self {
            secret,
            recorded: Some(Mutex::default()),
            ..self
        }
    }

    /// What was spent here since the last call.
    pub fn take_recorded(&self) -> Vec<Spent> {
        self.recorded
            .as_ref()
            .map(|recorded| std::mem::take(&mut *lock(recorded)))
            .unwrap_or_default()
    }

    /// How long this key must wait before it may spend one, or `None` if it may now.
    pub fn wait(&self, key: &impl Hash, share: Share) -> Option<Duration> {
        let own = slots_of(self.secret.digest(key));
        let spent = least(&lock(&self.slots), own, self.now());
        self.too_much(spent, share)
    }

    /// Spends one, whether allowed or not.
    pub fn spend(&self, key: &impl Hash, share: Share) {
        let digest = self.secret.digest(key);
        let spent = Spent { digest, share };
        self.count(spent);
        if let Some(recorded) = &self.recorded {
            let mut recorded = lock(recorded);
            if recorded.len() < MAX_RECORDED {
                recorded.push(spent);
            }
        }
    }

    /// Counts what was spent, here or on another server.
    pub fn count(&self, Spent { digest, share }: Spent) {
        let now = self.now();
        let (mut slots, own) = (lock(&self.slots), slots_of(digest));
        let spent = least(&slots, own, now) + share.of(self.step);
        // Attempts beyond the limit add nothing, so the wait is never longer than one step.
        raise(&mut slots, own, now + spent.min(self.most));
    }

    /// Spends one if allowed, or says how long to wait.
    pub fn take(&self, key: &impl Hash, share: Share) -> Result<(), Duration> {
        let now = self.now();
        let own = slots_of(self.secret.digest(key));
        let mut slots = lock(&self.slots);
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

    fn now(&self) -> u64 {
        self.started.elapsed().as_micros() as u64
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn slots_of(digest: u64) -> [usize; ROWS] {
    std::array::from_fn(|row| row * SLOTS + (digest >> (16 * row)) as usize % SLOTS)
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
        assert_eq!(lock(&throttle.slots).len(), ROWS * SLOTS);
    }

    #[test]
    fn what_one_server_records_counts_on_the_other() {
        let secret = ThrottleSecret::random();
        let (one, other) = (throttle(3).shared(secret), throttle(3).shared(secret));
        for _ in 0..3 {
            one.spend(&("ann", 1), Share::One);
        }
        let recorded = one.take_recorded();
        assert_eq!(recorded.len(), 3);
        recorded.into_iter().for_each(|spent| other.count(spent));
        assert!(other.wait(&("ann", 1), Share::One).is_some());
        assert_eq!(other.wait(&("ann", 2), Share::One), None);
        // What was told is not told back.
        assert_eq!(
            (one.take_recorded(), other.take_recorded()),
            (vec![], vec![])
        );
        let foreign = throttle(3).shared(ThrottleSecret::random());
        for _ in 0..2 * MAX_RECORDED {
            foreign.spend(&"flood", Share::One);
        }
        assert_eq!(foreign.take_recorded().len(), MAX_RECORDED);
    }
}
