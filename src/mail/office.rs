//! The outbox for the office.

use crate::model::{Mail, MailId, MailKind, MailState};
use crate::store::{
    Direction, Key, KeyRange, MAX_SCAN_ROWS, Page, Paged, Place, Reader, StoreError, Stored,
    Transaction, keys,
};

#[derive(Debug, thiserror::Error)]
pub enum OutboxRefusal {
    #[error("mail not found")]
    NotFound,
    #[error("the mail was already sent")]
    Sent,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A page of the outbox: waiting mail in sending order, all else newest first.
pub async fn list_outbox(
    reader: &Reader,
    state: Option<MailState>,
    after: Option<&Place>,
    limit: usize,
) -> Result<Paged<Stored<Mail>>, StoreError> {
    let (index, direction) = match state {
        None | Some(MailState::Sent) => (keys::mails(), Direction::Backward),
        Some(MailState::Waiting) => (keys::mails_waiting(), Direction::Forward),
        Some(MailState::Failed) => (keys::mails_failed(), Direction::Backward),
    };
    let is_wanted = |mail: &Stored<Mail>| state.is_none_or(|state| state == mail.state);
    let page = Page::new(index, direction, limit, after);
    page.records(reader, is_wanted).await
}

/// Number of waiting mails. `MAX_SCAN_ROWS` means that many or more.
pub async fn count_waiting(reader: &Reader) -> Result<usize, StoreError> {
    count(reader, &keys::mails_waiting()).await
}

/// Number of failed mails, with the same limit.
pub async fn count_failed(reader: &Reader) -> Result<usize, StoreError> {
    count(reader, &keys::mails_failed()).await
}

async fn count(reader: &Reader, index: &Key) -> Result<usize, StoreError> {
    let range = KeyRange::prefix(index);
    let found = reader
        .scan_keys(&range, Direction::Forward, MAX_SCAN_ROWS)
        .await?;
    Ok(found.len())
}

/// Why a mail waits for an admin after a restore.
const HELD: &str = "held by a restore; it may have been sent before";

/// Holds back unsent mail of a restored board, as failed: it may have been sent since the backup, so an admin decides
/// whether to send it. Mail whose link no longer works is deleted.
pub async fn hold_mail(transaction: &mut Transaction, index_key: &Key) -> Result<(), StoreError> {
    let Some(mail) = transaction.get::<Mail>(&keys::indexed(index_key)?).await? else {
        return Ok(());
    };
    let kind = mail.template.kind();
    if matches!(kind, MailKind::VerifyEmail | MailKind::ResetPassword) {
        transaction.delete(&mail);
    } else if mail.state == MailState::Waiting {
        let held = Mail {
            state: MailState::Failed,
            // It is not merged with others, which would send it.
            held: false,
            last_error: Some(HELD.into()),
            ..mail.record.clone()
        };
        transaction.update(&mail, held).await?;
    }
    Ok(())
}

/// Makes a mail due now. A failed one waits again.
pub async fn retry_mail(
    transaction: &mut Transaction,
    id: MailId,
) -> Result<Stored<Mail>, OutboxRefusal> {
    let stored: Option<Stored<Mail>> = transaction.get(&keys::mail(id)).await?;
    let mail = stored.ok_or(OutboxRefusal::NotFound)?;
    if mail.state == MailState::Sent {
        return Err(OutboxRefusal::Sent);
    }
    let due = Mail {
        state: MailState::Waiting,
        next_attempt_at: transaction.now(),
        ..mail.record.clone()
    };
    Ok(transaction.update(&mail, due).await?)
}
