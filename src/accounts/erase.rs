//! Export and erasure of all data about a person.

use super::clear::{clear_mails, clear_mails_before_account, clear_saved_answers};
use super::session::end_all_sessions;
use super::{Refusal, tokens};
use crate::applications::{erase_of_employer, erase_of_student};
use crate::jobs;
use crate::model::{
    Account, AccountStatus, Application, Email, EmployeeId, Employer, Event, Identity, Job,
    JobStatus, Mail, MailKind, NumberFrom, Party, Session, StoredFile, Student, StudentId,
};
use crate::store::{
    Direction, Key, KeyRange, MAX_SCAN_ROWS, Reader, Record, StoreError, Stored, Transaction, keys,
};

/// All data about one person.
pub struct Export {
    pub account: Account,
    pub student: Option<Student>,
    pub employer: Option<Employer>,
    pub applications: Vec<Application>,
    pub jobs: Vec<Job>,
    pub files: Vec<StoredFile>,
    pub mails: Vec<Mail>,
    pub sessions: Vec<Session>,
}

pub async fn export(reader: &Reader, identity: &Identity) -> Result<Export, Refusal> {
    let account: Option<Stored<Account>> = reader.get(&keys::account(identity.account_id)).await?;
    let account = account.ok_or(Refusal::NotFound)?.record;
    let own = keys::mails_by_account(identity.account_id);
    let mut mails: Vec<Mail> = all(reader, &own).await?;
    let held = keys::mails_held_by_account(identity.account_id);
    mails.extend(all(reader, &held).await?);
    // No mails to an unverified address: whether there is one would tell whether somebody else has that address.
    mails.retain(|mail| mail.template.kind() != MailKind::VerifyEmail || mail.to == account.email);
    let mut export = Export {
        account,
        student: None,
        employer: None,
        applications: Vec::new(),
        jobs: Vec::new(),
        files: Vec::new(),
        mails,
        sessions: all(reader, &keys::sessions_by_account(identity.account_id)).await?,
    };
    match &identity.party {
        Party::Student(id) => {
            export.student = reader
                .get(&keys::student(id))
                .await?
                .map(|stored| stored.record);
            export.applications = all(reader, &keys::applications_by_student(id)).await?;
            export.files = all(reader, &keys::files_by_student(id)).await?;
        }
        Party::Employer(id) => {
            export.employer = reader
                .get(&keys::employer(id))
                .await?
                .map(|stored| stored.record);
            for status in JobStatus::ALL {
                let own = all(reader, &keys::jobs_by_employer(id, status)).await?;
                export.jobs.extend(own);
            }
        }
        Party::Admin => {}
    }
    Ok(export)
}

async fn all<R: Record>(reader: &Reader, index: &Key) -> Result<Vec<R>, StoreError> {
    let (mut records, mut walk) = (Vec::new(), reader.walk(index));
    while let Some(found) = walk.next_keys().await? {
        let stored: Vec<Stored<R>> = reader.get_indexed(&found).await?;
        records.extend(stored.into_iter().map(|stored| stored.record));
    }
    Ok(records)
}

