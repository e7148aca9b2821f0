//! The keys of each record, and the events of its changes.

use super::super::Record;
use super::{
    Key, RecordKey, UniqueKey, account, account_email, accounts, accounts_by_status, active_admins,
    application, applications_by_employer, applications_by_employer_status, applications_by_job,
    applications_by_job_status, applications_by_status, applications_by_student,
    applications_by_student_status, employer, employer_email, employers_by_work_space, expiring,
    file, files_by_student, job, job_external_id, jobs_by_deadline, jobs_by_employer,
    jobs_by_status, mail, mails_by_account, mails_by_mailbox, mails_due, mails_failed,
    mails_held_by_account, mails_held_by_mailbox, rule, rule_set, saved_answer,
    saved_answers_by_account, session, sessions_by_account, standing_application, student,
    student_email, token, tokens_by_account,
};
use crate::model::{
    Account, AccountId, AccountStatus, Application, ApplicationId, ApplicationStatus, EmployeeId,
    Employer, Event, FileId, Job, JobId, JobStatus, Mail, MailId, MailState, MailTemplate,
    MailTopic, Role, RuleId, RuleModule, RuleSet, SavedAnswer, Session, SessionId, StoredFile,
    Student, StudentId, Token, TokenId,
};

impl Record for Account {
    const KIND: u8 = b'a';
    const INDEXES: &'static [u8] = b"AaO";
    type Id = AccountId;
    fn key(&self) -> RecordKey<Self> {
        account(self.account_id)
    }
    fn key_of(id: &Self::Id) -> RecordKey<Self> {
        account(*id)
    }
    fn id_at_end(row: &Key) -> Option<Self::Id> {
        row.trailing_id().map(AccountId::from_bytes)
    }
    fn references(&self) -> Vec<(&'static str, Key)> {
        let student = self.student_id.as_ref().map(student);
        let employer = self.employee_id.as_ref().map(employer);
        let student = student.map(|key| ("its student", key.into()));
        let employer = employer.map(|key| ("its employer", key.into()));
        student.into_iter().chain(employer).collect()
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
    fn unique_keys(&self) -> Vec<UniqueKey<Self>> {
        vec![account_email(&self.email)]
    }
}

impl Record for Student {
    const KIND: u8 = b't';
    type Id = StudentId;
    fn key(&self) -> RecordKey<Self> {
        student(&self.student_id)
    }
    fn key_of(id: &Self::Id) -> RecordKey<Self> {
        student(id)
    }
    fn id_at_end(row: &Key) -> Option<Self::Id> {
        StudentId::parse(&row.trailing_text()?).ok()
    }
    fn references(&self) -> Vec<(&'static str, Key)> {
        let own = self.account_id.map(account);
        own.map(|key| ("its account", key.into()))
            .into_iter()
            .collect()
    }
    fn unique_keys(&self) -> Vec<UniqueKey<Self>> {
        vec![student_email(&self.email)]
    }
    fn event(&self, _before: Option<&Self>) -> Option<Event> {
        let student_id = self.student_id.clone();
        Some(Event::StudentChanged { student_id })
    }
}

impl Record for Employer {
    const KIND: u8 = b'e';
    const INDEXES: &'static [u8] = b"W";
    type Id = EmployeeId;
    fn key(&self) -> RecordKey<Self> {
        employer(&self.employee_id)
    }
    fn key_of(id: &Self::Id) -> RecordKey<Self> {
        employer(id)
    }
    fn id_at_end(row: &Key) -> Option<Self::Id> {
        EmployeeId::parse(&row.trailing_text()?).ok()
    }
    fn references(&self) -> Vec<(&'static str, Key)> {
        let own = self.account_id.map(account);
        own.map(|key| ("its account", key.into()))
            .into_iter()
            .collect()
    }
    fn index_keys(&self) -> Vec<Key> {
        let by_work_space = |work_space: &String| {
            employers_by_work_space(work_space).text(self.employee_id.as_str())
        };
        self.work_space.iter().map(by_work_space).collect()
    }
    fn unique_keys(&self) -> Vec<UniqueKey<Self>> {
        vec![employer_email(&self.email)]
    }
    fn event(&self, _before: Option<&Self>) -> Option<Event> {
        let employee_id = self.employee_id.clone();
        Some(Event::EmployerChanged { employee_id })
    }
}

impl Record for Job {
    const KIND: u8 = b'j';
    const INDEXES: &'static [u8] = b"JED";
    type Id = JobId;
    fn key(&self) -> RecordKey<Self> {
        job(self.job_id)
    }
    fn key_of(id: &Self::Id) -> RecordKey<Self> {
        job(*id)
    }
    fn id_at_end(row: &Key) -> Option<Self::Id> {
        row.trailing_id().map(JobId::from_bytes)
    }
    fn references(&self) -> Vec<(&'static str, Key)> {
        vec![("its employer", employer(&self.employee_id).into())]
    }
    fn index_keys(&self) -> Vec<Key> {
        let id = self.job_id.as_bytes();
        let mut keys = vec![
            jobs_by_status(self.job_status())
                .time(self.posted_at())
                .bytes(id),
            jobs_by_employer(&self.employee_id, self.job_status())
                .time(self.posted_at())
                .bytes(id),
        ];
        if self.job_status() == JobStatus::Open {
            keys.push(jobs_by_deadline().time(self.deadline).bytes(id));
        }
        keys
    }
    fn unique_keys(&self) -> Vec<UniqueKey<Self>> {
        self.external_id
            .iter()
            .map(|external_id| job_external_id(external_id))
            .collect()
    }
    fn event(&self, before: Option<&Self>) -> Option<Event> {
        Some(Event::JobChanged {
            job_id: self.job_id,
            from: before.map(Self::job_status),
            to: self.job_status(),
        })
    }
}

impl Record for Application {
    const KIND: u8 = b'p';
    const INDEXES: &'static [u8] = b"qQrRvVP";
    type Id = ApplicationId;
    fn key(&self) -> RecordKey<Self> {
        application(self.application_id)
    }
    fn key_of(id: &Self::Id) -> RecordKey<Self> {
        application(*id)
    }
    fn id_at_end(row: &Key) -> Option<Self::Id> {
        row.trailing_id().map(ApplicationId::from_bytes)
    }
    fn references(&self) -> Vec<(&'static str, Key)> {
        let mut named = vec![
            ("its job", job(self.job_id).into()),
            ("its student", student(&self.student_id).into()),
            ("its employer", employer(&self.employee_id).into()),
        ];
        named.extend(self.resume_id.map(|id| ("its résumé", file(id).into())));
        named
    }
    fn index_keys(&self) -> Vec<Key> {
        let (id, status) = (self.application_id.as_bytes(), self.application_status());
        [
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
    fn unique_keys(&self) -> Vec<UniqueKey<Self>> {
        if self.application_status() == ApplicationStatus::Withdrawn {
            return Vec::new();
        }
        vec![standing_application(self.job_id, &self.student_id)]
    }
    fn event(&self, before: Option<&Self>) -> Option<Event> {
        let from = before.map(Self::application_status);
        let to = self.application_status();
        (from != Some(to)).then(|| Event::ApplicationMoved {
            application_id: self.application_id,
            job_id: self.job_id,
            student_id: self.student_id.clone(),
            from,
            to,
        })
    }
}

impl Record for Mail {
    const KIND: u8 = b'm';
    const INDEXES: &'static [u8] = b"MdnNh";
    type Id = MailId;
    fn key(&self) -> RecordKey<Self> {
        mail(self.mail_id)
    }
    fn key_of(id: &Self::Id) -> RecordKey<Self> {
        mail(*id)
    }
    fn id_at_end(row: &Key) -> Option<Self::Id> {
        row.trailing_id().map(MailId::from_bytes)
    }
    fn references(&self) -> Vec<(&'static str, Key)> {
        let own = self.account_id.map(account);
        own.map(|key| ("its account", key.into()))
            .into_iter()
            .collect()
    }
    fn index_keys(&self) -> Vec<Key> {
        let id = self.mail_id.as_bytes();
        let mut keys: Vec<Key> = mail_of_recipient(self).into_iter().collect();
        let kind = self.template.kind();
        if self.account_id.is_some() && kind.topic() == MailTopic::Asked && !is_rendered(self) {
            keys.push(mails_by_mailbox(&self.to.mailbox()));
        }
        keys = keys.into_iter().map(|index| index.bytes(id)).collect();
        match self.state {
            MailState::Waiting => keys.push(
                mails_due(kind.is_urgent())
                    .time(self.next_attempt_at)
                    .bytes(id),
            ),
            MailState::Failed => keys.push(mails_failed().bytes(id)),
            MailState::Sent => {}
        }
        keys
    }
}

/// The index for a mail's recipient.
fn mail_of_recipient(mail: &Mail) -> Option<Key> {
    match (mail.account_id, mail.held) {
        (Some(account), false) => Some(mails_by_account(account)),
        (Some(account), true) => Some(mails_held_by_account(account)),
        // Earlier versions had no index for it.
        (None, _) if is_rendered(mail) => None,
        (None, false) => Some(mails_by_mailbox(&mail.to.mailbox())),
        (None, true) => Some(mails_held_by_mailbox(&mail.to.mailbox())),
    }
}

fn is_rendered(mail: &Mail) -> bool {
    matches!(mail.template, MailTemplate::Rendered { .. })
}

impl Record for Session {
    const KIND: u8 = b's';
    const INDEXES: &'static [u8] = b"s";
    type Id = SessionId;
    fn key(&self) -> RecordKey<Self> {
        session(self.session_id)
    }
    fn key_of(id: &Self::Id) -> RecordKey<Self> {
        session(*id)
    }
    fn id_at_end(row: &Key) -> Option<Self::Id> {
        row.trailing_id().map(SessionId::from_bytes)
    }
    fn references(&self) -> Vec<(&'static str, Key)> {
        vec![("its account", account(self.account_id).into())]
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
    const KIND: u8 = b'k';
    const INDEXES: &'static [u8] = b"k";
    type Id = TokenId;
    fn key(&self) -> RecordKey<Self> {
        token(self.token_id)
    }
    fn key_of(id: &Self::Id) -> RecordKey<Self> {
        token(*id)
    }
    fn id_at_end(row: &Key) -> Option<Self::Id> {
        row.trailing_id().map(TokenId::from_bytes)
    }
    fn references(&self) -> Vec<(&'static str, Key)> {
        vec![("its account", account(self.account_id).into())]
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
    const KIND: u8 = b'i';
    const INDEXES: &'static [u8] = b"i";
    type Id = [u8; 32];
    fn key(&self) -> RecordKey<Self> {
        saved_answer(&self.key_digest)
    }
    fn key_of(id: &Self::Id) -> RecordKey<Self> {
        saved_answer(id)
    }
    fn id_at_end(row: &Key) -> Option<Self::Id> {
        row.0.last_chunk().copied()
    }
    fn index_keys(&self) -> Vec<Key> {
        let own = self.key();
        let by_account = |id| saved_answers_by_account(id).bytes(&self.key_digest);
        let by_account = self.account_id.map(by_account);
        let by_time = expiring().time(self.expires_at).bytes(own.as_bytes());
        by_account.into_iter().chain([by_time]).collect()
    }
}

impl Record for RuleModule {
    const KIND: u8 = b'u';
    type Id = RuleId;
    fn key(&self) -> RecordKey<Self> {
        rule(self.rule_id)
    }
    fn key_of(id: &Self::Id) -> RecordKey<Self> {
        rule(*id)
    }
    fn id_at_end(row: &Key) -> Option<Self::Id> {
        row.trailing_id().map(RuleId::from_bytes)
    }
}

impl Record for RuleSet {
    const KIND: u8 = b'U';
    type Id = ();
    fn key(&self) -> RecordKey<Self> {
        rule_set()
    }
    fn key_of((): &Self::Id) -> RecordKey<Self> {
        rule_set()
    }
    fn id_at_end(_row: &Key) -> Option<Self::Id> {
        None
    }
}

impl Record for StoredFile {
    const KIND: u8 = b'f';
    const INDEXES: &'static [u8] = b"f";
    type Id = FileId;
    fn key(&self) -> RecordKey<Self> {
        file(self.file_id)
    }
    fn key_of(id: &Self::Id) -> RecordKey<Self> {
        file(*id)
    }
    fn id_at_end(row: &Key) -> Option<Self::Id> {
        row.trailing_id().map(FileId::from_bytes)
    }
    fn references(&self) -> Vec<(&'static str, Key)> {
        vec![("its student", student(&self.student_id).into())]
    }
    fn index_keys(&self) -> Vec<Key> {
        vec![files_by_student(&self.student_id).bytes(self.file_id.as_bytes())]
    }
}
