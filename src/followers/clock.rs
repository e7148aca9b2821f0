//! Timed work: deadlines pass, sessions and tokens expire.

use std::time::Duration;

use super::Tail;
use super::retention::Clearing;
use crate::jobs::{EXPIRE_BATCH, expire_due};
use crate::store::{
    Direction, Key, KeyRange, Origin, RecordKey, Store, StoreError, Transaction, keys,
};

/// A job must expire within ten seconds of its deadline (src/http/README.md).
const TICK: Duration = Duration::from_secs(2);
/// Most rows to delete in one change.
const CLEAR_BATCH: usize = 500;

pub(super) async fn run(store: Store, mut clearing: Clearing, mut tail: Tail) {
    let mut is_clean = false;
    loop {
        let mut done = tick(&store).await;
        if !is_clean && done.is_ok() {
            done = clear_retired(&store).await;
            is_clean = done.is_ok();
        }
        if done.is_ok() {
            done = clearing.run(&store, &tail).await;
        }
        if let Err(error) = done {
            tail.wait_after_error("clock", &error).await;
        }
        if !tail.pause(TICK).await {
            return;
        }
    }
}

async fn tick(store: &Store) -> Result<(), StoreError> {
    while store.run(Origin::SYSTEM, expire_due).await? == EXPIRE_BATCH {}
    while store.run(Origin::SYSTEM, clear_expired).await? == CLEAR_BATCH {}
    Ok(())
}

/// Deletes index rows of earlier versions that nothing reads.
async fn clear_retired(store: &Store) -> Result<(), StoreError> {
    let clear = async |transaction: &mut Transaction| -> Result<usize, StoreError> {
        let mut cleared = 0;
        for index in keys::retired() {
            let range = KeyRange::prefix(&index);
            let found = transaction
                .scan_keys(&range, Direction::Forward, CLEAR_BATCH)
                .await?;
            cleared += found.len();
            found
                .into_iter()
                .for_each(|key| transaction.delete_bytes(key));
        }
        Ok(cleared)
    };
    while store.run(Origin::SYSTEM, clear).await? > 0 {}
    Ok(())
}

/// Deletes expired sessions, tokens and saved answers.
async fn clear_expired(transaction: &mut Transaction) -> Result<usize, StoreError> {
    let mut due = KeyRange::prefix(&keys::expiring());
    due.end = std::ops::Bound::Excluded(keys::expiring_before(transaction.now()));
    let found = transaction
        .scan_keys(&due, Direction::Forward, CLEAR_BATCH)
        .await?;
    for key in &found {
        clear(transaction, key).await?;
    }
    Ok(found.len())
}

async fn clear(transaction: &mut Transaction, index_key: &Key) -> Result<(), StoreError> {
    let record = keys::expiring_record(index_key)
        .ok_or_else(|| StoreError::Corrupt(format!("index key {index_key:?}")))?;
    match record {
        keys::Expiring::Session(key) => delete(transaction, &key).await,
        keys::Expiring::Token(key) => delete(transaction, &key).await,
        keys::Expiring::SavedAnswer(key) => delete(transaction, &key).await,
    }
}

async fn delete<R: crate::store::Record>(
    transaction: &mut Transaction,
    key: &RecordKey<R>,
) -> Result<(), StoreError> {
    if let Some(record) = transaction.get(key).await? {
        transaction.delete(&record);
    }
    Ok(())
}