/// Removes a person's name and texts. Records that others need stay, under a placeholder number, so the address and
/// campus number are free again. Open applications are withdrawn, open postings closed, files and saved answers deleted,
/// sessions ended, and unsent mail loses the name. `checked_hash`: the stored hash that the
/// given password matches. Another change of the account meanwhile does no harm.
///
/// Nothing that somebody adds at the same time stays. What is added before the commit is a conflict (`check_keys`), and
/// the next run finds it. A request of the person that is committed later finds its session ended (`is_open`), and one
/// of somebody else finds a record changed. Notices that were being written are cleared after this, by
/// `clear_mails_of_erased`.
pub async fn erase(
    transaction: &mut Transaction,
    identity: &Identity,
    checked_hash: &str,
    expected: impl Fn(u64) -> bool,
) -> Result<(), Refusal> {
    let stored: Option<Stored<Account>> =
        transaction.get(&keys::account(identity.account_id)).await?;
    let account = stored.ok_or(Refusal::NotFound)?;
    if account.password_hash.as_deref() != Some(checked_hash) {
        return Err(Refusal::WrongPassword);
    }
    if !expected(account.version + super::profile::profile_version(transaction, identity).await?) {
        return Err(Refusal::Stale);
    }
    let (account_id, from) = (account.account_id, account.status);
    transaction.check_keys(keys::of_account(account_id)).await?;
    let to = AccountStatus::Erased;
    let email = Email::erased(&account_id);
    let (student_id, employee_id) = match &identity.party {
        Party::Student(id) => (Some(erase_student(transaction, id, &email).await?), None),
        Party::Employer(id) => (None, Some(erase_employer(transaction, id, &email).await?)),
        Party::Admin => return Err(Refusal::InvalidTransition { from, to }),
    };
    clear_mails(transaction, account_id).await?;
    clear_mails_before_account(transaction, &account.email).await?;
    clear_saved_answers(transaction, account_id).await?;
    tokens::drop_all(transaction, account_id, None).await?;
    end_all_sessions(transaction, account_id).await?;
    let erased = Account {
        email,
        name: ERASED.into(),
        status: to,
        trusted: false,
        password_hash: None,
        pending_email: None,
        student_id,
        employee_id,
        updated_at: transaction.now(),
        ..account.record.clone()
    };
    transaction.update(&account, erased).await?;
    transaction.log(Event::AccountStatusChanged {
        account_id,
        from,
        to,
    })?;
    Ok(())
}

/// Replaces a name that was erased.
const ERASED: &str = "(erased)";

/// Returns the placeholder number.
async fn erase_student(
    transaction: &mut Transaction,
    id: &StudentId,
    email: &Email,
) -> Result<StudentId, StoreError> {
    transaction.check_keys(keys::of_student(id)).await?;
    let now = transaction.now();
    let nobody = StudentId::generate(now);
    erase_of_student(transaction, id, &nobody).await?;
    erase_files(transaction, &keys::files_by_student(id)).await?;
    transaction.delete_bytes(keys::committed_hours(id));
    if let Some(student) = transaction.get::<Student>(&keys::student(id)).await? {
        let number = NumberFrom::Person;
        let erased = Student::new(nobody.clone(), number, ERASED.into(), email.clone(), now);
        transaction.delete(&student);
        transaction.insert(erased).await?;
    }
    Ok(nobody)
}

/// Returns the placeholder number.
async fn erase_employer(
    transaction: &mut Transaction,
    id: &EmployeeId,
    email: &Email,
) -> Result<EmployeeId, StoreError> {
    transaction.check_keys(keys::of_employer(id)).await?;
    let now = transaction.now();
    let nobody = EmployeeId::generate(now);
    erase_of_employer(transaction, id, &nobody).await?;
    jobs::erase_employer(transaction, id, &nobody, ERASED).await?;
    if let Some(employer) = transaction.get::<Employer>(&keys::employer(id)).await? {
        let erased = Employer {
            employee_id: nobody.clone(),
            number: NumberFrom::Person,
            name: ERASED.into(),
            email: email.clone(),
            designation: None,
            work_space: None,
            work_space_by_office: false,
            account_id: None,
            updated_at: now,
            ..employer.record.clone()
        };
        transaction.delete(&employer);
        transaction.insert(erased).await?;
    }
    Ok(nobody)
}

async fn erase_files(transaction: &mut Transaction, index: &Key) -> Result<(), StoreError> {
    let range = KeyRange::prefix(index);
    for key in transaction
        .scan_keys(&range, Direction::Forward, MAX_SCAN_ROWS)
        .await?
    {
        let Some(file) = transaction.get::<StoredFile>(&keys::indexed(&key)?).await? else {
            continue;
        };
        let chunks = KeyRange::prefix(&keys::file_chunks(file.file_id));
        for chunk in transaction
            .scan_keys(&chunks, Direction::Forward, MAX_SCAN_ROWS)
            .await?
        {
            transaction.delete_bytes(chunk);
        }
        transaction.delete(&file);
    }
    Ok(())
}
