//! Changing a posting: its text and its status. Closing is an ordinary change.

use super::Refusal;
use super::post::publish;
use super::write::{check_filled, frozen_changes, save, write};
use crate::mail::Outbox;
use crate::model::{
    Account, Campus, Employer, FieldFault, Identity, Invalid, Job, JobId, JobInput, JobStatus,
    MailTemplate, Party, Ruling,
};
use crate::store::{Stored, Transaction, keys};

pub struct JobPatch {
    /// The changed fields, among those that the employer writes.
    pub members: JobInput,
    pub status: Option<JobStatus>,
    /// Why an admin opened or closed it. The employer is told.
    pub reason: Option<String>,
}

/// `matches`: whether the caller knows the current version (If-Match).
pub async fn edit(
    campus: &Campus,
    outbox: &Outbox,
    transaction: &mut Transaction,
    identity: &Identity,
    job_id: JobId,
    patch: &JobPatch,
    matches: &dyn Fn(u64) -> bool,
) -> Result<Stored<Job>, Refusal> {
    let stored: Option<Stored<Job>> = transaction.get(&keys::job(job_id)).await?;
    let old = stored.ok_or(Refusal::NotFound)?;
    match super::audience_of(&old, Some(identity)) {
        None => return Err(Refusal::NotFound),
        Some(super::Audience::Public) => return Err(Refusal::NotYours),
        Some(super::Audience::Manager) => {}
    }
    if !matches(old.version) {
        return Err(Refusal::Stale);
    }
    let by_office = identity.party == Party::Admin;
    let mut job = old.record.clone();
    let now = transaction.now();
    if patch.members != JobInput::default() {
        apply_fields(campus, transaction, &mut job, patch.members.clone()).await?;
    }
    let mut invalid = Invalid::default();
    invalid.part(check_filled(&old, &job));
    if job.deadline != old.deadline && job.deadline <= now {
        invalid.add("deadline", FieldFault::InThePast);
    }
    invalid.into_result()?;
    if !by_office {
        let frozen = frozen_changes(transaction, &old, &job).await?;
        if !frozen.is_empty() {
            return Err(Refusal::HasApplications(frozen));
        }
    }
    if let Some(to) = patch.status {
        set_status(transaction, identity, &mut job, to, patch.reason.as_ref()).await?;
    }
    job.fill_if_full();
    if job == old.record {
        return Ok(old);
    }
    if let Some(ruling) = ruling(&old, &job).filter(|_| by_office && patch.status.is_some()) {
        tell_employer(outbox, transaction, &job, ruling, patch.reason.as_deref()).await?;
    }
    Ok(save(transaction, &old, job).await?)
}

/// The office's decision on a posting, if the employer should be told.
fn ruling(old: &Job, new: &Job) -> Option<Ruling> {
    if new.declined() != old.declined() && new.declined().is_some() {
        return Some(if new.was_open() {
            Ruling::Closed
        } else {
            Ruling::Declined
        });
    }
    (old.job_status() == JobStatus::Pending).then_some(Ruling::Approved)
}

/// Applies changed fields to what the employer wrote.
async fn apply_fields(
    campus: &Campus,
    transaction: &mut Transaction,
    job: &mut Job,
    members: JobInput,
) -> Result<(), Refusal> {
    let mut fields = members.over(Some(job), &campus.time_zone, transaction.now())?;
    fields.skills_required = campus.skills.canonical_list(&fields.skills_required);
    write(transaction, job, fields).await?;
    Ok(())
}

/// Changes a posting to the requested status.
async fn set_status(
    transaction: &mut Transaction,
    identity: &Identity,
    job: &mut Job,
    to: JobStatus,
    reason: Option<&String>,
) -> Result<(), Refusal> {
    let from = job.job_status();
    let by_office = identity.party == Party::Admin;
    let settable = [JobStatus::Open, JobStatus::Closed].map(JobStatus::name);
    let not_settable = || Invalid::one("jobStatus", FieldFault::not_one_of(settable));
    match to {
        JobStatus::Pending | JobStatus::Filled | JobStatus::Expired => Err(not_settable().into()),
        // The office may decline a posting that its employer has closed meanwhile.
        JobStatus::Closed if by_office => {
            job.decline(reason.cloned(), transaction.now());
            Ok(())
        }
        _ if to == from => Ok(()),
        JobStatus::Closed => {
            job.close();
            Ok(())
        }
        JobStatus::Open if from == JobStatus::Pending && !by_office => {
            Err(Refusal::InvalidTransition { from, to })
        }
        JobStatus::Open => {
            let mut invalid = Invalid::default();
            if job.deadline <= transaction.now() {
                invalid.add("deadline", FieldFault::InThePast);
            }
            if !job.has_free_position() {
                invalid.add("positions", FieldFault::NoFreePosition);
            }
            invalid.into_result()?;
            publish(transaction, identity, job).await?;
            Ok(())
        }
        JobStatus::Draft => Err(not_settable().into()),
    }
}

async fn tell_employer(
    outbox: &Outbox,
    transaction: &mut Transaction,
    job: &Job,
    ruling: Ruling,
    reason: Option<&str>,
) -> Result<(), Refusal> {
    let employer: Option<Stored<Employer>> =
        transaction.get(&keys::employer(&job.employee_id)).await?;
    let Some(account_id) = employer.and_then(|employer| employer.account_id) else {
        return Ok(());
    };
    let account: Option<Stored<Account>> = transaction.get(&keys::account(account_id)).await?;
    let Some(account) = account else {
        return Ok(());
    };
    let template = MailTemplate::JobModerated {
        job_id: job.job_id,
        job_title: job.job_title.clone(),
        ruling,
        reason: reason.map(str::to_owned),
    };
    let recipient = (&account.record).into();
    outbox.notify(transaction, template, recipient).await?;
    Ok(())
}
