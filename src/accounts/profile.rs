//! People's own profiles: reading and changing them.

use super::{Refusal, Registrar, tokens};
use crate::eligibility::weekly_hours;
use crate::jobs::rename_employer;
use crate::mail::Recipient;
use crate::model::{
    Account, Email, EmployeeId, Employer, EmployerPatch, Event, FieldFault, Identity, Invalid,
    Line, MailTemplate, Party, Role, Student, StudentId, StudentPatch, TokenKind, Vocabulary,
    check_text,
};
use crate::store::{Key, Reader, Stored, Transaction, keys};

/// An account and the profile for its role. An admin has no profile.
pub struct Me {
    pub account: Stored<Account>,
    pub student: Option<(Stored<Student>, f64)>,
    pub employer: Option<Stored<Employer>>,
}

impl Me {
    /// One number for both records. It grows with each change of either.
    pub fn version(&self) -> u64 {
        self.account.version
            + self
                .student
                .as_ref()
                .map_or(0, |(student, _)| student.version)
            + self
                .employer
                .as_ref()
                .map_or(0, |employer| employer.version)
    }
}

pub async fn me(
    reader: &Reader,
    identity: &Identity,
    today: jiff::civil::Date,
) -> Result<Me, Refusal> {
    let account: Option<Stored<Account>> = reader.get(&keys::account(identity.account_id)).await?;
    let account = account.ok_or(Refusal::NotFound)?;
    let (mut student, mut employer) = (None, None);
    match &identity.party {
        Party::Student(id) => {
            let found: Option<Stored<Student>> = reader.get(&keys::student(id)).await?;
            student = Some((
                found.ok_or(Refusal::NotFound)?,
                weekly_hours(reader, id, today).await?,
            ));
        }
        Party::Employer(id) => {
            let found: Option<Stored<Employer>> = reader.get(&keys::employer(id)).await?;
            employer = Some(found.ok_or(Refusal::NotFound)?);
        }
        Party::Admin => {}
    }
    Ok(Me {
        account,
        student,
        employer,
    })
}

/// A change that a person requests: the members of the account and of the profile in one object.
pub struct MePatch {
    pub name: Option<String>,
    pub email: Option<String>,
    /// The hash of a new password.
    pub password_hash: Option<String>,
    /// The stored hash that the current password matches. `None` without a password.
    pub checked_hash: Option<String>,
    /// All other fields.
    pub profile: ProfilePatch,
}

/// A change of the profile, by role.
pub enum ProfilePatch {
    Student(StudentPatch),
    Employer(EmployerPatch),
    /// An admin has no profile.
    None,
}

const MAX_NAME_CHARS: usize = 200;

pub async fn update_me(
    registrar: &Registrar,
    transaction: &mut Transaction,
    identity: &Identity,
    patch: &MePatch,
    expected: impl Fn(u64) -> bool,
) -> Result<(), Refusal> {
    let stored: Option<Stored<Account>> =
        transaction.get(&keys::account(identity.account_id)).await?;
    let mut account = stored.ok_or(Refusal::NotFound)?;
    let mut invalid = Invalid::default();
    let name = patch
        .name
        .as_ref()
        .and_then(|name| invalid.field("name", check_text(name, Line::Single, 1, MAX_NAME_CHARS)));
    let email = patch
        .email
        .as_ref()
        .and_then(|email| invalid.field("email", Email::parse(email)));
    // The account's current address is not a change, so that a whole profile can be sent back.
    let email = email.filter(|email| *email != account.email);
    if (email.is_some() || patch.password_hash.is_some())
        && (patch.checked_hash.is_none() || patch.checked_hash != account.password_hash)
    {
        return Err(Refusal::WrongPassword);
    }
    if let Some(email) = &email
        && account.role == Role::Student
        && !registrar.campus.owns(email)
    {
        invalid.add("email", registrar.campus.domain_fault());
    }
    let version = account.version + profile_version(transaction, identity).await?;
    if !expected(version) {
        return Err(Refusal::Stale);
    }
    invalid.into_result()?;
    let skills = &registrar.campus.skills;
    match (&identity.party, &patch.profile) {
        (Party::Student(id), ProfilePatch::Student(profile)) => {
            update_student(skills, transaction, id, name.as_deref(), profile).await?;
        }
        (Party::Employer(id), ProfilePatch::Employer(profile)) => {
            update_employer(transaction, id, name.as_deref(), profile).await?;
        }
        (Party::Admin, _) | (_, ProfilePatch::None) => {}
        (Party::Student(_), ProfilePatch::Employer(_))
        | (Party::Employer(_), ProfilePatch::Student(_)) => {
            return Err(Invalid::one("body", FieldFault::Malformed).into());
        }
    }
    if let Some(name) = name
        && name != account.name
    {
        let renamed = Account {
            name,
            updated_at: transaction.now(),
            ..account.record.clone()
        };
        account = transaction.update(&account, renamed).await?;
    }
    // The password first: changing it drops an earlier requested address, but not the one in this request.
    if let Some(hash) = &patch.password_hash {
        account = super::change_password(registrar, transaction, &account, hash).await?;
    }
    if let Some(email) = email {
        ask_new_email(registrar, transaction, &account, email).await?;
    }
    Ok(())
}

/// The profile's part of `Me::version`.
pub(super) async fn profile_version(
    transaction: &mut Transaction,
    identity: &Identity,
) -> Result<u64, Refusal> {
    let key = match &identity.party {
        Party::Student(id) => Key::from(keys::student(id)),
        Party::Employer(id) => keys::employer(id).into(),
        Party::Admin => return Ok(0),
    };
    Ok(transaction.row(&key).await?.map_or(0, |row| row.version))
}

