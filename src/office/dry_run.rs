//! What a module would change if it were active: its verdicts next to today's, for the campus's open applications and
//! for all students with all open jobs. Changes nothing. For notification modules, see mail_dry_run.rs.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::dry_run_data::{DryRunData, OpenApplication, stride};
use super::mail_dry_run::replay;
use crate::eligibility::{Case, Checker, Purpose, rule_set};
use crate::model::{
    ApplicationId, Eligibility, JobId, Reason, RuleAnswer, RuleId, RuleInUse, RuleKind, RuleSet,
    Student, StudentId, Timestamp,
};
use crate::rules::{self, Fault};
use crate::store::{Direction, KeyRange, Reader, StoreError, Stored, keys};

/// Most changed verdicts to list.
const SAMPLES: usize = 100;
/// Pairs per call, and keys per read.
const BATCH: usize = 2_048;
/// Stops after this many faults.
pub(super) const MOST_FAULTS: u64 = 100;
/// Stops after this time, with what it has so far.
const LONGEST: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub struct DryRun {
    /// Answers that the module gave.
    pub evaluated: u64,
    pub changed: u64,
    /// Questions without an answer after two attempts.
    pub faults: u64,
    /// The first fault's text.
    pub first_fault: Option<String>,
    pub samples: Vec<Sample>,
}

/// An answer that would change. `None` as the application: the student has not applied.
#[derive(Debug)]
pub struct Sample {
    pub application_id: Option<ApplicationId>,
    pub job_id: JobId,
    pub student_id: StudentId,
    pub before: RuleAnswer,
    pub after: RuleAnswer,
    /// Reasons of the new answer.
    pub reasons: Vec<Reason>,
}

/// Compares today's rules with the same rules with `module` in place of its active version.
pub async fn dry_run(
    checker: &Checker,
    reader: &Reader,
    module: &RuleInUse,
    now: Timestamp,
) -> Result<DryRun, StoreError> {
    let today = rule_set(reader).await?;
    let then = today.with(module);
    if module.kind == RuleKind::Notification {
        return replay(checker, reader, [&today, &then], module.rule_id, now).await;
    }
    let mut data = DryRunData::survey(checker, reader, now).await?;
    let applications = std::mem::take(&mut data.applications);
    let mut asking = Asking {
        checker,
        rules: (&today, &then),
        tried: module.rule_id,
        jobs: Arc::new(data.jobs.iter().map(|(_, facts)| facts.clone()).collect()),
        data,
        now,
        batch: Batch::default(),
        run: DryRun::default(),
        started: Instant::now(),
    };
    asking.ask_applications(applications).await?;
    asking.ask_roster().await?;
    asking.ask().await?;
    Ok(asking.run)
}

impl DryRun {
    /// Whether it shows the module's effect: there were answers, and no question stayed without one.
    pub fn is_conclusive(&self) -> bool {
        self.evaluated > 0 && self.faults == 0
    }

    /// Counts an answer, and lists it if it would change and there is room.
    pub(super) fn note(&mut self, answer: Sample) {
        self.evaluated += 1;
        if answer.before == answer.after {
            return;
        }
        self.changed += 1;
        if self.samples.len() < SAMPLES {
            self.samples.push(answer);
        }
    }

    /// Counts questions that stay without an answer.
    pub(super) fn note_faults(&mut self, count: u64, fault: &Fault) {
        self.faults += count;
        self.first_fault.get_or_insert_with(|| fault.to_string());
    }
}

/// The questions of one call.
#[derive(Default)]
struct Batch {
    students: Vec<(StudentId, rules::Student)>,
    places: HashMap<String, usize>,
    pairs: Vec<Pair>,
}

struct Pair {
    application_id: Option<ApplicationId>,
    student: usize,
    job: usize,
}

struct Asking<'a> {
    checker: &'a Checker,
    /// The rules today, and those to compare with.
    rules: (&'a RuleSet, &'a RuleSet),
    tried: RuleId,
    data: DryRunData<'a>,
    jobs: Arc<Vec<rules::Job>>,
    now: Timestamp,
    batch: Batch,
    run: DryRun,
    started: Instant,
}

