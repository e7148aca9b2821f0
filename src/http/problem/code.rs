//! Every error code with its HTTP status, its sentence, and the values in the sentence.

use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::{fill, named_parts};

/// Serde gives the stable code and its params. A new code also needs a text in both catalogs of web/i18n.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Code {
    /// The details are in `errors`.
    Invalid,
    InvalidModule,
    WrongPassword,
    WrongRegistrationPassword,
    MalformedJson {
        line: usize,
        column: usize,
    },
    BrokenBody {
        reason: String,
    },
    RequestTimeout,
    BodyTooLarge {
        max_kib: usize,
    },
    UnsupportedMediaType {
        allowed: String,
    },

    Unauthenticated,
    InvalidCredentials,
    InvalidToken {
        kind: TokenKind,
    },
    EmailUnverified,
    AccountSuspended,
    TooManyAttempts {
        retry_after: u64,
    },
    Forbidden {
        because: Because,
    },

    NotFound,
    MethodNotAllowed {
        allow: String,
    },
    Stale,
    IdempotencyMismatch,
    InProgress,
    /// `to` is `None` if the status was reached already.
    InvalidTransition {
        from: String,
        to: Option<String>,
    },

    AlreadyApplied,
    JobNotOpen,
    HasApplications,
    PositionsFilled,
    Ineligible,
    NotEligible,
    ReviewPending,
    LastAdmin,
    TooManyFiles {
        max: usize,
    },
    DryRunFirst,
    AlreadyUploaded {
        rule_id: String,
    },
    RuleInUse {
        state: String,
    },
    RuleShips,

    Contended,
    TooLarge {
        what: String,
    },
    Busy,
    DiskFull,
    StoreUnavailable,
    Internal,
}

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// A link in a mail.
    Link,
    /// A link that has verified its address.
    UsedLink,
    Refresh,
}

/// Why it is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    Role,
    Origin,
    NotYours,
    StudentsOnly,
    StatusNotYours,
}

const BUSY_SECONDS: u64 = 1;
const STORE_SECONDS: u64 = 5;
const DISK_SECONDS: u64 = 30;

impl Code {
    /// The stable code and the values in the sentence.
    pub fn parts(&self) -> (String, Map<String, Value>) {
        named_parts(self)
    }

    pub fn status(&self) -> StatusCode {
        self.meaning().0
    }

    pub fn sentence(&self) -> String {
        fill(self.meaning().1, &self.parts().1)
    }

