//! Deletes what is kept only for a while (`[retention]`): sent and failed mail, unverified accounts, and old entries of
//! the change log that every follower has read. One small step at a time, so that a stop never waits for more than one
//! step.

use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use super::follower::{FollowError, Follower, Next, Turn};
use super::{FollowerStatus, notify};
use crate::accounts::clear_unverified;
use crate::config::Retention;
use crate::mail::clear_mail;
use crate::model::{Account, AccountStatus, Mail, Timestamp};
use crate::search::SearchIndex;
use crate::store::{
    Direction, Key, KeyRange, Origin, Reader, Record, StoreError, Transaction, keys, trim_log,
};

/// How often to look for old records.
const EVERY: Duration = Duration::from_hours(1);
/// How often to look at the clock, which may be set.
const TICK: Duration = Duration::from_secs(2);
/// Most records to check in one change.
const STEP: usize = 200;
/// Most log entries to delete in one change. They have a hundred bytes or so, next to each other.
const LOG_STEP: usize = 500;

pub(super) struct RetentionFollower {
    retention: Retention,
    index: Arc<SearchIndex>,
    indexing: Arc<FollowerStatus>,
    next: Timestamp,
}

impl RetentionFollower {
    pub(super) fn new(
        retention: Retention,
        index: Arc<SearchIndex>,
        indexing: Arc<FollowerStatus>,
    ) -> Self {
        Self {
            retention,
            index,
            indexing,
            next: Timestamp::from_millis(0),
        }
    }

    /// Deletes old records, if it is time to look.
    async fn look(&mut self, turn: &Turn) -> Result<(), StoreError> {
        let store = &turn.store;
        let now = store.clock().now();
        if now < self.next {
            return Ok(());
        }
        let days = |days: u32| now.minus(Duration::from_hours(24) * days);
        let before = days(self.retention.sent_mail_days.get());
        let clear =
            async |transaction: &mut Transaction, id| clear_mail(transaction, id, before).await;
        walk::<Mail>(turn, &keys::mails(), before, clear).await?;
        let before = days(self.retention.unverified_days.get());
        let unverified = keys::accounts_by_status(AccountStatus::Unverified);
        let clear = async |transaction: &mut Transaction, id| {
            clear_unverified(transaction, id, before).await
        };
        walk::<Account>(turn, &unverified, before, clear).await?;
        let before = days(self.retention.log_days.get());
        while !turn.is_ending() {
            let up_to = self.read_by_all(&store.read()?).await?;
            let step = async |transaction: &mut Transaction| {
                trim_log(transaction, before, up_to, LOG_STEP).await
            };
            if store.run::<_, StoreError>(Origin::SYSTEM, step).await? < LOG_STEP {
                break;
            }
        }
        self.next = now.plus(EVERY);
        Ok(())
    }

    /// The last log entry that no follower needs any more. After a crash, the index goes on from the position in its own
    /// files. Its follower is ahead of that while nothing that the index shows changes. The index of another server that
    /// is further behind is rebuilt from the records.
    async fn read_by_all(&self, reader: &Reader) -> Result<u64, StoreError> {
        let end = reader.log_end().await?;
        let follower = self.indexing.lag(end).map_or(0, |lag| end - lag);
        let index = follower.min(self.index.position());
        Ok(index.min(notify::position(reader).await?))
    }
}

impl Follower for RetentionFollower {
    const NAME: &'static str = "retention";

    async fn step(&mut self, turn: &Turn) -> Result<Next, FollowError> {
        self.look(turn).await?;
        Ok(Next::After(TICK))
    }
}

/// Passes each record of an index that was created before a given time to a callback, oldest first.
async fn walk<R: Record>(
    turn: &Turn,
    index: &Key,
    before: Timestamp,
    clear: impl AsyncFn(&mut Transaction, R::Id) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut range = KeyRange::prefix(index);
    range.end = Bound::Excluded(keys::made_since(index, before));
    while !turn.is_ending() {
        let found = turn
            .store
            .read()?
            .scan_keys(&range, Direction::Forward, STEP)
            .await?;
        let Some(last) = found.last().cloned() else {
            break;
        };
        let step = async |transaction: &mut Transaction| {
            for key in &found {
                clear(transaction, keys::indexed_id::<R>(key)?).await?;
            }
            Ok::<(), StoreError>(())
        };
        turn.store.run(Origin::SYSTEM, step).await?;
        range = range.beyond(last, Direction::Forward);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
