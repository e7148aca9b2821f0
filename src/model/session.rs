//! What a signed-in person holds, and the single-use secrets that mails carry. Only digests of secrets are kept.

use serde::{Deserialize, Serialize};

use super::{AccountId, Claim, EmployeeId, Role, SessionId, StudentId, Timestamp, TokenId};

/// One log-in. Its refresh tokens follow one another, one valid at a time; the row's absence ends its access tokens.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    pub session_id: SessionId,
    pub account_id: AccountId,
    pub role: Role,
    pub student_id: Option<StudentId>,
    pub employee_id: Option<EmployeeId>,
    /// SHA-256 of the one refresh token that is valid.
    pub refresh_digest: [u8; 32],
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TokenKind {
    VerifyEmail,
    /// Proves a new address of an existing account.
    ChangeEmail,
    ResetPassword,
}

/// A single-use secret that went out by mail.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    pub token_id: TokenId,
    pub kind: TokenKind,
    pub account_id: AccountId,
    /// SHA-256 of the secret part.
    pub digest: [u8; 32],
    pub expires_at: Timestamp,
    /// It opens nothing any more. A link for a new password was followed by a newer one and is kept to be counted; a
    /// link that proves a mailbox has done so and is kept to say that.
    #[serde(default)]
    pub superseded: bool,
    /// The registration whose mail carried it (`VerifyEmail`).
    #[serde(default)]
    pub claim: Option<Claim>,
    /// Passwords that were tried with it.
    #[serde(default)]
    pub tries: u32,
}

/// The answer that a request with an Idempotency-Key got, for the next request with that key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SavedAnswer {
    /// SHA-256 of who asked and the key.
    pub key_digest: [u8; 32],
    /// SHA-256 of method, path and body.
    pub request_digest: [u8; 32],
    pub status: u16,
    pub location: Option<String>,
    pub etag: Option<String>,
    pub content_type: String,
    pub body: Vec<u8>,
    pub expires_at: Timestamp,
}
