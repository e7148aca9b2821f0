//! Campus numbers that change owner. A number from the office overrides one that a person typed. An erased person's
//! number is free.

use super::session::session_ids;
use crate::jobs;
use crate::model::{
    Account, AccountId, Application, EmployeeId, Employer, NumberFrom, Session, StoredFile,
    Student, StudentId,
};
use crate::store::{
    Direction, Key, KeyRange, MAX_SCAN_ROWS, StoreError, Stored, Transaction, keys,
};

/// Most records to renumber in one change.
const MAX_RECORDS: usize = 2_000;

/// Frees a student number for the office. Somebody who only typed it gets another and sees that in the profile. Returns
/// false if the office gave the number to somebody.
pub async fn free_student_number(
    transaction: &mut Transaction,
    id: &StudentId,
) -> Result<bool, StoreError> {
    let owner: Option<Stored<Student>> = transaction.get(&keys::student(id)).await?;
    let Some(owner) = owner else {
        return Ok(true);
    };
    if owner.number == NumberFrom::Office {
        return Ok(false);
    }
    let other = StudentId::generate(transaction.now());
    let moved = renumber_student(transaction, &owner, &other, NumberFrom::Cleared).await?;
    Ok(moved.is_some())
}

/// The same for an employer number.
pub async fn free_employee_number(
    transaction: &mut Transaction,
    id: &EmployeeId,
) -> Result<bool, StoreError> {
    let owner: Option<Stored<Employer>> = transaction.get(&keys::employer(id)).await?;
    let Some(owner) = owner else {
        return Ok(true);
    };
    if owner.number == NumberFrom::Office {
        return Ok(false);
    }
    let other = EmployeeId::generate(transaction.now());
    let moved = renumber_employer(transaction, &owner, &other, NumberFrom::Cleared).await?;
    Ok(moved.is_some())
}

/// Gives a student another number, which must be free, in all records that contain it. Returns `None` if there are too
/// many for one change.
pub async fn renumber_student(
    transaction: &mut Transaction,
    old: &Stored<Student>,
    to: &StudentId,
    number: NumberFrom,
) -> Result<Option<Stored<Student>>, StoreError> {
    let from = &old.student_id;
    let applications = rows(transaction, &keys::applications_by_student(from)).await?;
    let files = rows(transaction, &keys::files_by_student(from)).await?;
    if applications.len() + files.len() > MAX_RECORDS {
        return Ok(None);
    }
    for row in applications {
        move_application(transaction, &row, |application| {
            application.student_id = to.clone();
        })
        .await?;
    }
    for row in files {
        if let Some(file) = transaction.get::<StoredFile>(&keys::indexed(&row)?).await? {
            let moved = StoredFile {
                student_id: to.clone(),
                ..file.record.clone()
            };
            transaction.update(&file, moved).await?;
        }
    }
    if let Some(account_id) = old.account_id {
        let student_id = Some(to.clone());
        move_account(transaction, account_id, student_id, None).await?;
    }
    let moved = Student {
        student_id: to.clone(),
        number,
        updated_at: transaction.now(),
        ..old.record.clone()
    };
    transaction.delete(old);
    transaction.insert(moved).await.map(Some)
}

/// The same for an employer.
pub async fn renumber_employer(
    transaction: &mut Transaction,
    old: &Stored<Employer>,
    to: &EmployeeId,
    number: NumberFrom,
) -> Result<Option<Stored<Employer>>, StoreError> {
    let from = &old.employee_id;
    let applications = rows(transaction, &keys::applications_by_employer(from)).await?;
    if applications.len() > MAX_RECORDS
        || !jobs::renumber_employer(transaction, from, to, MAX_RECORDS).await?
    {
        return Ok(None);
    }
    for row in applications {
        move_application(transaction, &row, |application| {
            application.employee_id = to.clone();
        })
        .await?;
    }
    if let Some(account_id) = old.account_id {
        let employee_id = Some(to.clone());
        move_account(transaction, account_id, None, employee_id).await?;
    }
    let moved = Employer {
        employee_id: to.clone(),
        number,
        updated_at: transaction.now(),
        ..old.record.clone()
    };
    transaction.delete(old);
    transaction.insert(moved).await.map(Some)
}

async fn move_application(
    transaction: &mut Transaction,
    row: &Key,
    change: impl Fn(&mut Application),
) -> Result<(), StoreError> {
    if let Some(old) = transaction.get::<Application>(&keys::indexed(row)?).await? {
        let mut moved = old.record.clone();
        change(&mut moved);
        transaction.update(&old, moved).await?;
    }
    Ok(())
}

/// Updates the account and its sessions, which contain the number.
async fn move_account(
    transaction: &mut Transaction,
    id: AccountId,
    student_id: Option<StudentId>,
    employee_id: Option<EmployeeId>,
) -> Result<(), StoreError> {
    // Without the guard, a session opened meanwhile would get the old number.
    transaction.guard(&keys::log_ins(id)).await?;
    for session_id in session_ids(transaction, id).await? {
        if let Some(session) = transaction
            .get::<Session>(&keys::session(session_id))
            .await?
        {
            let moved = Session {
                student_id: student_id.clone(),
                employee_id: employee_id.clone(),
                ..session.record.clone()
            };
            transaction.update(&session, moved).await?;
        }
    }
    if let Some(account) = transaction.get::<Account>(&keys::account(id)).await? {
        let moved = Account {
            student_id,
            employee_id,
            ..account.record.clone()
        };
        transaction.update(&account, moved).await?;
    }
    Ok(())
}

async fn rows(transaction: &Transaction, index: &Key) -> Result<Vec<Key>, StoreError> {
    transaction
        .scan_keys(&KeyRange::prefix(index), Direction::Forward, MAX_SCAN_ROWS)
        .await
}
