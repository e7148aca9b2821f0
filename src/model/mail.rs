//! A mail in the outbox: which template, and the values that its template needs.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    AccountId, AccountStatus, ApplicationId, ApplicationStatus, Email, JobId, MailId, Network,
    Timestamp,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailKind {
    VerifyEmail,
    /// Somebody registered with an address that has an account: its owner is told.
    AddressTaken,
    ResetPassword,
    PasswordChanged,
    ApplicationReceived,
    ApplicationFiled,
    ApplicationStatus,
    JobClosed,
    JobModerated,
    AccountModerated,
    /// To the office: a campus rule fails.
    RuleFailing,
    /// Several notices in one mail.
    Updates,
}

/// What a mailbox is mailed about. Each is limited by itself, so that mails of one keep none of another away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTopic {
    /// What anybody can ask for who knows the address.
    Asked,
    /// The account's password and standing.
    Account,
    Activity,
}

impl MailKind {
    pub fn topic(self) -> MailTopic {
        match self {
            Self::VerifyEmail | Self::AddressTaken | Self::ResetPassword => MailTopic::Asked,
            Self::PasswordChanged | Self::AccountModerated => MailTopic::Account,
            _ => MailTopic::Activity,
        }
    }

    /// People wait before a screen for these; they go before all others.
    pub fn is_urgent(self) -> bool {
        matches!(
            self,
            Self::VerifyEmail | Self::AddressTaken | Self::ResetPassword | Self::PasswordChanged
        )
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailState {
    Waiting,
    Sent,
    /// Refused for good, or tried for as long as we try; an admin may send it again.
    Failed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosedBecause {
    Closed,
    Filled,
    Expired,
}

/// What the office decided of a posting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    Approved,
    Declined,
    /// It had been open.
    Closed,
}

/// A template and its values, as they were when the mail was decided on: nothing is looked up when it is sent. Texts are
/// what people typed; the layouts escape them. A name that is empty is one that is no longer kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum MailTemplate {
    VerifyEmail {
        token: String,
    },
    AddressTaken,
    ResetPassword {
        token: String,
    },
    PasswordChanged,
    /// To the employer.
    ApplicationReceived {
        application_id: ApplicationId,
        job_id: JobId,
        job_title: String,
        student_name: String,
    },
    /// To the student.
    ApplicationFiled {
        application_id: ApplicationId,
        job_title: String,
        employer_name: String,
    },
    /// To the student: the employer or the office moved it.
    ApplicationMoved {
        application_id: ApplicationId,
        job_title: String,
        status: ApplicationStatus,
        note: Option<String>,
    },
    /// To the employer: the student moved it.
    StudentMoved {
        application_id: ApplicationId,
        job_id: JobId,
        job_title: String,
        student_name: String,
        status: ApplicationStatus,
    },
    JobClosed {
        job_title: String,
        because: ClosedBecause,
    },
    JobModerated {
        job_id: JobId,
        job_title: String,
        ruling: Ruling,
        reason: Option<String>,
    },
    AccountModerated {
        from: AccountStatus,
        to: AccountStatus,
        /// The postings were closed with the account.
        postings_closed: bool,
        reason: Option<String>,
    },
    /// To the office.
    RuleFailing {
        rule: String,
        fault: String,
    },
    /// Notices that came while the mailbox had enough mail.
    Updates {
        items: Vec<MailTemplate>,
    },
    /// A whole mail, as earlier versions kept it; without its parts once it was sent.
    Rendered {
        kind: MailKind,
        subject: String,
        text: String,
        html: String,
    },
}

impl MailTemplate {
    pub fn kind(&self) -> MailKind {
        match self {
            Self::VerifyEmail { .. } => MailKind::VerifyEmail,
            Self::AddressTaken => MailKind::AddressTaken,
            Self::ResetPassword { .. } => MailKind::ResetPassword,
            Self::PasswordChanged => MailKind::PasswordChanged,
            Self::ApplicationReceived { .. } => MailKind::ApplicationReceived,
            Self::ApplicationFiled { .. } => MailKind::ApplicationFiled,
            Self::ApplicationMoved { .. } | Self::StudentMoved { .. } => {
                MailKind::ApplicationStatus
            }
            Self::JobClosed { .. } => MailKind::JobClosed,
            Self::JobModerated { .. } => MailKind::JobModerated,
            Self::AccountModerated { .. } => MailKind::AccountModerated,
            Self::RuleFailing { .. } => MailKind::RuleFailing,
            Self::Updates { .. } => MailKind::Updates,
            Self::Rendered { kind, .. } => *kind,
        }
    }

