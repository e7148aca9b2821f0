//! What an error of the database means for a change: nothing was written, try again, or unknown.

use std::error::Error as _;
use std::fmt::Display;

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, Severity, SqlState};

use crate::store::engine::StoreError;

pub(super) fn unavailable(error: impl Display) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

/// The error for callers. Not for a commit whose outcome is unknown.
pub(super) fn store_error(error: &Error) -> StoreError {
    match error.code() {
        Some(&SqlState::DISK_FULL) => StoreError::DiskFull,
        Some(&SqlState::DATA_CORRUPTED | &SqlState::INDEX_CORRUPTED) => {
            StoreError::Corrupt(text(error))
        }
        _ => StoreError::Unavailable(text(error)),
    }
}

/// The error in words, with its cause. It never contains the URL.
pub(super) fn text(error: &Error) -> String {
    if let Some(error) = error.as_db_error() {
        return format!("{} ({})", error.message(), error.code().code());
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Whether the database gave up the transaction because of another one. The same transaction can succeed next time.
pub(super) fn is_conflict(error: &Error) -> bool {
    matches!(
        error.code(),
        Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED)
    )
}

/// Whether another connection may do better: this one is lost, or its server has become read-only.
pub(super) fn is_lost(error: &Error) -> bool {
    match error.as_db_error() {
        None => true,
        Some(error) => {
            ends_connection(error) || *error.code() == SqlState::READ_ONLY_SQL_TRANSACTION
        }
    }
}

/// Whether the server certainly did not commit, by the error that it answered to a statement before `COMMIT`.
pub(super) fn was_refused(error: &Error) -> bool {
    error.as_db_error().is_some()
}

/// Whether the server certainly did not commit, by the error that it answered to `COMMIT` itself.
pub(super) fn was_rolled_back(error: &Error) -> bool {
    error.as_db_error().is_some_and(|error| {
        !ends_connection(error) && *error.code() != SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN
    })
}

fn ends_connection(error: &DbError) -> bool {
    let is_fatal = match error.parsed_severity() {
        Some(severity) => matches!(severity, Severity::Fatal | Severity::Panic),
        // Servers before PostgreSQL 9.6 give the severity only in their own language.
        None => matches!(error.severity(), "FATAL" | "PANIC"),
    };
    let code = error.code().code();
    is_fatal || code.starts_with("08") || code.starts_with("57P")
}
