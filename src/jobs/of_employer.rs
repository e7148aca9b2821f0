//! What happens to postings when their employer changes.

use super::write::save;
use crate::model::{EmployeeId, Job, JobStatus};
use crate::store::{Direction, KeyRange, MAX_SCAN_ROWS, StoreError, Transaction, keys};

/// Updates the employer's name in current postings. Ended postings keep the old name.
pub(crate) async fn rename_employer(
    transaction: &mut Transaction,
    id: &EmployeeId,
    name: &str,
) -> Result<(), StoreError> {
    let live = [JobStatus::Draft, JobStatus::Pending, JobStatus::Open];
    change_jobs(transaction, id, &live, |job| {
        name.clone_into(&mut job.employer_name);
    })
    .await?;
    Ok(())
}

/// Closes a suspended employer's open and pending postings. Drafts stay. A reinstated employer can reopen them. Returns how many
/// were closed.
pub(crate) async fn close_of_employer(
    transaction: &mut Transaction,
    id: &EmployeeId,
) -> Result<usize, StoreError> {
    let out = [JobStatus::Pending, JobStatus::Open];
    change_jobs(transaction, id, &out, Job::close).await
}

/// Removes an erased employer from their postings and closes them.
pub(crate) async fn erase_employer(
    transaction: &mut Transaction,
    id: &EmployeeId,
    nobody: &EmployeeId,
    erased_name: &str,
) -> Result<(), StoreError> {
    let erase = |job: &mut Job| {
        job.employee_id = nobody.clone();
        job.orphan(erased_name);
    };
    // Each batch leaves the index it was found in, so the loop ends.
    while change_jobs(transaction, id, &JobStatus::ALL, erase).await? > 0 {}
    Ok(())
}

/// Updates the employer's number in all postings. With more than `most` postings, returns false and changes nothing.
pub(crate) async fn renumber_employer(
    transaction: &mut Transaction,
    from: &EmployeeId,
    to: &EmployeeId,
    most: usize,
) -> Result<bool, StoreError> {
    let mut count = 0;
    for status in JobStatus::ALL {
        let range = KeyRange::prefix(&keys::jobs_by_employer(from, status));
        let found = transaction
            .scan_keys(&range, Direction::Forward, MAX_SCAN_ROWS)
            .await?;
        count += found.len();
    }
    if count > most {
        return Ok(false);
    }
    change_jobs(transaction, from, &JobStatus::ALL, |job| {
        job.employee_id = to.clone();
    })
    .await?;
    Ok(true)
}

/// Changes an employer's postings in the given statuses. Returns how many.
async fn change_jobs(
    transaction: &mut Transaction,
    id: &EmployeeId,
    statuses: &[JobStatus],
    change: impl Fn(&mut Job),
) -> Result<usize, StoreError> {
    let mut changed = 0;
    for status in statuses {
        let range = KeyRange::prefix(&keys::jobs_by_employer(id, *status));
        for key in transaction
            .scan_keys(&range, Direction::Forward, MAX_SCAN_ROWS)
            .await?
        {
            let Some(old) = transaction.get::<Job>(&keys::indexed(&key)?).await? else {
                continue;
            };
            let mut job = old.record.clone();
            change(&mut job);
            save(transaction, &old, job).await?;
            changed += 1;
        }
    }
    Ok(changed)
}
