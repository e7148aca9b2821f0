//! Access tokens: short-lived JWTs (HS256) bound to a session. The same service signs and verifies, so secrets that all its
//! servers know are enough. `signing_keys.rs` gets them from the store.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::model::{AccountId, SessionId, SigningKeys, Timestamp};

/// Most verified tokens to cache, about 350 bytes each. When the cache is full, it is emptied.
const MAX_KNOWN: usize = 10_000;

#[derive(Debug, thiserror::Error)]
#[error("could not sign a token: {0}")]
pub struct SigningError(jsonwebtoken::errors::Error);

/// What an access token contains. Everything else is in its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessToken {
    pub sub: AccountId,
    pub sid: SessionId,
    /// Seconds since 1970.
    pub exp: i64,
}

/// The signed form. It has an ID (RFC 7519, `jti`), so that all tokens differ, even those of the same session and
/// second.
#[derive(Serialize)]
struct Signed<'a> {
    #[serde(flatten)]
    token: &'a AccessToken,
    jti: String,
}

/// What a device keeps after a login.
#[derive(Serialize)]
struct DeviceMark {
    device_of: AccountId,
    jti: String,
}

/// The account that a device mark or an access token was issued for.
#[derive(Deserialize)]
struct SignedBefore {
    device_of: Option<AccountId>,
    sub: Option<AccountId>,
}

/// The keys in the form that signs and checks.
struct Prepared {
    keys: SigningKeys,
    signing: Vec<EncodingKey>,
    checking: Vec<DecodingKey>,
}

impl Prepared {
    fn new(keys: SigningKeys) -> Arc<Self> {
        let secrets = || keys.all().iter().map(|key| key.secret.as_slice());
        let signing = secrets().map(EncodingKey::from_secret).collect();
        let checking = secrets().map(DecodingKey::from_secret).collect();
        Arc::new(Self {
            keys,
            signing,
            checking,
        })
    }
}

struct Current {
    prepared: Arc<Prepared>,
    /// Tokens that these keys signed, with their claims. Clients send the same token with each request, and its claims
    /// never change. Expiry and session are checked every time.
    known: HashMap<Box<str>, AccessToken>,
}

pub struct AccessKeys {
    validation: Validation,
    current: RwLock<Current>,
}

