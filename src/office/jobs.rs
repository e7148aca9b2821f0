//! Postings: one row each, keyed by `externalId`.

use super::import::RowError;
use super::report::Effect;
use super::rows::Row;
use crate::jobs::{follow_source, post_from_source};
use crate::model::{
    Campus, Email, Employer, FieldFault, Invalid, Job, JobFields, JobInput, JobSetting, Line,
    Timestamp, check_text,
};
use crate::store::{Direction, KeyRange, StoreError, Stored, Transaction, keys};

pub(super) const COLUMNS: &[&str] = &[
    "jobTitle",
    "jobDescription",
    "jobPayRate",
    "skillsRequired",
    "workSpace",
    "location",
    "setting",
    "hoursPerWeek",
    "positions",
    "workStudyRequired",
    "startDate",
    "endDate",
    "deadline",
    "externalId",
    "employerEmail",
];
/// The column that says which record a row is.
pub(super) const KEY: &str = "externalId";
pub(super) const REQUIRED: &[&str] = &[
    "jobTitle",
    "jobDescription",
    "jobPayRate",
    "hoursPerWeek",
    "deadline",
    "externalId",
];

const MAX_EXTERNAL_ID_CHARS: usize = 200;

pub(super) fn key(row: &Row) -> Result<String, FieldFault> {
    let text = row.text(KEY).unwrap_or_default();
    check_text(text, Line::Single, 1, MAX_EXTERNAL_ID_CHARS)
}

pub(super) fn land(
    campus: &Campus,
    transaction: &mut Transaction,
    row: &Row,
    owner: Option<&Email>,
) -> Result<Effect, RowError> {
    let external_id = key(row).map_err(|fault| Invalid::one(KEY, fault))?;
    let mut invalid = Invalid::default();
    row.id(KEY, &mut invalid);
    invalid.into_result()?;
    let fields = parse(campus, row, transaction.now())?;
    let known: Option<Stored<Job>> = transaction.find(&keys::job_external_id(&external_id))?;
    let employer = owner_of(transaction, row, owner)?;
    let Some(old) = known else {
        let Some(employer) = employer else {
            return Err(Invalid::one("employerEmail", FieldFault::NoEmployer).into());
        };
        post_from_source::<RowError>(campus, transaction, &employer, external_id, fields)?;
        return Ok(Effect::Created);
    };
    if let Some(employer) = employer.filter(|employer| employer.employee_id != old.employee_id) {
        return Err(Invalid::one(
            "employerEmail",
            FieldFault::OtherEmployer {
                email: employer.email.to_string(),
            },
        )
        .into());
    }
    Ok(if follow_source::<RowError>(transaction, &old, fields)? {
        Effect::Updated
    } else {
        Effect::Unchanged
    })
}

fn parse(campus: &Campus, row: &Row, now: Timestamp) -> Result<JobFields, Invalid> {
    let mut invalid = Invalid::default();
    let settings = [
        ("onCampus", JobSetting::OnCampus),
        ("offCampus", JobSetting::OffCampus),
        ("remote", JobSetting::Remote),
    ];
    let input = JobInput {
        job_title: row.text("jobTitle").map(str::to_owned),
        job_description: row.text("jobDescription").map(str::to_owned),
        job_pay_rate: row.amount("jobPayRate", &mut invalid),
        skills_required: row.list("skillsRequired"),
        work_space: row.text("workSpace").map(str::to_owned),
        location: row.text("location").map(str::to_owned),
        setting: row.one_of("setting", &settings, &mut invalid),
        hours_per_week: row.number("hoursPerWeek", &mut invalid),
        positions: row.whole_number("positions", &mut invalid),
        work_study_required: row.boolean("workStudyRequired", &mut invalid),
        start_date: row.date("startDate", &mut invalid),
        end_date: row.date("endDate", &mut invalid),
        deadline: row.moment("deadline", &campus.time_zone),
        questions: None,
    };
    invalid.into_result()?;
    let mut fields = input.validate(&campus.time_zone, now)?;
    fields.skills_required = campus.skills.canonical_list(&fields.skills_required);
    Ok(fields)
}

/// The row's own employer, else the one of its workplace, else the one that was named for the whole file.
fn owner_of(
    transaction: &mut Transaction,
    row: &Row,
    owner: Option<&Email>,
) -> Result<Option<Employer>, RowError> {
    let by_email = |transaction: &mut Transaction, email: &Email| {
        let found: Option<Stored<Employer>> = transaction.find(&keys::employer_email(email))?;
        Ok::<_, StoreError>(found.map(|found| found.record))
    };
    if let Some(text) = row.text("employerEmail") {
        let email = Email::parse(text).map_err(|fault| Invalid::one("employerEmail", fault))?;
        let employer = by_email(transaction, &email)?;
        return match employer {
            None => Err(Invalid::one("employerEmail", FieldFault::NotAnEmployer).into()),
            found => Ok(found),
        };
    }
    if let Some(work_space) = row.text("workSpace") {
        let range = KeyRange::prefix(&keys::employers_by_work_space(work_space));
        let first = transaction.scan_keys(&range, Direction::Forward, 1)?;
        if let Some(row) = first.first() {
            let found: Option<Stored<Employer>> = transaction.get(&keys::indexed(row)?)?;
            return Ok(found.map(|found| found.record));
        }
    }
    match owner {
        None => Ok(None),
        Some(email) => match by_email(transaction, email)? {
            None => Err(Invalid::one("owner", FieldFault::NotAnEmployer).into()),
            found => Ok(found),
        },
    }
}
