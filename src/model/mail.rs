//! A mail in the outbox: a template and the values for it.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    AccountId, AccountStatus, ApplicationId, ApplicationStatus, BackupFault, Email, JobId, MailId,
    Network, Timestamp,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailKind {
    VerifyEmail,
    /// Somebody registered an address that already has an account. Its owner is told.
    AddressTaken,
    ResetPassword,
    PasswordChanged,
    ApplicationReceived,
    ApplicationFiled,
    ApplicationStatus,
    JobClosed,
    JobModerated,
    AccountModerated,
    /// To the office: a campus rule is failing.
    RuleFailing,
    /// To the office: scheduled backups are failing.
    BackupFailing,
    /// Several notices in one mail.
    Updates,
}

/// What a mail is about. Each topic has its own limit, so that mails of one topic cannot hold up those of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTopic {
    /// Mails that anybody who knows the address can cause.
    Asked,
    /// The account's password and status.
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

    /// Somebody waits for these in front of a screen, so they are sent first.
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
    /// Refused for good, or retried until the time limit. An admin may send it again.
    Failed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosedBecause {
    Closed,
    Filled,
    Expired,
}

/// The office's decision on a posting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    Approved,
    Declined,
    /// It was open before.
    Closed,
}

/// A template and its values at the time of the event: nothing is looked up when the mail is sent. Texts are what
/// people typed, and the layouts escape them. An empty name is one that is no longer kept.
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
    /// To the student: the employer or the office changed the status.
    ApplicationMoved {
        application_id: ApplicationId,
        job_title: String,
        status: ApplicationStatus,
        note: Option<String>,
    },
    /// To the employer: the student changed the status.
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
        /// The account's postings were closed too.
        postings_closed: bool,
        reason: Option<String>,
    },
    /// To the office.
    RuleFailing {
        rule: String,
        fault: String,
    },
    /// To the office. `last_success`: the day of the last good backup.
    BackupFailing {
        because: BackupFault,
        last_success: Option<Date>,
    },
    /// Notices held back because the mailbox had reached its limit.
    Updates {
        items: Vec<MailTemplate>,
    },
    /// A complete mail, as earlier versions stored it. Its text is removed once it is sent.
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
            Self::BackupFailing { .. } => MailKind::BackupFailing,
            Self::Updates { .. } => MailKind::Updates,
            Self::Rendered { kind, .. } => *kind,
        }
    }

    /// Removes what concerns these applications. Returns whether there was anything.
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
                // Every item, so no `any`, which stops at the first one.
                let forgotten = items.iter_mut().map(|item| item.forget(applications));
                forgotten.filter(|was| *was).count() > 0
            }
            _ => false,
        }
    }

    /// Removes names, secrets and what people wrote. The rest says what the mail was about.
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
            Self::AddressTaken
            | Self::PasswordChanged
            | Self::JobClosed { .. }
            | Self::BackupFailing { .. } => {}
        }
    }
}

/// A mail that is waiting, sent or failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "StoredMail")]
pub struct Mail {
    pub mail_id: MailId,
    pub to: Email,
    /// Empty: the mail does not greet its reader by name.
    pub to_name: String,
    pub account_id: Option<AccountId>,
    /// The campus name, and the site that links point to.
    pub campus: String,
    pub site: String,
    pub template: MailTemplate,
    /// The network of the request that caused this mail, if known.
    pub network: Option<Network>,
    /// The mailbox had reached its limit: this mail will go out with others as one.
    pub held: bool,
    pub state: MailState,
    pub attempts: u32,
    pub last_error: Option<String>,
    pub next_attempt_at: Timestamp,
    pub created_at: Timestamp,
    pub sent_at: Option<Timestamp>,
}

/// A mail as stored, including one that an earlier version stored as a complete text. The members have the order of
/// `Mail`, because the store keeps them without names.
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
    state: MailState,
    attempts: u32,
    last_error: Option<String>,
    next_attempt_at: Timestamp,
    created_at: Timestamp,
    sent_at: Option<Timestamp>,
    // Only earlier versions wrote these.
    #[serde(default)]
    kind: Option<MailKind>,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    html: String,
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
