//! Access tokens: short-lived JWTs (HS256) bound to a session. The same service signs and verifies, so one secret is enough.
//! It is in the data folder, next to the previous one as long as tokens signed with that may still be in use.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::model::{AccountId, SessionId, Timestamp};

/// A signing key is replaced after this time.
const ROTATE_AFTER: Duration = Duration::from_hours(90 * 24);
const KEY_FILE: &str = "access-keys.json";
/// Most verified tokens to cache, about 350 bytes each. When the cache is full, it is emptied.
const MAX_KNOWN: usize = 10_000;

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    #[error("the key file {0} is damaged: {1}; restore it, or delete it to log everyone out")]
    Damaged(PathBuf, serde_json::Error),
    #[error("could not sign a token: {0}")]
    Signing(jsonwebtoken::errors::Error),
}

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

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyRow {
    kid: String,
    secret: [u8; 32],
    made_at: Timestamp,
}

struct Key {
    kid: String,
    signing: EncodingKey,
    checking: DecodingKey,
}

/// The signing keys, newest first. The first one signs.
pub struct AccessKeys {
    keys: Vec<Key>,
    validation: Validation,
    /// Tokens with a verified signature and their claims. Clients send the same token with each request, and its claims
    /// never change. Expiry and session are checked every time.
    known: RwLock<HashMap<Box<str>, AccessToken>>,
}

impl AccessKeys {
    /// Reads the keys of a data folder. Creates the first key, or a new one when the newest is too old.
    pub fn open(data: &Path, now: Timestamp) -> Result<Self, KeyError> {
        let path = data.join(KEY_FILE);
        let mut rows: Vec<KeyRow> = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| KeyError::Damaged(path.clone(), error))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(KeyError::File(path, error)),
        };
        let fresh = rows
            .first()
            .is_some_and(|row| now < row.made_at.plus(ROTATE_AFTER));
        if !fresh {
            let kid: u64 = rand::random();
            rows.insert(
                0,
                KeyRow {
                    kid: format!("{kid:016x}"),
                    secret: rand::random(),
                    made_at: now,
                },
            );
            rows.truncate(2);
            write_private(&path, &rows)?;
        }
        let keys = rows.into_iter().map(|row| Key {
            kid: row.kid,
            signing: EncodingKey::from_secret(&row.secret),
            checking: DecodingKey::from_secret(&row.secret),
        });
        let mut validation = Validation::new(Algorithm::HS256);
        // The expiry is checked against the given clock.
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        Ok(Self {
            keys: keys.collect(),
            validation,
            known: RwLock::default(),
        })
    }

    pub fn sign(&self, token: &AccessToken) -> Result<String, KeyError> {
        let jti = format!("{:032x}", rand::random::<u128>());
        self.encode(&Signed { token, jti })
    }

    fn encode(&self, claims: &impl Serialize) -> Result<String, KeyError> {
        let key = self.keys.first().expect("open leaves at least one key");
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(key.kid.clone());
        jsonwebtoken::encode(&header, claims, &key.signing).map_err(KeyError::Signing)
    }

    /// A mark that identifies a device that has just logged in to the account. It gives no access.
    pub fn mark_device(&self, account: AccountId) -> Result<String, KeyError> {
        let jti = format!("{:032x}", rand::random::<u128>());
        self.encode(&DeviceMark {
            device_of: account,
            jti,
        })
    }

    /// The account that the holder of this text has logged in to before. The text is a device mark or an access token
    /// of any age.
    pub fn signed_in_before(&self, text: &str) -> Option<AccountId> {
        self.keys.iter().find_map(|key| {
            let decode = jsonwebtoken::decode::<SignedBefore>;
            let decoded = decode(text, &key.checking, &self.validation).ok()?;
            decoded.claims.device_of.or(decoded.claims.sub)
        })
    }

    /// The token's claims, if one of the keys signed it and it has not expired.
    pub fn verify(&self, text: &str, now: Timestamp) -> Option<AccessToken> {
        let known = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            known.get(text).copied()
        };
        let token = known.or_else(|| self.check(text))?;
        (now.as_millis() < token.exp.saturating_mul(1000)).then_some(token)
    }

    /// The claims of a token with a valid signature.
    fn check(&self, text: &str) -> Option<AccessToken> {
        // Trying each key is cheaper than reading the key ID from the header: the first one nearly always fits.
        let verified = self.keys.iter().find_map(|key| {
            jsonwebtoken::decode::<AccessToken>(text, &key.checking, &self.validation).ok()
        })?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_KNOWN {
            known.clear();
        }
        known.insert(text.into(), verified.claims);
        Some(verified.claims)
    }
}

