//! Postings that come from another system: created and updated by imports.

use super::post::draft;
use super::write::{check_filled, frozen_changes, save, write};
use crate::model::{Campus, Employer, FieldFault, Invalid, Job, JobFields};
use crate::store::{StoreError, Stored, Transaction};

/// Creates a posting and opens it.
pub(crate) async fn post_from_source<E: From<Invalid> + From<StoreError>>(
    campus: &Campus,
    transaction: &mut Transaction,
    employer: &Employer,
    external_id: String,
    fields: JobFields,
) -> Result<(), E> {
    let now = transaction.now();
    if fields.deadline <= now {
        return Err(Invalid::one("deadline", FieldFault::InThePast).into());
    }
    let mut job = draft(campus, transaction, employer);
    write(transaction, &mut job, fields).await?;
    job.external_id = Some(external_id);
    job.approve(now);
    transaction.insert(job).await?;
    Ok(())
}

/// Updates a posting from its source. Returns false if nothing changed.
pub(crate) async fn follow_source<E: From<Invalid> + From<StoreError>>(
    transaction: &mut Transaction,
    old: &Stored<Job>,
    fields: JobFields,
) -> Result<bool, E> {
    let mut job = old.record.clone();
    write(transaction, &mut job, fields).await?;
    if job == old.record {
        return Ok(false);
    }
    check_filled(old, &job)?;
    let mut frozen = Invalid::default();
    for member in frozen_changes(transaction, old, &job).await? {
        frozen.add(member, FieldFault::HasApplications);
    }
    frozen.into_result()?;
    job.follow_source(transaction.now());
    save(transaction, old, job).await?;
    Ok(true)
}
