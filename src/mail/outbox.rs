//! The outbox as the office sees it.

use crate::model::{Mail, MailId, MailState};
use crate::store::{
    Direction, KeyRange, MAX_SCAN_ROWS, Page, Paged, Place, Reader, StoreError, Stored,
    Transaction, keys,
};

#[derive(Debug, thiserror::Error)]
pub enum OutboxRefusal {
    #[error("there is no such mail")]
    NotFound,
    #[error("the mail has left already")]
    Sent,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A page of the outbox, newest first.
pub fn list_outbox(
    reader: &Reader,
    state: Option<MailState>,
    after: Option<&Place>,
    limit: usize,
) -> Result<Paged<Stored<Mail>>, StoreError> {
    let prefix = state.map_or_else(keys::mails, keys::mails_by_state);
    Page::new(prefix, Direction::Backward, limit, after).collect(reader, |key| {
        let id = key.trailing_id().map(MailId::from_bytes);
        let id = id.ok_or_else(|| StoreError::Corrupt(format!("index key {key:?}")))?;
        reader.get(&keys::mail(id))
    })
}

/// Mails that wait; `MAX_SCAN_ROWS` stands for that many or more.
pub fn count_waiting(reader: &Reader) -> Result<usize, StoreError> {
    count(reader, MailState::Waiting)
}

/// Mails that were given up, likewise.
pub fn count_failed(reader: &Reader) -> Result<usize, StoreError> {
    count(reader, MailState::Failed)
}

fn count(reader: &Reader, state: MailState) -> Result<usize, StoreError> {
    let range = KeyRange::prefix(&keys::mails_by_state(state));
    let found = reader.scan_keys(&range, Direction::Forward, MAX_SCAN_ROWS)?;
    Ok(found.len())
}

/// Makes a mail due at once, and one that was given up wait again.
pub fn retry_mail(
    transaction: &mut Transaction,
    id: MailId,
) -> Result<Stored<Mail>, OutboxRefusal> {
    let stored: Option<Stored<Mail>> = transaction.get(&keys::mail(id))?;
    let mail = stored.ok_or(OutboxRefusal::NotFound)?;
    if mail.state == MailState::Sent {
        return Err(OutboxRefusal::Sent);
    }
    let due = Mail {
        state: MailState::Waiting,
        next_attempt_at: transaction.now(),
        ..mail.record.clone()
    };
    Ok(transaction.update(&mail, due)?)
}
