//! The change log: domain events in commit order. A start continues from the newest entry's sequence number, so
//! trimming the log must keep that entry.

use super::keys::{self, Key};
use super::{Direction, KeyRange, Snapshot, StoreError, record};
use crate::model::LogEntry;

/// A log entry and its sequence number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    pub sequence: u64,
    pub entry: LogEntry,
}

/// At most `limit` entries after a sequence number, oldest first.
pub(super) fn read_after(
    snapshot: &dyn Snapshot,
    after: u64,
    limit: usize,
) -> Result<Vec<Logged>, StoreError> {
    let range = KeyRange::prefix(&keys::log_prefix()).beyond(keys::log(after), Direction::Forward);
    decode(snapshot.scan(&range, Direction::Forward, limit)?)
}

/// At most `limit` entries before a sequence number, newest first.
pub(super) fn read_before(
    snapshot: &dyn Snapshot,
    before: u64,
    limit: usize,
) -> Result<Vec<Logged>, StoreError> {
    let range =
        KeyRange::prefix(&keys::log_prefix()).beyond(keys::log(before), Direction::Backward);
    decode(snapshot.scan(&range, Direction::Backward, limit)?)
}

/// The last sequence number, 0 for an empty log.
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
