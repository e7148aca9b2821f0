//! Changing a posting: its text, and whether it is open. Closing is a change like any other.

use serde_json::{Map, Value};

use super::Refusal;
use super::post::status_when_published;
use crate::accounts::Registrar;
use crate::mail::Letter;
use crate::model::{
    Account, Campus, Employer, Event, Identity, Invalid, Job, JobId, JobInput, JobStatus, Party,
    Timestamp, patched,
};
use crate::store::{Stored, Transaction, keys};

pub struct JobPatch {
    /// A merge patch over the members that the employer wrote.
    pub members: Map<String, Value>,
    pub status: Option<JobStatus>,
    /// Why an admin opened or closed a pending posting; told to its employer.
    pub reason: Option<String>,
}

/// `matches`: whether the version is one the caller knows (If-Match).
pub fn edit(
    registrar: &Registrar,
    transaction: &mut Transaction,
    identity: &Identity,
    job_id: JobId,
    patch: &JobPatch,
    matches: &dyn Fn(u64) -> bool,
) -> Result<Stored<Job>, Refusal> {
    let stored: Option<Stored<Job>> = transaction.get(&keys::job(job_id))?;
    let old = stored.ok_or(Refusal::NotFound)?;
    match super::view_of(&old, Some(identity)) {
        None => return Err(Refusal::NotFound),
        Some(super::View::Public) => return Err(Refusal::NotYours),
        Some(super::View::Manager) => {}
    }
    if !matches(old.version) {
        return Err(Refusal::Stale);
    }
    let mut job = old.record.clone();
    let now = transaction.now();
    let rewritten =
        !patch.members.is_empty() && rewrite(&registrar.campus, &mut job, &patch.members, now)?;
    if job.positions < job.positions_filled {
        return Err(Invalid::one(
            "positions",
            "must not be below the positions that are filled",
        )
        .into());
    }
    if job.hours_per_week > old.hours_per_week && job.positions_filled > 0 {
        // The rules looked at the hours when they let the students in.
        return Err(
            Invalid::one("hoursPerWeek", "cannot be raised once somebody has the job").into(),
        );
    }
    if job.deadline != old.deadline && job.deadline <= now {
        return Err(Invalid::one("deadline", "must be in the future").into());
    }
    if let Some(to) = patch.status {
        let to = turn(transaction, identity, &job, to)?;
        job.turn(to, now);
    }
    if job.job_status == JobStatus::Open {
        job.job_status = job.status_after_filling();
    }
    let (from, to) = (old.job_status, job.job_status);
    if !rewritten && from == to {
        return Ok(old);
    }
    job.updated_at = now;
    if from == JobStatus::Pending && identity.party == Party::Admin && patch.status.is_some() {
        tell_employer(registrar, transaction, &job, patch.reason.as_deref())?;
    }
    let job = transaction.update(&old, job)?;
    transaction.log(Event::JobChanged {
        job_id,
        from: Some(from),
        to,
    })?;
    Ok(job)
}

/// A posting whose source moved its deadline or added positions is open again, and one that has none free is not.
pub(crate) fn reopen_if_free(job: &mut Job, now: Timestamp) {
    match job.job_status {
        JobStatus::Open => job.job_status = job.status_after_filling(),
        JobStatus::Expired | JobStatus::Filled if now < job.deadline && job.has_free_position() => {
            job.job_status = JobStatus::Open;
        }
        _ => {}
    }
}

/// Lays a merge patch over what the employer wrote; true if anything differs.
fn rewrite(
    campus: &Campus,
    job: &mut Job,
    members: &Map<String, Value>,
    now: Timestamp,
) -> Result<bool, Refusal> {
    let input: JobInput = patched(&job.input(), members)?;
    let mut fields = input.validate(&campus.time_zone, now)?;
    fields.skills_required = campus.skills.canonical_list(&fields.skills_required);
    Ok(job.apply(fields))
}

/// The status that a wish leads to.
fn turn(
    transaction: &mut Transaction,
    identity: &Identity,
    job: &Job,
    to: JobStatus,
) -> Result<JobStatus, Refusal> {
    let from = job.job_status;
    match to {
        JobStatus::Pending | JobStatus::Filled | JobStatus::Expired => Err(Invalid::one(
            "jobStatus",
            "must be \"open\" or \"closed\"; the others come about by themselves",
        )
        .into()),
        _ if to == from => Ok(from),
        JobStatus::Closed => Ok(JobStatus::Closed),
        JobStatus::Open if from == JobStatus::Pending && identity.party != Party::Admin => {
            Err(Refusal::InvalidTransition { from, to })
        }
        JobStatus::Open => {
            if job.deadline <= transaction.now() {
                return Err(
                    Invalid::one("deadline", "must be in the future for the job to open").into(),
                );
            }
            if !job.has_free_position() {
                return Err(Invalid::one(
                    "positions",
                    "must leave a free position for the job to open",
                )
                .into());
            }
            Ok(status_when_published(transaction, identity)?)
        }
        JobStatus::Draft => Err(Invalid::one("jobStatus", "cannot go back to draft").into()),
    }
}

fn tell_employer(
    registrar: &Registrar,
    transaction: &mut Transaction,
    job: &Job,
    reason: Option<&str>,
) -> Result<(), Refusal> {
    let employer: Option<Stored<Employer>> = transaction.get(&keys::employer(&job.employee_id))?;
    let Some(account_id) = employer.and_then(|employer| employer.account_id) else {
        return Ok(());
    };
    let account: Option<Stored<Account>> = transaction.get(&keys::account(account_id))?;
    let Some(account) = account else {
        return Ok(());
    };
    let link = format!("{}/postings/{}", registrar.public_url, job.job_id);
    let letter = Letter::JobModerated {
        job_title: &job.job_title,
        approved: job.job_status != JobStatus::Closed,
        reason,
        link: &link,
    };
    let now = transaction.now();
    let mail = registrar.composer.compose(
        &letter,
        &account.email,
        &account.name,
        Some(account_id),
        now,
    )?;
    transaction.insert(mail)?;
    Ok(())
}
