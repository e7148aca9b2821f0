//! Sessions, and the single-use secrets in mails. Only digests of secrets are stored.

use serde::{Deserialize, Serialize};

use super::{AccountId, Claim, EmployeeId, Role, SessionId, StudentId, Timestamp, TokenId};

/// One login. Refresh tokens replace each other, and one is valid at a time. Deleting the row ends its access tokens and
/// its cookie.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    pub session_id: SessionId,
    pub account_id: AccountId,
    pub role: Role,
    pub student_id: Option<StudentId>,
    pub employee_id: Option<EmployeeId>,
    /// SHA-256 of the valid refresh token.
    pub refresh_digest: [u8; 32],
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// What the last refresh replaced.
    #[serde(default)]
    pub replaced: Option<ReplacedToken>,
    /// SHA-256 of the token in the cookie of the pages, if the login asked for one.
    #[serde(default)]
    pub cookie_digest: Option<[u8; 32]>,
}

/// The refresh token before the valid one, for a client that did not get the answer to its refresh.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplacedToken {
    /// SHA-256 of the token.
    pub digest: [u8; 32],
    /// What makes the valid token from this one.
    pub salt: [u8; 32],
    pub replaced_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TokenKind {
    VerifyEmail,
    /// Verifies a new address of an existing account.
    ChangeEmail,
    ResetPassword,
}

/// A single-use secret that was sent by mail.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    pub token_id: TokenId,
    pub kind: TokenKind,
    pub account_id: AccountId,
    /// SHA-256 of the secret part.
    pub digest: [u8; 32],
    pub expires_at: Timestamp,
    /// The token no longer works. A superseded reset link is kept to count links; a used verification link is kept to
    /// say that it was used.
    #[serde(default)]
    pub superseded: bool,
    /// The registration that this link verifies (`VerifyEmail`).
    #[serde(default)]
    pub claim: Option<Claim>,
    /// How often a password was tried with it.
    #[serde(default)]
    pub tries: u32,
}

/// The response to a request with an Idempotency-Key, for a retry with the same key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SavedAnswer {
    /// SHA-256 of the caller and the key.
    pub key_digest: [u8; 32],
    /// SHA-256 of method, path and body.
    pub request_digest: [u8; 32],
    pub status: u16,
    pub location: Option<String>,
    pub etag: Option<String>,
    pub content_type: String,
    pub body: Vec<u8>,
    pub expires_at: Timestamp,
    /// Whose answer it is, so that it can be erased with the account. None for a caller without one.
    #[serde(default)]
    pub account_id: Option<AccountId>,
}
