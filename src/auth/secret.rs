//! Secrets for a single use: refresh tokens, and the tokens in mails.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::model::Id;

/// Bytes of randomness in a secret.
const SECRET_BYTES: usize = 32;

/// A record's ID and 32 random bytes. Whoever presents it may use the record. The record keeps only a digest.
pub struct Secret<T> {
    pub id: Id<T>,
    bytes: [u8; SECRET_BYTES],
}

impl<T> Secret<T> {
    pub fn generate(id: Id<T>) -> Self {
        Self {
            id,
            bytes: rand::random(),
        }
    }

    /// `None` if the text does not have the form of a secret.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (id, secret) = bytes.split_first_chunk::<16>()?;
        Some(Self {
            id: Id::from_bytes(*id),
            bytes: secret.try_into().ok()?,
        })
    }

    /// The one that replaces it. Only whoever has this one can make it, also with the salt and the digests.
    #[must_use]
    pub fn next(&self, salt: [u8; 32]) -> Self {
        let next = Sha256::new().chain_update(salt).chain_update(self.bytes);
        Self {
            id: self.id,
            bytes: next.finalize().into(),
        }
    }

    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.bytes).into()
    }

    /// The text to send.
    pub fn reveal(&self) -> String {
        let mut bytes = self.id.as_bytes().to_vec();
        bytes.extend(self.bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

impl<T> fmt::Debug for Secret<T> {
    /// Keeps secrets out of the log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{SessionId, Timestamp};

    #[test]
    fn a_secret_round_trips_and_garbage_is_refused() {
        let secret = Secret::generate(SessionId::generate(Timestamp::from_millis(1)));
        let back = Secret::parse(&secret.reveal()).unwrap();
        assert_eq!((back.id, back.digest()), (secret.id, secret.digest()));
        let next = secret.next([7; 32]);
        assert_eq!(next.reveal(), back.next([7; 32]).reveal());
        assert_ne!(next.reveal(), secret.next([8; 32]).reveal());
        assert_ne!(next.digest(), secret.digest());
        for wrong in [
            "",
            "x",
            "äöü",
            &secret.reveal()[1..],
            &format!("{}A", secret.reveal()),
        ] {
            assert!(
                Secret::<crate::model::Session>::parse(wrong).is_none(),
                "{wrong}"
            );
        }
    }
}
