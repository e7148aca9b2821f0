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

/// The office's no to a posting. It stands until the office opens the posting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Declined {
    pub at: Timestamp,
    pub reason: Option<String>,
}

/// Its status and what goes with it are private: they change by the moves below, which only `jobs/` makes.
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
    positions_filled: u32,
    pub work_study_required: bool,
    pub start_date: Option<Date>,
    pub end_date: Option<Date>,
    pub deadline: Timestamp,
    pub questions: Vec<Question>,
    job_status: JobStatus,
    /// The key of the system it was imported from.
    pub external_id: Option<String>,
    /// When it first opened; until then, when it was written down.
    posted_at: Timestamp,
    /// It was open at some time, so the public may go on knowing of it.
    #[serde(default)]
    was_open: bool,
    /// Set while the office's no stands: the posting then needs the office again, whatever its employer sets.
    #[serde(default)]
    declined: Option<Declined>,
    pub updated_at: Timestamp,
}

impl Job {
    /// An empty draft, for its members to be filled in.
    pub fn draft(job_id: JobId, employee_id: EmployeeId, now: Timestamp) -> Self {
        Self {
            job_id,
            job_title: String::new(),
            job_description: String::new(),
            job_pay_rate: Money::from_cents(0),
            currency: String::new(),
            skills_required: Vec::new(),
            employee_id,
            employer_name: String::new(),
            work_space: None,
            location: None,
            setting: JobSetting::default(),
            hours_per_week: 0.0,
            positions: 1,
            positions_filled: 0,
            work_study_required: false,
            start_date: None,
            end_date: None,
            deadline: now,
            questions: Vec::new(),
            job_status: JobStatus::Draft,
            external_id: None,
            posted_at: now,
            was_open: false,
            declined: None,
            updated_at: now,
        }
    }

    pub fn job_status(&self) -> JobStatus {
        self.job_status
    }

    pub fn positions_filled(&self) -> u32 {
        self.positions_filled
    }

    /// When it first opened; until then, when it was written down.
    pub fn posted_at(&self) -> Timestamp {
        self.posted_at
    }

    pub fn was_open(&self) -> bool {
        self.was_open
    }

    /// The office's no, while it stands.
    pub fn declined(&self) -> Option<&Declined> {
        self.declined.as_ref()
    }

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

    /// Publishes it or opens it again; it is pending where the office has to look first, and where the office said no before.
    pub fn publish(&mut self, needs_office: bool, now: Timestamp) {
        if needs_office || self.declined.is_some() {
            self.job_status = JobStatus::Pending;
        } else {
            self.open(now);
        }
    }

    /// The office opens it, which takes back an earlier no.
    pub fn approve(&mut self, now: Timestamp) {
        self.declined = None;
        self.open(now);
    }

    pub fn close(&mut self) {
        self.job_status = JobStatus::Closed;
    }

    /// The office closes it. Said again without another reason, nothing changes.
    pub fn decline(&mut self, reason: Option<String>, now: Timestamp) {
        let stands = self.job_status == JobStatus::Closed
            && self
                .declined
                .as_ref()
                .is_some_and(|declined| reason.is_none() || declined.reason == reason);
        self.close();
        if !stands {
            self.declined = Some(Declined { at: now, reason });
        }
    }

    /// Its employer is gone: what was out is closed, and no name or word about him stays.
    pub fn orphan(&mut self, erased_name: &str) {
        erased_name.clone_into(&mut self.employer_name);
        if matches!(
            self.job_status,
            JobStatus::Draft | JobStatus::Pending | JobStatus::Open
        ) {
            self.close();
        }
        if let Some(declined) = &mut self.declined {
            declined.reason = None;
        }
    }

    pub fn expire(&mut self) {
        self.job_status = JobStatus::Expired;
    }

    /// Somebody was accepted. A posting that still takes applications, or would but for its deadline, may be full now.
    pub fn take_position(&mut self) {
        self.positions_filled += 1;
        if matches!(self.job_status, JobStatus::Open | JobStatus::Expired)
            && !self.has_free_position()
        {
            self.job_status = JobStatus::Filled;
        }
    }

    /// An open posting that has no free position (any more) is filled.
    pub fn fill_if_full(&mut self) {
        if self.job_status == JobStatus::Open && !self.has_free_position() {
            self.job_status = JobStatus::Filled;
        }
    }

    /// A posting whose source moved its deadline or added positions is open again, and one that has none free is not.
    pub fn follow_source(&mut self, now: Timestamp) {
        self.fill_if_full();
        if matches!(self.job_status, JobStatus::Expired | JobStatus::Filled)
            && now < self.deadline
            && self.has_free_position()
        {
            self.open(now);
        }
    }

    /// The first time it opens is the time of its posting.
    fn open(&mut self, now: Timestamp) {
        if !self.was_open {
            self.was_open = true;
            self.posted_at = now;
        }
        self.job_status = JobStatus::Open;
    }

    /// The members that verdicts rest on and that differ in another version of this posting, as they stand in the API.
    pub fn verdict_members_that_differ(&self, other: &Self) -> Vec<&'static str> {
        [
            ("hoursPerWeek", self.hours_per_week != other.hours_per_week),
            ("jobPayRate", self.job_pay_rate != other.job_pay_rate),
            (
                "workStudyRequired",
                self.work_study_required != other.work_study_required,
            ),
            ("setting", self.setting != other.setting),
            ("startDate", self.start_date != other.start_date),
            ("endDate", self.end_date != other.end_date),
        ]
        .into_iter()
        .filter_map(|(member, differs)| differs.then_some(member))
        .collect()
    }

    pub fn has_free_position(&self) -> bool {
        self.positions_filled < self.positions
    }

    /// Whether its hours still count: it has no end, or the end has not passed.
    pub fn runs_on(&self, today: Date) -> bool {
        self.end_date.is_none_or(|end| end >= today)
    }
}
