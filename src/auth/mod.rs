//! Proving who somebody is: passwords, access tokens, mailed secrets, limits on guessing. Owns the signing keys.
//! Knows nothing of HTTP and decides nothing about what a known person may do.

mod access;
mod password;
mod secret;
mod throttle;

pub use access::{AccessKeys, AccessToken, KeyError};
pub use password::{PasswordError, Passwords, check_password};
pub use secret::Secret;
pub use throttle::Throttle;
