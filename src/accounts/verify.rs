//! Verifying an address: a registration becomes an account with a profile, or a new address takes effect. The link
//! alone is not enough: it also needs the password of the registration that sent it. So a stranger who registers
//! somebody else's address gets no account when the owner opens the link.

use super::sign_in::admit;
use super::{Opened, Refusal, Registrar, tokens};
use crate::model::{
    Account, AccountStatus, Claim, EmployeeId, Employer, EmployerProfile, Event, NumberFrom,
    Registration, Student, StudentId, StudentProfile, TokenKind,
};
use crate::store::{Stored, Transaction, keys};

const KINDS: [TokenKind; 2] = [TokenKind::VerifyEmail, TokenKind::ChangeEmail];

/// Counts an attempt with a link, and returns the password hash to check: the registration's, or the account's if the
/// link verifies a new address.
pub async fn try_link(transaction: &mut Transaction, token: &str) -> Result<String, Refusal> {
    let token = tokens::find(transaction, token, &KINDS).await?;
    tokens::count_try(transaction, &token).await?;
    let hash = match &token.claim {
        Some(claim) => Some(claim.password_hash.clone()),
        None => transaction
            .get::<Account>(&keys::account(token.account_id))
            .await?
            .and_then(|account| account.record.password_hash),
    };
    hash.ok_or(Refusal::InvalidToken)
}

/// Uses a link whose password was right, and logs in. `password_hash` is the hash that was checked.
pub async fn verify_email(
    registrar: &Registrar,
    transaction: &mut Transaction,
    token: &str,
    password_hash: &str,
) -> Result<(Opened, Account), Refusal> {
    let token = tokens::find(transaction, token, &KINDS).await?;
    let account: Option<Stored<Account>> =
        transaction.get(&keys::account(token.account_id)).await?;
    let account = account.ok_or(Refusal::InvalidToken)?;
    let account = match &token.claim {
        Some(claim) if account.status == AccountStatus::Unverified => {
            activate(registrar, transaction, &account, claim).await?
        }
        Some(_) => return Err(Refusal::AlreadyVerified),
        None => {
            if account.password_hash.as_deref() != Some(password_hash) {
                return Err(Refusal::WrongRegistrationPassword);
            }
            admit(&account)?;
            super::profile::take_new_email(transaction, &account).await?
        }
    };
    let opened = super::open_session(registrar, transaction, &account).await?;
    let account_id = account.account_id;
    transaction.log(Event::LoggedIn { account_id })?;
    Ok((opened, account.record))
}

async fn activate(
    registrar: &Registrar,
    transaction: &mut Transaction,
    account: &Stored<Account>,
    claim: &Claim,
) -> Result<Stored<Account>, Refusal> {
    let mut verified = Account {
        role: claim.role,
        name: claim.name.clone(),
        password_hash: Some(claim.password_hash.clone()),
        ..account.record.clone()
    };
    match claim.profile.clone() {
        Registration::Student(profile) => {
            verified.status = AccountStatus::Active;
            verified.student_id = Some(claim_student(transaction, &verified, profile).await?);
        }
        Registration::Employer(profile) => {
            // A student's address is a campus address too, and proves no department.
            let roster = keys::student_email(&account.email);
            let is_student = transaction.find::<Student>(&roster).await?.is_some();
            verified.trusted = registrar.trust_campus_employers
                && registrar.campus.owns(&account.email)
                && !is_student;
            verified.status = if verified.trusted {
                AccountStatus::Active
            } else {
                AccountStatus::Pending
            };
            verified.employee_id = Some(claim_employer(transaction, &verified, profile).await?);
        }
    }
    verified.updated_at = transaction.now();
    let verified = transaction.update(account, verified).await?;
    let account_id = verified.account_id;
    tokens::spend_all(transaction, account_id, TokenKind::VerifyEmail).await?;
    transaction.log(Event::AccountVerified { account_id })?;
    transaction.log(Event::AccountStatusChanged {
        account_id,
        from: AccountStatus::Unverified,
        to: verified.status,
    })?;
    Ok(verified)
}

/// Links the account to the roster record with this address, keeping its facts, or creates a record.
async fn claim_student(
    transaction: &mut Transaction,
    account: &Account,
    profile: StudentProfile,
) -> Result<StudentId, Refusal> {
    let now = transaction.now();
    let imported: Option<Stored<Student>> = transaction
        .find(&keys::student_email(&account.email))
        .await?;
    let student_id = if let Some(imported) = imported {
        let mut student = imported.record.clone();
        student.name.clone_from(&account.name);
        student.account_id = Some(account.account_id);
        student.updated_at = now;
        // Where the registration leaves a field empty, the imported value stays.
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
        transaction
            .update(&imported, student)
            .await?
            .record
            .student_id
    } else {
        let (student_id, number) = match profile.student_id.clone() {
            Some(id)
                if transaction
                    .get::<Student>(&keys::student(&id))
                    .await?
                    .is_none() =>
            {
                (id, NumberFrom::Person)
            }
            Some(_) => (StudentId::generate(now), NumberFrom::Cleared),
            None => (StudentId::generate(now), NumberFrom::Person),
        };
        let (name, email) = (account.name.clone(), account.email.clone());
        let mut student = Student::new(student_id, number, name, email, now);
        student.account_id = Some(account.account_id);
        student.apply(profile);
        transaction.insert(student).await?.record.student_id
    };
    Ok(student_id)
}

async fn claim_employer(
    transaction: &mut Transaction,
    account: &Account,
    profile: EmployerProfile,
) -> Result<EmployeeId, Refusal> {
    let now = transaction.now();
    let imported: Option<Stored<Employer>> = transaction
        .find(&keys::employer_email(&account.email))
        .await?;
    let employee_id = if let Some(imported) = imported {
        let mut employer = imported.record.clone();
        employer.name.clone_from(&account.name);
        employer.account_id = Some(account.account_id);
        employer.designation = profile.designation.or(employer.designation);
        if profile.work_space.is_some() {
            employer.set_own_work_space(profile.work_space);
        }
        employer.setting = profile.setting.unwrap_or(employer.setting);
        employer.updated_at = now;
        transaction
            .update(&imported, employer)
            .await?
            .record
            .employee_id
    } else {
        let (employee_id, number) = match profile.employee_id {
            Some(id)
                if transaction
                    .get::<Employer>(&keys::employer(&id))
                    .await?
                    .is_none() =>
            {
                (id, NumberFrom::Person)
            }
            Some(_) => (EmployeeId::generate(now), NumberFrom::Cleared),
            None => (EmployeeId::generate(now), NumberFrom::Person),
        };
        let (name, email) = (account.name.clone(), account.email.clone());
        let employer = Employer {
            designation: profile.designation,
            work_space: profile.work_space,
            setting: profile.setting.unwrap_or_default(),
            account_id: Some(account.account_id),
            ..Employer::new(employee_id, number, name, email, now)
        };
        transaction.insert(employer).await?.record.employee_id
    };
    Ok(employee_id)
}
