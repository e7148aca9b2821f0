//! Why application commands refuse.

use crate::model::{ApplicationStatus, Invalid, Reason};
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("there is no such job")]
    JobNotFound,
    #[error("the job takes no applications")]
    JobNotOpen,
    #[error("there is an application to this job already")]
    AlreadyApplied,
    #[error("there is no such application")]
    NotFound,
    #[error("the applications of a job are for its employer")]
    NotYours,
    #[error("the application has changed since it was read")]
    Stale,
    #[error("an application cannot go from {} to {}", from.name(), to.name())]
    InvalidTransition {
        from: ApplicationStatus,
        to: ApplicationStatus,
    },
    #[error("all positions of the job are filled")]
    PositionsFilled,
    #[error("the campus rules do not allow it")]
    Ineligible(Vec<Reason>),
    #[error("the application is {} already", .0.name())]
    Decided(ApplicationStatus),
    #[error("the file is not a complete PDF")]
    NotAPdf,
    #[error("you have {0} files already; delete one first")]
    TooManyFiles(usize),
    #[error(transparent)]
    Store(#[from] StoreError),
}
