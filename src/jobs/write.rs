//! Writing a posting's fields, for people and for imports.

use crate::model::{ApplicationStatus, Employer, FieldFault, Invalid, Job, JobFields};
use crate::store::{Direction, KeyRange, StoreError, Stored, Transaction, keys};

/// Writes validated fields into a posting. An empty workplace is filled from the employer's profile.
pub(super) async fn write(
    transaction: &mut Transaction,
    job: &mut Job,
    mut fields: JobFields,
) -> Result<(), StoreError> {
    if fields.work_space.is_none() {
        let employer: Option<Stored<Employer>> =
            transaction.get(&keys::employer(&job.employee_id)).await?;
        fields.work_space = employer.and_then(|employer| employer.record.work_space);
    }
    job.apply(fields);
    Ok(())
}

/// Replaces a posting. The transaction logs the event.
pub(super) async fn save(
    transaction: &mut Transaction,
    old: &Stored<Job>,
    mut job: Job,
) -> Result<Stored<Job>, StoreError> {
    job.updated_at = transaction.now();
    transaction.update(old, job).await
}

/// Refuses changes that would undo what was agreed when a student was accepted.
pub(super) fn check_filled(old: &Job, new: &Job) -> Result<(), Invalid> {
    let mut invalid = Invalid::default();
    let filled = old.positions_filled();
    if new.positions < filled {
        invalid.add("positions", FieldFault::BelowPositionsFilled { filled });
    }
    if new.hours_per_week > old.hours_per_week && filled > 0 {
        // The rules used the hours when they allowed the students in.
        invalid.add("hoursPerWeek", FieldFault::HoursCommitted);
    }
    invalid.into_result()
}

/// The changed fields that are frozen while applications are open, because verdicts depend on them. Otherwise an
/// employer could change one, try to accept a student, and learn the student's hours, visa or award from the answer.
pub(super) async fn frozen_changes(
    transaction: &mut Transaction,
    old: &Job,
    new: &Job,
) -> Result<Vec<&'static str>, StoreError> {
    let changes = old.verdict_members_that_differ(new);
    if changes.is_empty() {
        return Ok(changes);
    }
    // The commit does not check a scan, but it checks this counter, which grows with each application.
    transaction
        .row(&keys::application_count(old.job_id))
        .await?;
    for status in ApplicationStatus::ALL {
        let index = keys::applications_by_job_status(old.job_id, status);
        let range = KeyRange::prefix(&index);
        if !status.is_final()
            && !transaction
                .scan_keys(&range, Direction::Forward, 1)
                .await?
                .is_empty()
        {
            return Ok(changes);
        }
    }
    Ok(Vec::new())
}
