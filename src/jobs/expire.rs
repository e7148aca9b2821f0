//! Deadlines: an open job becomes `expired` when its deadline passes.

use super::write::save;
use crate::model::Job;
use crate::store::{Direction, KeyRange, StoreError, Transaction, keys};

/// Most jobs to expire in one change.
pub const EXPIRE_BATCH: usize = 200;

/// Expires due jobs, at most `EXPIRE_BATCH`, and returns how many. Call again while the batch is full.
pub async fn expire_due(transaction: &mut Transaction) -> Result<usize, StoreError> {
    let now = transaction.now();
    let mut due = KeyRange::prefix(&keys::jobs_by_deadline());
    due.end = std::ops::Bound::Excluded(keys::jobs_by_deadline_before(now));
    let found = transaction
        .scan_keys(&due, Direction::Forward, EXPIRE_BATCH)
        .await?;
    for key in &found {
        let Some(old) = transaction.get::<Job>(&keys::indexed(key)?).await? else {
            continue;
        };
        let mut expired = old.record.clone();
        expired.expire();
        save(transaction, &old, expired).await?;
    }
    Ok(found.len())
}
