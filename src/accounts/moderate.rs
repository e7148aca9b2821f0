//! What the office does with accounts: approve, suspend, reinstate, create.

use super::session::end_all_sessions;
use super::{Refusal, Registrar};
use crate::jobs::close_of_employer;
use crate::model::{
    Account, AccountId, AccountStatus, Email, EmployeeId, Employer, Event, FieldFault, Invalid,
    Line, MailTemplate, NumberFrom, Role, Student, StudentId, Timestamp, check_text,
};
use crate::store::{
    Direction, KeyRange, Page, Paged, Place, Reader, StoreError, Stored, Transaction, keys,
};

/// An admin's decision on an account.
pub struct Moderation {
    pub status: Option<AccountStatus>,
    pub trusted: Option<bool>,
    pub reason: Option<String>,
}

/// Changes an account to `active` or `suspended`. An approved employer is trusted unless `trusted` says otherwise.
/// Suspending ends all sessions and closes the employer's open and pending postings, since nobody could answer applicants.
/// `matches`: whether the caller knows the current version (If-Match).
pub async fn moderate(
    registrar: &Registrar,
    transaction: &mut Transaction,
    account_id: AccountId,
    moderation: &Moderation,
    matches: &dyn Fn(u64) -> bool,
) -> Result<Stored<Account>, Refusal> {
    let stored: Option<Stored<Account>> = transaction.get(&keys::account(account_id)).await?;
    let account = stored.ok_or(Refusal::NotFound)?;
    if !matches(account.version) {
        return Err(Refusal::Stale);
    }
    let from = account.status;
    let to = match (from, moderation.status) {
        (_, None) => from,
        (AccountStatus::Unverified | AccountStatus::Erased, Some(to)) => {
            return Err(Refusal::InvalidTransition { from, to });
        }
        (_, Some(to @ (AccountStatus::Active | AccountStatus::Suspended))) => to,
        (_, Some(_)) => {
            return Err(
                Invalid::one("status", FieldFault::not_one_of(["active", "suspended"])).into(),
            );
        }
    };
    if moderation.trusted.is_some() && account.role != Role::Employer {
        return Err(Invalid::one("trusted", FieldFault::EmployersOnly).into());
    }
    let approved = account.role == Role::Employer
        && from == AccountStatus::Pending
        && to == AccountStatus::Active;
    let changed = Account {
        status: to,
        trusted: moderation.trusted.unwrap_or(account.trusted || approved),
        updated_at: transaction.now(),
        ..account.record.clone()
    };
    let changed = transaction.update(&account, changed).await?;
    if to == AccountStatus::Suspended {
        if from == AccountStatus::Active && account.role == Role::Admin {
            refuse_last_admin(transaction).await?;
        }
        end_all_sessions(transaction, account_id).await?;
    }
    if from != to {
        let postings_closed = match &account.employee_id {
            Some(id) if to == AccountStatus::Suspended => {
                close_of_employer(transaction, id).await? > 0
            }
            _ => false,
        };
        transaction.log(Event::AccountStatusChanged {
            account_id,
            from,
            to,
        })?;
        let template = MailTemplate::AccountModerated {
            from,
            to,
            postings_closed,
            reason: moderation.reason.clone(),
        };
        let recipient = (&changed.record).into();
        registrar
            .outbox
            .notify(transaction, template, recipient)
            .await?;
    }
    Ok(changed)
}

/// Keeps at least one active admin. Called after the change, so that the changed account no longer counts.
async fn refuse_last_admin(transaction: &mut Transaction) -> Result<(), Refusal> {
    // The guard makes two admins who suspend each other at the same time run one after the other. The second is
    // refused.
    transaction.guard(&keys::office()).await?;
    let range = KeyRange::prefix(&keys::active_admins());
    if transaction
        .scan_keys(&range, Direction::Forward, 1)
        .await?
        .is_empty()
    {
        return Err(Refusal::LastAdmin);
    }
    Ok(())
}

pub async fn find_account(
    reader: &Reader,
    id: AccountId,
) -> Result<Option<Stored<Account>>, StoreError> {
    reader.get(&keys::account(id)).await
}

/// Most accounts to read for one page of a search. A search finds few of them, and a campus has some ten thousand.
const MAX_SEARCHED: usize = 100_000;

