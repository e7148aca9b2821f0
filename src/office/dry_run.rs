//! What a module would change, before it decides anything: its verdicts beside today's, over the campus's open
//! applications and over what their students could apply for. Changes nothing. Of a module that decides about mail: see
//! mail_dry_run.rs.

use std::collections::HashMap;
use std::sync::Arc;

use super::mail_dry_run::replay;
use crate::eligibility::{Case, Facts, Judge, rule_set};
use crate::model::{
    Application, ApplicationId, Eligibility, Job, JobId, JobStatus, Reason, RuleAnswer, RuleInUse,
    RuleKind, Student, StudentId, Timestamp,
};
use crate::store::{Direction, KeyRange, Reader, StoreError, Stored, keys};

/// Open applications that are looked at, the newest first.
const APPLICATIONS: usize = 5_000;
/// Students of those applications, and newest open jobs, each of which is asked about with each.
const STUDENTS: usize = 40;
const JOBS: usize = 250;
/// Changed verdicts that are shown one by one.
const SAMPLES: usize = 100;
/// Pairs asked in one go.
const PAIRS: usize = 2_048;

#[derive(Debug, Default)]
pub struct DryRun {
    pub evaluated: u64,
    pub changed: u64,
    pub samples: Vec<Sample>,
}

/// An answer that would change. No application: the student has not applied.
#[derive(Debug)]
pub struct Sample {
    pub application_id: Option<ApplicationId>,
    pub job_id: JobId,
    pub student_id: StudentId,
    pub before: RuleAnswer,
    pub after: RuleAnswer,
    /// Of the answer after.
    pub reasons: Vec<Reason>,
}

/// One pair to be asked about.
struct Pair {
    application_id: Option<ApplicationId>,
    student: usize,
    job: usize,
}

/// The records that are asked about, each loaded once.
struct Ground<'a> {
    reader: &'a Reader,
    facts: Facts<'a>,
    students: Vec<(StudentId, crate::rules::Student)>,
    student_places: HashMap<String, usize>,
    jobs: Vec<(JobId, crate::rules::Job)>,
    job_places: HashMap<JobId, usize>,
    pairs: Vec<Pair>,
}

/// Compares today's rules with the same rules in which `module` stands in the place of its active version.
pub async fn dry_run(
    judge: &Judge,
    reader: &Reader,
    module: &RuleInUse,
    now: Timestamp,
) -> Result<DryRun, StoreError> {
    let today = rule_set(reader)?;
    let then = today.with(module);
    if module.kind == RuleKind::Notification {
        return replay(judge, reader, &today, &then, now).await;
    }
    let ground = Ground::survey(judge, reader, now)?;
    let jobs: Arc<Vec<_>> = Arc::new(ground.jobs.iter().map(|(_, facts)| facts.clone()).collect());
    let mut run = DryRun::default();
    for pairs in ground.pairs.chunks(PAIRS) {
        let case = Arc::new(Case {
            now,
            language: judge.first_language().to_owned(),
            students: ground
                .students
                .iter()
                .map(|(_, facts)| facts.clone())
                .collect(),
            jobs: jobs.clone(),
            pairs: pairs
                .iter()
                .map(|pair| (pair.student as u32, pair.job as u32))
                .collect(),
        });
        let before = judge.judge(reader, &today, &case).await?;
        let after = judge.judge(reader, &then, &case).await?;
        run.compare(&ground, pairs, before.all, after.all);
    }
    Ok(run)
}

impl DryRun {
    fn compare(
        &mut self,
        ground: &Ground,
        pairs: &[Pair],
        before: Vec<Eligibility>,
        after: Vec<Eligibility>,
    ) {
        for ((pair, before), after) in pairs.iter().zip(before).zip(after) {
            self.note(Sample {
                application_id: pair.application_id,
                job_id: ground.jobs[pair.job].0,
                student_id: ground.students[pair.student].0.clone(),
                before: before.outcome.into(),
                after: after.outcome.into(),
                reasons: after.reasons,
            });
        }
    }

    /// Counts an answer; shows it if it would change and there is room.
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
}

impl<'a> Ground<'a> {
    fn survey(judge: &'a Judge, reader: &'a Reader, now: Timestamp) -> Result<Self, StoreError> {
        let mut ground = Self {
            reader,
            facts: Facts::new(&judge.terms().zone, now),
            students: Vec::new(),
            student_places: HashMap::new(),
            jobs: Vec::new(),
            job_places: HashMap::new(),
            pairs: Vec::new(),
        };
        ground.add_applications()?;
        ground.add_open_jobs()?;
        Ok(ground)
    }

    fn add_applications(&mut self) -> Result<(), StoreError> {
        let mut range = KeyRange::prefix(&keys::applications());
        while self.pairs.len() < APPLICATIONS {
            let found = self.reader.scan_keys(&range, Direction::Backward, 1_000)?;
            let Some(last) = found.last().cloned() else {
                break;
            };
            for key in &found {
                let id = keys::indexed_id::<Application>(key)?;
                let stored: Option<Stored<Application>> =
                    self.reader.get(&keys::application(id))?;
                let open = stored.filter(|filed| !filed.application_status().is_final());
                let Some(application) = open else { continue };
                let student = self.student(&application.student_id)?;
                let job = self.job(application.job_id)?;
                if let (Some(student), Some(job)) = (student, job) {
                    self.pairs.push(Pair {
                        application_id: Some(id),
                        student,
                        job,
                    });
                }
            }
            range = range.beyond(last, Direction::Backward);
        }
        Ok(())
    }

    fn add_open_jobs(&mut self) -> Result<(), StoreError> {
        let open = KeyRange::prefix(&keys::jobs_by_status(JobStatus::Open));
        let asked: std::collections::HashSet<(usize, usize)> = self
            .pairs
            .iter()
            .map(|pair| (pair.student, pair.job))
            .collect();
        let students = self.students.len().min(STUDENTS);
        for key in self.reader.scan_keys(&open, Direction::Backward, JOBS)? {
            let Some(job) = self.job(keys::indexed_id::<Job>(&key)?)? else {
                continue;
            };
            let fresh = (0..students).filter(|student| !asked.contains(&(*student, job)));
            self.pairs.extend(fresh.map(|student| Pair {
                application_id: None,
                student,
                job,
            }));
        }
        Ok(())
    }

    fn student(&mut self, id: &StudentId) -> Result<Option<usize>, StoreError> {
        if let Some(place) = self.student_places.get(id.as_str()) {
            return Ok(Some(*place));
        }
        let stored: Option<Stored<Student>> = self.reader.get(&keys::student(id))?;
        let Some(student) = stored else {
            return Ok(None);
        };
        let place = self.students.len();
        let facts = self.facts.student(self.reader, place, &student)?;
        self.students.push((id.clone(), facts));
        self.student_places.insert(id.as_str().into(), place);
        Ok(Some(place))
    }

    fn job(&mut self, id: JobId) -> Result<Option<usize>, StoreError> {
        if let Some(place) = self.job_places.get(&id) {
            return Ok(Some(*place));
        }
        let stored: Option<Stored<Job>> = self.reader.get(&keys::job(id))?;
        let Some(job) = stored else { return Ok(None) };
        let place = self.jobs.len();
        self.jobs.push((id, self.facts.job(place, &job)));
        self.job_places.insert(id, place);
        Ok(Some(place))
    }
}
