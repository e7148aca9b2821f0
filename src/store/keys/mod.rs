//! The map of every key.
//!
//! | first byte | then | holds |
//! | --- | --- | --- |
//! | `R` | kind, id | a record |
//! | `X` | index, its parts, id | nothing: the key is what is looked for |
//! | `U` | unique, its parts | the key of the record that has it |
//! | `C` | counter, its parts | a little-endian i64 |
//! | `G` | guard, its parts | its version is what concerned changes check and raise; nothing, or what they decide by |
//! | `B` | kind, id, chunk number | bytes of a file or a module |
//! | `L` | sequence number | a log entry |
//! | `F` | follower | the follower's cursor: a sequence number |
//! | `K` | nothing | the keys that sign access tokens, as JSON |
//! | `A` | an account's id, then one of the above | rows of one account |
//! | `E` | an employer's id, then one of the above | rows of one employer |
//! | `J` | a job's id, then one of the above | rows of one job |
//! | `S` | a student's id, then one of the above | rows of one student |
//!
//! The last four keep rows together that one change writes together, so that a change touches few pages of the disk.
//!
//! Parts keep the order of what they encode: numbers are big-endian (signed ones with the sign bit flipped), ids are their
//! 16 bytes, text is its UTF-8 with NUL escaped and NUL at the end.

mod guards;
mod key;
mod moved;
mod name;
mod records;
mod space;
mod typed;

pub use guards::{
    all_log_in_news, asked_by_strangers, asked_mails, committed_hours, lease, lease_beat,
    log_in_news, log_ins, logged_failure, office, reported_backups, restoring, shown_file,
    throttle_secret, uploads_of_rules,
};
pub use key::Key;
pub(super) use moved::moved;
pub use space::{Space, space};
pub use typed::{
    KindVisitor, RecordKey, TypedKey, UniqueKey, indexed, indexed_id, indexed_record, kind_name,
    of_kind,
};

use super::Record;
use crate::model::{
    Account, AccountId, AccountStatus, Application, ApplicationId, ApplicationStatus, Email,
    EmployeeId, Employer, FileId, Job, JobId, JobStatus, Mail, MailId, RuleId, RuleModule, RuleSet,
    SavedAnswer, Session, SessionId, StoredFile, Student, StudentId, Timestamp, Token, TokenId,
};

/// The start of all rows of one account.
pub fn of_account(id: AccountId) -> Key {
    Key(vec![b'A']).bytes(id.as_bytes())
}
/// The start of all rows of one employer.
pub fn of_employer(id: &EmployeeId) -> Key {
    Key(vec![b'E']).text(id.as_str())
}
fn of_job(id: JobId) -> Key {
    Key(vec![b'J']).bytes(id.as_bytes())
}
/// The start of all rows of one student.
pub fn of_student(id: &StudentId) -> Key {
    Key(vec![b'S']).text(id.as_str())
}

// Records.

/// All records of a kind.
fn records<R: Record>() -> Key {
    Key::new(b'R', R::KIND)
}

pub fn account(id: AccountId) -> RecordKey<Account> {
    RecordKey::new(records::<Account>().bytes(id.as_bytes()))
}
pub fn application(id: ApplicationId) -> RecordKey<Application> {
    RecordKey::new(records::<Application>().bytes(id.as_bytes()))
}
pub fn employer(id: &EmployeeId) -> RecordKey<Employer> {
    RecordKey::new(records::<Employer>().text(id.as_str()))
}
pub fn file(id: FileId) -> RecordKey<StoredFile> {
    RecordKey::new(records::<StoredFile>().bytes(id.as_bytes()))
}
pub fn job(id: JobId) -> RecordKey<Job> {
    RecordKey::new(records::<Job>().bytes(id.as_bytes()))
}
pub fn mail(id: MailId) -> RecordKey<Mail> {
    RecordKey::new(records::<Mail>().bytes(id.as_bytes()))
}
pub fn saved_answer(key_digest: &[u8; 32]) -> RecordKey<SavedAnswer> {
    RecordKey::new(records::<SavedAnswer>().bytes(key_digest))
}
pub fn rule(id: RuleId) -> RecordKey<RuleModule> {
    RecordKey::new(records::<RuleModule>().bytes(id.as_bytes()))
}
/// All modules, by upload time.
pub fn rules() -> Key {
    records::<RuleModule>()
}
/// The row of the modules in use.
pub fn rule_set() -> RecordKey<RuleSet> {
    RecordKey::new(records::<RuleSet>())
}
pub fn session(id: SessionId) -> RecordKey<Session> {
    RecordKey::new(records::<Session>().bytes(id.as_bytes()))
}
pub fn student(id: &StudentId) -> RecordKey<Student> {
    RecordKey::new(records::<Student>().text(id.as_str()))
}
/// All students, by ID.
pub fn students() -> Key {
    records::<Student>()
}
pub fn token(id: TokenId) -> RecordKey<Token> {
    RecordKey::new(records::<Token>().bytes(id.as_bytes()))
}
/// All job records, for rebuilding the search index.
pub fn jobs() -> Key {
    records::<Job>()
}

