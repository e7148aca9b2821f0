//! The change log: domain events in commit order, without gaps. Old entries are trimmed from its start. A start of the
//! store, and a restore, continue from the newest entry's sequence number, so that entry is never trimmed.

use super::keys::{self, Key};
use super::{Direction, KeyRange, Row, StoreError, Transaction, View, record};
use crate::model::{LogEntry, Timestamp};

/// A log entry and its sequence number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    pub sequence: u64,
    pub entry: LogEntry,
}

/// At most `limit` entries after a sequence number, oldest first.
pub(super) async fn read_after(
    view: &View,
    after: u64,
    limit: usize,
) -> Result<Vec<Logged>, StoreError> {
    let range = KeyRange::prefix(&keys::log_prefix()).beyond(keys::log(after), Direction::Forward);
    decode(view.scan(&range, Direction::Forward, limit).await?)
}

/// At most `limit` entries before a sequence number, newest first.
pub(super) async fn read_before(
    view: &View,
    before: u64,
    limit: usize,
) -> Result<Vec<Logged>, StoreError> {
    let range =
        KeyRange::prefix(&keys::log_prefix()).beyond(keys::log(before), Direction::Backward);
    decode(view.scan(&range, Direction::Backward, limit).await?)
}

/// The last sequence number, 0 for an empty log.
pub(super) async fn last(view: &View) -> Result<u64, StoreError> {
    let range = KeyRange::prefix(&keys::log_prefix());
    end(&view.scan(&range, Direction::Backward, 1).await?)
}

/// The same, from the newest row of the log.
pub(super) fn end(newest: &[(Key, Row)]) -> Result<u64, StoreError> {
    newest.first().map_or(Ok(0), |(key, _)| sequence_of(key))
}

/// The sequence number of the oldest entry, 1 for an empty log.
pub(super) async fn first(view: &View) -> Result<u64, StoreError> {
    let range = KeyRange::prefix(&keys::log_prefix());
    let oldest = view.scan(&range, Direction::Forward, 1).await?;
    oldest.first().map_or(Ok(1), |(key, _)| sequence_of(key))
}

/// Deletes the oldest entries, at most `limit`: those from before a time, up to a sequence number. Stops at the first that
/// must stay, so that the log has no gaps. Returns how many it deleted.
pub async fn trim_log(
    transaction: &mut Transaction,
    before: Timestamp,
    up_to: u64,
    limit: usize,
) -> Result<usize, StoreError> {
    let reader = transaction.reader();
    let last = up_to.min(reader.log_end().await?.saturating_sub(1));
    let oldest = reader.log_after(0, limit).await?;
    let is_due = |logged: &&Logged| logged.sequence <= last && logged.entry.at < before;
    let due: Vec<_> = oldest.iter().take_while(is_due).collect();
    for logged in &due {
        transaction.delete_bytes(keys::log(logged.sequence));
    }
    Ok(due.len())
}

fn decode(rows: Vec<(Key, Row)>) -> Result<Vec<Logged>, StoreError> {
    rows.into_iter()
        .map(|(key, row)| {
            Ok(Logged {
                sequence: sequence_of(&key)?,
                entry: record::decode(&key, &row.value)?,
            })
        })
        .collect()
}

fn sequence_of(key: &Key) -> Result<u64, StoreError> {
    keys::log_sequence(key).ok_or_else(|| StoreError::Corrupt(format!("log key {key}")))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::Clock;
    use crate::model::Event;
    use crate::store::Now as _;
    use crate::store::{Engine, MemoryEngine, Origin, RedbEngine, RedbOptions, Store, check};

    /// Adds an entry at a time.
    fn log(engine: &Arc<dyn Engine>, millis: i64) {
        let clock = Clock::fixed(Timestamp::from_millis(millis));
        let store = Store::new(engine.clone(), clock);
        let logged: Result<(), StoreError> = store.run_now(Origin::SYSTEM, |transaction| {
            transaction.log(Event::BackupTaken)
        });
        logged.unwrap();
    }

    fn trim(engine: &Arc<dyn Engine>, before: i64, up_to: u64, limit: usize) -> usize {
        let store = Store::new(engine.clone(), Clock::System);
        let before = Timestamp::from_millis(before);
        let trimmed: Result<usize, StoreError> = store.run_now(Origin::SYSTEM, |transaction| {
            trim_log(transaction, before, up_to, limit).now()
        });
        trimmed.unwrap()
    }

    /// The sequence numbers from and to which there are entries.
    fn ends(engine: &Arc<dyn Engine>) -> (u64, u64) {
        let store = Store::new(engine.clone(), Clock::System);
        let reader = store.read().unwrap();
        let mut wrong = Vec::new();
        check(&reader, &mut |what| wrong.push(what)).now().unwrap();
        assert_eq!(wrong, [""; 0]);
        (
            reader.log_start().now().unwrap(),
            reader.log_end().now().unwrap(),
        )
    }

    #[test]
    fn entries_are_trimmed_in_order_by_age_position_and_limit() {
        let engine: Arc<dyn Engine> = Arc::new(MemoryEngine::default());
        assert_eq!(ends(&engine), (1, 0));
        assert_eq!(trim(&engine, 100, 9, 9), 0);
        // The third was written by a clock that was ahead for a moment.
        for millis in [1, 2, 50, 4, 5, 6, 7, 8] {
            log(&engine, millis);
        }
        assert_eq!(trim(&engine, 3, 1, 9), 1);
        assert_eq!(trim(&engine, 2, 9, 9), 0);
        assert_eq!(trim(&engine, 6, 9, 9), 1, "a gap would be worse");
        assert_eq!(ends(&engine), (3, 8));
        assert_eq!(trim(&engine, 60, 9, 2), 2);
        assert_eq!(ends(&engine), (5, 8));
        assert_eq!(trim(&engine, 60, 9, 9), 3);
        assert_eq!(trim(&engine, 60, 9, 9), 0, "the newest entry stays");
        assert_eq!(ends(&engine), (8, 8));
        log(&engine, 70);
        assert_eq!(ends(&engine), (8, 9));
    }

    #[test]
    fn numbers_go_on_after_everything_was_trimmed_and_the_store_reopened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        for round in 1..4 {
            let engine = RedbEngine::open(&path, RedbOptions::default()).unwrap();
            assert_eq!(*engine.watch().borrow(), 10 * (round - 1));
            let engine: Arc<dyn Engine> = Arc::new(engine);
            for millis in 0..10 {
                log(&engine, millis);
            }
            while trim(&engine, 100, u64::MAX, 3) > 0 {}
            assert_eq!(ends(&engine), (10 * round, 10 * round));
        }
    }
}