/// Which accounts to list.
#[derive(Default)]
pub struct AccountsWanted<'a> {
    /// Part of the name, the email or the campus's number, in any letter case.
    pub q: &'a str,
    pub status: Option<AccountStatus>,
    pub role: Option<Role>,
}

/// A page of accounts, newest first.
pub async fn list_accounts(
    reader: &Reader,
    wanted: &AccountsWanted<'_>,
    after: Option<&Place>,
    limit: usize,
) -> Result<Paged<Stored<Account>>, StoreError> {
    let prefix = (wanted.status).map_or_else(keys::accounts, keys::accounts_by_status);
    let q = wanted.q.trim().to_lowercase();
    let is_wanted = |account: &Stored<Account>| {
        wanted.role.is_none_or(|role| role == account.role) && has_text(account, &q)
    };
    let page = Page::new(prefix, Direction::Backward, limit, after);
    let page = if q.is_empty() {
        page
    } else {
        page.looking_at(MAX_SEARCHED)
    };
    page.records(reader, is_wanted).await
}

fn has_text(account: &Account, q: &str) -> bool {
    let number = match (&account.student_id, &account.employee_id) {
        (Some(id), _) => id.as_str(),
        (_, Some(id)) => id.as_str(),
        _ => "",
    };
    let texts = [&*account.name, account.email.as_str(), number];
    q.is_empty() || texts.iter().any(|text| text.to_lowercase().contains(q))
}

/// Creates an active account: the first admin, or one that the office confirms.
pub async fn create_account(
    transaction: &mut Transaction,
    role: Role,
    email: Email,
    name: &str,
    password_hash: String,
) -> Result<Account, Refusal> {
    let name =
        check_text(name, Line::Single, 1, 200).map_err(|fault| Invalid::one("name", fault))?;
    if transaction.is_taken(&keys::account_email(&email)).await? {
        return Err(Invalid::one("email", FieldFault::Taken).into());
    }
    let now = transaction.now();
    let account_id = AccountId::generate(now);
    let mut account = Account {
        account_id,
        email: email.clone(),
        role,
        name: name.clone(),
        status: AccountStatus::Active,
        trusted: role == Role::Employer,
        password_hash: Some(password_hash),
        student_id: None,
        employee_id: None,
        pending_email: None,
        created_at: now,
        updated_at: now,
    };
    match role {
        Role::Student => {
            account.student_id =
                Some(student_of(transaction, &email, &name, account_id, now).await?);
        }
        Role::Employer => {
            account.employee_id =
                Some(employer_of(transaction, &email, &name, account_id, now).await?);
        }
        Role::Admin => {}
    }
    let account = transaction.insert(account).await?.record;
    transaction.log(Event::AccountRegistered { account_id, role })?;
    Ok(account)
}

async fn student_of(
    transaction: &mut Transaction,
    email: &Email,
    name: &str,
    account_id: AccountId,
    now: Timestamp,
) -> Result<StudentId, StoreError> {
    if let Some(known) = transaction
        .find::<Student>(&keys::student_email(email))
        .await?
    {
        let claimed = Student {
            account_id: Some(account_id),
            updated_at: now,
            ..known.record.clone()
        };
        return Ok(transaction.update(&known, claimed).await?.record.student_id);
    }
    let (id, number) = (StudentId::generate(now), NumberFrom::Person);
    let mut student = Student::new(id, number, name.into(), email.clone(), now);
    student.account_id = Some(account_id);
    Ok(transaction.insert(student).await?.record.student_id)
}

async fn employer_of(
    transaction: &mut Transaction,
    email: &Email,
    name: &str,
    account_id: AccountId,
    now: Timestamp,
) -> Result<EmployeeId, StoreError> {
    if let Some(known) = transaction
        .find::<Employer>(&keys::employer_email(email))
        .await?
    {
        let claimed = Employer {
            account_id: Some(account_id),
            updated_at: now,
            ..known.record.clone()
        };
        return Ok(transaction
            .update(&known, claimed)
            .await?
            .record
            .employee_id);
    }
    let (id, number) = (EmployeeId::generate(now), NumberFrom::Person);
    let mut employer = Employer::new(id, number, name.into(), email.clone(), now);
    employer.account_id = Some(account_id);
    Ok(transaction.insert(employer).await?.record.employee_id)
}
