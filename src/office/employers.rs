//! Employers: one row each, identified by email.

use super::import::{RowError, refuse_other_role};
use super::report::Effect;
use super::rows::Row;
use crate::accounts::{free_employee_number, renumber_employer};
use crate::model::{
    Email, EmployeeId, Employer, EmployerProfile, FieldFault, Invalid, Line, NumberFrom, Role,
    Setting, check_text,
};
use crate::store::{Stored, Transaction, keys};

pub(super) const COLUMNS: &[&str] = &[
    "name",
    "email",
    "employeeId",
    "designation",
    "workSpace",
    "setting",
];
/// The column that identifies the record.
pub(super) const KEY: &str = "email";
pub(super) const REQUIRED: &[&str] = &["name", "email"];

const MAX_NAME_CHARS: usize = 200;

pub(super) fn key(row: &Row) -> Result<Email, FieldFault> {
    Email::parse(row.text(KEY).unwrap_or_default())
}

/// A validated row.
struct Entry {
    name: String,
    email: Email,
    employee_id: Option<EmployeeId>,
    profile: EmployerProfile,
}

fn parse(row: &Row) -> Result<Entry, Invalid> {
    let mut invalid = Invalid::default();
    let name = check_text(
        row.text("name").unwrap_or_default(),
        Line::Single,
        1,
        MAX_NAME_CHARS,
    );
    let name = invalid.field("name", name);
    let email = invalid.field("email", key(row));
    let employee_id = row.id("employeeId", &mut invalid);
    let employee_id = employee_id.map(EmployeeId::parse);
    let employee_id = employee_id.and_then(|id| invalid.field("employeeId", id));
    let settings = [
        ("onCampus", Setting::OnCampus),
        ("offCampus", Setting::OffCampus),
    ];
    let profile = EmployerProfile {
        employee_id: None,
        designation: row.text("designation").map(str::to_owned),
        work_space: row.text("workSpace").map(str::to_owned),
        setting: row.one_of("setting", &settings, &mut invalid),
    };
    let profile = invalid.part(profile.validate());
    let all = name.zip(email).zip(profile);
    let ((name, email), profile) = invalid.complete(all)?;
    Ok(Entry {
        name,
        email,
        employee_id,
        profile,
    })
}

/// The record with a row's address, under the row's number, and whether it had another number before.
async fn find(
    transaction: &mut Transaction,
    entry: &Entry,
) -> Result<(Option<Stored<Employer>>, bool), RowError> {
    let known: Option<Stored<Employer>> = transaction
        .find(&keys::employer_email(&entry.email))
        .await?;
    let Some(id) = &entry.employee_id else {
        return Ok((known, false));
    };
    if known.as_ref().is_some_and(|known| known.employee_id == *id) {
        return Ok((known, false));
    }
    if !free_employee_number(transaction, id).await? {
        return Err(Invalid::one("employeeId", FieldFault::Taken).into());
    }
    let Some(old) = known else {
        return Ok((None, false));
    };
    let moved = renumber_employer(transaction, &old, id, NumberFrom::Office).await?;
    if moved.is_none() {
        return Err(Invalid::one("employeeId", FieldFault::TooManyRecords).into());
    }
    Ok((moved, true))
}

pub(super) async fn import_row(
    transaction: &mut Transaction,
    row: &Row,
) -> Result<Effect, RowError> {
    let entry = parse(row)?;
    refuse_other_role(transaction, &entry.email, Role::Employer).await?;
    let (known, is_renumbered) = find(transaction, &entry).await?;
    let now = transaction.now();
    let Some(old) = known else {
        let id = entry.employee_id.clone();
        let id = id.unwrap_or_else(|| EmployeeId::generate(now));
        let (name, email) = (entry.name.clone(), entry.email.clone());
        let mut employer = Employer::new(id, NumberFrom::Person, name, email, now);
        apply_row(&mut employer, row, entry);
        transaction.insert(employer).await?;
        return Ok(Effect::Created);
    };
    let mut employer = old.record.clone();
    apply_row(&mut employer, row, entry);
    if employer == old.record {
        return Ok(if is_renumbered {
            Effect::Updated
        } else {
            Effect::Unchanged
        });
    }
    employer.updated_at = now;
    transaction.update(&old, employer).await?;
    Ok(Effect::Updated)
}

/// A column that the file lacks changes nothing. An employer with an account owns its name.
fn apply_row(employer: &mut Employer, row: &Row, entry: Entry) {
    let Entry { name, profile, .. } = entry;
    if entry.employee_id.is_some() {
        employer.number = NumberFrom::Office;
    }
    if employer.account_id.is_none() {
        employer.name = name;
    }
    if row.has("designation") {
        employer.designation = profile.designation;
    }
    if row.has("workSpace") {
        employer.work_space_by_office = profile.work_space.is_some();
        employer.work_space = profile.work_space;
    }
    employer.setting = profile.setting.unwrap_or(employer.setting);
}
