//! The table of rows, and what a change does to it.

use redb::{ReadableTable, Table, TableDefinition};

use super::unavailable;
use crate::store::engine::{Change, Check, CommitError, StoreError, Write, not_a_counter};
use crate::store::keys::{self, Key};

/// Key to version (8 bytes, little-endian) and value.
pub(super) const ROWS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("rows");

type Rows<'a> = Table<'a, &'static [u8], &'static [u8]>;

/// Whether a change can be written as it is. The outer error is the storage's and fails the whole group.
pub(super) fn judge(
    rows: &Rows<'_>,
    change: &Change,
) -> Result<Result<(), CommitError>, StoreError> {
    for Check { key, version } in &change.checks {
        let found = rows.get(key.as_bytes()).map_err(unavailable)?;
        let found = found
            .map(|found| split(key, found.value()).map(|(version, _)| version))
            .transpose()?;
        if found != *version {
            return Ok(Err(CommitError::Conflict));
        }
    }
    for (key, write) in &change.writes {
        if matches!(write, Write::Add(_)) && counter(rows, key)?.is_none() {
            return Ok(Err(CommitError::Store(not_a_counter(key))));
        }
    }
    Ok(Ok(()))
}

/// A counter's version and sum, zeros if it is absent; `None` if the key holds something else.
fn counter(rows: &Rows<'_>, key: &Key) -> Result<Option<(u64, i64)>, StoreError> {
    let Some(found) = rows.get(key.as_bytes()).map_err(unavailable)? else {
        return Ok(Some((0, 0)));
    };
    let (version, value) = split(key, found.value())?;
    Ok(value
        .try_into()
        .ok()
        .map(|sum| (version, i64::from_le_bytes(sum))))
}

/// Writes a checked change, and gives its events the next sequence numbers.
pub(super) fn write(
    rows: &mut Rows<'_>,
    change: &Change,
    sequence: &mut u64,
) -> Result<(), StoreError> {
    for (key, write) in &change.writes {
        match write {
            Write::Put { version, value } => put(rows, key, *version, value)?,
            Write::Delete => drop(rows.remove(key.as_bytes()).map_err(unavailable)?),
            Write::Add(amount) => {
                let (version, sum) = counter(rows, key)?.ok_or_else(|| not_a_counter(key))?;
                let sum = sum.saturating_add(*amount);
                put(rows, key, version + 1, &sum.to_le_bytes())?;
            }
        }
    }
    for event in &change.events {
        *sequence += 1;
        put(rows, &keys::log(*sequence), 1, event)?;
    }
    Ok(())
}

fn put(rows: &mut Rows<'_>, key: &Key, version: u64, value: &[u8]) -> Result<(), StoreError> {
    let mut row = rows
        .insert_reserve(key.as_bytes(), value.len() + 8)
        .map_err(unavailable)?;
    let row = row.as_mut();
    row[..8].copy_from_slice(&version.to_le_bytes());
    row[8..].copy_from_slice(value);
    Ok(())
}

/// A row's version and value.
pub(super) fn split<'a>(key: &Key, row: &'a [u8]) -> Result<(u64, &'a [u8]), StoreError> {
    let (version, value) = row
        .split_first_chunk::<8>()
        .ok_or_else(|| StoreError::Corrupt(format!("the row of {key:?}")))?;
    Ok((u64::from_le_bytes(*version), value))
}
