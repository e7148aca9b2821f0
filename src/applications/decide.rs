//! Moving an application: the employer's decisions, the student's answers.

use super::Refusal;
use crate::model::{
    Application, ApplicationId, ApplicationStatus, Event, Identity, Invalid, Job, JobStatus, Line,
    Mover, Party, check_text,
};
use crate::store::{Stored, Transaction, keys};

pub struct Decision {
    pub to: ApplicationStatus,
    pub note: Option<String>,
}

const MAX_NOTE_CHARS: usize = 5_000;

/// Makes a move that the caller's column of the table allows. Accepting takes a position and adds the job's hours to the
/// student's in the same change. `matches`: whether the version is one the caller knows (If-Match).
pub fn decide(
    transaction: &mut Transaction,
    identity: &Identity,
    id: ApplicationId,
    decision: &Decision,
    matches: &dyn Fn(u64) -> bool,
) -> Result<Stored<Application>, Refusal> {
    let stored: Option<Stored<Application>> = transaction.get(&keys::application(id))?;
    let old = stored
        .filter(|application| super::may_see(application, identity))
        .ok_or(Refusal::NotFound)?;
    if !matches(old.version) {
        return Err(Refusal::Stale);
    }
    let note = decision.note.as_deref().unwrap_or_default();
    let note = check_text(note, Line::Many, 0, MAX_NOTE_CHARS)
        .map_err(|message| Invalid::one("note", message))?;
    let (from, to) = (old.application_status, decision.to);
    let mover = match identity.party {
        Party::Student(_) => Mover::Student,
        Party::Employer(_) | Party::Admin => Mover::Employer,
    };
    if !from.allows(mover, to) {
        return Err(Refusal::InvalidTransition { from, to });
    }
    if to == ApplicationStatus::Accepted {
        take_position(transaction, &old)?;
    }
    let mut moved = old.record.clone();
    let note = Some(note).filter(|note| !note.is_empty());
    moved.make(identity.role(), to, note, transaction.now());
    let moved = transaction.update(&old, moved)?;
    transaction.log(Event::ApplicationMoved {
        application_id: id,
        job_id: moved.job_id,
        student_id: moved.student_id.clone(),
        from: Some(from),
        to,
    })?;
    Ok(moved)
}

/// The job's row and the student's guard make two accepts at once follow one another.
fn take_position(transaction: &mut Transaction, application: &Application) -> Result<(), Refusal> {
    let stored: Option<Stored<Job>> = transaction.get(&keys::job(application.job_id))?;
    let old = stored.ok_or(Refusal::JobNotFound)?;
    if !old.has_free_position() {
        return Err(Refusal::PositionsFilled);
    }
    transaction.guard(&keys::committed_hours(&application.student_id))?;
    let from = old.job_status;
    let mut job = Job {
        positions_filled: old.positions_filled + 1,
        updated_at: transaction.now(),
        ..old.record.clone()
    };
    if matches!(from, JobStatus::Open | JobStatus::Expired) {
        job.job_status = job.status_after_filling();
    }
    let job = transaction.update(&old, job)?;
    let (job_id, to) = (job.job_id, job.job_status);
    transaction.log(Event::JobChanged {
        job_id,
        from: Some(from),
        to,
    })?;
    Ok(())
}
