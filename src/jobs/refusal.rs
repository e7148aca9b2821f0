//! Why job commands refuse.

use crate::model::{FieldFault, Invalid, JobStatus};
use crate::search::SearchError;
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("job not found")]
    NotFound,
    #[error("the job belongs to another employer")]
    NotYours,
    #[error("the job has changed since it was read")]
    Stale,
    #[error("a job cannot change from {} to {}", from.name(), to.name())]
    InvalidTransition { from: JobStatus, to: JobStatus },
    #[error("these cannot change while applications are open: {}", .0.join(", "))]
    HasApplications(Vec<&'static str>),
    #[error("employers can list only their own jobs by this status")]
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
