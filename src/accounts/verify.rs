//! Proving a mailbox: a registration becomes an account with a profile, or a new address counts.

use super::{Refusal, Registrar, tokens};
use crate::model::{
    Account, AccountStatus, EmployeeId, Employer, EmployerProfile, Event, Preferences,
    Registration, Student, StudentId, StudentProfile, TokenKind,
};
use crate::store::{Stored, Transaction, keys};

/// Redeems the token of a verification mail. Gives the account as it now is.
pub fn verify_email(
    registrar: &Registrar,
    transaction: &mut Transaction,
    token: &str,
) -> Result<Account, Refusal> {
    let kinds = [TokenKind::VerifyEmail, TokenKind::ChangeEmail];
    let token = tokens::redeem(transaction, token, &kinds)?;
    let account: Option<Stored<Account>> = transaction.get(&keys::account(token.account_id))?;
    let account = account.ok_or(Refusal::InvalidToken)?;
    match token.kind {
        TokenKind::ChangeEmail => super::profile::take_new_email(transaction, &account),
        _ if account.status == AccountStatus::Unverified => {
            activate(registrar, transaction, &account)
        }
        _ => Err(Refusal::InvalidToken),
    }
}

fn activate(
    registrar: &Registrar,
    transaction: &mut Transaction,
    account: &Stored<Account>,
) -> Result<Account, Refusal> {
    let mut verified = account.record.clone();
    match verified.registration.take() {
        Some(Registration::Student(profile)) => {
            verified.status = AccountStatus::Active;
            verified.student_id = Some(claim_student(transaction, account, profile)?);
        }
        Some(Registration::Employer(profile)) => {
            verified.trusted =
                registrar.trust_campus_employers && registrar.campus.owns(&account.email);
            verified.status = if verified.trusted {
                AccountStatus::Active
            } else {
                AccountStatus::Pending
            };
            verified.employee_id = Some(claim_employer(transaction, account, profile)?);
        }
        None => return Err(Refusal::InvalidToken),
    }
    verified.updated_at = transaction.now();
    let verified = transaction.update(account, verified)?;
    let account_id = verified.account_id;
    transaction.log(Event::AccountVerified { account_id })?;
    transaction.log(Event::AccountStatusChanged {
        account_id,
        from: AccountStatus::Unverified,
        to: verified.status,
    })?;
    Ok(verified.record)
}

/// Joins the account to the roster's record of that address, whose facts stay; or makes a record.
fn claim_student(
    transaction: &mut Transaction,
    account: &Account,
    profile: StudentProfile,
) -> Result<StudentId, Refusal> {
    let now = transaction.now();
    let imported: Option<Stored<Student>> =
        transaction.find(&keys::student_email(&account.email))?;
    let student_id = if let Some(imported) = imported {
        let mut student = imported.record.clone();
        student.name.clone_from(&account.name);
        student.account_id = Some(account.account_id);
        student.updated_at = now;
        // What the registration leaves open keeps what the import said.
        let known = student.profile();
        student.apply(StudentProfile {
            student_id: None,
            graduation_date: profile.graduation_date.or(known.graduation_date),
            skills: if profile.skills.is_empty() {
                known.skills
            } else {
                profile.skills
            },
            summary: profile.summary.or(known.summary),
            enrolled_credits: profile.enrolled_credits.or(known.enrolled_credits),
            gpa: profile.gpa.or(known.gpa),
            visa: profile.visa.or(known.visa),
            work_study_remaining: profile.work_study_remaining.or(known.work_study_remaining),
            preferences: profile.preferences,
        });
        transaction.update(&imported, student)?.record.student_id
    } else {
        let wished = profile.student_id.clone();
        let student_id = match wished {
            Some(id) if transaction.get::<Student>(&keys::student(&id))?.is_none() => id,
            _ => StudentId::generate(now),
        };
        let mut student = Student {
            student_id,
            name: account.name.clone(),
            email: account.email.clone(),
            graduation_date: None,
            skills: Vec::new(),
            summary: None,
            enrolled_credits: None,
            gpa: None,
            visa: None,
            work_study_remaining: None,
            preferences: Preferences::default(),
            roster: Vec::new(),
            account_id: Some(account.account_id),
            updated_at: now,
        };
        student.apply(profile);
        transaction.insert(student)?.record.student_id
    };
    transaction.log(Event::StudentChanged {
        student_id: student_id.clone(),
    })?;
    Ok(student_id)
}

fn claim_employer(
    transaction: &mut Transaction,
    account: &Account,
    profile: EmployerProfile,
) -> Result<EmployeeId, Refusal> {
    let now = transaction.now();
    let imported: Option<Stored<Employer>> =
        transaction.find(&keys::employer_email(&account.email))?;
    let employee_id = if let Some(imported) = imported {
        let mut employer = imported.record.clone();
        employer.name.clone_from(&account.name);
        employer.account_id = Some(account.account_id);
        employer.designation = profile.designation.or(employer.designation);
        employer.work_space = profile.work_space.or(employer.work_space);
        employer.setting = profile.setting.unwrap_or(employer.setting);
        employer.updated_at = now;
        transaction.update(&imported, employer)?.record.employee_id
    } else {
        let employee_id = match profile.employee_id {
            Some(id) if transaction.get::<Employer>(&keys::employer(&id))?.is_none() => id,
            _ => EmployeeId::generate(now),
        };
        let employer = Employer {
            employee_id,
            name: account.name.clone(),
            email: account.email.clone(),
            designation: profile.designation,
            work_space: profile.work_space,
            setting: profile.setting.unwrap_or_default(),
            account_id: Some(account.account_id),
            updated_at: now,
        };
        transaction.insert(employer)?.record.employee_id
    };
    transaction.log(Event::EmployerChanged {
        employee_id: employee_id.clone(),
    })?;
    Ok(employee_id)
}
