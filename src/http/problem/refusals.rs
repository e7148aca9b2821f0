//! Converts what commands refuse into problems.

use super::{Because, Code, Problem, TokenKind};
use crate::auth::PasswordError;
use crate::http::watch;
use crate::model::{FieldFault, Invalid};
use crate::office::{ImportError, RuleRefusal};
use crate::rules::Fault;
use crate::store::StoreError;
use crate::{accounts, applications, jobs, mail};

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Code::Busy.into(),
            StoreError::Contended => Code::Contended.into(),
            StoreError::TooLarge(what) => Code::TooLarge { what: what.into() }.into(),
            StoreError::DiskFull => Code::DiskFull.into(),
            StoreError::Unavailable(_)
            | StoreError::InUse(_)
            | StoreError::Newer { .. }
            | StoreError::Unknown(_)
            | StoreError::Fenced
            | StoreError::Unfinished => {
                tracing::error!(request_id = %watch::request_id(), %error, "the store failed");
                Code::StoreUnavailable.into()
            }
            StoreError::Corrupt(_) => Self::internal(&error),
        }
    }
}

impl From<ImportError> for Problem {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::File(invalid) => invalid.into(),
            ImportError::Store(error) => error.into(),
        }
    }
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Code::Busy.into(),
            PasswordError::Failed(_) => Self::internal(&error),
        }
    }
}

impl From<accounts::Refusal> for Problem {
    fn from(refusal: accounts::Refusal) -> Self {
        use accounts::Refusal;
        match refusal {
            Refusal::Invalid(invalid) => invalid.into(),
            Refusal::InvalidCredentials => Code::InvalidCredentials.into(),
            Refusal::EmailUnverified => Code::EmailUnverified.into(),
            Refusal::Suspended => Code::AccountSuspended.into(),
            Refusal::InvalidToken => Code::InvalidToken {
                kind: TokenKind::Link,
            }
            .into(),
            Refusal::AlreadyVerified => Code::InvalidToken {
                kind: TokenKind::UsedLink,
            }
            .into(),
            Refusal::WrongRegistrationPassword => {
                let fault = FieldFault::WrongRegistrationPassword;
                Self::of_fields(
                    Code::WrongRegistrationPassword,
                    Invalid::one("password", fault),
                )
            }
            Refusal::NotFound => Self::not_found(),
            Refusal::WrongPassword => {
                let invalid = Invalid::one("currentPassword", FieldFault::WrongPassword);
                Self::of_fields(Code::WrongPassword, invalid)
            }
            Refusal::Stale => Code::Stale.into(),
            Refusal::InvalidTransition { from, to } => moved(from.name(), to.name()),
            Refusal::LastAdmin => Code::LastAdmin.into(),
            Refusal::Store(error) => error.into(),
        }
    }
}

impl From<jobs::Refusal> for Problem {
    fn from(refusal: jobs::Refusal) -> Self {
        use jobs::Refusal;
        match refusal {
            Refusal::Invalid(invalid) => invalid.into(),
            Refusal::NotFound => Self::not_found(),
            Refusal::NotYours => Self::forbidden(Because::NotYours),
            Refusal::StatusNotYours => Self::forbidden(Because::StatusNotYours),
            Refusal::Stale => Code::Stale.into(),
            Refusal::InvalidTransition { from, to } => moved(from.name(), to.name()),
            Refusal::HasApplications(members) => {
                let mut frozen = Invalid::default();
                for member in members {
                    frozen.add(member, FieldFault::HasApplications);
                }
                Self::of_fields(Code::HasApplications, frozen)
            }
            Refusal::Search(error) => Self::internal(&error),
            Refusal::Store(error) => error.into(),
        }
    }
}

impl From<applications::Refusal> for Problem {
    fn from(refusal: applications::Refusal) -> Self {
        use applications::Refusal;
        match refusal {
            Refusal::Invalid(invalid) => invalid.into(),
            Refusal::JobNotFound | Refusal::NotFound => Self::not_found(),
            Refusal::JobNotOpen => Code::JobNotOpen.into(),
            Refusal::AlreadyApplied => Code::AlreadyApplied.into(),
            Refusal::NotYours => Self::forbidden(Because::NotYours),
            Refusal::Stale => Code::Stale.into(),
            Refusal::InvalidTransition { from, to } => moved(from.name(), to.name()),
            Refusal::Decided(status) => already(status.name()),
            Refusal::Busy => Code::Busy.into(),
            Refusal::PositionsFilled => Code::PositionsFilled.into(),
            Refusal::TooManyFiles(max) => Code::TooManyFiles { max }.into(),
            Refusal::Ineligible(reasons) => Self::with_reasons(Code::Ineligible, reasons),
            Refusal::NotAPdf => Code::UnsupportedMediaType {
                allowed: "a complete PDF (application/pdf)".into(),
            }
            .into(),
            Refusal::Store(error) => error.into(),
        }
    }
}

impl From<RuleRefusal> for Problem {
    fn from(refusal: RuleRefusal) -> Self {
        match refusal {
            RuleRefusal::NotFound => Self::not_found(),
            RuleRefusal::Stale => Code::Stale.into(),
            RuleRefusal::InvalidTransition { from, to } => moved(from.name(), to.name()),
            RuleRefusal::DryRunFirst => Code::DryRunFirst.into(),
            RuleRefusal::Uploaded(rule_id) => Code::AlreadyUploaded {
                rule_id: rule_id.to_string(),
            }
            .into(),
            RuleRefusal::InUse(state) => Code::RuleInUse {
                state: state.name().into(),
            }
            .into(),
            RuleRefusal::Ships => Code::RuleShips.into(),
            RuleRefusal::Invalid(invalid) => invalid.into(),
            RuleRefusal::Store(error) => error.into(),
        }
    }
}

impl From<Fault> for Problem {
    /// For an upload: what is wrong with the module.
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Busy => Code::Busy.into(),
            Fault::DiskFull => Code::DiskFull.into(),
            Fault::Engine(_) => Self::internal(&fault),
            _ => {
                let reason = fault.to_string();
                let invalid = Invalid::one("body", FieldFault::UnusableModule { reason });
                Self::of_fields(Code::InvalidModule, invalid)
            }
        }
    }
}

impl From<mail::OutboxRefusal> for Problem {
    fn from(refusal: mail::OutboxRefusal) -> Self {
        match refusal {
            mail::OutboxRefusal::NotFound => Self::not_found(),
            mail::OutboxRefusal::Sent => already("sent"),
            mail::OutboxRefusal::Store(error) => error.into(),
        }
    }
}

fn moved(from: &str, to: &str) -> Problem {
    let (from, to) = (from.into(), Some(to.into()));
    Code::InvalidTransition { from, to }.into()
}

fn already(status: &str) -> Problem {
    let (from, to) = (status.into(), None);
    Code::InvalidTransition { from, to }.into()
}