// Indexes. A function with fewer parts than the index has gives a prefix to scan.

/// All accounts with a status, by creation time.
pub fn accounts_by_status(status: AccountStatus) -> Key {
    Key::new(b'X', b'A').byte(match status {
        AccountStatus::Unverified => 0,
        AccountStatus::Pending => 1,
        AccountStatus::Active => 2,
        AccountStatus::Suspended => 3,
        AccountStatus::Erased => 4,
    })
}
pub fn accounts() -> Key {
    Key::new(b'X', b'a')
}
/// The active admins, who get the office's mail.
pub fn active_admins() -> Key {
    Key::new(b'X', b'O')
}
fn job_status(status: JobStatus) -> u8 {
    match status {
        JobStatus::Draft => 0,
        JobStatus::Pending => 1,
        JobStatus::Open => 2,
        JobStatus::Filled => 3,
        JobStatus::Closed => 4,
        JobStatus::Expired => 5,
    }
}
/// Jobs with a status, by posting time.
pub fn jobs_by_status(status: JobStatus) -> Key {
    Key::new(b'X', b'J').byte(job_status(status))
}
/// An employer's jobs with a status, by posting time.
pub fn jobs_by_employer(employer: &EmployeeId, status: JobStatus) -> Key {
    of_employer(employer).bytes(b"XE").byte(job_status(status))
}
/// Open jobs, by deadline.
pub fn jobs_by_deadline() -> Key {
    Key::new(b'X', b'D')
}
/// The end of a scan of `jobs_by_deadline` for deadlines before a given time.
pub fn jobs_by_deadline_before(time: Timestamp) -> Key {
    jobs_by_deadline().time(time)
}
pub fn employers_by_work_space(work_space: &str) -> Key {
    Key::new(b'X', b'W').text(&work_space.to_lowercase())
}
fn application_status(status: ApplicationStatus) -> u8 {
    match status {
        ApplicationStatus::Submitted => 0,
        ApplicationStatus::UnderReview => 1,
        ApplicationStatus::Interview => 2,
        ApplicationStatus::Offered => 3,
        ApplicationStatus::Accepted => 4,
        ApplicationStatus::Rejected => 5,
        ApplicationStatus::Declined => 6,
        ApplicationStatus::Withdrawn => 7,
    }
}
/// All applications by time, from their record keys.
pub fn applications() -> Key {
    records::<Application>()
}
pub fn applications_by_job(job: JobId) -> Key {
    of_job(job).bytes(b"Xq")
}
pub fn applications_by_job_status(job: JobId, status: ApplicationStatus) -> Key {
    of_job(job).bytes(b"XQ").byte(application_status(status))
}
pub fn applications_by_student(student: &StudentId) -> Key {
    of_student(student).bytes(b"Xr")
}
pub fn applications_by_student_status(student: &StudentId, status: ApplicationStatus) -> Key {
    of_student(student)
        .bytes(b"XR")
        .byte(application_status(status))
}
pub fn applications_by_employer(employer: &EmployeeId) -> Key {
    of_employer(employer).bytes(b"Xv")
}
pub fn applications_by_employer_status(employer: &EmployeeId, status: ApplicationStatus) -> Key {
    of_employer(employer)
        .bytes(b"XV")
        .byte(application_status(status))
}
pub fn applications_by_status(status: ApplicationStatus) -> Key {
    Key::new(b'X', b'P').byte(application_status(status))
}
pub fn files_by_student(student: &StudentId) -> Key {
    of_student(student).bytes(b"Xf")
}
/// All mails by time, from their record keys.
pub fn mails() -> Key {
    records::<Mail>()
}
/// Failed mails, newest last.
pub fn mails_failed() -> Key {
    Key::new(b'X', b'M').byte(2)
}
/// Waiting mails in sending order.
pub fn mails_waiting() -> Key {
    Key::new(b'X', b'd')
}
/// Waiting mails, urgent or not, by the time of their next attempt.
pub fn mails_due(urgent: bool) -> Key {
    mails_waiting().byte(u8::from(!urgent))
}
/// The end of a scan of `mails_due` for mails due at a given time.
pub fn mails_due_before(urgent: bool, time: Timestamp) -> Key {
    mails_due(urgent).time(time)
}
pub fn mails_by_account(account: AccountId) -> Key {
    of_account(account).bytes(b"Xn")
}
/// Mails to a mailbox that strangers can cause, or without an account.
pub fn mails_by_mailbox(mailbox: &str) -> Key {
    Key::new(b'X', b'N').text(mailbox)
}
/// The start of a scan for records created since a given time, in an index that ends with IDs, since IDs start with
/// their time.
pub fn made_since(index: &Key, time: Timestamp) -> Key {
    index.join(&(time.as_millis().max(0) as u64).to_be_bytes()[2..])
}
/// Held mails to an account.
pub fn mails_held_by_account(account: AccountId) -> Key {
    of_account(account).bytes(b"Xh")
}
pub fn mails_held_by_mailbox(mailbox: &str) -> Key {
    Key::new(b'X', b'h').text(mailbox)
}
pub fn sessions_by_account(account: AccountId) -> Key {
    of_account(account).bytes(b"Xs")
}
pub fn tokens_by_account(account: AccountId) -> Key {
    of_account(account).bytes(b"Xk")
}
pub fn saved_answers_by_account(account: AccountId) -> Key {
    of_account(account).bytes(b"Xi")
}
/// Sessions, tokens and saved answers, by expiry.
pub fn expiring() -> Key {
    Key::new(b'X', b'x')
}
pub fn expiring_before(time: Timestamp) -> Key {
    expiring().time(time)
}

