//! A search's request and result. Plain data.

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::correction::Corrected;
use super::{After, Facets};
use crate::model::{EmployeeId, JobId, JobSetting, JobStatus, Money, Timestamp};

/// Most hits in one answer, whatever the limit.
pub const MAX_HITS: usize = 1_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    /// Best match first; newest first without a query.
    #[default]
    Relevance,
    Newest,
    /// Highest first.
    Pay,
    /// Earliest first.
    Deadline,
}

#[derive(Clone, Debug)]
pub struct JobQuery {
    /// What a person typed; never an error. Blank: no query. Without any word: nothing matches.
    pub q: Option<String>,
    /// The job must ask for all of them, in any case.
    pub skills: Vec<String>,
    /// One of these. Empty: any.
    pub settings: Vec<JobSetting>,
    /// All these words must be in the job's location.
    pub location: Option<String>,
    /// The whole name, in any case.
    pub work_space: Option<String>,
    pub min_pay: Option<Money>,
    pub max_hours: Option<f64>,
    pub work_study: Option<bool>,
    pub employee_id: Option<EmployeeId>,
    /// Only these jobs.
    pub only: Option<Arc<HashSet<JobId>>>,
    pub status: JobStatus,
    /// Open jobs whose deadline is not later than this are not found.
    pub now: Timestamp,
    pub sort: Sort,
    /// At most `MAX_HITS`.
    pub limit: usize,
    pub after: Option<After>,
}

impl JobQuery {
    /// All open jobs, best first.
    pub fn open(now: Timestamp, limit: usize) -> Self {
        Self {
            q: None,
            skills: Vec::new(),
            settings: Vec::new(),
            location: None,
            work_space: None,
            min_pay: None,
            max_hours: None,
            work_study: None,
            employee_id: None,
            only: None,
            status: JobStatus::Open,
            now,
            sort: Sort::default(),
            limit,
            after: None,
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Found {
    pub hits: Vec<JobId>,
    /// Where the next page starts. `None` on the last page.
    pub next: Option<After>,
    /// All matches, on every page.
    pub total: usize,
    pub facets: Arc<Facets>,
    /// What was searched instead of words without a match.
    pub corrected: Option<Corrected>,
}
