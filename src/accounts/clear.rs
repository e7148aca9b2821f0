//! Cleanup: accounts that nobody verified, and the mails and saved answers of a person.

use super::tokens;
use crate::applications::forget_in_mail;
use crate::model::{Account, AccountId, AccountStatus, Email, Mail, SavedAnswer, Timestamp};
use crate::store::{Direction, Key, KeyRange, MAX_SCAN_ROWS, StoreError, Transaction, keys};

/// Deletes an account that was not verified since a given time, and everything that belongs to it. Its address is free
/// again.
pub async fn clear_unverified(
    transaction: &mut Transaction,
    id: AccountId,
    before: Timestamp,
) -> Result<(), StoreError> {
    let Some(account) = transaction.get::<Account>(&keys::account(id)).await? else {
        return Ok(());
    };
    // Registering again sends a new link and restarts the time limit.
    if account.status != AccountStatus::Unverified || account.updated_at >= before {
        return Ok(());
    }
    tokens::drop_all(transaction, id, None).await?;
    clear_mails(transaction, id).await?;
    transaction.delete_bytes(keys::log_ins(id));
    transaction.delete(&account);
    Ok(())
}

/// Deletes the answers that are kept for retries of an account's requests: they repeat what the person wrote.
pub(super) async fn clear_saved_answers(
    transaction: &mut Transaction,
    account: AccountId,
) -> Result<(), StoreError> {
    let range = KeyRange::prefix(&keys::saved_answers_by_account(account));
    for key in transaction
        .scan_keys(&range, Direction::Forward, MAX_SCAN_ROWS)
        .await?
    {
        if let Some(answer) = transaction
            .get::<SavedAnswer>(&keys::indexed(&key)?)
            .await?
        {
            transaction.delete(&answer);
        }
    }
    Ok(())
}

/// Deletes notices to and about an erased person that were written while the account was erased: whoever wrote them may
/// have read the person's name before.
pub async fn clear_mails_of_erased(
    transaction: &mut Transaction,
    account: AccountId,
) -> Result<(), StoreError> {
    clear_mails(transaction, account).await?;
    let Some(account) = transaction.get::<Account>(&keys::account(account)).await? else {
        return Ok(());
    };
    // The placeholder numbers.
    let student = account.student_id.as_ref();
    let employer = account.employee_id.as_ref();
    let applications = student
        .map(keys::applications_by_student)
        .or(employer.map(keys::applications_by_employer));
    match applications {
        Some(index) => forget_in_mail(transaction, &index).await,
        None => Ok(()),
    }
}

/// Deletes all mails to an account, sent or not.
pub(super) async fn clear_mails(
    transaction: &mut Transaction,
    account: AccountId,
) -> Result<(), StoreError> {
    delete_mails(transaction, &keys::mails_by_account(account), |_| true).await?;
    delete_mails(transaction, &keys::mails_held_by_account(account), |_| true).await
}

/// Deletes all mails to an address from before it had an account: those to an imported record.
pub(super) async fn clear_mails_before_account(
    transaction: &mut Transaction,
    email: &Email,
) -> Result<(), StoreError> {
    let is_one = |mail: &Mail| mail.account_id.is_none() && mail.to == *email;
    let mailbox = email.mailbox();
    delete_mails(transaction, &keys::mails_by_mailbox(&mailbox), is_one).await?;
    delete_mails(transaction, &keys::mails_held_by_mailbox(&mailbox), is_one).await
}

async fn delete_mails(
    transaction: &mut Transaction,
    index: &Key,
    is_one: impl Fn(&Mail) -> bool,
) -> Result<(), StoreError> {
    let range = KeyRange::prefix(index);
    for key in transaction
        .scan_keys(&range, Direction::Forward, MAX_SCAN_ROWS)
        .await?
    {
        let mail = transaction.get::<Mail>(&keys::indexed(&key)?).await?;
        if let Some(mail) = mail.filter(|mail| is_one(mail)) {
            transaction.delete(&mail);
        }
    }
    Ok(())
}
