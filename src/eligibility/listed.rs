//! Verdicts beside the jobs of a list.

use std::sync::Arc;

use super::checker::{Case, Checker, Purpose};
use super::facts::Facts;
use super::rule_set;
use crate::model::{Eligibility, Job, Student, Timestamp};
use crate::store::{Reader, StoreError};

impl Checker {
    /// The verdicts for one student about some jobs, to be shown in a list. `None` if the machine is too busy.
    pub async fn check_jobs(
        &self,
        reader: &Reader,
        student: &Student,
        jobs: &[&Job],
        now: Timestamp,
        asked: Option<&str>,
    ) -> Result<Option<Vec<Eligibility>>, StoreError> {
        let facts = Facts::new(&self.terms().zone, now);
        let set = rule_set(reader).await?;
        let listed = jobs.iter().zip(0..);
        let case = Arc::new(Case {
            now,
            language: self.language_of(student, asked).to_owned(),
            students: vec![facts.student(reader, 0, student).await?],
            jobs: Arc::new(listed.map(|(job, place)| facts.job(place, job)).collect()),
            pairs: (0..).take(jobs.len()).map(|place| (0, place)).collect(),
            purpose: Purpose::Verdict,
        });
        let verdicts = self.check(reader, &set, &case).await?;
        Ok(verdicts.is_complete().then_some(verdicts.all))
    }
}
