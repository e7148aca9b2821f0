//! Why account commands refuse.

use crate::model::{AccountStatus, Invalid};
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("wrong email address or password")]
    InvalidCredentials,
    #[error("the email address is not verified yet")]
    EmailUnverified,
    #[error("the account is suspended")]
    Suspended,
    #[error("the token is invalid, used or expired")]
    InvalidToken,
    #[error("this link was already used: the address is verified; log in")]
    AlreadyVerified,
    /// Not the password from the registration that sent this link.
    #[error("the password is not the one chosen when this link was sent")]
    WrongRegistrationPassword,
    #[error("account not found")]
    NotFound,
    /// Changing the address or the password, or deleting the account, needs the current password.
    #[error("the current password is missing or wrong")]
    WrongPassword,
    #[error("the record has changed since it was read")]
    Stale,
    #[error("an account cannot change from {} to {}", from.name(), to.name())]
    InvalidTransition {
        from: AccountStatus,
        to: AccountStatus,
    },
    #[error("the last active admin cannot be suspended; create another one first")]
    LastAdmin,
    #[error(transparent)]
    Store(#[from] StoreError),
}
