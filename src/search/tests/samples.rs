//! Jobs and searches for the tests.

use crate::model::{EmployeeId, Job, JobId, Money, Timestamp};
use crate::search::{Edit, JobQuery, SearchIndex};

pub const NOW: Timestamp = Timestamp::from_millis(1_000_000);

pub fn id(number: u64) -> JobId {
    JobId::from_parts(number / 7, number % 7)
}

/// An open job with a future deadline, posted in the millisecond of its number.
pub fn job(number: u64, title: &str, description: &str) -> Job {
    posted_job(number, title, description, number.cast_signed())
}

pub fn posted_job(number: u64, title: &str, description: &str, posted_millis: i64) -> Job {
    let mut job = draft_job(number, title, description);
    job.approve(Timestamp::from_millis(posted_millis));
    job
}

pub fn draft_job(number: u64, title: &str, description: &str) -> Job {
    let employer = EmployeeId::parse("e1").unwrap();
    let written = Timestamp::from_millis(number.cast_signed());
    changed(Job::draft(id(number), employer, written), |job| {
        job.job_title = title.into();
        job.job_description = description.into();
        job.job_pay_rate = Money::from_cents(1_500);
        job.currency = "USD".into();
        job.employer_name = "Dean Fox".into();
        job.hours_per_week = 10.0;
        job.deadline = Timestamp::from_millis(2_000_000);
        job.updated_at = NOW;
    })
}

/// A job with some fields changed.
pub fn changed(mut job: Job, change: impl FnOnce(&mut Job)) -> Job {
    change(&mut job);
    job
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
