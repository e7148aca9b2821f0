//! What a change does to the rows.

use redb::ReadableTable as _;

use super::snapshot::scan;
use super::tables::Tables;
use super::unavailable;
use crate::store::engine::{
    Change, Check, CommitError, Direction, KeyRange, KeysCheck, StoreError, Write, not_a_counter,
};
use crate::store::keys::{self, Key};

/// Whether a change can be written as it is. The outer error is the storage's and fails the whole group.
pub(super) fn judge(
    tables: &mut Tables<'_>,
    change: &Change,
) -> Result<Result<(), CommitError>, StoreError> {
    for Check { key, version } in &change.checks {
        let found = tables.with(key)?.get(key.as_bytes()).map_err(unavailable)?;
        let found = found
            .map(|found| split(key, found.value()).map(|(version, _)| version))
            .transpose()?;
        if found != *version {
            return Ok(Err(CommitError::Conflict));
        }
    }
    for KeysCheck { prefix, keys } in &change.keys_checks {
        let range = KeyRange::prefix(prefix);
        let (table, mut found) = (tables.with(prefix)?, Vec::new());
        scan(table, &range, Direction::Forward, usize::MAX, &mut found)?;
        if !found.iter().map(|(key, _)| key).eq(keys) {
            return Ok(Err(CommitError::Conflict));
        }
    }
    for (key, write) in &change.writes {
        if matches!(write, Write::Add(_)) && counter(tables, key)?.is_none() {
            return Ok(Err(CommitError::Store(not_a_counter(key))));
        }
    }
    Ok(Ok(()))
}

/// A counter's version and sum, zeros if it is absent; `None` if the key holds something else.
fn counter(tables: &mut Tables<'_>, key: &Key) -> Result<Option<(u64, i64)>, StoreError> {
    let table = tables.with(key)?;
    let Some(found) = table.get(key.as_bytes()).map_err(unavailable)? else {
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
    tables: &mut Tables<'_>,
    change: &Change,
    sequence: &mut u64,
) -> Result<(), StoreError> {
    for (key, write) in &change.writes {
        match write {
            Write::Put { version, value } => put(tables, key, *version, value)?,
            Write::Delete => drop(
                tables
                    .with(key)?
                    .remove(key.as_bytes())
                    .map_err(unavailable)?,
            ),
            Write::Add(amount) => {
                let (version, sum) = counter(tables, key)?.ok_or_else(|| not_a_counter(key))?;
                let sum = sum.saturating_add(*amount);
                put(tables, key, version + 1, &sum.to_le_bytes())?;
            }
        }
    }
    for event in &change.events {
        *sequence += 1;
        put(tables, &keys::log(*sequence), 1, event)?;
    }
    Ok(())
}

fn put(tables: &mut Tables<'_>, key: &Key, version: u64, value: &[u8]) -> Result<(), StoreError> {
    let mut row = tables
        .with(key)?
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
        .ok_or_else(|| StoreError::Corrupt(format!("the row of {key}")))?;
    Ok((u64::from_le_bytes(*version), value))
}
