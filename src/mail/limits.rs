//! How much mail one mailbox gets (src/http/README.md, Limits). The outbox itself shows what was sent within the hour,
//! so a restart forgets nothing, and no other counter is needed.

use std::ops::Bound;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::Recipient;
use crate::model::{Email, Mail, MailId, MailState, MailTemplate, MailTopic, Network, Timestamp};
use crate::store::{Direction, Key, KeyRange, StoreError, Transaction, keys};

const HOUR: Duration = Duration::from_hours(1);
/// Most mails per hour to one mailbox on one topic: caused by one network, by a campus network (many people), and by
/// all.
const PER_NETWORK: usize = 5;
const PER_CAMPUS_NETWORK: usize = 10 * PER_NETWORK;
const PER_MAILBOX: usize = 20;
/// Most mails of the last hour to read. More than the limits of all topics allow.
const MAX_LOOKED_AT: usize = 200;
/// Most notices in one mail. The rest goes into the next one.
const MAX_MERGED: usize = 200;

/// Where a mail was caused.
#[derive(Clone, Copy)]
pub(super) struct Source {
    /// `None`: the server itself.
    pub network: Option<Network>,
    pub is_campus: bool,
}

/// Whether a mailbox may get one more mail that anybody can request.
pub(super) async fn may_ask(
    transaction: &mut Transaction,
    email: &Email,
    source: Source,
) -> Result<bool, StoreError> {
    let mailbox = email.mailbox();
    let digest = Sha256::digest(mailbox.as_bytes());
    transaction
        .guard(&keys::asked_mails([digest[0], digest[1]]))
        .await?;
    let index = keys::mails_by_mailbox(&mailbox);
    Ok(free_at(transaction, &index, MailTopic::Asked, source)
        .await?
        .is_none())
}

/// How long a notice must wait, or `None` if it may go now.
pub(super) async fn held_until(
    transaction: &Transaction,
    recipient: &Recipient,
    topic: MailTopic,
    source: Source,
) -> Result<Option<Timestamp>, StoreError> {
    let index = match recipient.account_id {
        Some(account) => keys::mails_by_account(account),
        None => keys::mails_by_mailbox(&recipient.email.mailbox()),
    };
    free_at(transaction, &index, topic, source).await
}

/// When the limits allow one more mail, or `None` for now.
async fn free_at(
    transaction: &Transaction,
    index: &Key,
    topic: MailTopic,
    source: Source,
) -> Result<Option<Timestamp>, StoreError> {
    let mut range = KeyRange::prefix(index);
    // A mail created exactly an hour ago no longer counts.
    let start = transaction.now().minus(HOUR).plus(Duration::from_millis(1));
    range.start = Bound::Included(keys::made_since(index, start));
    let found = transaction
        .scan_keys(&range, Direction::Forward, MAX_LOOKED_AT)
        .await?;
    if found.len() < PER_NETWORK {
        return Ok(None);
    }
    let (mut here, mut all) = (Vec::new(), Vec::new());
    for key in &found {
        let mail = transaction.peek::<Mail>(&keys::indexed(key)?).await?;
        let Some(mail) = mail.filter(|mail| mail.template.kind().topic() == topic) else {
            continue;
        };
        all.push(mail.created_at);
        if mail.network == source.network {
            here.push(mail.created_at);
        }
    }
    let free = |times: &[Timestamp], limit: usize| {
        let last = times.len().checked_sub(limit)?;
        Some(times[last].plus(HOUR))
    };
    let per_network = if source.is_campus {
        PER_CAMPUS_NETWORK
    } else {
        PER_NETWORK
    };
    Ok(free(&here, per_network).max(free(&all, PER_MAILBOX)))
}

/// Combines all held notices for one reader into a mail that is due now. Its new ID makes it count from now.
pub async fn merge_held(transaction: &mut Transaction, one: &Mail) -> Result<(), StoreError> {
    let held = match one.account_id {
        Some(account) => keys::mails_held_by_account(account),
        None => keys::mails_held_by_mailbox(&one.to.mailbox()),
    };
    let mut mails: Vec<Mail> = Vec::new();
    let found = transaction
        .scan_keys(&KeyRange::prefix(&held), Direction::Forward, MAX_MERGED)
        .await?;
    for key in &found {
        if let Some(mail) = transaction.get::<Mail>(&keys::indexed(key)?).await? {
            transaction.delete(&mail);
            mails.push(mail.record);
        }
    }
    let Some(newest) = mails.last().cloned() else {
        return Ok(());
    };
    let network = newest.network;
    let is_of_one = mails.iter().all(|mail| mail.network == network);
    let mut items: Vec<MailTemplate> = mails.into_iter().map(|mail| mail.template).collect();
    let now = transaction.now();
    transaction
        .insert(Mail {
            mail_id: MailId::generate(now),
            template: match items.pop() {
                Some(single) if items.is_empty() => single,
                last => {
                    items.extend(last);
                    MailTemplate::Updates { items }
                }
            },
            network: network.filter(|_| is_of_one),
            held: false,
            state: MailState::Waiting,
            attempts: 0,
            last_error: None,
            next_attempt_at: now,
            created_at: now,
            sent_at: None,
            ..newest
        })
        .await?;
    Ok(())
}
