//! Putting mails into the outbox, in the change of the command that causes them.

use crate::model::{
    Account, AccountId, Email, Employer, Mail, MailId, MailState, MailTemplate, Student, Timestamp,
};
use crate::store::{StoreError, Transaction};

/// What every mail of this campus says besides its own words.
#[derive(Clone, Debug)]
pub struct Outbox {
    campus: String,
    /// Links begin with it.
    site: String,
}

/// Whom a mail is for.
#[derive(Clone, Debug)]
pub struct Recipient {
    pub email: Email,
    pub name: String,
    pub account_id: Option<AccountId>,
}

impl Recipient {
    /// Of a mailbox that its owner has not proven: the mail names nobody, since anybody may have typed the name.
    pub fn unproven(email: Email, account_id: AccountId) -> Self {
        Self {
            email,
            name: String::new(),
            account_id: Some(account_id),
        }
    }
}

impl From<&Account> for Recipient {
    fn from(account: &Account) -> Self {
        Self {
            email: account.email.clone(),
            name: account.name.clone(),
            account_id: Some(account.account_id),
        }
    }
}

impl From<&Student> for Recipient {
    fn from(student: &Student) -> Self {
        Self {
            email: student.email.clone(),
            name: student.name.clone(),
            account_id: student.account_id,
        }
    }
}

impl From<&Employer> for Recipient {
    fn from(employer: &Employer) -> Self {
        Self {
            email: employer.email.clone(),
            name: employer.name.clone(),
            account_id: employer.account_id,
        }
    }
}

impl Outbox {
    pub fn new(campus: &str, site: &str) -> Self {
        Self {
            campus: campus.into(),
            site: site.into(),
        }
    }

    /// Writes a mail that is due at once.
    pub fn send(
        &self,
        transaction: &mut Transaction,
        template: MailTemplate,
        recipient: Recipient,
    ) -> Result<(), StoreError> {
        let mail = self.mail(template, recipient, transaction.now());
        transaction.insert(mail)?;
        Ok(())
    }

    pub(super) fn mail(
        &self,
        template: MailTemplate,
        recipient: Recipient,
        now: Timestamp,
    ) -> Mail {
        Mail {
            mail_id: MailId::generate(now),
            to: recipient.email,
            to_name: recipient.name,
            account_id: recipient.account_id,
            campus: self.campus.clone(),
            site: self.site.clone(),
            template,
            state: MailState::Waiting,
            attempts: 0,
            last_error: None,
            next_attempt_at: now,
            created_at: now,
            sent_at: None,
        }
    }
}
