//! The format of a store: which one it has, and the steps from earlier formats to today's. Data that a newer Corkboard
//! wrote is refused before either file is touched.
//!
//! | format | what is different |
//! | --- | --- |
//! | 1 | version 0.1: one table has all rows |
//! | 2 | each family of keys has its own table (`tables.rs`) |
//!
//! Raise `FORMAT` and add a step when earlier versions cannot use the data of this one. If that is true of the rows in a
//! backup too, also raise the format in `backup.rs`.

use std::io::ErrorKind;

use redb::{Database, ReadableDatabase, TableDefinition, TableError, WriteTransaction};

use super::media::Media;
use super::shield::Shield;
use super::{RedbOptions, opened, tables, unavailable, wal};
use crate::store::engine::StoreError;

/// The format that this version writes.
pub(super) const FORMAT: u16 = 2;

/// The steps to each format from the one before it, from format 2 on. All run in one transaction.
const STEPS: [Step; FORMAT as usize - 1] = [tables::move_rows];
type Step = fn(&WriteTransaction) -> Result<(), StoreError>;

/// The store's format. A store of format 1 has no such table, nor has one of format 2 from before it existed.
const TABLE: TableDefinition<(), u16> = TableDefinition::new("format");

/// A store's format, and whether the store says so itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Found {
    format: u16,
    is_noted: bool,
}

/// Fails if the format is newer than this version.
fn find(database: &Database, name: &str) -> Result<Found, StoreError> {
    let transaction = database.begin_read().map_err(unavailable)?;
    let noted = match transaction.open_table(TABLE) {
        Ok(table) => {
            let noted = table.get(()).map_err(unavailable)?;
            noted.map(|noted| noted.value())
        }
        Err(TableError::TableDoesNotExist(_)) => None,
        Err(error) => return Err(unavailable(error)),
    };
    let format = match noted {
        Some(format) if format > FORMAT => return Err(newer(name, format)),
        Some(format) => format,
        None if tables::has_one_for_all(&transaction)? => 1,
        None => 2,
    };
    let is_noted = noted.is_some();
    Ok(Found { format, is_noted })
}

fn newer(name: &str, format: u16) -> StoreError {
    StoreError::Newer {
        name: name.to_owned(),
        format,
        known: FORMAT,
    }
}

/// Fails if a newer Corkboard wrote the log. The log can be newer than the store's file if somebody put back an old copy
/// of one of them only.
pub(super) fn check_log(media: &dyn Media) -> Result<(), StoreError> {
    let format = match media.log() {
        Ok(log) => wal::format(&*log).map_err(unavailable)?,
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(unavailable(error)),
    };
    match format {
        Some(format) if format > FORMAT => Err(newer(&media.name(), format)),
        _ => Ok(()),
    }
}

/// Looks at a store that is about to be opened for writing, and writes nothing to it: redb itself writes when it opens a
/// file. Fails if a newer Corkboard wrote the data. Passes an earlier format to `outdated`. Meanwhile nobody else can
/// open the store for writing.
pub(super) fn inspect(
    media: &dyn Media,
    options: &RedbOptions,
    outdated: impl FnOnce(u16) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let reading = media.for_reading();
    check_log(&*reading)?;
    let storage = match reading.store() {
        Ok(storage) => storage,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unavailable(error)),
    };
    if storage.len().map_err(unavailable)? == 0 {
        return Ok(());
    }
    let shield = Shield::reads_only(storage).map_err(unavailable)?;
    let database = opened::open_database(&*reading, options, &shield)?;
    let found = find(&database, &media.name())?;
    if found.format < FORMAT {
        outdated(found.format)?;
    }
    Ok(())
}

/// Brings an opened store to today's format, and notes the format in it. This is durable before anything else happens.
pub(super) fn bring_up(database: &Database, shield: &Shield, name: &str) -> Result<(), StoreError> {
    let Found { format, is_noted } = find(database, name)?;
    if is_noted && format == FORMAT {
        return Ok(());
    }
    let mut transaction = database.begin_write().map_err(unavailable)?;
    transaction.set_quick_repair(true);
    for step in STEPS.iter().skip(usize::from(format).saturating_sub(1)) {
        step(&transaction)?;
    }
    {
        let mut table = transaction.open_table(TABLE).map_err(unavailable)?;
        table.insert((), FORMAT).map_err(unavailable)?;
    }
    transaction.commit().map_err(unavailable)?;
    if format == FORMAT {
        // A store that cannot be written now says so itself, and notes the format once it can.
        return Ok(());
    }
    tracing::info!("converted the data from format {format} to {FORMAT}");
    shield
        .failure()
        .map_or(Ok(()), |failure| Err(unavailable(failure.text)))
}

#[cfg(test)]
mod tests;
