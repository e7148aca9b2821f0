//! What a restored board must not bring back: logins, links in mails, and mail that may have been sent since the backup.

use crate::mail::hold_mail;
use crate::model::Event;
use crate::store::keys::{self, Expiring};
use crate::store::{Key, Origin, Record, RecordKey, Store, StoreError, Transaction};

/// Rows per change.
const BATCH: usize = 500;

/// Ends all sessions and links, holds unsent mail, and notes the restore in the change log. For a store that no server
/// uses.
pub fn settle_restored(store: &Store) -> Result<(), StoreError> {
    for index in [keys::mails_failed(), keys::mails_waiting()] {
        each(store, &index, hold_mail)?;
    }
    each(store, &keys::expiring(), end)?;
    let note = |transaction: &mut Transaction| transaction.log(Event::BackupRestored);
    store.run_blocking(Origin::OPERATOR, note)
}

/// Changes what the rows of an index lead to.
fn each(
    store: &Store,
    index: &Key,
    change: fn(&mut Transaction, &Key) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut rows = Vec::new();
    store.read()?.each_key(index, |key| {
        rows.push(key);
        Ok::<(), StoreError>(())
    })?;
    for batch in rows.chunks(BATCH) {
        store.run_blocking(Origin::OPERATOR, |transaction| {
            batch.iter().try_for_each(|key| change(transaction, key))
        })?;
    }
    Ok(())
}

/// Deletes a session, or the token of a link. The answers kept for retries stay: they belong to what was restored.
fn end(transaction: &mut Transaction, index_key: &Key) -> Result<(), StoreError> {
    match keys::expiring_record(index_key) {
        Some(Expiring::Session(key)) => delete(transaction, &key),
        Some(Expiring::Token(key)) => delete(transaction, &key),
        Some(Expiring::SavedAnswer(_)) | None => Ok(()),
    }
}

fn delete<R: Record>(transaction: &mut Transaction, key: &RecordKey<R>) -> Result<(), StoreError> {
    if let Some(record) = transaction.get(key)? {
        transaction.delete(&record);
    }
    Ok(())
}