impl Asking<'_> {
    fn is_over(&self) -> bool {
        self.run.faults >= MOST_FAULTS || self.started.elapsed() > LONGEST
    }

    async fn ask_applications(
        &mut self,
        applications: Vec<OpenApplication>,
    ) -> Result<(), StoreError> {
        for filed in applications {
            let stored = self
                .data
                .reader
                .get(&keys::student(&filed.student_id))
                .await?;
            if let Some(student) = stored {
                self.add(&student, Some(filed.application_id), filed.job)
                    .await?;
            }
        }
        Ok(())
    }

    async fn ask_roster(&mut self) -> Result<(), StoreError> {
        let jobs = self.data.open_jobs;
        let step = stride(self.data.count_students().await?, jobs);
        let mut range = KeyRange::prefix(&keys::students());
        // The index of a pair among all students with all jobs.
        let mut first = 0_usize;
        loop {
            let found = (self.data.reader)
                .scan_keys(&range, Direction::Forward, BATCH)
                .await?;
            let Some(last) = found.last().cloned() else {
                return Ok(());
            };
            for key in &found {
                let places = (first.next_multiple_of(step) - first..jobs).step_by(step);
                first += jobs;
                if places.len() == 0 {
                    continue;
                }
                let id = keys::indexed_id::<Student>(key)?;
                let stored: Option<Stored<Student>> =
                    self.data.reader.get(&keys::student(&id)).await?;
                let Some(student) = stored else { continue };
                let applied = self.data.applied.remove(student.student_id.as_str());
                let applied = applied.unwrap_or_default();
                for job in places.filter(|job| !applied.contains(job)) {
                    self.add(&student, None, job).await?;
                }
                if self.is_over() {
                    return Ok(());
                }
            }
            range = range.beyond(last, Direction::Forward);
        }
    }

    async fn add(
        &mut self,
        student: &Student,
        application_id: Option<ApplicationId>,
        job: usize,
    ) -> Result<(), StoreError> {
        let known = self.batch.places.get(student.student_id.as_str());
        let place = if let Some(place) = known {
            *place
        } else {
            let place = self.batch.students.len();
            let facts = self
                .data
                .facts
                .student(self.data.reader, place, student)
                .await?;
            let id = student.student_id.clone();
            self.batch.places.insert(id.as_str().into(), place);
            self.batch.students.push((id, facts));
            place
        };
        self.batch.pairs.push(Pair {
            application_id,
            student: place,
            job,
        });
        if self.batch.pairs.len() >= BATCH {
            self.ask().await?;
        }
        Ok(())
    }

    /// Asks today's rules and the new rules about the current batch.
    async fn ask(&mut self) -> Result<(), StoreError> {
        let Batch {
            students, pairs, ..
        } = std::mem::take(&mut self.batch);
        if pairs.is_empty() || self.is_over() {
            return Ok(());
        }
        let facts: Vec<_> = students.iter().map(|(_, facts)| facts.clone()).collect();
        let case = |pairs: Vec<(u32, u32)>| {
            Arc::new(Case {
                now: self.now,
                language: self.checker.first_language().to_owned(),
                students: facts.clone(),
                jobs: self.jobs.clone(),
                pairs,
                purpose: Purpose::DryRun,
            })
        };
        let numbers = |pair: &Pair| (pair.student as u32, pair.job as u32);
        let all = case(pairs.iter().map(numbers).collect());
        let mut answers = self.compare(&all).await?;
        // A busy machine may have caused the first failure.
        let failed: Vec<usize> = (0..pairs.len())
            .filter(|at| answers[*at].is_err())
            .collect();
        if !failed.is_empty() {
            let again = case(failed.iter().map(|at| all.pairs[*at]).collect());
            for (at, answer) in failed.into_iter().zip(self.compare(&again).await?) {
                answers[at] = answer;
            }
        }
        for (pair, answer) in pairs.iter().zip(answers) {
            match answer {
                Ok((before, after)) => self.note(pair, &students[pair.student].0, before, after),
                Err(fault) => self.run.note_faults(1, &fault),
            }
        }
        Ok(())
    }

    /// The verdicts of today's rules and of the new ones on each pair. A fault if the tested module gave no answer, or
    /// if the machine was too busy to ask one of the others.
    async fn compare(
        &self,
        case: &Arc<Case>,
    ) -> Result<Vec<Result<(Eligibility, Eligibility), Fault>>, StoreError> {
        let (reader, (today, then)) = (self.data.reader, self.rules);
        let before = self.checker.check(reader, today, case).await?;
        let after = self.checker.check(reader, then, case).await?;
        let both = before.all.into_iter().zip(after.all);
        let mut answers: Vec<_> = both.map(Ok).collect();
        let busy = (before.failed.into_iter()).filter(|failed| failed.fault == Fault::Busy);
        let tried = (after.failed.into_iter())
            .filter(|failed| failed.rule_id == self.tried || failed.fault == Fault::Busy);
        for failed in busy.chain(tried) {
            answers[failed.at] = Err(failed.fault);
        }
        Ok(answers)
    }

    fn note(&mut self, pair: &Pair, student: &StudentId, before: Eligibility, after: Eligibility) {
        self.run.note(Sample {
            application_id: pair.application_id,
            job_id: self.data.jobs[pair.job].0,
            student_id: student.clone(),
            before: before.outcome.into(),
            after: after.outcome.into(),
            reasons: after.reasons,
        });
    }
}
