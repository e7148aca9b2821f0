//! Deletes what is kept only for a while (`[retention]`): sent and failed mail, and unverified accounts. One small step
//! at a time, so that a stop never waits for more than one step.

use std::ops::Bound;
use std::time::Duration;

use super::Tail;
use crate::accounts::clear_unverified;
use crate::config::Retention;
use crate::mail::clear_mail;
use crate::model::{Account, AccountStatus, Mail, Timestamp};
use crate::store::{
    Direction, Key, KeyRange, Origin, Record, Store, StoreError, Transaction, keys,
};

/// How often to look for old records.
const EVERY: Duration = Duration::from_hours(1);
/// Most records to check in one change.
const STEP: usize = 200;

pub(super) struct Clearing {
    retention: Retention,
    next: Timestamp,
}

impl Clearing {
    pub(super) fn new(retention: Retention) -> Self {
        Self {
            retention,
            next: Timestamp::from_millis(0),
        }
    }

    /// Deletes old records, if it is time to look.
    pub(super) async fn run(&mut self, store: &Store, tail: &Tail) -> Result<(), StoreError> {
        let now = store.clock().now();
        if now < self.next {
            return Ok(());
        }
        let days = |days: u32| now.minus(Duration::from_hours(24) * days);
        let before = days(self.retention.sent_mail_days.get());
        walk::<Mail>(store, tail, &keys::mails(), before, |transaction, id| {
            clear_mail(transaction, id, before)
        })
        .await?;
        let before = days(self.retention.unverified_days.get());
        let unverified = keys::accounts_by_status(AccountStatus::Unverified);
        walk::<Account>(store, tail, &unverified, before, |transaction, id| {
            clear_unverified(transaction, id, before)
        })
        .await?;
        self.next = now.plus(EVERY);
        Ok(())
    }
}

/// Passes each record of an index that was created before a given time to a callback, oldest first.
async fn walk<R: Record>(
    store: &Store,
    tail: &Tail,
    index: &Key,
    before: Timestamp,
    clear: impl Fn(&mut Transaction, R::Id) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut range = KeyRange::prefix(index);
    range.end = Bound::Excluded(keys::made_since(index, before));
    while !tail.is_stopping() {
        let found = store.read()?.scan_keys(&range, Direction::Forward, STEP)?;
        let Some(last) = found.last().cloned() else {
            break;
        };
        let step = |transaction: &mut Transaction| {
            found
                .iter()
                .try_for_each(|key| clear(transaction, keys::indexed_id::<R>(key)?))
        };
        store.run(Origin::SYSTEM, step).await?;
        range = range.beyond(last, Direction::Forward);
    }
    Ok(())
}
