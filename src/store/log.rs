//! The change log: domain events in the order they were committed. A start takes the next sequence number from the newest
//! entry, so whoever trims the log leaves that one.

use super::keys::{self, Key};
use super::{Direction, KeyRange, Snapshot, StoreError, record};
use crate::model::LogEntry;

/// A log entry and its place in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    pub sequence: u64,
    pub entry: LogEntry,
}

/// Up to `limit` entries with a sequence number above `after`, oldest first.
pub(super) fn read_after(
    snapshot: &dyn Snapshot,
    after: u64,
    limit: usize,
) -> Result<Vec<Logged>, StoreError> {
    let range = KeyRange::prefix(&keys::log_prefix()).beyond(keys::log(after), Direction::Forward);
    decode(snapshot.scan(&range, Direction::Forward, limit)?)
}

/// Up to `limit` entries below a sequence number, newest first.
pub(super) fn read_before(
    snapshot: &dyn Snapshot,
    before: u64,
    limit: usize,
) -> Result<Vec<Logged>, StoreError> {
    let range =
        KeyRange::prefix(&keys::log_prefix()).beyond(keys::log(before), Direction::Backward);
    decode(snapshot.scan(&range, Direction::Backward, limit)?)
}

/// The last sequence number given, 0 for an empty log.
pub(super) fn last(snapshot: &dyn Snapshot) -> Result<u64, StoreError> {
    let newest = snapshot.scan(
        &KeyRange::prefix(&keys::log_prefix()),
        Direction::Backward,
        1,
    )?;
    newest.first().map_or(Ok(0), |(key, _)| sequence_of(key))
}

fn decode(rows: Vec<(Key, super::Row)>) -> Result<Vec<Logged>, StoreError> {
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
    keys::log_sequence(key).ok_or_else(|| StoreError::Corrupt(format!("log key {key:?}")))
}
