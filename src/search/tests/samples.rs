//! Jobs and searches for the tests.

use crate::model::{EmployeeId, Job, JobId, JobSetting, JobStatus, Money, Timestamp};
use crate::search::{Edit, JobQuery, SearchIndex};

pub const NOW: Timestamp = Timestamp::from_millis(1_000_000);

pub fn id(number: u64) -> JobId {
    JobId::from_parts(number / 7, number % 7)
}

/// An open job whose deadline has not passed.
pub fn job(number: u64, title: &str, description: &str) -> Job {
    Job {
        job_id: id(number),
        job_title: title.into(),
        job_description: description.into(),
        job_pay_rate: Money::from_cents(1_500),
        currency: "USD".into(),
        skills_required: Vec::new(),
        employee_id: EmployeeId::parse("e1").unwrap(),
        employer_name: "Dean Fox".into(),
        work_space: None,
        location: None,
        setting: JobSetting::OnCampus,
        hours_per_week: 10.0,
        positions: 1,
        positions_filled: 0,
        work_study_required: false,
        start_date: None,
        end_date: None,
        deadline: Timestamp::from_millis(2_000_000),
        questions: Vec::new(),
        job_status: JobStatus::Open,
        external_id: None,
        posted_at: Timestamp::from_millis(number.cast_signed()),
        was_open: true,
        declined: None,
        updated_at: NOW,
    }
}

pub fn upsert(job: &Job) -> Edit {
    Edit::Upsert(Box::new(job.clone()))
}

pub struct Sample {
    pub dir: tempfile::TempDir,
    pub index: SearchIndex,
}

impl Sample {
    pub fn new(jobs: &[Job]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let index = SearchIndex::open(dir.path()).unwrap();
        index.apply(jobs.iter().map(upsert).collect(), 1).unwrap();
        Self { dir, index }
    }

    pub fn search(&self, q: &str) -> Vec<JobId> {
        let query = JobQuery {
            q: Some(q.into()),
            ..JobQuery::open(NOW, 100)
        };
        self.index.find(&query).unwrap().hits
    }
}
