//! Postings: one row each, identified by `externalId`.

use super::import::{RowError, part_of_row};
use super::owner;
use super::report::Effect;
use super::rows::Row;
use crate::jobs::{follow_source, post_from_source};
use crate::model::{
    Campus, Email, Employer, FieldFault, Invalid, Job, JobFields, JobInput, JobSetting, Line,
    Patch, Timestamp, check_text,
};
use crate::store::{Stored, Transaction, keys};

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
/// The column that identifies the record.
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

pub(super) async fn import_row(
    campus: &Campus,
    transaction: &mut Transaction,
    row: &Row,
    owner: Option<&Email>,
) -> Result<Effect, RowError> {
    let mut invalid = Invalid::default();
    let external_id = invalid.field(KEY, key(row));
    row.id(KEY, &mut invalid);
    let external_id = external_id.filter(|_| invalid.0.is_empty());
    let fields = invalid.part(parse(campus, row, transaction.now()));
    let target = match &external_id {
        Some(id) => part_of_row(
            target(campus, transaction, row, owner, id).await,
            &mut invalid,
        )?,
        None => None,
    };
    let all = external_id.zip(fields).zip(target);
    let ((external_id, fields), target) = invalid.complete(all)?;
    match target {
        Target::New(employer) => {
            post_from_source::<RowError>(campus, transaction, &employer, external_id, fields)
                .await?;
            Ok(Effect::Created)
        }
        Target::Known(old) if follow_source::<RowError>(transaction, &old, fields).await? => {
            Ok(Effect::Updated)
        }
        Target::Known(_) => Ok(Effect::Unchanged),
    }
}

/// Where a row belongs.
enum Target {
    /// A new posting of this employer.
    New(Employer),
    Known(Box<Stored<Job>>),
}

async fn target(
    campus: &Campus,
    transaction: &mut Transaction,
    row: &Row,
    owner: Option<&Email>,
    external_id: &str,
) -> Result<Target, RowError> {
    let known: Option<Stored<Job>> = transaction
        .find(&keys::job_external_id(external_id))
        .await?;
    let named = owner::named(campus, transaction, row, owner).await?;
    match known {
        None => Ok(Target::New(named.only()?)),
        Some(old) => {
            owner::check_keeper(transaction, &named, &old).await?;
            Ok(Target::Known(Box::new(old)))
        }
    }
}

fn parse(campus: &Campus, row: &Row, now: Timestamp) -> Result<JobFields, Invalid> {
    let mut invalid = Invalid::default();
    let settings = [
        ("onCampus", JobSetting::OnCampus),
        ("offCampus", JobSetting::OffCampus),
        ("remote", JobSetting::Remote),
    ];
    let input = JobInput {
        job_title: row.text("jobTitle").map(str::to_owned).into(),
        job_description: row.text("jobDescription").map(str::to_owned).into(),
        job_pay_rate: row.amount("jobPayRate", &mut invalid).into(),
        skills_required: row.list("skillsRequired").into(),
        work_space: row.text("workSpace").map(str::to_owned).into(),
        location: row.text("location").map(str::to_owned).into(),
        setting: row.one_of("setting", &settings, &mut invalid).into(),
        hours_per_week: row.number("hoursPerWeek", &mut invalid).into(),
        positions: row.whole_number("positions", &mut invalid).into(),
        work_study_required: row.boolean("workStudyRequired", &mut invalid).into(),
        start_date: row.date("startDate", &mut invalid).into(),
        end_date: row.date("endDate", &mut invalid).into(),
        deadline: row.moment("deadline", &campus.time_zone).into(),
        questions: Patch::Clear,
    };
    let fields = invalid.part(input.over(None, &campus.time_zone, now));
    let mut fields = invalid.complete(fields)?;
    fields.skills_required = campus.skills.canonical_list(&fields.skills_required);
    Ok(fields)
}
