//! Cleanup: accounts that nobody verified, and the mails and saved answers of a person.

use super::tokens;
use crate::model::{Account, AccountId, AccountStatus, Mail, SavedAnswer, Timestamp};
use crate::store::{Direction, KeyRange, MAX_SCAN_ROWS, StoreError, Transaction, keys};

/// Deletes an account that was not verified since a given time, and everything that belongs to it. Its address is free
/// again.
pub fn clear_unverified(
    transaction: &mut Transaction,
    id: AccountId,
    before: Timestamp,
) -> Result<(), StoreError> {
    let Some(account) = transaction.get::<Account>(&keys::account(id))? else {
        return Ok(());
    };
    // Registering again sends a new link and restarts the time limit.
    if account.status != AccountStatus::Unverified || account.updated_at >= before {
        return Ok(());
    }
    tokens::drop_all(transaction, id, None)?;
    clear_mails(transaction, id)?;
    transaction.delete_bytes(keys::log_ins(id));
    transaction.delete(&account);
    Ok(())
}

/// Deletes the answers that are kept for retries of an account's requests: they repeat what the person wrote.
pub(super) fn clear_saved_answers(
    transaction: &mut Transaction,
    account: AccountId,
) -> Result<(), StoreError> {
    let range = KeyRange::prefix(&keys::saved_answers_by_account(account));
    for key in transaction.scan_keys(&range, Direction::Forward, MAX_SCAN_ROWS)? {
        if let Some(answer) = transaction.get::<SavedAnswer>(&keys::indexed(&key)?)? {
            transaction.delete(&answer);
        }
    }
    Ok(())
}

/// Deletes all mails to an account, sent or not.
pub(super) fn clear_mails(
    transaction: &mut Transaction,
    account: AccountId,
) -> Result<(), StoreError> {
    for index in [
        keys::mails_by_account(account),
        keys::mails_held_by_account(account),
    ] {
        let range = KeyRange::prefix(&index);
        for key in transaction.scan_keys(&range, Direction::Forward, MAX_SCAN_ROWS)? {
            if let Some(mail) = transaction.get::<Mail>(&keys::indexed(&key)?)? {
                transaction.delete(&mail);
            }
        }
    }
    Ok(())
}