impl AccessKeys {
    pub(super) fn of(keys: SigningKeys) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        // The expiry is checked against the given clock.
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        Self {
            validation,
            current: RwLock::new(Current {
                prepared: Prepared::new(keys),
                known: HashMap::new(),
            }),
        }
    }

    /// Replaces the keys. Tokens of a key that is gone are refused from now on.
    pub(super) fn set(&self, keys: SigningKeys) {
        if self.prepared().keys == keys {
            return;
        }
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        current.prepared = Prepared::new(keys);
        current.known.clear();
    }

    fn prepared(&self) -> Arc<Prepared> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.prepared.clone()
    }

    pub fn sign(&self, token: &AccessToken, now: Timestamp) -> Result<String, SigningError> {
        let jti = format!("{:032x}", rand::random::<u128>());
        self.encode(&Signed { token, jti }, now)
    }

    fn encode(&self, claims: &impl Serialize, now: Timestamp) -> Result<String, SigningError> {
        let prepared = self.prepared();
        let place = prepared.keys.signing(now);
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(prepared.keys.all()[place].kid.clone());
        jsonwebtoken::encode(&header, claims, &prepared.signing[place]).map_err(SigningError)
    }

    /// A mark that identifies a device that has just logged in to the account. It gives no access.
    pub fn mark_device(&self, account: AccountId, now: Timestamp) -> Result<String, SigningError> {
        let jti = format!("{:032x}", rand::random::<u128>());
        let mark = DeviceMark {
            device_of: account,
            jti,
        };
        self.encode(&mark, now)
    }

    /// The account that the holder of this text has logged in to before. The text is a device mark or an access token
    /// of any age.
    pub fn signed_in_before(&self, text: &str) -> Option<AccountId> {
        self.prepared().checking.iter().find_map(|key| {
            let decode = jsonwebtoken::decode::<SignedBefore>;
            let decoded = decode(text, key, &self.validation).ok()?;
            decoded.claims.device_of.or(decoded.claims.sub)
        })
    }

    /// The token's claims, if one of the keys signed it and it has not expired.
    pub fn verify(&self, text: &str, now: Timestamp) -> Option<AccessToken> {
        let known = {
            let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
            current.known.get(text).copied()
        };
        let token = known.or_else(|| self.check(text))?;
        (now.as_millis() < token.exp.saturating_mul(1000)).then_some(token)
    }

    /// The claims of a token with a valid signature.
    fn check(&self, text: &str) -> Option<AccessToken> {
        let prepared = self.prepared();
        // Trying each key is cheaper than reading the key ID from the header: the first one nearly always fits.
        let verified = prepared.checking.iter().find_map(|key| {
            jsonwebtoken::decode::<AccessToken>(text, key, &self.validation).ok()
        })?;
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        // The keys may have changed meanwhile.
        if Arc::ptr_eq(&prepared, &current.prepared) {
            if current.known.len() >= MAX_KNOWN {
                current.known.clear();
            }
            current.known.insert(text.into(), verified.claims);
        }
        Some(verified.claims)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::SigningKey;

    fn key(secret: u8, made_at: Timestamp) -> SigningKey {
        SigningKey {
            kid: format!("key {secret}"),
            secret: [secret; 32],
            made_at,
        }
    }

    #[test]
    fn a_token_is_valid_until_it_expires_or_its_key_is_gone() {
        let start = Timestamp::from_millis(1_800_000_000_000);
        let first = SigningKeys::first(key(1, start));
        let keys = AccessKeys::of(first.clone());
        let token = AccessToken {
            sub: AccountId::generate(start),
            sid: SessionId::generate(start),
            exp: start.as_millis() / 1000 + 900,
        };
        let text = keys.sign(&token, start).unwrap();
        for _ in 0..2 {
            assert_eq!(keys.verify(&text, start), Some(token));
        }
        assert_ne!(keys.sign(&token, start).unwrap(), text);
        assert_eq!(
            keys.verify(&text, start.plus(Duration::from_mins(15))),
            None
        );
        let mut forged = text.clone();
        forged.replace_range(text.len() - 4.., "AAAA");
        assert_eq!(keys.verify(&forged, start), None);
        keys.set(first.with(key(2, start)));
        assert_eq!(keys.verify(&text, start), Some(token));
        keys.set(SigningKeys::first(key(2, start)));
        assert_eq!(keys.verify(&text, start), None, "also not from the cache");
    }

    /// Another server that does not know the new key yet accepts what is signed meanwhile.
    #[test]
    fn a_new_key_signs_only_when_other_servers_know_it() {
        let start = Timestamp::from_millis(1_800_000_000_000);
        let first = SigningKeys::first(key(1, start));
        let (one, other) = (AccessKeys::of(first.clone()), AccessKeys::of(first.clone()));
        let token = AccessToken {
            sub: AccountId::generate(start),
            sid: SessionId::generate(start),
            exp: i64::MAX,
        };
        let later = start.plus(Duration::from_hours(90 * 24));
        let both = first.with(key(2, later));
        one.set(both.clone());
        let text = one.sign(&token, later).unwrap();
        assert_eq!(other.verify(&text, later), Some(token));
        let known_to_all = later.plus(Duration::from_mins(6));
        let text = one.sign(&token, known_to_all).unwrap();
        assert_eq!(other.verify(&text, known_to_all), None);
        other.set(both);
        assert_eq!(other.verify(&text, known_to_all), Some(token));
    }

    #[test]
    fn a_device_mark_or_old_token_identifies_a_device_and_gives_no_access() {
        let start = Timestamp::from_millis(1_800_000_000_000);
        let keys = AccessKeys::of(SigningKeys::first(key(1, start)));
        let account = AccountId::generate(start);
        let mark = keys.mark_device(account, start).unwrap();
        assert_eq!(keys.signed_in_before(&mark), Some(account));
        assert_eq!(keys.verify(&mark, start), None, "a mark is no access token");
        let token = AccessToken {
            sub: account,
            sid: SessionId::generate(start),
            exp: 0,
        };
        let token = keys.sign(&token, start).unwrap();
        assert_eq!(keys.verify(&token, start), None);
        assert_eq!(keys.signed_in_before(&token), Some(account));
        for wrong in ["", "x", &mark[..mark.len() - 4]] {
            assert_eq!(keys.signed_in_before(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_unsigned_token_is_refused() {
        let start = Timestamp::from_millis(0);
        let keys = AccessKeys::of(SigningKeys::first(key(1, start)));
        // {"alg":"none"} and plausible claims.
        let none = "eyJhbGciOiJub25lIn0.eyJzdWIiOiIwMTkzNTI4NC03YTAwLTcwMDAtODAwMC0wMDAwMDAwMDAwMDAiLCJzaWQiOiIwMTkzNTI4NC03YTAwLTcwMDAtODAwMC0wMDAwMDAwMDAwMDAiLCJleHAiOjk5OTk5OTk5OTl9.";
        assert_eq!(keys.verify(none, start), None);
        assert_eq!(keys.verify("", start), None);
    }
}
