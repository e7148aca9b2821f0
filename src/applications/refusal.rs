//! Why application commands refuse.

use crate::model::{ApplicationStatus, Invalid, Reason};
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("job not found")]
    JobNotFound,
    #[error("the job does not take applications")]
    JobNotOpen,
    #[error("the student has already applied for this job")]
    AlreadyApplied,
    #[error("application not found")]
    NotFound,
    #[error("only the job's employer may see its applications")]
    NotYours,
    #[error("the application has changed since it was read")]
    Stale,
    #[error("an application cannot change from {} to {}", from.name(), to.name())]
    InvalidTransition {
        from: ApplicationStatus,
        to: ApplicationStatus,
    },
    #[error("all positions of the job are filled")]
    PositionsFilled,
    #[error("too busy to ask the campus rules")]
    Busy,
    #[error("the campus rules do not allow it")]
    Ineligible(Vec<Reason>),
    #[error("the application is already {}", .0.name())]
    Decided(ApplicationStatus),
    #[error("the file is not a complete PDF")]
    NotAPdf,
    #[error("you already have {0} files; delete one first")]
    TooManyFiles(usize),
    #[error(transparent)]
    Store(#[from] StoreError),
}