async fn update_student(
    skills: &Vocabulary,
    transaction: &mut Transaction,
    id: &StudentId,
    name: Option<&str>,
    patch: &StudentPatch,
) -> Result<(), Refusal> {
    if *patch == StudentPatch::default() && name.is_none() {
        return Ok(());
    }
    let stored: Option<Stored<Student>> = transaction.get(&keys::student(id)).await?;
    let old = stored.ok_or(Refusal::NotFound)?;
    let mut profile = patch.clone().over(old.profile())?;
    if profile.student_id.as_ref() != Some(id) {
        return Err(Invalid::one("studentId", FieldFault::ReadOnly).into());
    }
    profile.skills = skills.canonical_list(&profile.skills);
    let mut invalid = Invalid::default();
    for fact in old.roster_facts_changed_by(&profile) {
        invalid.add(fact.name(), FieldFault::SetByCampus);
    }
    invalid.into_result()?;
    let mut student = old.record.clone();
    student.apply(profile);
    student.name = name.map_or(student.name, str::to_owned);
    // An unchanged profile is not a change.
    if student == old.record {
        return Ok(());
    }
    student.updated_at = transaction.now();
    transaction.update(&old, student).await?;
    Ok(())
}

async fn update_employer(
    transaction: &mut Transaction,
    id: &EmployeeId,
    name: Option<&str>,
    patch: &EmployerPatch,
) -> Result<(), Refusal> {
    if *patch == EmployerPatch::default() && name.is_none() {
        return Ok(());
    }
    let stored: Option<Stored<Employer>> = transaction.get(&keys::employer(id)).await?;
    let old = stored.ok_or(Refusal::NotFound)?;
    let profile = patch.clone().over(old.profile())?;
    if profile.employee_id.as_ref() != Some(id) {
        return Err(Invalid::one("employeeId", FieldFault::ReadOnly).into());
    }
    let mut employer = Employer {
        name: name.unwrap_or(&old.name).to_owned(),
        designation: profile.designation,
        setting: profile.setting.unwrap_or_default(),
        ..old.record.clone()
    };
    employer.set_own_work_space(profile.work_space);
    if employer == old.record {
        return Ok(());
    }
    if employer.name != old.name {
        rename_employer(transaction, id, &employer.name).await?;
    }
    employer.updated_at = transaction.now();
    transaction.update(&old, employer).await?;
    Ok(())
}

/// Stores the new address and mails it. It takes effect once it is verified. If it is taken, the mail says so, and the
/// caller cannot tell.
async fn ask_new_email(
    registrar: &Registrar,
    transaction: &mut Transaction,
    account: &Stored<Account>,
    email: Email,
) -> Result<(), Refusal> {
    let now = transaction.now();
    let changed = Account {
        pending_email: Some(email.clone()),
        updated_at: now,
        ..account.record.clone()
    };
    let account = transaction.update(account, changed).await?;
    let secret = tokens::issue(transaction, account.account_id, TokenKind::ChangeEmail).await?;
    let owner: Option<Stored<Account>> = transaction.find(&keys::account_email(&email)).await?;
    // The mail belongs to its reader: the owner is not told who asked, and the caller's export does not contain it.
    let (template, reader) = match owner {
        Some(owner) => (MailTemplate::AddressTaken, owner.account_id),
        None => {
            let token = secret.reveal();
            (MailTemplate::VerifyEmail { token }, account.account_id)
        }
    };
    let recipient = Recipient::unverified(email, reader);
    // A mailbox that has reached its limit gets no mail, and the answer is the same.
    if registrar
        .outbox
        .may_ask(transaction, &recipient.email)
        .await?
    {
        registrar
            .outbox
            .send(transaction, template, recipient)
            .await?;
    }
    Ok(())
}

/// Moves a verified new address into the account and its profile.
pub(super) async fn take_new_email(
    transaction: &mut Transaction,
    account: &Stored<Account>,
) -> Result<Stored<Account>, Refusal> {
    let email = account.pending_email.clone().ok_or(Refusal::InvalidToken)?;
    let student = keys::student_email(&email);
    let employer = keys::employer_email(&email);
    if transaction.is_taken(&keys::account_email(&email)).await?
        || account.student_id.is_some() && transaction.is_taken(&student).await?
        || account.employee_id.is_some() && transaction.is_taken(&employer).await?
    {
        return Err(Refusal::InvalidToken);
    }
    let now = transaction.now();
    if let Some(id) = &account.student_id
        && let Some(old) = transaction.get::<Student>(&keys::student(id)).await?
    {
        let moved = Student {
            email: email.clone(),
            updated_at: now,
            ..old.record.clone()
        };
        transaction.update(&old, moved).await?;
    }
    if let Some(id) = &account.employee_id
        && let Some(old) = transaction.get::<Employer>(&keys::employer(id)).await?
    {
        let moved = Employer {
            email: email.clone(),
            updated_at: now,
            ..old.record.clone()
        };
        transaction.update(&old, moved).await?;
    }
    let moved = Account {
        email,
        pending_email: None,
        updated_at: now,
        ..account.record.clone()
    };
    let moved = transaction.update(account, moved).await?;
    // The old mailbox may belong to somebody else by now, so a link in it must not set a password.
    tokens::drop_all(
        transaction,
        moved.account_id,
        Some(TokenKind::ResetPassword),
    )
    .await?;
    tokens::spend_all(transaction, moved.account_id, TokenKind::ChangeEmail).await?;
    transaction.log(Event::AccountVerified {
        account_id: moved.account_id,
    })?;
    Ok(moved)
}
