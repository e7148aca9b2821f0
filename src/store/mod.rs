//! Ordered keys and values with three operations (snapshot, commit, read the log), and typed records on top. Owns
//! everything on disk except the search index and the mail files. Does not know HTTP, rules or mail.

mod backup;
pub mod change;
mod check;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod earlier;
mod encode;
mod engine;
mod export;
pub mod keys;
mod log;
mod memory;
mod page;
mod postgres;
mod queue;
mod reader;
mod reading;
mod record;
mod redb;
mod restore;
mod stores;
mod tally;

pub use backup::{
    About, BackupError, Contents, ENCRYPTED_SUFFIX, Identities, PART_SUFFIX, give_way, is_backup,
    open_backup, read_backup, save_backup, write_backup, write_backup_for,
};
pub use change::Transaction;
pub use check::{Checked, check, repair};
pub use engine::{
    Change, Check, CommitError, Direction, Engine, KeyRange, KeysCheck, Load, MAX_CHANGE_BYTES,
    MAX_KEY_BYTES, MAX_SCAN_ROWS, MAX_VALUE_BYTES, Row, Snapshot, StoreError, Trouble, View, Write,
};
pub use export::export;
pub use keys::{Key, RecordKey, UniqueKey};
pub use log::{Logged, trim_log};
pub use memory::{InjectedFailure, MemoryEngine};
pub use page::{Page, Paged, Place};
pub use postgres::{PostgresEngine, PostgresOptions};
pub use reader::{Reader, Walk};
pub use reading::Reading;
pub use record::{Record, Stored};
pub use redb::{Media, RedbEngine, RedbOptions, Replacement};
pub use restore::{RestoreTarget, copy, open_database};
#[cfg(test)]
pub use stores::Now;
pub use stores::{Origin, Store, wait};
