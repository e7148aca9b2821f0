//! The map of every key.
//!
//! | first byte | then | holds |
//! | --- | --- | --- |
//! | `R` | kind, id | a record |
//! | `X` | index, its parts, id | nothing: the key is what is looked for |
//! | `U` | unique, its parts | the key of the record that has it |
//! | `C` | counter, its parts | a little-endian i64 |
//! | `G` | guard, its parts | nothing: its version is what concerned changes check and raise |
//! | `B` | kind, id, chunk number | bytes of a file or a module |
//! | `L` | sequence number | a log entry |
//! | `F` | follower | the follower's cursor: a sequence number |
//!
//! Parts keep the order of what they encode: numbers are big-endian (signed ones with the sign bit flipped), ids are their
//! 16 bytes, text is its UTF-8 with NUL escaped and NUL at the end.

use std::fmt;

use super::Record;
use crate::model::{
    Account, AccountId, AccountStatus, Application, ApplicationId, ApplicationStatus, Email,
    EmployeeId, Employer, FileId, Job, JobId, JobStatus, Mail, MailId, MailState, Role, RuleId,
    RuleModule, RuleSet, SavedAnswer, Session, SessionId, StoredFile, Student, StudentId,
    Timestamp, Token, TokenId,
};

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Vec<u8>);

impl Key {
    fn new(space: u8, kind: u8) -> Self {
        let mut bytes = Vec::with_capacity(64);
        bytes.extend([space, kind]);
        Self(bytes)
    }

    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    #[must_use]
    fn byte(self, byte: u8) -> Self {
        self.bytes(&[byte])
    }

    #[must_use]
    fn number(self, number: u64) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    #[must_use]
    fn time(self, time: Timestamp) -> Self {
        self.number((time.as_millis() as u64) ^ (1 << 63))
    }

    #[must_use]
    fn text(mut self, text: &str) -> Self {
        for byte in text.bytes() {
            self.0.push(byte);
            if byte == 0 {
                self.0.push(0xFF);
            }
        }
        self.byte(0)
    }

    /// The smallest key greater than every key that begins with this one; none if there is no such key.
    pub fn after_prefix(&self) -> Option<Self> {
        let mut bytes = self.0.clone();
        while let Some(last) = bytes.pop() {
            if last < u8::MAX {
                bytes.push(last + 1);
                return Some(Self(bytes));
            }
        }
        None
    }

    /// This key with a place (see `Page`) after it.
    #[must_use]
    pub fn join(&self, place: &[u8]) -> Self {
        self.clone().bytes(place)
    }

    /// What follows a prefix in this key.
    pub fn place_in(&self, prefix: &Self) -> Vec<u8> {
        self.0
            .strip_prefix(prefix.as_bytes())
            .unwrap_or_default()
            .to_vec()
    }

    /// The id that an index key of a record with a server-made id ends in.
    pub fn trailing_id(&self) -> Option<[u8; 16]> {
        self.0
            .len()
            .checked_sub(16)
            .and_then(|start| self.0[start..].try_into().ok())
    }

