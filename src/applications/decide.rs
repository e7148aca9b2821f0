//! Status changes of an application: the employer's decisions and the student's answers.

use super::Refusal;
use crate::eligibility::Checker;
use crate::jobs;
use crate::model::{
    ActingSide, Application, ApplicationId, ApplicationStatus, Event, Identity, Invalid, Job, Line,
    Outcome, Party, Reason, Student, check_text,
};
use crate::store::{Stored, Transaction, keys};

pub struct Decision {
    pub to: ApplicationStatus,
    pub note: Option<String>,
}

const MAX_NOTE_CHARS: usize = 5_000;

/// The result of a decision.
pub enum Decided {
    Moved(Box<Stored<Application>>),
    /// The rules want a person to review this accept. The application is marked and keeps its status.
    Waits,
    /// The rules refuse this accept. The status did not change, and the log says who tried: frequent attempts may be a
    /// search for a student's facts. Only the student and the office may see the reasons.
    Refused(Vec<Reason>),
}

/// Makes a status change that the caller's role allows. Accepting asks the rules again, takes a position and adds the
/// job's hours to the student's, all in one change. `matches`: whether the caller knows the current version (If-Match).
pub async fn decide(
    checker: &Checker,
    transaction: &mut Transaction,
    identity: &Identity,
    id: ApplicationId,
    decision: &Decision,
    matches: &dyn Fn(u64) -> bool,
) -> Result<Decided, Refusal> {
    let stored: Option<Stored<Application>> = transaction.get(&keys::application(id)).await?;
    let old = stored
        .filter(|application| super::may_see(application, identity))
        .ok_or(Refusal::NotFound)?;
    if !matches(old.version) {
        return Err(Refusal::Stale);
    }
    let note = decision.note.as_deref().unwrap_or_default();
    let note = check_text(note, Line::Many, 0, MAX_NOTE_CHARS)
        .map_err(|fault| Invalid::one("note", fault))?;
    let (from, to) = (old.application_status(), decision.to);
    let side = match identity.party {
        Party::Student(_) => ActingSide::Student,
        Party::Employer(_) | Party::Admin => ActingSide::Employer,
    };
    if !from.allows(side, to) {
        return Err(Refusal::InvalidTransition { from, to });
    }
    let mut moved = old.record.clone();
    if to == ApplicationStatus::Accepted {
        let job = free_job(transaction, &old).await?;
        let outcome = settle_verdict(checker, transaction, &mut moved, &job).await?;
        match outcome {
            Outcome::Eligible => take_position(transaction, &old, job).await?,
            Outcome::Ineligible => {
                transaction.log(Event::AcceptRefused {
                    application_id: id,
                    job_id: moved.job_id,
                    student_id: moved.student_id,
                })?;
                return Ok(Decided::Refused(moved.eligibility.reasons));
            }
            Outcome::Review => {
                if moved != old.record {
                    transaction.update(&old, moved).await?;
                }
                return Ok(Decided::Waits);
            }
        }
    }
    let note = Some(note).filter(|note| !note.is_empty());
    moved.change_status(identity.role(), to, note, transaction.now());
    let moved = transaction.update(&old, moved).await?;
    Ok(Decided::Moved(Box::new(moved)))
}

/// The verdict at the moment of an accept: an admin's decision, or else what the rules say now.
async fn settle_verdict(
    checker: &Checker,
    transaction: &mut Transaction,
    application: &mut Application,
    job: &Job,
) -> Result<Outcome, Refusal> {
    if let Some(word) = application.overrides.last() {
        return Ok(word.outcome);
    }
    let student: Option<Stored<Student>> = transaction
        .get(&keys::student(&application.student_id))
        .await?;
    let student = student.ok_or(Refusal::NotFound)?;
    // The student reads the verdict, not the employer who accepts.
    let language = checker.language_of(&student, application.language.as_deref());
    let asked = super::ask_rules(checker, transaction, &student, job, language).await?;
    if !asked.is_complete {
        return Err(Refusal::Busy);
    }
    application.eligibility = asked.verdict;
    Ok(application.eligibility.outcome)
}

/// The application's job, if it has a free position.
async fn free_job(
    transaction: &mut Transaction,
    application: &Application,
) -> Result<Stored<Job>, Refusal> {
    let stored: Option<Stored<Job>> = transaction.get(&keys::job(application.job_id)).await?;
    let job = stored.ok_or(Refusal::JobNotFound)?;
    if job.has_free_position() {
        Ok(job)
    } else {
        Err(Refusal::PositionsFilled)
    }
}

/// The job's row and the student's guard make two concurrent accepts run one after the other, so that the hours the
/// rules saw are still true at the commit.
async fn take_position(
    transaction: &mut Transaction,
    application: &Application,
    old: Stored<Job>,
) -> Result<(), Refusal> {
    transaction
        .guard(&keys::committed_hours(&application.student_id))
        .await?;
    jobs::take_position(transaction, &old).await?;
    Ok(())
}
