//! Somebody gets the job.

use super::write::save;
use crate::model::Job;
use crate::store::{StoreError, Stored, Transaction};

/// Takes a free position; the last one makes the posting filled. The caller has looked that there is one.
pub(crate) fn take_position(
    transaction: &mut Transaction,
    old: &Stored<Job>,
) -> Result<(), StoreError> {
    let mut job = old.record.clone();
    job.take_position();
    save(transaction, old, job)?;
    Ok(())
}
