//! Why job commands refuse.

use crate::model::{FieldFault, Invalid, JobStatus};
use crate::search::SearchError;
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("there is no such job")]
    NotFound,
    #[error("the job belongs to somebody else")]
    NotYours,
    #[error("the job has changed since it was read")]
    Stale,
    #[error("a job cannot go from {} to {}", from.name(), to.name())]
    InvalidTransition { from: JobStatus, to: JobStatus },
    #[error("while applications are open, these cannot change: {}", .0.join(", "))]
    HasApplications(Vec<&'static str>),
    #[error("only an employer's own jobs can be listed by that status")]
    StatusNotYours,
    #[error(transparent)]
    Search(SearchError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SearchError> for Refusal {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::BadCursor => Invalid::one("cursor", FieldFault::UnknownCursor).into(),
            error => Self::Search(error),
        }
    }
}
