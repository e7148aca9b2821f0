//! Employers: one row each, keyed by e-mail.

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
/// The column that says which record a row is.
pub(super) const KEY: &str = "email";
pub(super) const REQUIRED: &[&str] = &["name", "email"];

const MAX_NAME_CHARS: usize = 200;

pub(super) fn key(row: &Row) -> Result<Email, FieldFault> {
    Email::parse(row.text(KEY).unwrap_or_default())
}

pub(super) fn land(transaction: &mut Transaction, row: &Row) -> Result<Effect, RowError> {
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
    let setting = row.one_of("setting", &settings, &mut invalid);
    let profile = EmployerProfile {
        employee_id: None,
        designation: row.text("designation").map(str::to_owned),
        work_space: row.text("workSpace").map(str::to_owned),
        setting,
    };
    let profile = profile.validate()?;
    let (Some(name), Some(email)) = (name, email) else {
        return Err(invalid.into());
    };
    invalid.into_result()?;
    refuse_other_role(transaction, &email, Role::Employer)?;
    let now = transaction.now();
    let mut known: Option<Stored<Employer>> = transaction.find(&keys::employer_email(&email))?;
    let mut is_renumbered = false;
    if let Some(id) = &employee_id
        && known.as_ref().is_none_or(|known| known.employee_id != *id)
    {
        if !free_employee_number(transaction, id)? {
            return Err(Invalid::one("employeeId", FieldFault::Taken).into());
        }
        if let Some(old) = &known {
            known = renumber_employer(transaction, old, id, NumberFrom::Office)?;
            is_renumbered = true;
            if known.is_none() {
                return Err(Invalid::one("employeeId", FieldFault::TooManyRecords).into());
            }
        }
    }
    let number = match &employee_id {
        Some(_) => NumberFrom::Office,
        None => NumberFrom::Person,
    };
    let Some(old) = known else {
        let employer = Employer {
            employee_id: employee_id.unwrap_or_else(|| EmployeeId::generate(now)),
            number,
            name,
            email,
            designation: profile.designation,
            work_space: profile.work_space,
            setting: profile.setting.unwrap_or_default(),
            account_id: None,
            updated_at: now,
        };
        transaction.insert(employer)?;
        return Ok(Effect::Created);
    };
    let mut employer = old.record.clone();
    if employee_id.is_some() {
        employer.number = number;
    }
    if employer.account_id.is_none() {
        employer.name = name;
    }
    if row.has("designation") {
        employer.designation = profile.designation;
    }
    if row.has("workSpace") {
        employer.work_space = profile.work_space;
    }
    employer.setting = profile.setting.unwrap_or(employer.setting);
    if employer == old.record {
        return Ok(if is_renumbered {
            Effect::Updated
        } else {
            Effect::Unchanged
        });
    }
    employer.updated_at = now;
    transaction.update(&old, employer)?;
    Ok(Effect::Updated)
}
