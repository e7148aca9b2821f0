//! Password hashes: Argon2id on threads of their own, so that a wave of log-ins never starves reads.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

use crate::model::FieldFault;

/// Hashes that may wait or run; one more is refused with `Busy`.
const HASH_QUEUE: usize = 256;

/// NIST SP 800-63B 5.1.1.2: at least 8 characters; the upper limit keeps a hash's input small.
const MIN_CHARS: usize = 8;
const MAX_CHARS: usize = 256;

/// Says what is wrong with a new password.
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

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    #[error("too many log-ins wait")]
    Busy,
    #[error("a password hash failed: {0}")]
    Failed(String),
}

/// The pool. Argon2id, 19 MiB, 2 passes, 1 lane: OWASP's Password Storage Cheat Sheet, and the crate's default.
#[derive(Clone)]
pub struct Passwords {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// The hash of no password: what an unknown address is checked against, so that it takes the same time.
    nobody: Arc<str>,
}

impl Passwords {
    /// `threads`: hashes that run at once.
    pub fn new(threads: usize) -> Result<Self, PasswordError> {
        let random: [u8; 32] = rand::random();
        let nobody = hash(&random)?;
        Ok(Self {
            running: Arc::new(Semaphore::new(threads)),
            waiting: Arc::new(Semaphore::new(HASH_QUEUE)),
            nobody: nobody.into(),
        })
    }

    /// The PHC string of a password.
    pub async fn hash(&self, password: &str) -> Result<String, PasswordError> {
        let password = password.to_owned();
        self.run(move || hash(password.as_bytes())).await?
    }

    /// Whether a password is the one hashed; `None` takes as long and is always false.
    pub async fn verify(&self, password: &str, phc: Option<&str>) -> Result<bool, PasswordError> {
        let known = phc.is_some();
        let phc = phc.unwrap_or(&self.nobody).to_owned();
        let password = password.to_owned();
        let right = self
            .run(move || {
                let parsed = PasswordHash::new(&phc).map_err(failed)?;
                Ok(Argon2::default()
                    .verify_password(password.as_bytes(), &parsed)
                    .is_ok())
            })
            .await??;
        Ok(right && known)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let _place = self
            .waiting
            .try_acquire()
            .map_err(|_| PasswordError::Busy)?;
        let _turn = self.running.acquire().await.map_err(failed)?;
        tokio::task::spawn_blocking(work).await.map_err(failed)
    }
}

fn hash(password: &[u8]) -> Result<String, PasswordError> {
    let hashed = Argon2::default().hash_password(password).map_err(failed)?;
    Ok(hashed.to_string())
}

fn failed(error: impl std::fmt::Display) -> PasswordError {
    PasswordError::Failed(error.to_string())
}
