//! Which keys each record has, and what the log says of its changes.

use super::super::Record;
use super::{
    Key, account, account_email, accounts, accounts_by_status, active_admins, application,
    applications_by_employer, applications_by_employer_status, applications_by_job,
    applications_by_job_status, applications_by_status, applications_by_student,
    applications_by_student_status, employer, employer_email, employers_by_work_space, expiring,
    file, files_by_student, job, job_external_id, jobs_by_deadline, jobs_by_employer,
    jobs_by_status, mail, mails_by_account, mails_due, mails_failed, rule, rule_set, saved_answer,
    session, sessions_by_account, standing_application, student, student_email, token,
    tokens_by_account,
};
use crate::model::{
    Account, AccountStatus, Application, ApplicationStatus, Employer, Event, Job, JobStatus, Mail,
    MailState, Role, RuleModule, RuleSet, SavedAnswer, Session, StoredFile, Student, Token,
};

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
    fn event(&self, _before: Option<&Self>) -> Option<Event> {
        let student_id = self.student_id.clone();
        Some(Event::StudentChanged { student_id })
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
    fn event(&self, _before: Option<&Self>) -> Option<Event> {
        let employee_id = self.employee_id.clone();
        Some(Event::EmployerChanged { employee_id })
    }
}

impl Record for Job {
    fn key(&self) -> Key {
        job(self.job_id)
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
    fn unique_keys(&self) -> Vec<Key> {
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
    fn key(&self) -> Key {
        application(self.application_id)
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
    fn unique_keys(&self) -> Vec<Key> {
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
    fn key(&self) -> Key {
        mail(self.mail_id)
    }
    fn index_keys(&self) -> Vec<Key> {
        let id = self.mail_id.as_bytes();
        let by_account = |account| mails_by_account(account).bytes(id);
        let mut keys: Vec<Key> = self.account_id.map(by_account).into_iter().collect();
        match self.state {
            MailState::Waiting => keys.push(
                mails_due(self.template.kind().is_urgent())
                    .time(self.next_attempt_at)
                    .bytes(id),
            ),
            MailState::Failed => keys.push(mails_failed().bytes(id)),
            MailState::Sent => {}
        }
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
