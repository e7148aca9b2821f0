//! Opens the two files together: the store, plus the changes that are only in the write-ahead log.

use redb::{Builder, Database, Durability, ReadableDatabase, TableDefinition, WriteTransaction};

use super::format;
use super::media::Media;
use super::rows;
use super::shield::Shield;
use super::snapshot::RedbSnapshot;
use super::tables::Tables;
use super::wal::{Wal, new_salt};
use super::{RedbOptions, unavailable};
use crate::store::encode::decode;
use crate::store::engine::{Direction, KeyRange, Snapshot as _, StoreError};
use crate::store::keys;

/// The log generation that belongs to this state, and how many of its records are included.
const LOG: TableDefinition<(), (u64, u64)> = TableDefinition::new("log");

pub(super) struct Opened {
    pub database: Database,
    pub shield: Shield,
    pub wal: Wal,
    /// The last sequence number of the event log.
    pub sequence: u64,
}

/// Opens both, and makes changes durable that were only in the log. It can return with a failure; check the shield. Of
/// data in an earlier format, it first keeps a copy.
pub(super) fn open(media: &dyn Media, options: &RedbOptions) -> Result<Opened, StoreError> {
    format::inspect(media, options, |format| {
        media.keep_copy(format).map_err(|error| {
            let what = "cannot copy the data before converting it to a newer format";
            StoreError::Unavailable(format!("{what}: {error}"))
        })
    })?;
    let shield = media.store().and_then(Shield::new).map_err(unavailable)?;
    let log = media.log().map_err(unavailable)?;
    let mut wal = Wal::open(log, options.log_bytes).map_err(unavailable)?;
    let database = open_database(media, options, &shield)?;
    format::bring_up(&database, &shield, &media.name())?;
    let (sequence, is_clean) = replay(&database, &mut wal)?;
    if !is_clean {
        checkpoint(&database, &shield, &mut wal)?;
    }
    wal.prepare();
    Ok(Opened {
        database,
        shield,
        wal,
        sequence,
    })
}

/// Opens both for reading. Changes that are only in the log are added in memory.
pub(super) fn look(media: &dyn Media, options: &RedbOptions) -> Result<RedbSnapshot, StoreError> {
    format::check_log(media)?;
    let named = |error| StoreError::Unavailable(format!("{}: {error}", media.name()));
    let storage = media.store().map_err(unavailable)?;
    if storage.len().map_err(named)? == 0 {
        return Err(named(std::io::Error::other("it is empty")));
    }
    let shield = Shield::reads_only(storage).map_err(named)?;
    let database = open_database(media, options, &shield)?;
    format::bring_up(&database, &shield, &media.name())?;
    match media.log() {
        Ok(log) => {
            let mut wal = Wal::open(log, options.log_bytes).map_err(named)?;
            replay(&database, &mut wal)?;
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(unavailable(error)),
    }
    RedbSnapshot::open(&database).map(|snapshot| snapshot.keeping(database))
}

pub(super) fn open_database(
    media: &dyn Media,
    options: &RedbOptions,
    shield: &Shield,
) -> Result<Database, StoreError> {
    let name = media.name();
    let opened = Builder::new()
        .set_cache_size(options.cache_bytes)
        .set_repair_callback(|session| {
            let percent = session.progress() * 100.0;
            tracing::warn!("the store was not closed properly; checking it: {percent:.0} %");
        })
        .create_with_backend(shield.clone());
    opened.map_err(|error| match error {
        redb::DatabaseError::DatabaseAlreadyOpen => StoreError::InUse(name),
        error => StoreError::Unavailable(format!(
            "{name}: {error}; if the file is damaged, restore a backup"
        )),
    })
}

/// Adds the changes that are only in the log. Returns the last sequence number of the event log, and whether this log
/// generation has not started yet.
fn replay(database: &Database, wal: &mut Wal) -> Result<(u64, bool), StoreError> {
    let (salt, applied) = place(database)?;
    let log = KeyRange::prefix(&keys::log_prefix());
    let newest = RedbSnapshot::open(database)?.scan(&log, Direction::Backward, 1)?;
    let mut sequence = crate::store::log::end(&newest)?;
    let mut number = applied;
    wal.replay(salt, applied, |record| {
        let transaction = begin(database)?;
        {
            let mut tables = Tables::of(&transaction);
            for mut change in decode(record)? {
                let writes = std::mem::take(&mut change.writes).into_iter();
                change.writes = writes
                    .map(|(key, write)| (keys::moved(key), write))
                    .collect();
                rows::write(&mut tables, &change, &mut sequence)?;
            }
        }
        number += 1;
        set_place(&transaction, salt, number)?;
        transaction.commit().map_err(unavailable)
    })?;
    Ok((sequence, salt > 0 && number.max(wal.number()) == 0))
}

fn place(database: &Database) -> Result<(u64, u64), StoreError> {
    let transaction = database.begin_read().map_err(unavailable)?;
    match transaction.open_table(LOG) {
        Ok(table) => {
            let found = table.get(()).map_err(unavailable)?;
            Ok(found.map_or((0, 0), |found| found.value()))
        }
        Err(redb::TableError::TableDoesNotExist(_)) => Ok((0, 0)),
        Err(error) => Err(unavailable(error)),
    }
}

/// Stores in a transaction which log records it includes.
pub(super) fn set_place(
    transaction: &WriteTransaction,
    salt: u64,
    number: u64,
) -> Result<(), StoreError> {
    let mut table = transaction.open_table(LOG).map_err(unavailable)?;
    table.insert((), (salt, number)).map_err(unavailable)?;
    Ok(())
}

/// A transaction whose commit is visible at once, and durable with the next checkpoint.
pub(super) fn begin(database: &Database) -> Result<WriteTransaction, StoreError> {
    let mut transaction = database.begin_write().map_err(unavailable)?;
    transaction
        .set_durability(Durability::None)
        .map_err(unavailable)?;
    Ok(transaction)
}

/// Makes all commits durable in the store's own file, in a way that a start after a crash need not check the whole
/// file, and starts the log over. If the shield has a failure, the log stays unchanged.
pub(super) fn checkpoint(
    database: &Database,
    shield: &Shield,
    wal: &mut Wal,
) -> Result<(), StoreError> {
    let salt = new_salt();
    let mut transaction = database.begin_write().map_err(unavailable)?;
    transaction.set_quick_repair(true);
    set_place(&transaction, salt, 0)?;
    transaction.commit().map_err(unavailable)?;
    if shield.failure().is_none() {
        wal.restart(salt);
    }
    Ok(())
}
