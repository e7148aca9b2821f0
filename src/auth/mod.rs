//! Proof of identity: passwords, access tokens, mailed secrets, limits on guessing. Owns the signing keys. Does not
//! know HTTP, and does not decide what a known person may do.

mod access;
mod failure_log;
mod flows;
mod hash_threads;
mod log_in_limits;
mod password;
mod secret;
mod signing_keys;
mod throttle;

pub use access::{AccessKeys, AccessToken};
pub use failure_log::{FailureLog, LoggedFailure};
pub use flows::Flow;
pub use log_in_limits::{Admitted, Attempt, Client, LogInLimits, LogInNews};
pub use password::{Match, PasswordError, Passwords, check_password};
pub use secret::Secret;
pub use signing_keys::KeyError;
pub use throttle::{Share, Throttle, ThrottleSecret};
