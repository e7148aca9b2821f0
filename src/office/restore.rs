//! What a restored board must not bring back: logins, links in mails, and mail that may have been sent since the backup.

use crate::mail::hold_mail;
use crate::model::Event;
use crate::store::keys::{self, Expiring};
use crate::store::{Key, Origin, Record, RecordKey, Store, StoreError, Transaction};

/// Rows per change.
const BATCH: usize = 500;

/// Ends all sessions and links, holds unsent mail, and notes the restore in the change log. For a store that no server
/// uses.
pub async fn settle_restored(store: &Store) -> Result<(), StoreError> {
    for index in [keys::mails_failed(), keys::mails_waiting()] {
        each(store, &index, hold_mail).await?;
    }
    each(store, &keys::expiring(), end).await?;
    let note = async |transaction: &mut Transaction| {
        // A backup has no keys of access tokens, unless somebody put them there.
        transaction.delete_bytes(keys::signing_keys());
        transaction.log(Event::BackupRestored)
    };
    store.run(Origin::OPERATOR, note).await
}

/// Changes what the rows of an index lead to.
async fn each(
    store: &Store,
    index: &Key,
    change: impl AsyncFn(&mut Transaction, &Key) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let (mut rows, mut walk) = (Vec::new(), store.read()?.walk(index));
    while let Some(found) = walk.next_keys().await? {
        rows.extend(found);
    }
    for batch in rows.chunks(BATCH) {
        let change = async |transaction: &mut Transaction| {
            for key in batch {
                change(transaction, key).await?;
            }
            Ok::<(), StoreError>(())
        };
        store.run(Origin::OPERATOR, change).await?;
    }
    Ok(())
}

/// Deletes a session, or the token of a link. The answers kept for retries stay: they belong to what was restored.
async fn end(transaction: &mut Transaction, index_key: &Key) -> Result<(), StoreError> {
    match keys::expiring_record(index_key) {
        Some(Expiring::Session(key)) => delete(transaction, &key).await,
        Some(Expiring::Token(key)) => delete(transaction, &key).await,
        Some(Expiring::SavedAnswer(_)) | None => Ok(()),
    }
}

async fn delete<R: Record>(
    transaction: &mut Transaction,
    key: &RecordKey<R>,
) -> Result<(), StoreError> {
    if let Some(record) = transaction.get(key).await? {
        transaction.delete(&record);
    }
    Ok(())
}
