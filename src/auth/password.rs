//! Passwords: requirements, normalization and hashes. Argon2id, 19 MiB, 2 passes, 1 lane: the OWASP Password Storage
//! Cheat Sheet, and the crate's default.

use std::borrow::Cow;
use std::sync::Arc;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};
use unicode_normalization::UnicodeNormalization as _;

use super::flows::Flow;
use super::hash_threads::{HashThreads, Queue};
use crate::model::FieldFault;

/// NIST SP 800-63B 5.1.1.2: at least 8 characters; the upper limit keeps a hash's input small.
const MIN_CHARS: usize = 8;
const MAX_CHARS: usize = 256;

/// Fails with what is wrong with a new password.
pub fn check_password(password: &str) -> Result<(), FieldFault> {
    let count = password.chars().count();
    if count < MIN_CHARS {
        return Err(FieldFault::TooShort { min: MIN_CHARS });
    }
    if count > MAX_CHARS {
        let (max, actual) = (MAX_CHARS, count);
        return Err(FieldFault::TooLong { max, actual });
    }
    Ok(())
}

/// The normalized form that is hashed. Keyboards send the same letter in different ways (NIST SP 800-63B 5.1.1.2).
fn normalized(typed: &str) -> Cow<'_, str> {
    if typed.is_ascii() {
        Cow::Borrowed(typed)
    } else {
        Cow::Owned(typed.nfkc().collect())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    #[error("too many passwords are waiting to be checked; try again")]
    Busy,
    #[error("could not hash a password: {0}")]
    Failed(String),
}

/// The result of comparing a password with a hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    Wrong,
    Right,
    /// The stored hash is of the password before normalization. This new hash replaces it.
    Outdated(String),
}

impl Match {
    pub fn is_right(&self) -> bool {
        *self != Self::Wrong
    }
}

/// Computes hashes on separate threads, so that many logins do not slow down reads.
#[derive(Clone)]
pub struct Passwords {
    threads: Arc<HashThreads>,
    /// The hash to check for an unknown address, so that it takes the same time.
    nobody: Arc<str>,
}

impl Passwords {
    /// `threads`: the number of hashes to compute at once, limited by memory.
    pub fn new(threads: usize) -> Result<Self, PasswordError> {
        let mut nobody = unhashed()?;
        nobody.hash = Some(Output::new(&rand::random::<[u8; 32]>()).map_err(failed)?);
        Ok(Self {
            threads: Arc::new(HashThreads::start(threads).map_err(failed)?),
            nobody: nobody.to_string().into(),
        })
    }

    /// The PHC string of a password's hash.
    pub async fn hash(&self, password: &str) -> Result<String, PasswordError> {
        let password = normalized(password).into_owned();
        let work = move |memory: &mut Vec<Block>| hash(&password, memory);
        self.threads.run(Queue::Others, work).await?
    }

    /// Whether a password matches a hash. `None` takes as long and never matches. Waits in a flow.
    pub async fn verify(
        &self,
        flow: Flow,
        password: &str,
        phc: Option<&str>,
    ) -> Result<Match, PasswordError> {
        let known = phc.is_some();
        let phc = phc.unwrap_or(&self.nobody).to_owned();
        let password = password.to_owned();
        let work = move |memory: &mut Vec<Block>| verify(&password, &phc, memory);
        let found = self.threads.run(Queue::LogIns(flow), work).await??;
        Ok(if known { found } else { Match::Wrong })
    }
}

fn verify(typed: &str, phc: &str, memory: &mut Vec<Block>) -> Result<Match, PasswordError> {
    let stored = PasswordHash::new(phc).map_err(failed)?;
    let password = normalized(typed);
    // Both forms are always compared, so that the time reveals nothing. `Output` compares in constant time.
    let is_right = stored.hash == Some(compute(&stored, &password, memory)?);
    if password == typed {
        return Ok(if is_right { Match::Right } else { Match::Wrong });
    }
    let is_as_typed = stored.hash == Some(compute(&stored, typed, memory)?);
    Ok(match (is_right, is_as_typed) {
        (true, _) => Match::Right,
        (false, true) => Match::Outdated(hash(&password, memory)?),
        (false, false) => Match::Wrong,
    })
}

