//! The keys that sign access tokens: which one signs, and when the next is due.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// A key is replaced after this time.
const ROTATE_AFTER: Duration = Duration::from_hours(90 * 24);
/// A new key signs after this time. By then, every server of the database has read it.
const SIGNS_AFTER: Duration = Duration::from_mins(5);
/// The newest key, and the one before it. Tokens signed with an older one expired long ago.
const KEPT: usize = 2;

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SigningKey {
    pub kid: String,
    pub secret: [u8; 32],
    pub made_at: Timestamp,
}

/// At least one key, newest first.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<SigningKey>")]
pub struct SigningKeys(Vec<SigningKey>);

impl TryFrom<Vec<SigningKey>> for SigningKeys {
    type Error = &'static str;
    fn try_from(keys: Vec<SigningKey>) -> Result<Self, Self::Error> {
        if keys.is_empty() {
            return Err("there is no key");
        }
        Ok(Self(keys))
    }
}

impl SigningKeys {
    /// The first key of a board. It signs at once.
    pub fn first(key: SigningKey) -> Self {
        Self(vec![key])
    }

    /// All keys, newest first. Tokens signed with any of them are accepted.
    pub fn all(&self) -> &[SigningKey] {
        &self.0
    }

    /// Which of them signs.
    pub fn signing(&self, now: Timestamp) -> usize {
        let is_known_to_all = |key: &SigningKey| key.made_at.plus(SIGNS_AFTER) <= now;
        let oldest = self.0.len() - 1;
        self.0.iter().position(is_known_to_all).unwrap_or(oldest)
    }

    /// Whether it is time for a new key.
    pub fn are_old(&self, now: Timestamp) -> bool {
        self.0
            .iter()
            .all(|key| key.made_at.plus(ROTATE_AFTER) <= now)
    }

    /// With a newer key.
    #[must_use]
    pub fn with(&self, newest: SigningKey) -> Self {
        let older = self.0.iter().cloned();
        Self([newest].into_iter().chain(older).take(KEPT).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, made_at: Timestamp) -> SigningKey {
        SigningKey {
            kid: name.into(),
            secret: [7; 32],
            made_at,
        }
    }

    #[test]
    fn a_new_key_signs_after_some_minutes_and_the_first_one_at_once() {
        let start = Timestamp::from_millis(1_800_000_000_000);
        let minutes = |count| start.plus(Duration::from_mins(count));
        let signing = |keys: &SigningKeys, now| keys.all()[keys.signing(now)].kid.clone();
        let first = SigningKeys::first(key("a", start));
        assert_eq!(signing(&first, start), "a");
        // The clock of another server may be behind.
        assert_eq!(signing(&first, start.minus(Duration::from_mins(2))), "a");
        assert!(!first.are_old(minutes(90 * 24 * 60 - 1)));
        let later = minutes(90 * 24 * 60);
        assert!(first.are_old(later));
        let second = first.with(key("b", later));
        assert!(!second.are_old(later));
        assert_eq!(signing(&second, later), "a");
        assert_eq!(signing(&second, later.plus(Duration::from_mins(4))), "a");
        assert_eq!(signing(&second, later.plus(Duration::from_mins(5))), "b");
        let third = second.with(key("c", minutes(180 * 24 * 60)));
        let kept: Vec<&str> = third.all().iter().map(|key| key.kid.as_str()).collect();
        assert_eq!(kept, ["c", "b"]);
    }

    #[test]
    fn no_key_at_all_is_not_a_set_of_keys() {
        assert!(serde_json::from_str::<SigningKeys>("[]").is_err());
        let keys = SigningKeys::first(key("a", Timestamp::from_millis(1)));
        let text = serde_json::to_string(&keys).unwrap();
        assert!(serde_json::from_str::<SigningKeys>(&text).unwrap() == keys);
    }
}
