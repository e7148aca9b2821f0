//! An employer's postings, as far as they follow what becomes of him.

use super::erase::ids;
use crate::model::{EmployeeId, Event, Job, JobId, JobStatus};
use crate::store::{StoreError, Transaction, keys};

/// Of a posting that is shown to somebody, or may yet be.
pub(super) const LIVE: [JobStatus; 3] = [JobStatus::Draft, JobStatus::Pending, JobStatus::Open];

/// Puts an employer's new name into the postings he has out; those that are over keep the one they ran under.
pub(super) fn rename_jobs(
    transaction: &mut Transaction,
    id: &EmployeeId,
    name: &str,
) -> Result<(), StoreError> {
    change_jobs(transaction, id, &LIVE, |job| {
        name.clone_into(&mut job.employer_name);
    })?;
    Ok(())
}

/// Closes what a suspended employer has out; drafts stay, and reinstated he may open the others again. Gives how many.
pub(super) fn close_jobs(
    transaction: &mut Transaction,
    id: &EmployeeId,
) -> Result<usize, StoreError> {
    let out = [JobStatus::Pending, JobStatus::Open];
    change_jobs(transaction, id, &out, Job::close)
}

/// Changes an employer's postings of some statuses, each with an event. Gives how many.
pub(super) fn change_jobs(
    transaction: &mut Transaction,
    id: &EmployeeId,
    statuses: &[JobStatus],
    change: impl Fn(&mut Job),
) -> Result<usize, StoreError> {
    let now = transaction.now();
    let mut changed = 0;
    for status in statuses {
        for id in ids(transaction, &keys::jobs_by_employer(id, *status))? {
            let Some(old) = transaction.get::<Job>(&keys::job(JobId::from_bytes(id)))? else {
                continue;
            };
            let mut job = old.record.clone();
            change(&mut job);
            job.updated_at = now;
            let (job_id, from, to) = (job.job_id, old.job_status, job.job_status);
            transaction.update(&old, job)?;
            transaction.log(Event::JobChanged {
                job_id,
                from: Some(from),
                to,
            })?;
            changed += 1;
        }
    }
    Ok(changed)
}
