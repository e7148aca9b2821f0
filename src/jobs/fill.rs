//! Filling a position.

use super::write::save;
use crate::model::Job;
use crate::store::{StoreError, Stored, Transaction};

/// Takes a free position. Taking the last one marks the posting as filled. The caller has checked that one is free.
pub(crate) async fn take_position(
    transaction: &mut Transaction,
    old: &Stored<Job>,
) -> Result<(), StoreError> {
    let mut job = old.record.clone();
    job.take_position();
    save(transaction, old, job).await?;
    Ok(())
}
