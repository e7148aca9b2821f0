//! What stands in a posting, whoever writes it: a person or an import.

use crate::model::{ApplicationStatus, Employer, FieldFault, Invalid, Job, JobFields};
use crate::store::{Direction, KeyRange, StoreError, Stored, Transaction, keys};

/// Puts checked members into a posting. Where no work space is given it is that of the employer's profile.
pub(super) fn write(
    transaction: &mut Transaction,
    job: &mut Job,
    mut fields: JobFields,
) -> Result<(), StoreError> {
    if fields.work_space.is_none() {
        let employer: Option<Stored<Employer>> =
            transaction.get(&keys::employer(&job.employee_id))?;
        fields.work_space = employer.and_then(|employer| employer.record.work_space);
    }
    job.apply(fields);
    Ok(())
}

/// Puts a changed posting in the place of the old one. The transaction logs the event of it.
pub(super) fn save(
    transaction: &mut Transaction,
    old: &Stored<Job>,
    mut job: Job,
) -> Result<Stored<Job>, StoreError> {
    job.updated_at = transaction.now();
    transaction.update(old, job)
}

/// What nobody may write: it would undo what was settled when somebody got the job.
pub(super) fn check_filled(old: &Job, new: &Job) -> Result<(), Invalid> {
    if new.positions < old.positions_filled() {
        return Err(Invalid::one(
            "positions",
            FieldFault::BelowPositionsFilled {
                filled: old.positions_filled(),
            },
        ));
    }
    if new.hours_per_week > old.hours_per_week && old.positions_filled() > 0 {
        // The rules looked at the hours when they let the students in.
        return Err(Invalid::one("hoursPerWeek", FieldFault::HoursCommitted));
    }
    Ok(())
}

/// The members that differ although they are frozen: what a verdict rests on stays while applications are open. Else an
/// employer could change one, try to accept, and read a student's hours, visa or award from the answer.
pub(super) fn frozen_changes(
    transaction: &mut Transaction,
    old: &Job,
    new: &Job,
) -> Result<Vec<&'static str>, StoreError> {
    let changes = old.verdict_members_that_differ(new);
    if changes.is_empty() {
        return Ok(changes);
    }
    // A scan is no check of this change, but the counter is, and it grows with every application.
    transaction.row(&keys::application_count(old.job_id))?;
    for status in ApplicationStatus::ALL {
        let index = keys::applications_by_job_status(old.job_id, status);
        let range = KeyRange::prefix(&index);
        if !status.is_final()
            && !transaction
                .scan_keys(&range, Direction::Forward, 1)?
                .is_empty()
        {
            return Ok(changes);
        }
    }
    Ok(Vec::new())
}
