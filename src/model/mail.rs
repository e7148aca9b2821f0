//! A mail that waits in the outbox.

use serde::{Deserialize, Serialize};

use super::{AccountId, Email, MailId, Timestamp};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailKind {
    VerifyEmail,
    /// Somebody registered with an address that has an account: its owner is told.
    AddressTaken,
    ResetPassword,
    PasswordChanged,
    ApplicationReceived,
    ApplicationFiled,
    ApplicationStatus,
    JobClosed,
    JobModerated,
    AccountModerated,
    /// To the office: a campus rule fails.
    RuleFailing,
}

impl MailKind {
    /// People wait before a screen for these; they go before all others.
    pub fn is_urgent(self) -> bool {
        matches!(
            self,
            Self::VerifyEmail | Self::AddressTaken | Self::ResetPassword | Self::PasswordChanged
        )
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailState {
    Waiting,
    Sent,
    /// Refused for good, or tried for as long as we try; an admin may send it again.
    Failed,
}

/// A mail as it will be sent: rendered when it was decided on, so that what it says is what was true then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mail {
    pub mail_id: MailId,
    pub kind: MailKind,
    pub to: Email,
    pub to_name: String,
    pub account_id: Option<AccountId>,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub state: MailState,
    pub attempts: u32,
    pub last_error: Option<String>,
    pub next_attempt_at: Timestamp,
    pub created_at: Timestamp,
    pub sent_at: Option<Timestamp>,
}
