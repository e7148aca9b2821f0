//! The data for a dry run: the campus's open jobs and applications, and which students to pair with which jobs.

use std::collections::{HashMap, HashSet};

use crate::eligibility::{Checker, Facts};
use crate::model::{Application, ApplicationId, Job, JobId, JobStatus, StudentId, Timestamp};
use crate::rules;
use crate::store::{Direction, KeyRange, Reader, StoreError, Stored, keys};

/// Most open applications to check, newest first.
const APPLICATIONS: usize = 5_000;
/// Most pairs of students and open jobs to check. With more pairs, an evenly spaced sample.
const MOST_PAIRS: usize = 100_000;
/// Keys per read.
const KEYS: usize = 1_000;

/// An open application: its student, and which of the jobs.
pub(super) struct OpenApplication {
    pub application_id: ApplicationId,
    pub student_id: StudentId,
    pub job: usize,
}

/// The records to ask about.
pub(super) struct DryRunData<'a> {
    pub reader: &'a Reader,
    pub facts: Facts<'a>,
    /// The open jobs, followed by others that somebody applied for.
    pub jobs: Vec<(JobId, rules::Job)>,
    job_places: HashMap<JobId, usize>,
    pub open_jobs: usize,
    pub applications: Vec<OpenApplication>,
    /// For each student, the jobs of these applications.
    pub applied: HashMap<String, HashSet<usize>>,
}

impl<'a> DryRunData<'a> {
    pub async fn survey(
        checker: &'a Checker,
        reader: &'a Reader,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let mut data = Self {
            reader,
            facts: Facts::new(&checker.terms().zone, now),
            jobs: Vec::new(),
            job_places: HashMap::new(),
            open_jobs: 0,
            applications: Vec::new(),
            applied: HashMap::new(),
        };
        let mut open = reader.walk(&keys::jobs_by_status(JobStatus::Open));
        while let Some(found) = open.next_keys().await? {
            for job in reader.get_indexed::<Job>(&found).await? {
                data.add_job(&job);
            }
        }
        data.open_jobs = data.jobs.len();
        data.find_applications().await?;
        Ok(data)
    }

    async fn find_applications(&mut self) -> Result<(), StoreError> {
        let mut range = KeyRange::prefix(&keys::applications());
        while self.applications.len() < APPLICATIONS {
            let found = self
                .reader
                .scan_keys(&range, Direction::Backward, KEYS)
                .await?;
            let Some(last) = found.last().cloned() else {
                break;
            };
            let found: Vec<Stored<Application>> = self.reader.get_indexed(&found).await?;
            for application in found {
                if application.application_status().is_final() {
                    continue;
                }
                let application_id = application.application_id;
                let student_id = application.record.student_id;
                if let Some(job) = self.job(application.record.job_id).await? {
                    let applied = self.applied.entry(student_id.as_str().into());
                    applied.or_default().insert(job);
                    self.applications.push(OpenApplication {
                        application_id,
                        student_id,
                        job,
                    });
                }
            }
            range = range.beyond(last, Direction::Backward);
        }
        Ok(())
    }

    async fn job(&mut self, id: JobId) -> Result<Option<usize>, StoreError> {
        if let Some(place) = self.job_places.get(&id) {
            return Ok(Some(*place));
        }
        let stored: Option<Stored<Job>> = self.reader.get(&keys::job(id)).await?;
        Ok(stored.map(|job| self.add_job(&job)))
    }

    fn add_job(&mut self, job: &Job) -> usize {
        let place = self.jobs.len();
        self.jobs.push((job.job_id, self.facts.job(place, job)));
        self.job_places.insert(job.job_id, place);
        place
    }

    pub async fn count_students(&self) -> Result<usize, StoreError> {
        let (mut count, mut walk) = (0, self.reader.walk(&keys::students()));
        while let Some(found) = walk.next_keys().await? {
            count += found.len();
        }
        Ok(count)
    }
}

/// The step between sampled pairs. It shares no divisor with the number of jobs, so that every job is sampled.
pub(super) fn stride(students: usize, jobs: usize) -> usize {
    let mut step = students.saturating_mul(jobs).div_ceil(MOST_PAIRS).max(1);
    while step > 1 && common_divisor(step, jobs) > 1 {
        step += 1;
    }
    step
}

fn common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A12: the sample of a large campus covers every job, and students from the first to the last.
    #[test]
    fn a_sample_includes_every_job() {
        assert_eq!(stride(100, 1_000), 1);
        assert_eq!(stride(10, 0), 1);
        for (students, jobs) in [(10_000, 3_200), (2_000, 3_000), (40_000, 10)] {
            let step = stride(students, jobs);
            let mut asked = (0..students * jobs).step_by(step);
            assert!(asked.clone().count() <= MOST_PAIRS);
            assert!(asked.clone().count() > MOST_PAIRS / 2);
            let seen: HashSet<_> = asked.clone().map(|pair| pair % jobs).collect();
            assert_eq!(seen.len(), jobs);
            assert!(
                asked
                    .next_back()
                    .is_some_and(|pair| pair / jobs > students * 9 / 10)
            );
        }
    }
}
