//! What stays of the applications of a student who is erased.

use crate::model::{Application, ApplicationStatus, Role, StudentId};
use crate::store::{Direction, KeyRange, MAX_SCAN_ROWS, StoreError, Transaction, keys};

/// Takes a student's words out of his applications, and withdraws those that are open.
pub(crate) fn erase_of_student(
    transaction: &mut Transaction,
    id: &StudentId,
) -> Result<(), StoreError> {
    let now = transaction.now();
    let range = KeyRange::prefix(&keys::applications_by_student(id));
    for key in transaction.scan_keys(&range, Direction::Forward, MAX_SCAN_ROWS)? {
        let Some(old) = transaction.get::<Application>(&keys::indexed(&key)?)? else {
            continue;
        };
        let mut erased = old.record.clone();
        erased.cover_note = None;
        erased.answers.clear();
        erased.resume_id = None;
        if !erased.application_status().is_final() {
            erased.make(Role::Student, ApplicationStatus::Withdrawn, None, now);
        }
        transaction.update(&old, erased)?;
    }
    Ok(())
}