/// Writes a temporary file, syncs and renames it, so that a crash leaves the old file or the new one. Only the owner
/// may read it.
fn write_private(path: &Path, rows: &[KeyRow]) -> Result<(), KeyError> {
    use std::io::Write as _;
    let beside = path.with_extension("tmp");
    let write = || -> std::io::Result<()> {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&beside)?;
        file.write_all(&serde_json::to_vec(rows)?)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    };
    write().map_err(|error| KeyError::File(path.to_owned(), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_valid_until_it_expires_even_after_a_key_rotation() {
        let folder = tempfile::tempdir().unwrap();
        let start = Timestamp::from_millis(1_800_000_000_000);
        let keys = AccessKeys::open(folder.path(), start).unwrap();
        let token = AccessToken {
            sub: AccountId::generate(start),
            sid: SessionId::generate(start),
            exp: start.as_millis() / 1000 + 900,
        };
        let text = keys.sign(&token).unwrap();
        for _ in 0..2 {
            assert_eq!(keys.verify(&text, start), Some(token));
        }
        assert_ne!(keys.sign(&token).unwrap(), text);
        assert_eq!(
            keys.verify(&text, start.plus(Duration::from_mins(15))),
            None
        );
        let mut forged = text.clone();
        forged.replace_range(text.len() - 4.., "AAAA");
        assert_eq!(keys.verify(&forged, start), None);
        let rotated = AccessKeys::open(folder.path(), start.plus(ROTATE_AFTER)).unwrap();
        assert_eq!(rotated.verify(&text, start), Some(token));
        assert_ne!(rotated.sign(&token).unwrap(), text);
    }

    #[test]
    fn a_device_mark_or_old_token_identifies_a_device_and_gives_no_access() {
        let folder = tempfile::tempdir().unwrap();
        let start = Timestamp::from_millis(1_800_000_000_000);
        let keys = AccessKeys::open(folder.path(), start).unwrap();
        let account = AccountId::generate(start);
        let mark = keys.mark_device(account).unwrap();
        assert_eq!(keys.signed_in_before(&mark), Some(account));
        assert_eq!(keys.verify(&mark, start), None, "a mark is no access token");
        let token = AccessToken {
            sub: account,
            sid: SessionId::generate(start),
            exp: 0,
        };
        let token = keys.sign(&token).unwrap();
        assert_eq!(keys.verify(&token, start), None);
        assert_eq!(keys.signed_in_before(&token), Some(account));
        for wrong in ["", "x", &mark[..mark.len() - 4]] {
            assert_eq!(keys.signed_in_before(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_unsigned_token_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let keys = AccessKeys::open(folder.path(), Timestamp::from_millis(0)).unwrap();
        // {"alg":"none"} and plausible claims.
        let none = "eyJhbGciOiJub25lIn0.eyJzdWIiOiIwMTkzNTI4NC03YTAwLTcwMDAtODAwMC0wMDAwMDAwMDAwMDAiLCJzaWQiOiIwMTkzNTI4NC03YTAwLTcwMDAtODAwMC0wMDAwMDAwMDAwMDAiLCJleHAiOjk5OTk5OTk5OTl9.";
        assert_eq!(keys.verify(none, Timestamp::from_millis(0)), None);
        assert_eq!(keys.verify("", Timestamp::from_millis(0)), None);
    }
}