    /// Strips what tells of one of these applications. Whether there was any.
    pub fn forget(&mut self, applications: &BTreeSet<ApplicationId>) -> bool {
        match self {
            Self::ApplicationReceived { application_id, .. }
            | Self::ApplicationFiled { application_id, .. }
            | Self::ApplicationMoved { application_id, .. }
            | Self::StudentMoved { application_id, .. } => {
                let is_one = applications.contains(application_id);
                if is_one {
                    self.strip();
                }
                is_one
            }
            Self::Updates { items } => {
                // Each of them, also after the first that was.
                let told = items.iter_mut().map(|item| item.forget(applications));
                told.filter(|was| *was).count() > 0
            }
            _ => false,
        }
    }

    /// Drops the names, what people wrote, and secrets; what is left says what the mail was about.
    pub fn strip(&mut self) {
        match self {
            Self::VerifyEmail { token } | Self::ResetPassword { token } => token.clear(),
            Self::ApplicationReceived { student_name, .. }
            | Self::StudentMoved { student_name, .. } => student_name.clear(),
            Self::ApplicationFiled { employer_name, .. } => employer_name.clear(),
            Self::ApplicationMoved { note, .. } => *note = None,
            Self::JobModerated { reason, .. } | Self::AccountModerated { reason, .. } => {
                *reason = None;
            }
            Self::RuleFailing { fault, .. } => fault.clear(),
            Self::Updates { items } => items.iter_mut().for_each(Self::strip),
            Self::Rendered { text, html, .. } => {
                text.clear();
                html.clear();
            }
            Self::AddressTaken | Self::PasswordChanged | Self::JobClosed { .. } => {}
        }
    }
}

/// A mail that waits, was sent or failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "StoredMail")]
pub struct Mail {
    pub mail_id: MailId,
    pub to: Email,
    /// Empty: the mail calls its reader by no name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub to_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// The campus, and the site that links lead to.
    pub campus: String,
    pub site: String,
    pub template: MailTemplate,
    /// Where the request came from that caused it, as far as it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// Its mailbox had enough: it will go with others in one mail.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
    pub state: MailState,
    pub attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    pub next_attempt_at: Timestamp,
    pub created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Timestamp>,
}

/// A mail as it is read: also one that an earlier version rendered before it was kept.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredMail {
    mail_id: MailId,
    to: Email,
    #[serde(default)]
    to_name: String,
    account_id: Option<AccountId>,
    #[serde(default)]
    campus: String,
    #[serde(default)]
    site: String,
    template: Option<MailTemplate>,
    network: Option<Network>,
    #[serde(default)]
    held: bool,
    kind: Option<MailKind>,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    html: String,
    state: MailState,
    attempts: u32,
    last_error: Option<String>,
    next_attempt_at: Timestamp,
    created_at: Timestamp,
    sent_at: Option<Timestamp>,
}

impl From<StoredMail> for Mail {
    fn from(stored: StoredMail) -> Self {
        let rendered = MailTemplate::Rendered {
            kind: stored.kind.unwrap_or(MailKind::PasswordChanged),
            subject: stored.subject,
            text: stored.text,
            html: stored.html,
        };
        Self {
            mail_id: stored.mail_id,
            to: stored.to,
            to_name: stored.to_name,
            account_id: stored.account_id,
            campus: stored.campus,
            site: stored.site,
            template: stored.template.unwrap_or(rendered),
            network: stored.network,
            held: stored.held,
            state: stored.state,
            attempts: stored.attempts,
            last_error: stored.last_error,
            next_attempt_at: stored.next_attempt_at,
            created_at: stored.created_at,
            sent_at: stored.sent_at,
        }
    }
}
