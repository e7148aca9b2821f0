//! Timed work: deadlines pass, sessions and tokens expire.

use std::time::Duration;

use super::follower::{FollowError, Follower, Next, Turn};
use crate::jobs::{EXPIRE_BATCH, expire_due};
use crate::store::{
    Direction, Key, KeyRange, Origin, RecordKey, Store, StoreError, Transaction, keys,
};

/// A job must expire within ten seconds of its deadline (src/http/README.md).
const TICK: Duration = Duration::from_secs(2);
/// Most rows to delete in one change.
const CLEAR_BATCH: usize = 500;

#[derive(Default)]
pub(super) struct ClockFollower {
    /// Whether the rows of earlier versions are gone.
    is_clean: bool,
}

impl Follower for ClockFollower {
    const NAME: &'static str = "clock";

    async fn step(&mut self, turn: &Turn) -> Result<Next, FollowError> {
        tick(&turn.store).await?;
        if !self.is_clean {
            clear_retired(&turn.store).await?;
            self.is_clean = true;
        }
        Ok(Next::After(TICK))
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
