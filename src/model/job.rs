//! A posting and its status changes.

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
    /// Waits for the office's approval.
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

    /// The name in the API.
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

/// The office declined this posting. This stays until the office opens it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Declined {
    pub at: Timestamp,
    pub reason: Option<String>,
}

/// The status and the fields that change with it are private: the methods below change them, and only `jobs/` calls
/// those.
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
    /// The key in the system that it was imported from.
    pub external_id: Option<String>,
    /// When it first opened. Before that, when it was created.
    posted_at: Timestamp,
    /// It was open at some time, so it stays public.
    #[serde(default)]
    was_open: bool,
    /// Set while the office declines it: the posting then needs the office again, whatever its employer does.
    #[serde(default)]
    declined: Option<Declined>,
    pub updated_at: Timestamp,
}

impl Job {
    /// An empty draft to fill in.
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

    /// When it first opened. Before that, when it was created.
    pub fn posted_at(&self) -> Timestamp {
        self.posted_at
    }

    pub fn was_open(&self) -> bool {
        self.was_open
    }

    /// Set while the office declines this posting.
    pub fn declined(&self) -> Option<&Declined> {
        self.declined.as_ref()
    }

    /// Whether a new application may be submitted now. A passed deadline counts even if the status has not changed yet.
    pub fn takes_applications(&self, now: Timestamp) -> bool {
        self.job_status == JobStatus::Open && now < self.deadline
    }

    /// Whether the public may see it. A closed draft and a declined posting stay hidden.
    pub fn is_public(&self) -> bool {
        match self.job_status {
            JobStatus::Draft | JobStatus::Pending => false,
            JobStatus::Closed => self.was_open,
            JobStatus::Open | JobStatus::Filled | JobStatus::Expired => true,
        }
    }

    /// Publishes or reopens it. It becomes pending if the office has to review it, or declined it before.
    pub fn publish(&mut self, needs_office: bool, now: Timestamp) {
        if needs_office || self.declined.is_some() {
            self.job_status = JobStatus::Pending;
        } else {
            self.open(now);
        }
    }

    /// The office opens it. This cancels an earlier decline.
    pub fn approve(&mut self, now: Timestamp) {
        self.declined = None;
        self.open(now);
    }

    pub fn close(&mut self) {
        self.job_status = JobStatus::Closed;
    }

    /// The office closes it. Declining again for the same reason changes nothing.
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

    /// Its employer was erased: closes the posting and removes the employer's name and texts.
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

    /// Counts an accepted student. The posting may be full now, also if only its deadline keeps it from taking
    /// applications.
    pub fn take_position(&mut self) {
        self.positions_filled += 1;
        if matches!(self.job_status, JobStatus::Open | JobStatus::Expired)
            && !self.has_free_position()
        {
            self.job_status = JobStatus::Filled;
        }
    }

    /// Marks an open posting without a free position as filled.
    pub fn fill_if_full(&mut self) {
        if self.job_status == JobStatus::Open && !self.has_free_position() {
            self.job_status = JobStatus::Filled;
        }
    }

    /// Reopens a posting whose source moved the deadline or added positions, and fills one that has none left.
    pub fn follow_source(&mut self, now: Timestamp) {
        self.fill_if_full();
        if matches!(self.job_status, JobStatus::Expired | JobStatus::Filled)
            && now < self.deadline
            && self.has_free_position()
        {
            self.open(now);
        }
    }

    /// The posting date is the first time it opens.
    fn open(&mut self, now: Timestamp) {
        if !self.was_open {
            self.was_open = true;
            self.posted_at = now;
        }
        self.job_status = JobStatus::Open;
    }

    /// The API names of the fields that affect verdicts and differ between two versions of this posting.
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

    /// Whether its hours still count: it has no end date, or the end date has not passed.
    pub fn runs_on(&self, today: Date) -> bool {
        self.end_date.is_none_or(|end| end >= today)
    }
}