/// Records that expire.
pub enum Expiring {
    Session(RecordKey<Session>),
    Token(RecordKey<Token>),
    SavedAnswer(RecordKey<SavedAnswer>),
}

/// The record of a row of `expiring`: its key follows the time.
pub fn expiring_record(index_key: &Key) -> Option<Expiring> {
    let key = index_key.0.get(10..).map(Key::from_bytes)?;
    match key.0.get(1).copied()? {
        Session::KIND => Some(Expiring::Session(RecordKey::new(key))),
        Token::KIND => Some(Expiring::Token(RecordKey::new(key))),
        SavedAnswer::KIND => Some(Expiring::SavedAnswer(RecordKey::new(key))),
        _ => None,
    }
}

impl From<Expiring> for Key {
    fn from(expiring: Expiring) -> Self {
        match expiring {
            Expiring::Session(key) => key.into(),
            Expiring::Token(key) => key.into(),
            Expiring::SavedAnswer(key) => key.into(),
        }
    }
}

/// Indexes of earlier versions that nothing reads: all applications by time, and mails that are waiting or were sent.
pub fn retired() -> [Key; 3] {
    let mails = Key::new(b'X', b'M');
    [Key::new(b'X', b'p'), mails.clone().byte(0), mails.byte(1)]
}

// Unique keys.

pub fn account_email(email: &Email) -> UniqueKey<Account> {
    UniqueKey::new(Key::new(b'U', b'a').text(email.as_str()))
}
pub fn student_email(email: &Email) -> UniqueKey<Student> {
    UniqueKey::new(Key::new(b'U', b't').text(email.as_str()))
}
pub fn employer_email(email: &Email) -> UniqueKey<Employer> {
    UniqueKey::new(Key::new(b'U', b'e').text(email.as_str()))
}
pub fn job_external_id(external_id: &str) -> UniqueKey<Job> {
    UniqueKey::new(Key::new(b'U', b'j').text(external_id))
}
/// A student's only application to a job that is not withdrawn.
pub fn standing_application(job: JobId, student: &StudentId) -> UniqueKey<Application> {
    UniqueKey::new(of_job(job).bytes(b"Up").text(student.as_str()))
}

// Counters, chunks, log, cursors.

pub fn application_count(job: JobId) -> Key {
    of_job(job).bytes(b"Cp")
}
/// The number of a module's shadow verdicts.
pub fn shadow_verdicts(rule: RuleId) -> Key {
    Key::new(b'C', b's').bytes(rule.as_bytes())
}
/// How many of them would have changed the verdict.
pub fn shadow_differences(rule: RuleId) -> Key {
    Key::new(b'C', b'd').bytes(rule.as_bytes())
}
pub fn rule_chunk(id: RuleId, number: u32) -> Key {
    rule_chunks(id).bytes(&number.to_be_bytes())
}
pub fn rule_chunks(id: RuleId) -> Key {
    Key::new(b'B', b'u').bytes(id.as_bytes())
}
pub fn file_chunk(id: FileId, number: u32) -> Key {
    Key::new(b'B', b'f')
        .bytes(id.as_bytes())
        .bytes(&number.to_be_bytes())
}
pub fn file_chunks(id: FileId) -> Key {
    Key::new(b'B', b'f').bytes(id.as_bytes())
}
/// The chunks of all files and modules.
pub fn all_chunks() -> Key {
    Key(vec![b'B'])
}
pub fn log_prefix() -> Key {
    Key(vec![b'L'])
}
pub fn log(sequence: u64) -> Key {
    log_prefix().number(sequence)
}
pub fn log_sequence(key: &Key) -> Option<u64> {
    key.0
        .strip_prefix(b"L")
        .and_then(|rest| rest.try_into().ok())
        .map(u64::from_be_bytes)
}
pub fn cursor(follower: &str) -> Key {
    Key(vec![b'F']).text(follower)
}
/// The row of the keys that sign access tokens. No backup and no export has it.
pub fn signing_keys() -> Key {
    Key(vec![b'K'])
}
