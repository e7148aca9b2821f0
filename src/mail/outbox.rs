//! Adds mails to the outbox, in the same change as the command that causes them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::limits::{self, Source};
use crate::model::{
    Account, AccountId, AddressRange, ApplicationId, Email, Employer, Mail, MailId, MailState,
    MailTemplate, Network, Student, Timestamp,
};
use crate::store::{StoreError, Transaction, keys};

/// What all mails of this campus share, and which networks have higher limits.
#[derive(Clone, Debug)]
pub struct Outbox {
    campus: String,
    /// Links start with this.
    site: String,
    campus_networks: Vec<AddressRange>,
}

/// The recipient of a mail.
#[derive(Clone, Debug)]
pub struct Recipient {
    pub email: Email,
    pub name: String,
    pub account_id: Option<AccountId>,
}

impl Recipient {
    /// The owner of an unverified mailbox. The mail contains no name, since anybody may have typed it.
    pub fn unverified(email: Email, account_id: AccountId) -> Self {
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
            campus_networks: Vec::new(),
        }
    }

    /// Sets the networks that many people share.
    #[must_use]
    pub fn with_campus_networks(mut self, networks: &[AddressRange]) -> Self {
        self.campus_networks = networks.to_vec();
        self
    }

    /// Whether a mailbox may get one more mail that a stranger can request. If not, no mail is sent, and the stranger
    /// must not notice.
    pub async fn may_ask(
        &self,
        transaction: &mut Transaction,
        to: &Email,
    ) -> Result<bool, StoreError> {
        let source = self.source(transaction.origin().address);
        limits::may_ask(transaction, to, source).await
    }

    /// Adds a requested mail. The caller has checked `may_ask`.
    pub async fn send(
        &self,
        transaction: &mut Transaction,
        template: MailTemplate,
        recipient: Recipient,
    ) -> Result<(), StoreError> {
        let network = transaction.origin().address.map(Network::from);
        let mail = self.mail(template, recipient, network, transaction.now());
        transaction.insert(mail).await?;
        Ok(())
    }

    /// Notifies somebody of the caller's action: now, or together with other notices once the mailbox may get more
    /// mail.
    pub async fn notify(
        &self,
        transaction: &mut Transaction,
        template: MailTemplate,
        recipient: Recipient,
    ) -> Result<(), StoreError> {
        let address = transaction.origin().address;
        self.notify_of(transaction, template, recipient, address)
            .await
    }

    /// `notify` for an earlier action, by somebody at an address.
    pub async fn notify_of(
        &self,
        transaction: &mut Transaction,
        template: MailTemplate,
        recipient: Recipient,
        address: Option<IpAddr>,
    ) -> Result<(), StoreError> {
        let topic = template.kind().topic();
        let source = self.source(address);
        let until = limits::held_until(transaction, &recipient, topic, source).await?;
        let mut mail = self.mail(template, recipient, source.network, transaction.now());
        if let Some(until) = until {
            mail.held = true;
            mail.next_attempt_at = until;
        }
        transaction.insert(mail).await?;
        Ok(())
    }

    fn source(&self, address: Option<IpAddr>) -> Source {
        let is_campus = |address| {
            let mut networks = self.campus_networks.iter();
            networks.any(|range| range.contains(address))
        };
        Source {
            network: address.map(Network::from),
            is_campus: address.is_some_and(is_campus),
        }
    }

    pub(super) fn mail(
        &self,
        template: MailTemplate,
        recipient: Recipient,
        network: Option<Network>,
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
            network,
            held: false,
            state: MailState::Waiting,
            attempts: 0,
            last_error: None,
            next_attempt_at: now,
            created_at: now,
            sent_at: None,
        }
    }
}

/// Removes what concerns some applications from all unsent mail, because somebody in them was erased.
pub async fn forget(
    transaction: &mut Transaction,
    applications: &BTreeSet<ApplicationId>,
) -> Result<(), StoreError> {
    let reader = transaction.reader();
    for index in [keys::mails_waiting(), keys::mails_failed()] {
        let mut walk = reader.walk(&index);
        while let Some(found) = walk.next_keys().await? {
            for key in found {
                let key = keys::indexed::<Mail>(&key)?;
                let Some(mut mail) = transaction.peek(&key).await? else {
                    continue;
                };
                if mail.template.forget(applications)
                    && let Some(current) = transaction.get(&key).await?
                {
                    transaction.update(&current, mail).await?;
                }
            }
        }
    }
    Ok(())
}

/// Deletes a mail that was sent, or created and failed, before a given time.
pub async fn clear_mail(
    transaction: &mut Transaction,
    id: MailId,
    before: Timestamp,
) -> Result<(), StoreError> {
    let Some(mail) = transaction.get::<Mail>(&keys::mail(id)).await? else {
        return Ok(());
    };
    let is_old = match mail.state {
        MailState::Waiting => false,
        MailState::Sent => mail.sent_at.unwrap_or(mail.created_at) < before,
        MailState::Failed => mail.created_at < before,
    };
    if is_old {
        transaction.delete(&mail);
    }
    Ok(())
}