    /// Seconds until a retry makes sense.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooManyAttempts { retry_after } => Some(*retry_after),
            Self::Busy => Some(BUSY_SECONDS),
            Self::DiskFull => Some(DISK_SECONDS),
            Self::StoreUnavailable => Some(STORE_SECONDS),
            _ => None,
        }
    }

    #[rustfmt::skip]
    fn meaning(&self) -> (StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::Invalid => (S::UNPROCESSABLE_ENTITY, "Some fields are not valid."),
            Self::InvalidModule => (S::UNPROCESSABLE_ENTITY, "The module cannot be used."),
            Self::WrongPassword => (S::UNPROCESSABLE_ENTITY, "The current password is missing or wrong."),
            Self::WrongRegistrationPassword => (S::UNPROCESSABLE_ENTITY, "The password is not the one chosen when this link was sent."),
            Self::MalformedJson { line: 1, column: 0 } => (S::BAD_REQUEST, "The body is empty. Send JSON."),
            Self::MalformedJson { .. } => (S::BAD_REQUEST, "The body is not valid JSON (line {line}, column {column})."),
            Self::BrokenBody { .. } => (S::BAD_REQUEST, "The body did not arrive completely: {reason}."),
            Self::RequestTimeout => (S::REQUEST_TIMEOUT, "The body took too long to arrive."),
            Self::BodyTooLarge { .. } => (S::PAYLOAD_TOO_LARGE, "The body is larger than {maxKib} KiB."),
            Self::UnsupportedMediaType { .. } => (S::UNSUPPORTED_MEDIA_TYPE, "The body must be {allowed}."),

            Self::Unauthenticated => (S::UNAUTHORIZED, "The access token is missing, invalid, expired or revoked."),
            Self::InvalidCredentials => (S::UNAUTHORIZED, "Wrong email or password."),
            Self::InvalidToken { kind: TokenKind::Refresh } => (S::UNAUTHORIZED, "The refresh token is invalid, expired or already used. Log in again."),
            Self::InvalidToken { kind: TokenKind::Link } => (S::UNPROCESSABLE_ENTITY, "The token is invalid, expired or already used."),
            Self::InvalidToken { kind: TokenKind::UsedLink } => (S::UNPROCESSABLE_ENTITY, "This link was already used: the address is confirmed. Log in."),
            Self::EmailUnverified => (S::FORBIDDEN, "The email address is not verified yet."),
            Self::AccountSuspended => (S::FORBIDDEN, "The account is suspended."),
            Self::TooManyAttempts { .. } => (S::TOO_MANY_REQUESTS, "Too many attempts from your network. Try again in {retryAfter} seconds."),
            Self::Forbidden { because } => (S::FORBIDDEN, because.sentence()),

            Self::NotFound => (S::NOT_FOUND, "Nothing was found here, or you may not see it."),
            Self::MethodNotAllowed { .. } => (S::METHOD_NOT_ALLOWED, "The methods allowed here are {allow}."),
            Self::Stale => (S::PRECONDITION_FAILED, "The record has changed since you read it. Read it again."),
            Self::IdempotencyMismatch => (S::UNPROCESSABLE_ENTITY, "This Idempotency-Key was used for a different request."),
            Self::InProgress => (S::CONFLICT, "The first request with this Idempotency-Key is still in progress."),
            Self::InvalidTransition { to: None, .. } => (S::CONFLICT, "This is already {from}."),
            Self::InvalidTransition { .. } => (S::CONFLICT, "This cannot change from {from} to {to}."),

            Self::AlreadyApplied => (S::CONFLICT, "You have already applied for this job."),
            Self::JobNotOpen => (S::CONFLICT, "This job does not take applications."),
            Self::HasApplications => (S::CONFLICT, "Some fields cannot change while applications are open."),
            Self::PositionsFilled => (S::CONFLICT, "All positions of this job are filled."),
            Self::Ineligible => (S::UNPROCESSABLE_ENTITY, "The campus rules do not allow it."),
            Self::NotEligible => (S::CONFLICT, "The campus rules do not allow it."),
            Self::ReviewPending => (S::CONFLICT, "The office must review this application first."),
            Self::LastAdmin => (S::CONFLICT, "The last active admin cannot be suspended. Create another one first."),
            Self::TooManyFiles { .. } => (S::CONFLICT, "You already have {max} files, the most allowed."),
            Self::DryRunFirst => (S::CONFLICT, "Before you activate this rule, do a dry run that gives at least one verdict and has no errors."),
            Self::AlreadyUploaded { .. } => (S::CONFLICT, "This module is already uploaded as rule {ruleId}."),
            Self::RuleInUse { .. } => (S::CONFLICT, "This rule is {state}. Only a draft or a retired rule can be deleted."),
            Self::RuleShips => (S::CONFLICT, "This rule is built in and cannot be deleted. Retire it instead."),

            Self::Contended => (S::CONFLICT, "Others are changing the same record. Try again."),
            Self::TooLarge { .. } => (S::PAYLOAD_TOO_LARGE, "The {what} is too large to store."),
            Self::Busy => (S::SERVICE_UNAVAILABLE, "The server is busy. Try again in a moment."),
            Self::DiskFull => (S::INSUFFICIENT_STORAGE, "The server's disk is full, so it cannot save anything right now. Reading still works."),
            Self::StoreUnavailable => (S::SERVICE_UNAVAILABLE, "The server cannot save anything right now. Try again with the same Idempotency-Key."),
            Self::Internal => (S::INTERNAL_SERVER_ERROR, "Internal error. Quote the request ID to your administrator."),
        }
    }
}

impl Because {
    fn sentence(self) -> &'static str {
        match self {
            Self::Role => "Your type of account cannot do this.",
            Self::Origin => "A request with cookies must come from the site's own pages.",
            Self::NotYours => "This belongs to another employer.",
            Self::StudentsOnly => "Only students can ask which jobs they are eligible for.",
            Self::StatusNotYours => "Employers can list only their own jobs by this status.",
        }
    }
}