    /// The text part that an index key ends in.
    pub fn trailing_text(&self) -> Option<String> {
        let end = self.0.len().checked_sub(1)?;
        let start = self.0[..end]
            .iter()
            .rposition(|byte| *byte == 0)
            .map_or(0, |nul| nul + 1);
        String::from_utf8(self.0[start..end].to_vec()).ok()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

// Records.

pub fn account(id: AccountId) -> Key {
    Key::new(b'R', b'a').bytes(id.as_bytes())
}
pub fn application(id: ApplicationId) -> Key {
    Key::new(b'R', b'p').bytes(id.as_bytes())
}
pub fn employer(id: &EmployeeId) -> Key {
    Key::new(b'R', b'e').text(id.as_str())
}
pub fn file(id: FileId) -> Key {
    Key::new(b'R', b'f').bytes(id.as_bytes())
}
pub fn job(id: JobId) -> Key {
    Key::new(b'R', b'j').bytes(id.as_bytes())
}
pub fn mail(id: MailId) -> Key {
    Key::new(b'R', b'm').bytes(id.as_bytes())
}
pub fn saved_answer(key_digest: &[u8; 32]) -> Key {
    Key::new(b'R', b'i').bytes(key_digest)
}
pub fn rule(id: RuleId) -> Key {
    Key::new(b'R', b'u').bytes(id.as_bytes())
}
/// Every module, in the order of upload.
pub fn rules() -> Key {
    Key::new(b'R', b'u')
}
/// The one row of the modules that are asked now.
pub fn rule_set() -> Key {
    Key::new(b'R', b'U')
}
pub fn session(id: SessionId) -> Key {
    Key::new(b'R', b's').bytes(id.as_bytes())
}
pub fn student(id: &StudentId) -> Key {
    Key::new(b'R', b't').text(id.as_str())
}
pub fn token(id: TokenId) -> Key {
    Key::new(b'R', b'k').bytes(id.as_bytes())
}
/// Every job record, for a rebuild of the search index.
pub fn jobs() -> Key {
    Key::new(b'R', b'j')
}

// Indexes. A function with fewer parts than the index has gives a prefix to scan.

/// All accounts of a standing, by the time they were made.
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
/// The office: who has mail of what concerns it.
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
/// Jobs of a status by time of posting.
pub fn jobs_by_status(status: JobStatus) -> Key {
    Key::new(b'X', b'J').byte(job_status(status))
}
/// An employer's jobs of a status by time of posting.
pub fn jobs_by_employer(employer: &EmployeeId, status: JobStatus) -> Key {
    Key::new(b'X', b'E')
        .text(employer.as_str())
        .byte(job_status(status))
}
/// Open jobs by deadline.
pub fn jobs_by_deadline() -> Key {
    Key::new(b'X', b'D')
}
/// Open jobs whose deadline lies before a time: the end of a scan of `jobs_by_deadline`.
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
/// All applications by time.
pub fn applications() -> Key {
    Key::new(b'X', b'p')
}
pub fn applications_by_job(job: JobId) -> Key {
    Key::new(b'X', b'q').bytes(job.as_bytes())
}
pub fn applications_by_job_status(job: JobId, status: ApplicationStatus) -> Key {
    Key::new(b'X', b'Q')
        .bytes(job.as_bytes())
        .byte(application_status(status))
}
pub fn applications_by_student(student: &StudentId) -> Key {
    Key::new(b'X', b'r').text(student.as_str())
}
pub fn applications_by_student_status(student: &StudentId, status: ApplicationStatus) -> Key {
    Key::new(b'X', b'R')
        .text(student.as_str())
        .byte(application_status(status))
}
pub fn applications_by_employer(employer: &EmployeeId) -> Key {
    Key::new(b'X', b'v').text(employer.as_str())
}
pub fn applications_by_employer_status(employer: &EmployeeId, status: ApplicationStatus) -> Key {
    Key::new(b'X', b'V')
        .text(employer.as_str())
        .byte(application_status(status))
}
pub fn applications_by_status(status: ApplicationStatus) -> Key {
    Key::new(b'X', b'P').byte(application_status(status))
}
pub fn files_by_student(student: &StudentId) -> Key {
    Key::new(b'X', b'f').text(student.as_str())
}
/// All mails by time, straight from their records.
pub fn mails() -> Key {
    Key::new(b'R', b'm')
}
/// Mails of a state, newest last.
pub fn mails_by_state(state: MailState) -> Key {
    Key::new(b'X', b'M').byte(match state {
        MailState::Waiting => 0,
        MailState::Sent => 1,
        MailState::Failed => 2,
    })
}
/// Waiting mails of a lane (urgent first) by the time of their next attempt.
pub fn mails_due(urgent: bool) -> Key {
    Key::new(b'X', b'd').byte(u8::from(!urgent))
}
/// The end of a scan of `mails_due` for those due at a time.
pub fn mails_due_before(urgent: bool, time: Timestamp) -> Key {
    mails_due(urgent).time(time)
}
pub fn mails_by_account(account: AccountId) -> Key {
    Key::new(b'X', b'n').bytes(account.as_bytes())
}
pub fn sessions_by_account(account: AccountId) -> Key {
    Key::new(b'X', b's').bytes(account.as_bytes())
}
pub fn tokens_by_account(account: AccountId) -> Key {
    Key::new(b'X', b'k').bytes(account.as_bytes())
}
/// Sessions, tokens and saved answers by the time they end.
pub fn expiring() -> Key {
    Key::new(b'X', b'x')
}
pub fn expiring_before(time: Timestamp) -> Key {
    expiring().time(time)
}

/// The record that a row of `expiring` is about, and its kind.
pub fn expiring_record(index_key: &Key) -> Option<Key> {
    index_key.0.get(10..).map(Key::from_bytes)
}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiringKind {
    Session,
    Token,
    SavedAnswer,
    Other,
}
pub fn expiring_kind(record: &Key) -> ExpiringKind {
    match record.0.get(..2) {
        Some(b"Rs") => ExpiringKind::Session,
        Some(b"Rk") => ExpiringKind::Token,
        Some(b"Ri") => ExpiringKind::SavedAnswer,
        _ => ExpiringKind::Other,
    }
}

// Unique keys.

pub fn account_email(email: &Email) -> Key {
    Key::new(b'U', b'a').text(email.as_str())
}
pub fn student_email(email: &Email) -> Key {
    Key::new(b'U', b't').text(email.as_str())
}
pub fn employer_email(email: &Email) -> Key {
    Key::new(b'U', b'e').text(email.as_str())
}
pub fn job_external_id(external_id: &str) -> Key {
    Key::new(b'U', b'j').text(external_id)
}
/// A student's one application to a job that is not withdrawn.
pub fn standing_application(job: JobId, student: &StudentId) -> Key {
    Key::new(b'U', b'p')
        .bytes(job.as_bytes())
        .text(student.as_str())
}

// Counters, guards, chunks, log, cursors.

pub fn application_count(job: JobId) -> Key {
    Key::new(b'C', b'p').bytes(job.as_bytes())
}
/// Raised by every change of a student's committed hours.
pub fn committed_hours(student: &StudentId) -> Key {
    Key::new(b'G', b'h').text(student.as_str())
}
/// Raised by every change of which sessions an account has.
pub fn log_ins(account: AccountId) -> Key {
    Key::new(b'G', b's').bytes(account.as_bytes())
}
/// Verdicts that a module gave as a shadow.
pub fn shadow_verdicts(rule: RuleId) -> Key {
    Key::new(b'C', b's').bytes(rule.as_bytes())
}
/// Those of them that would have made a difference.
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

/// What a key is of, by its first bytes: the map read backwards, for who checks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    Record(u8),
    Index,
    Unique,
    ApplicationCount(JobId),
    ShadowCount(RuleId),
    Guard,
    Chunk(FileId),
    RuleChunk(RuleId),
    Log(u64),
    Cursor,
}

pub fn space(key: &Key) -> Option<Space> {
    let id = |bytes: &[u8]| <[u8; 16]>::try_from(bytes).ok();
    match key.0.as_slice() {
        [b'R', kind, ..] => Some(Space::Record(*kind)),
        [b'X', ..] => Some(Space::Index),
        [b'U', ..] => Some(Space::Unique),
        [b'C', b'p', job @ ..] => {
            id(job).map(|job| Space::ApplicationCount(JobId::from_bytes(job)))
        }
        [b'C', b's' | b'd', rule @ ..] => {
            id(rule).map(|rule| Space::ShadowCount(RuleId::from_bytes(rule)))
        }
        [b'G', ..] => Some(Space::Guard),
        [b'B', b'f', rest @ ..] if rest.len() == 20 => {
            id(&rest[..16]).map(|file| Space::Chunk(FileId::from_bytes(file)))
        }
        [b'B', b'u', rest @ ..] if rest.len() == 20 => {
            id(&rest[..16]).map(|rule| Space::RuleChunk(RuleId::from_bytes(rule)))
        }
        [b'L', ..] => log_sequence(key).map(Space::Log),
        [b'F', ..] => Some(Space::Cursor),
        _ => None,
    }
}

/// The record that a row of any index leads to.
pub fn indexed_record(index_key: &Key) -> Option<Key> {
    let id = || index_key.trailing_id();
    match index_key.0.get(1)? {
        b'A' | b'a' | b'O' => Some(account(AccountId::from_bytes(id()?))),
        b'J' | b'E' | b'D' => Some(job(JobId::from_bytes(id()?))),
        b'W' => Some(employer(
            &EmployeeId::parse(&index_key.trailing_text()?).ok()?,
        )),
        b'p' | b'q' | b'Q' | b'r' | b'R' | b'v' | b'V' | b'P' => {
            Some(application(ApplicationId::from_bytes(id()?)))
        }
        b'f' => Some(file(FileId::from_bytes(id()?))),
        b'M' | b'd' | b'n' => Some(mail(MailId::from_bytes(id()?))),
        b's' => Some(session(SessionId::from_bytes(id()?))),
        b'k' => Some(token(TokenId::from_bytes(id()?))),
        b'x' => expiring_record(index_key),
        _ => None,
    }
}

impl Record for Account {
    fn key(&self) -> Key {
        account(self.account_id)
    }
    fn index_keys(&self) -> Vec<Key> {
        let id = self.account_id.as_bytes();
        let mut keys = vec![
            accounts().bytes(id),
            accounts_by_status(self.status).bytes(id),
        ];
        if self.role == Role::Admin && self.status == AccountStatus::Active {
            keys.push(active_admins().bytes(id));
        }
        keys
    }
    fn unique_keys(&self) -> Vec<Key> {
        vec![account_email(&self.email)]
    }
}

impl Record for Student {
    fn key(&self) -> Key {
        student(&self.student_id)
    }
    fn unique_keys(&self) -> Vec<Key> {
        vec![student_email(&self.email)]
    }
}

impl Record for Employer {
    fn key(&self) -> Key {
        employer(&self.employee_id)
    }
    fn index_keys(&self) -> Vec<Key> {
        let by_work_space = |work_space: &String| {
            employers_by_work_space(work_space).text(self.employee_id.as_str())
        };
        self.work_space.iter().map(by_work_space).collect()
    }
    fn unique_keys(&self) -> Vec<Key> {
        vec![employer_email(&self.email)]
    }
}

impl Record for Job {
    fn key(&self) -> Key {
        job(self.job_id)
    }
    fn index_keys(&self) -> Vec<Key> {
        let id = self.job_id.as_bytes();
        let mut keys = vec![
            jobs_by_status(self.job_status)
                .time(self.posted_at)
                .bytes(id),
            jobs_by_employer(&self.employee_id, self.job_status)
                .time(self.posted_at)
                .bytes(id),
        ];
        if self.job_status == JobStatus::Open {
            keys.push(jobs_by_deadline().time(self.deadline).bytes(id));
        }
        keys
    }
    fn unique_keys(&self) -> Vec<Key> {
        self.external_id
            .iter()
            .map(|external_id| job_external_id(external_id))
            .collect()
    }
}

impl Record for Application {
    fn key(&self) -> Key {
        application(self.application_id)
    }
    fn index_keys(&self) -> Vec<Key> {
        let (id, status) = (self.application_id.as_bytes(), self.application_status);
        [
            applications(),
            applications_by_status(status),
            applications_by_job(self.job_id),
            applications_by_job_status(self.job_id, status),
            applications_by_student(&self.student_id),
            applications_by_student_status(&self.student_id, status),
            applications_by_employer(&self.employee_id),
            applications_by_employer_status(&self.employee_id, status),
        ]
        .into_iter()
        .map(|prefix| prefix.bytes(id))
        .collect()
    }
    fn unique_keys(&self) -> Vec<Key> {
        if self.application_status == ApplicationStatus::Withdrawn {
            return Vec::new();
        }
        vec![standing_application(self.job_id, &self.student_id)]
    }
}

impl Record for Mail {
    fn key(&self) -> Key {
        mail(self.mail_id)
    }
    fn index_keys(&self) -> Vec<Key> {
        let id = self.mail_id.as_bytes();
        let mut keys = vec![mails_by_state(self.state).bytes(id)];
        if self.state == MailState::Waiting {
            keys.push(
                mails_due(self.kind.is_urgent())
                    .time(self.next_attempt_at)
                    .bytes(id),
            );
        }
        keys.extend(
            self.account_id
                .map(|account| mails_by_account(account).bytes(id)),
        );
        keys
    }
}

impl Record for Session {
    fn key(&self) -> Key {
        session(self.session_id)
    }
    fn index_keys(&self) -> Vec<Key> {
        let own = self.key();
        vec![
            sessions_by_account(self.account_id).bytes(self.session_id.as_bytes()),
            expiring().time(self.expires_at).bytes(own.as_bytes()),
        ]
    }
}

impl Record for Token {
    fn key(&self) -> Key {
        token(self.token_id)
    }
    fn index_keys(&self) -> Vec<Key> {
        let own = self.key();
        vec![
            tokens_by_account(self.account_id).bytes(self.token_id.as_bytes()),
            expiring().time(self.expires_at).bytes(own.as_bytes()),
        ]
    }
}

impl Record for SavedAnswer {
    fn key(&self) -> Key {
        saved_answer(&self.key_digest)
    }
    fn index_keys(&self) -> Vec<Key> {
        let own = self.key();
        vec![expiring().time(self.expires_at).bytes(own.as_bytes())]
    }
}

impl Record for RuleModule {
    fn key(&self) -> Key {
        rule(self.rule_id)
    }
}

impl Record for RuleSet {
    fn key(&self) -> Key {
        rule_set()
    }
}

impl Record for StoredFile {
    fn key(&self) -> Key {
        file(self.file_id)
    }
    fn index_keys(&self) -> Vec<Key> {
        vec![files_by_student(&self.student_id).bytes(self.file_id.as_bytes())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_and_time_keep_their_order(a in "\\PC{0,8}", b in "\\PC{0,8}", m in any::<i64>(), n in any::<i64>()) {
            let text = |text: &str| Key::new(b'X', b'T').text(text);
            prop_assert_eq!(a.cmp(&b), text(&a).cmp(&text(&b)));
            let time = |millis| Key::new(b'X', b'T').time(Timestamp::from_millis(millis));
            prop_assert_eq!(m.cmp(&n), time(m).cmp(&time(n)));
        }

        #[test]
        fn a_prefix_ends_before_what_does_not_begin_with_it(prefix in prop::collection::vec(any::<u8>(), 0..4), other in prop::collection::vec(any::<u8>(), 0..6)) {
            let (prefix, other) = (Key(prefix), Key(other));
            let inside = other >= prefix && prefix.after_prefix().is_none_or(|end| other < end);
            prop_assert_eq!(inside, other.0.starts_with(&prefix.0));
        }
    }
}
