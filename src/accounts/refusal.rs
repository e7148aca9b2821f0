//! Why account commands refuse.

use crate::model::{AccountStatus, Invalid};
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("the e-mail address or the password is wrong")]
    InvalidCredentials,
    #[error("the e-mail address is not verified yet")]
    EmailUnverified,
    #[error("the account is suspended")]
    Suspended,
    #[error("the token is wrong, used or expired")]
    InvalidToken,
    #[error("this link has been used: the address is confirmed; log in")]
    AlreadyVerified,
    /// Not the password from the registration that sent this link.
    #[error("the password is not the one chosen when this link was sent")]
    WrongRegistrationPassword,
    #[error("there is no such account")]
    NotFound,
    /// Changing the address or the password, or deleting the account, needs the current password.
    #[error("the current password is missing or wrong")]
    WrongPassword,
    #[error("the record has changed since it was read")]
    Stale,
    #[error("an account cannot move from {} to {}", from.name(), to.name())]
    InvalidTransition {
        from: AccountStatus,
        to: AccountStatus,
    },
    #[error("the last active admin cannot be suspended; make another one first")]
    LastAdmin,
    #[error(transparent)]
    Store(#[from] StoreError),
}
