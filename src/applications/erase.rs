//! What stays of applications when a person is erased: the record, under a placeholder number, without the person's
//! texts.

use std::collections::BTreeSet;

use crate::mail;
use crate::model::{Application, ApplicationStatus, EmployeeId, Role, StudentId, Timestamp};
use crate::store::{
    Direction, Key, KeyRange, MAX_SCAN_ROWS, StoreError, Stored, Transaction, keys,
};

/// Removes a student from their applications, and withdraws the open ones.
pub(crate) async fn erase_of_student(
    transaction: &mut Transaction,
    id: &StudentId,
    nobody: &StudentId,
) -> Result<(), StoreError> {
    let now = transaction.now();
    let index = keys::applications_by_student(id);
    erase_all(transaction, &index, |application| {
        withdraw(application, now);
        application.erase_student(nobody.clone());
    })
    .await
}

/// Removes an employer from the applications to their postings.
pub(crate) async fn erase_of_employer(
    transaction: &mut Transaction,
    id: &EmployeeId,
    nobody: &EmployeeId,
) -> Result<(), StoreError> {
    let index = keys::applications_by_employer(id);
    erase_all(transaction, &index, |application| {
        application.erase_employer(nobody.clone());
    })
    .await
}

/// Removes all applications of an index from unsent mail.
pub(crate) async fn forget_in_mail(
    transaction: &mut Transaction,
    index: &Key,
) -> Result<(), StoreError> {
    let (mut all, mut walk) = (BTreeSet::new(), transaction.reader().walk(index));
    while let Some(found) = walk.next_keys().await? {
        for key in found {
            all.insert(keys::indexed_id::<Application>(&key)?);
        }
    }
    mail::forget(transaction, &all).await
}

fn withdraw(application: &mut Application, now: Timestamp) {
    if !application.application_status().is_final() {
        application.change_status(Role::Student, ApplicationStatus::Withdrawn, None, now);
    }
}

/// Changes all applications of an index, which removes them from that index, and removes them from unsent mail.
async fn erase_all(
    transaction: &mut Transaction,
    index: &Key,
    erase: impl Fn(&mut Application),
) -> Result<(), StoreError> {
    let (mut erased, range) = (BTreeSet::new(), KeyRange::prefix(index));
    loop {
        let found = transaction
            .scan_keys(&range, Direction::Forward, MAX_SCAN_ROWS)
            .await?;
        if found.is_empty() {
            return mail::forget(transaction, &erased).await;
        }
        for key in found {
            let old: Option<Stored<Application>> = transaction.get(&keys::indexed(&key)?).await?;
            let old = old.ok_or_else(|| StoreError::Corrupt(format!("index key {key:?}")))?;
            let mut application = old.record.clone();
            erase(&mut application);
            transaction.update(&old, application).await?;
            erased.insert(old.application_id);
        }
    }
}