fn hash(password: &str, memory: &mut Vec<Block>) -> Result<String, PasswordError> {
    let mut hash = unhashed()?;
    hash.hash = Some(compute(&hash, password, memory)?);
    Ok(hash.to_string())
}

/// A new hash's salt and settings, without the hash.
fn unhashed() -> Result<PasswordHash, PasswordError> {
    Ok(PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&Params::DEFAULT).map_err(failed)?,
        salt: Some(Salt::new(&rand::random::<[u8; 16]>()).map_err(failed)?),
        hash: None,
    })
}

/// Hashes a password with the salt and settings of a stored hash, in reused memory.
fn compute(
    like: &PasswordHash,
    password: &str,
    memory: &mut Vec<Block>,
) -> Result<Output, PasswordError> {
    let params = Params::try_from(like).map_err(failed)?;
    let salt = like.salt.ok_or_else(|| failed("a hash without salt"))?;
    let algorithm = Algorithm::try_from(like.algorithm.as_str()).map_err(failed)?;
    let version = like.version.map_or(Ok(Version::V0x13), Version::try_from);
    let mut output = [0; Output::MAX_LENGTH];
    let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let output = output
        .get_mut(..length)
        .ok_or_else(|| failed("a hash that is too long"))?;
    if memory.len() < params.block_count() {
        memory.resize(params.block_count(), Block::new());
    }
    let blocks = &mut memory[..params.block_count()];
    Argon2::new(algorithm, version.map_err(failed)?, params)
        .hash_password_into_with_memory(password.as_bytes(), &salt, output, blocks)
        .map_err(failed)?;
    Output::new(output).map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> PasswordError {
    PasswordError::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};

    const COMPOSED: &str = "caf\u{e9} au lait";
    const DECOMPOSED: &str = "cafe\u{301} au lait";

    fn flow() -> Flow {
        Flow::Network(std::net::IpAddr::from([192, 0, 2, 1]).into())
    }

    #[tokio::test]
    async fn hashes_equal_those_of_the_argon2_crate() {
        let passwords = Passwords::new(1).unwrap();
        let ours = passwords.hash("correct horse").await.unwrap();
        let theirs = Argon2::default().hash_password(b"correct horse").unwrap();
        let parsed = PasswordHash::new(&ours).unwrap();
        assert!(
            Argon2::default()
                .verify_password(b"correct horse", &parsed)
                .is_ok()
        );
        for hash in [ours, theirs.to_string()] {
            let verify = |typed: &'static str| passwords.verify(flow(), typed, Some(&hash));
            assert_eq!(verify("correct horse").await, Ok(Match::Right));
            assert_eq!(verify("correct house").await, Ok(Match::Wrong));
        }
        assert_eq!(
            passwords.verify(flow(), "any", None).await,
            Ok(Match::Wrong)
        );
    }

    /// C1: the same letters are the same password, whatever the keyboard sends.
    #[tokio::test]
    async fn a_password_is_normalized() {
        let passwords = Passwords::new(1).unwrap();
        for (chosen, typed) in [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)] {
            let hash = passwords.hash(chosen).await.unwrap();
            assert_eq!(
                passwords.verify(flow(), typed, Some(&hash)).await,
                Ok(Match::Right)
            );
        }
        // A hash from before normalization still works for the original input, and is replaced.
        let old = Argon2::default()
            .hash_password(DECOMPOSED.as_bytes())
            .unwrap()
            .to_string();
        assert_eq!(
            passwords.verify(flow(), COMPOSED, Some(&old)).await,
            Ok(Match::Wrong)
        );
        let found = passwords
            .verify(flow(), DECOMPOSED, Some(&old))
            .await
            .unwrap();
        let Match::Outdated(new) = found else {
            panic!("{found:?}")
        };
        assert_eq!(
            passwords.verify(flow(), COMPOSED, Some(&new)).await,
            Ok(Match::Right)
        );
    }
}
