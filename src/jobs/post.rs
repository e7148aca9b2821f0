//! Posting a job.

use super::Refusal;
use super::write::write;
use crate::model::{
    Account, AccountStatus, Campus, EmployeeId, Employer, Event, FieldFault, Identity, Invalid,
    Job, JobFields, JobId, JobStatus, Party,
};
use crate::store::{StoreError, Stored, Transaction, keys};

pub struct Posting {
    pub fields: JobFields,
    pub draft: bool,
    /// Whose job it is, when an admin posts for an employer; an employer may name himself.
    pub employee_id: Option<EmployeeId>,
}

pub fn post(
    campus: &Campus,
    transaction: &mut Transaction,
    identity: &Identity,
    posting: &Posting,
) -> Result<Stored<Job>, Refusal> {
    let now = transaction.now();
    if posting.fields.deadline <= now {
        return Err(Invalid::one("deadline", FieldFault::InThePast).into());
    }
    let employee_id = match (&identity.party, &posting.employee_id) {
        (Party::Employer(own), None) => own.clone(),
        (Party::Employer(own), Some(named)) if own == named => own.clone(),
        (Party::Employer(_), Some(_)) => {
            return Err(Invalid::one("employeeId", FieldFault::NotYourOwn).into());
        }
        (_, Some(named)) => named.clone(),
        (_, None) => {
            return Err(Invalid::one("employeeId", FieldFault::Required).into());
        }
    };
    let employer: Option<Stored<Employer>> = transaction.get(&keys::employer(&employee_id))?;
    let Some(employer) = employer else {
        return Err(Invalid::one("employeeId", FieldFault::NotAnEmployer).into());
    };
    let mut job = new_job(campus, JobId::generate(now), &employer, now);
    write(transaction, &mut job, posting.fields.clone())?;
    if !posting.draft {
        publish(transaction, identity, &mut job)?;
    }
    let job = transaction.insert(job)?;
    transaction.log(Event::JobChanged {
        job_id: job.job_id,
        from: None,
        to: job.job_status,
    })?;
    Ok(job)
}

/// Opens a posting; it waits where an admin has to look at this employer's postings, or at this one, first.
pub(super) fn publish(
    transaction: &mut Transaction,
    identity: &Identity,
    job: &mut Job,
) -> Result<(), StoreError> {
    let now = transaction.now();
    if identity.party == Party::Admin {
        job.approve(now);
        return Ok(());
    }
    let account: Option<Stored<Account>> = transaction.get(&keys::account(identity.account_id))?;
    let trusted =
        account.is_some_and(|account| account.trusted && account.status == AccountStatus::Active);
    job.publish(!trusted, now);
    Ok(())
}

/// An empty posting of an employer, for the fields to be laid over.
pub(crate) fn new_job(
    campus: &Campus,
    job_id: JobId,
    employer: &Employer,
    now: crate::model::Timestamp,
) -> Job {
    Job {
        job_id,
        job_title: String::new(),
        job_description: String::new(),
        job_pay_rate: crate::model::Money::from_cents(0),
        currency: campus.currency.clone(),
        skills_required: Vec::new(),
        employee_id: employer.employee_id.clone(),
        employer_name: employer.name.clone(),
        work_space: None,
        location: None,
        setting: crate::model::JobSetting::default(),
        hours_per_week: 0.0,
        positions: 1,
        positions_filled: 0,
        work_study_required: false,
        start_date: None,
        end_date: None,
        deadline: now,
        questions: Vec::new(),
        job_status: JobStatus::Draft,
        external_id: None,
        posted_at: now,
        was_open: false,
        declined: None,
        updated_at: now,
    }
}
