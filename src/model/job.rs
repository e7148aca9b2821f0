//! A posting and its life.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{EmployeeId, JobId, Money, Timestamp};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum JobSetting {
    #[default]
    OnCampus,
    OffCampus,
    Remote,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobStatus {
    Draft,
    /// Waits for an admin.
    Pending,
    Open,
    Filled,
    Closed,
    Expired,
}

impl JobStatus {
    pub const ALL: [Self; 6] = [
        Self::Draft,
        Self::Pending,
        Self::Open,
        Self::Filled,
        Self::Closed,
        Self::Expired,
    ];

    /// As it stands in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Pending => "pending",
            Self::Open => "open",
            Self::Filled => "filled",
            Self::Closed => "closed",
            Self::Expired => "expired",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    pub question_id: String,
    pub prompt: String,
    pub required: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    pub job_id: JobId,
    pub job_title: String,
    pub job_description: String,
    /// Per hour.
    pub job_pay_rate: Money,
    pub currency: String,
    pub skills_required: Vec<String>,
    pub employee_id: EmployeeId,
    pub employer_name: String,
    pub work_space: Option<String>,
    pub location: Option<String>,
    pub setting: JobSetting,
    pub hours_per_week: f64,
    pub positions: u32,
    pub positions_filled: u32,
    pub work_study_required: bool,
    pub start_date: Option<Date>,
    pub end_date: Option<Date>,
    pub deadline: Timestamp,
    pub questions: Vec<Question>,
    pub job_status: JobStatus,
    /// The key of the system it was imported from.
    pub external_id: Option<String>,
    /// When it first opened; until then, when it was written down.
    pub posted_at: Timestamp,
    /// It was open at some time, so the public may go on knowing of it.
    #[serde(default)]
    pub was_open: bool,
    pub updated_at: Timestamp,
}

impl Job {
    /// Whether a new application may be filed now. The deadline counts at once, however late the status turns.
    pub fn takes_applications(&self, now: Timestamp) -> bool {
        self.job_status == JobStatus::Open && now < self.deadline
    }

    /// Whether the public may know of it: a draft that was closed, and a posting that the office refused, stay unknown.
    pub fn is_public(&self) -> bool {
        match self.job_status {
            JobStatus::Draft | JobStatus::Pending => false,
            JobStatus::Closed => self.was_open,
            JobStatus::Open | JobStatus::Filled | JobStatus::Expired => true,
        }
    }

    /// Moves it to a status that it may have; the first time it opens is the time of its posting.
    pub fn turn(&mut self, to: JobStatus, now: Timestamp) {
        if to == JobStatus::Open && !self.was_open {
            self.was_open = true;
            self.posted_at = now;
        }
        self.job_status = to;
    }

    pub fn has_free_position(&self) -> bool {
        self.positions_filled < self.positions
    }

    /// Whether its hours still count: it has no end, or the end has not passed.
    pub fn runs_on(&self, today: Date) -> bool {
        self.end_date.is_none_or(|end| end >= today)
    }

    /// The status after a position was taken.
    pub fn status_after_filling(&self) -> JobStatus {
        if self.has_free_position() {
            self.job_status
        } else {
            JobStatus::Filled
        }
    }
}
