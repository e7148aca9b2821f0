//! Posting a job.

use super::Refusal;
use super::write::write;
use crate::model::{
    Account, AccountStatus, Campus, EmployeeId, Employer, FieldFault, Identity, Invalid, Job,
    JobFields, JobId, Party,
};
use crate::store::{StoreError, Stored, Transaction, keys};

pub struct Posting {
    pub fields: JobFields,
    pub draft: bool,
    /// The employer, if an admin posts for one. An employer may name itself.
    pub employee_id: Option<EmployeeId>,
}

pub async fn post(
    campus: &Campus,
    transaction: &mut Transaction,
    identity: &Identity,
    posting: &Posting,
) -> Result<Stored<Job>, Refusal> {
    let now = transaction.now();
    let mut invalid = Invalid::default();
    if posting.fields.deadline <= now {
        invalid.add("deadline", FieldFault::InThePast);
    }
    let employee_id = match (&identity.party, &posting.employee_id) {
        (Party::Employer(own), Some(named)) if own != named => Err(FieldFault::NotYourOwn),
        (Party::Employer(own), _) => Ok(own),
        (_, named) => named.as_ref().ok_or(FieldFault::Required),
    };
    let employer: Option<Stored<Employer>> = match invalid.field("employeeId", employee_id) {
        Some(id) => {
            let found = transaction.get(&keys::employer(id)).await?;
            invalid.field("employeeId", found.ok_or(FieldFault::NotAnEmployer))
        }
        None => None,
    };
    let employer = invalid.complete(employer)?;
    let mut job = draft(campus, transaction, &employer);
    write(transaction, &mut job, posting.fields.clone()).await?;
    if !posting.draft {
        publish(transaction, identity, &mut job).await?;
    }
    Ok(transaction.insert(job).await?)
}

/// Opens a posting, or makes it pending if an admin has to review this employer's postings or this one first.
pub(super) async fn publish(
    transaction: &mut Transaction,
    identity: &Identity,
    job: &mut Job,
) -> Result<(), StoreError> {
    let now = transaction.now();
    if identity.party == Party::Admin {
        job.approve(now);
        return Ok(());
    }
    let account: Option<Stored<Account>> =
        transaction.get(&keys::account(identity.account_id)).await?;
    let trusted =
        account.is_some_and(|account| account.trusted && account.status == AccountStatus::Active);
    job.publish(!trusted, now);
    Ok(())
}

/// An empty posting of an employer, to be filled in.
pub(super) fn draft(campus: &Campus, transaction: &mut Transaction, employer: &Employer) -> Job {
    let now = transaction.now();
    let mut job = Job::draft(JobId::generate(now), employer.employee_id.clone(), now);
    job.currency.clone_from(&campus.currency);
    job.employer_name.clone_from(&employer.name);
    job
}
