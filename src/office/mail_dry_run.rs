//! What a notification module would change: announces the newest postings again, in order, by today's rules and by the
//! new ones, to students of this campus. Sends nothing.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::dry_run::{DryRun, MOST_FAULTS, Sample};
use crate::eligibility::{Checker, Facts, Notice, Purpose, Routed, Routes};
use crate::model::{
    Account, AccountStatus, Delivery, Job, JobStatus, RuleId, RuleSet, Student, StudentId,
    Timestamp, fold_name,
};
use crate::rules::{self, Fault};
use crate::store::{Direction, KeyRange, Reader, StoreError, Stored, keys};

/// How many of the newest open postings to announce, each to the students who joined last.
const POSTINGS: usize = 100;
const STUDENTS: usize = 200;
/// Most accounts to search for students.
const ACCOUNTS: usize = 1_000;
/// The kind of event that the rule sees.
const KIND: &str = "job_posted";
const ROLE: &str = "student";
const DAY: Duration = Duration::from_hours(24);

struct Listener {
    student_id: StudentId,
    skills: HashSet<String>,
}

/// When each recipient got mail in one of the two runs, so that a rule can count it.
#[derive(Clone)]
struct PlannedMail(Vec<Vec<Timestamp>>);

pub(super) async fn replay(
    checker: &Checker,
    reader: &Reader,
    rules: [&RuleSet; 2],
    tried: RuleId,
    now: Timestamp,
) -> Result<DryRun, StoreError> {
    let listeners = listeners(reader).await?;
    let mut postings = postings(reader).await?;
    postings.sort_by_key(|job| job.posted_at());
    let facts = Facts::new(&checker.terms().zone, now);
    let no_mail = PlannedMail::none(listeners.len());
    let mut comparing = Comparing {
        checker,
        reader,
        rules,
        tried,
        planned: [no_mail.clone(), no_mail],
        listeners,
    };
    let mut run = DryRun::default();
    for job in &postings {
        let facts_of_job = facts.job(0, job);
        let mut answers = comparing.announce(job, &facts_of_job).await?;
        if answers.is_err() {
            // A busy machine may have caused the first failure.
            answers = comparing.announce(job, &facts_of_job).await?;
        }
        match answers {
            Ok([was, will]) => {
                for ((listener, was), will) in comparing.listeners.iter().zip(was).zip(will) {
                    run.note(Sample {
                        application_id: None,
                        job_id: job.job_id,
                        student_id: listener.student_id.clone(),
                        before: was.delivery.into(),
                        after: will.delivery.into(),
                        reasons: will.reasons,
                    });
                }
            }
            Err(fault) => run.note_faults(comparing.listeners.len() as u64, &fault),
        }
        if run.faults >= MOST_FAULTS {
            break;
        }
    }
    Ok(run)
}

/// The announcements by today's rules next to those by the new ones.
struct Comparing<'a> {
    checker: &'a Checker,
    reader: &'a Reader,
    rules: [&'a RuleSet; 2],
    tried: RuleId,
    listeners: Vec<Listener>,
    planned: [PlannedMail; 2],
}

impl Comparing<'_> {
    /// The deliveries of one posting by both sets of rules. A fault if the tested module gave no answer, or if the
    /// machine was too busy to ask one of the others; then no mail is planned.
    async fn announce(
        &mut self,
        job: &Job,
        facts_of_job: &rules::Job,
    ) -> Result<Result<[Vec<Routed>; 2], Fault>, StoreError> {
        let Self {
            checker,
            reader,
            rules: [today, then],
            ..
        } = *self;
        let [mut before, mut after] = self.planned.clone();
        let about = (job, facts_of_job);
        let was = before
            .announce(checker, reader, today, about, &self.listeners)
            .await?;
        let will = after
            .announce(checker, reader, then, about, &self.listeners)
            .await?;
        let busy = was
            .failed
            .into_iter()
            .filter(|(_, fault)| *fault == Fault::Busy);
        let tried = (will.failed.into_iter())
            .filter(|(rule, fault)| *rule == self.tried || *fault == Fault::Busy);
        if let Some((_, fault)) = busy.chain(tried).next() {
            return Ok(Err(fault));
        }
        self.planned = [before, after];
        Ok(Ok([was.all, will.all]))
    }
}

impl PlannedMail {
    fn none(listeners: usize) -> Self {
        Self(vec![Vec::new(); listeners])
    }

    /// Uses the time at which the job was posted.
    async fn announce(
        &mut self,
        checker: &Checker,
        reader: &Reader,
        set: &RuleSet,
        (job, facts_of_job): (&Job, &rules::Job),
        listeners: &[Listener],
    ) -> Result<Routes, StoreError> {
        let at = job.posted_at();
        let recipients = listeners.iter().zip(&mut self.0).enumerate();
        let recipient = |(place, (listener, letters)): (usize, (&Listener, &mut Vec<_>))| {
            letters.retain(|sent: &Timestamp| sent.plus(DAY) > at);
            rules::Recipient {
                id: place.to_string(),
                role: ROLE.into(),
                local_hour: at.hour(&checker.terms().zone),
                sent_last_day: letters.len() as u32,
                matched: listener.matched(job),
                ..rules::Recipient::default()
            }
        };
        let notice = Arc::new(Notice {
            now: at,
            event: rules::Event {
                kind: KIND.into(),
                occurred_unix_seconds: at.as_millis().div_euclid(1000),
                job: Some(facts_of_job.clone()),
                attributes: Vec::new(),
            },
            recipients: recipients.map(recipient).collect(),
            purpose: Purpose::DryRun,
        });
        let routed = checker.route(reader, set, &notice).await?;
        for (letters, routed) in self.0.iter_mut().zip(&routed.all) {
            if routed.delivery == Delivery::Now {
                letters.push(at);
            }
        }
        Ok(routed)
    }
}

impl Listener {
    fn matched(&self, job: &Job) -> Vec<String> {
        let skills = job.skills_required.iter();
        let known = skills.filter(|skill| self.skills.contains(&fold_name(skill)));
        known.cloned().collect()
    }
}

async fn postings(reader: &Reader) -> Result<Vec<Job>, StoreError> {
    let open = KeyRange::prefix(&keys::jobs_by_status(JobStatus::Open));
    let mut jobs = Vec::new();
    for key in reader
        .scan_keys(&open, Direction::Backward, POSTINGS)
        .await?
    {
        let stored: Option<Stored<Job>> = reader.get(&keys::indexed(&key)?).await?;
        jobs.extend(stored.map(|job| job.record));
    }
    Ok(jobs)
}

async fn listeners(reader: &Reader) -> Result<Vec<Listener>, StoreError> {
    let active = KeyRange::prefix(&keys::accounts_by_status(AccountStatus::Active));
    let mut listeners = Vec::new();
    for key in reader
        .scan_keys(&active, Direction::Backward, ACCOUNTS)
        .await?
    {
        let account: Option<Stored<Account>> = reader.get(&keys::indexed(&key)?).await?;
        let Some(student_id) = account.and_then(|account| account.record.student_id) else {
            continue;
        };
        let stored: Option<Stored<Student>> = reader.get(&keys::student(&student_id)).await?;
        listeners.extend(stored.map(|student| {
            Listener {
                student_id,
                skills: student
                    .skills
                    .iter()
                    .map(|skill| fold_name(skill))
                    .collect(),
            }
        }));
        if listeners.len() == STUDENTS {
            break;
        }
    }
    Ok(listeners)
}
