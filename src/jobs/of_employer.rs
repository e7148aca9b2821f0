//! An employer's postings, as far as they follow what becomes of him.

use super::write::save;
use crate::model::{EmployeeId, Job, JobStatus};
use crate::store::{Direction, KeyRange, MAX_SCAN_ROWS, StoreError, Transaction, keys};

/// Puts an employer's new name into the postings he has out; those that are over keep the one they ran under.
pub(crate) fn rename_employer(
    transaction: &mut Transaction,
    id: &EmployeeId,
    name: &str,
) -> Result<(), StoreError> {
    let live = [JobStatus::Draft, JobStatus::Pending, JobStatus::Open];
    change_jobs(transaction, id, &live, |job| {
        name.clone_into(&mut job.employer_name);
    })?;
    Ok(())
}

/// Closes what a suspended employer has out; drafts stay, and reinstated he may open the others again. Gives how many.
pub(crate) fn close_of_employer(
    transaction: &mut Transaction,
    id: &EmployeeId,
) -> Result<usize, StoreError> {
    let out = [JobStatus::Pending, JobStatus::Open];
    change_jobs(transaction, id, &out, Job::close)
}

/// Takes an erased employer out of his postings, and closes them.
pub(crate) fn erase_employer(
    transaction: &mut Transaction,
    id: &EmployeeId,
    nobody: &EmployeeId,
    erased_name: &str,
) -> Result<(), StoreError> {
    let erase = |job: &mut Job| {
        job.employee_id = nobody.clone();
        job.orphan(erased_name);
    };
    // Each batch leaves the index that it was found in.
    while change_jobs(transaction, id, &JobStatus::ALL, erase)? > 0 {}
    Ok(())
}

/// Puts an employer's new number into all his postings. False, and nothing is changed, if he has more than `most`.
pub(crate) fn renumber_employer(
    transaction: &mut Transaction,
    from: &EmployeeId,
    to: &EmployeeId,
    most: usize,
) -> Result<bool, StoreError> {
    let mut count = 0;
    for status in JobStatus::ALL {
        let range = KeyRange::prefix(&keys::jobs_by_employer(from, status));
        let found = transaction.scan_keys(&range, Direction::Forward, MAX_SCAN_ROWS)?;
        count += found.len();
    }
    if count > most {
        return Ok(false);
    }
    change_jobs(transaction, from, &JobStatus::ALL, |job| {
        job.employee_id = to.clone();
    })?;
    Ok(true)
}

/// Changes an employer's postings of some statuses. Gives how many.
fn change_jobs(
    transaction: &mut Transaction,
    id: &EmployeeId,
    statuses: &[JobStatus],
    change: impl Fn(&mut Job),
) -> Result<usize, StoreError> {
    let mut changed = 0;
    for status in statuses {
        let range = KeyRange::prefix(&keys::jobs_by_employer(id, *status));
        for key in transaction.scan_keys(&range, Direction::Forward, MAX_SCAN_ROWS)? {
            let Some(old) = transaction.get::<Job>(&keys::indexed(&key)?)? else {
                continue;
            };
            let mut job = old.record.clone();
            change(&mut job);
            save(transaction, &old, job)?;
            changed += 1;
        }
    }
    Ok(changed)
}
