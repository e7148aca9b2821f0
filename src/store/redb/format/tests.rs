//! What a newer Corkboard wrote is refused and stays as it is. An unnumbered store gets its number.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use redb::ReadableTableMetadata as _;

use super::*;
use crate::store::Now as _;
use crate::store::engine::{Change, Engine, Write};
use crate::store::keys::Key;
use crate::store::{RedbEngine, Replacement};

/// Written out, because the name and the types must never change.
const ON_DISK: TableDefinition<(), u16> = TableDefinition::new("format");
const NEWER: u16 = FORMAT + 1;

fn options() -> RedbOptions {
    RedbOptions::default()
}

fn put(number: u8) -> Change {
    let put = Write::Put {
        version: 1,
        value: vec![number; 100],
    };
    Change {
        writes: vec![(Key::from_bytes(&[b'R', b'z', number]), put)],
        ..Change::default()
    }
}

/// The folder of a store that was stopped properly.
fn stopped() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let engine = RedbEngine::open(&path, options()).unwrap();
    for number in 0..20 {
        engine.submit(put(number)).blocking_recv().unwrap().unwrap();
    }
    drop(engine);
    (folder, path)
}

/// Changes a store's file as another program would.
fn edit(path: &Path, change: impl FnOnce(&WriteTransaction)) {
    let database = Database::open(path).unwrap();
    let transaction = database.begin_write().unwrap();
    change(&transaction);
    transaction.commit().unwrap();
}

fn set_format(path: &Path, format: u16) {
    edit(path, |transaction| {
        let mut table = transaction.open_table(ON_DISK).unwrap();
        table.insert((), format).unwrap();
    });
}

fn noted(path: &Path) -> Option<u16> {
    let database = Database::open(path).unwrap();
    let transaction = database.begin_read().unwrap();
    let table = transaction.open_table(ON_DISK).ok()?;
    assert_eq!(table.len().unwrap(), 1);
    table.get(()).unwrap().map(|format| format.value())
}

/// A log whose first record is from a program of this format.
fn log_of(format: u16) -> Vec<u8> {
    let payload = b"what only that program can read";
    let mut record = 77_u64.to_le_bytes().to_vec();
    record.extend((u64::from(format) << 48).to_le_bytes());
    record.extend((payload.len() as u32).to_le_bytes());
    let mut sum = crc32fast::Hasher::new();
    sum.update(&record);
    sum.update(payload);
    record.extend(sum.finalize().to_le_bytes());
    record.extend(payload);
    record.resize(8192, 0);
    record
}

/// All files of a folder.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect()
}

/// Every way to open a store refuses this one, and changes nothing.
fn assert_refused(folder: &Path, path: &Path) {
    let before = files(folder);
    let refusals = [
        RedbEngine::open(path, options()).err(),
        RedbEngine::read_only(path, options()).err(),
        Replacement::begin(path).err(),
    ];
    for refusal in refusals {
        let wanted = newer(&path.display().to_string(), NEWER);
        assert_eq!(refusal, Some(wanted));
    }
    assert!(files(folder) == before, "the refusal changed a file");
}

#[test]
fn a_store_of_a_newer_program_is_refused_and_stays_as_it_is() {
    let (folder, path) = stopped();
    set_format(&path, NEWER);
    assert_refused(folder.path(), &path);
    // Without its log too.
    std::fs::remove_file(path.with_extension("log")).unwrap();
    assert_refused(folder.path(), &path);
}

#[test]
fn a_killed_store_of_a_newer_program_is_refused_and_stays_as_it_is() {
    let (_folder, path) = stopped();
    set_format(&path, NEWER);
    let killed = tempfile::tempdir().unwrap();
    let copy = killed.path().join("store.redb");
    let running = Database::open(&path).unwrap();
    std::fs::copy(&path, &copy).unwrap();
    std::fs::copy(path.with_extension("log"), copy.with_extension("log")).unwrap();
    drop(running);
    assert_refused(killed.path(), &copy);
}

#[test]
fn a_log_of_a_newer_program_is_refused_next_to_any_store() {
    let (folder, path) = stopped();
    std::fs::write(path.with_extension("log"), log_of(NEWER)).unwrap();
    assert_refused(folder.path(), &path);
    // Without a store next to it, a new one would start over the log.
    std::fs::remove_file(&path).unwrap();
    let before = files(folder.path());
    assert!(RedbEngine::open(&path, options()).is_err());
    assert!(Replacement::begin(&path).is_err());
    assert!(files(folder.path()) == before);
}

#[test]
fn a_torn_record_or_one_of_this_format_is_no_newer_log() {
    for (format, at) in [(NEWER, 30), (NEWER, 15), (FORMAT, 15), (0, 0)] {
        let (_folder, path) = stopped();
        let mut log = log_of(format);
        if format == NEWER {
            log[at] ^= 1;
        }
        std::fs::write(path.with_extension("log"), log).unwrap();
        RedbEngine::open(&path, options()).unwrap();
    }
}

#[test]
fn a_store_notes_its_format_and_an_unnumbered_one_gets_it_at_the_next_start() {
    let (folder, path) = stopped();
    assert_eq!(noted(&path), Some(FORMAT));
    edit(&path, |transaction| {
        assert!(transaction.delete_table(ON_DISK).unwrap());
    });
    let unnumbered = std::fs::read(&path).unwrap();
    let reader = RedbEngine::read_only(&path, options()).unwrap();
    assert!(
        reader
            .bytes(&Key::from_bytes(b"Rz\x07"))
            .now()
            .unwrap()
            .is_some()
    );
    drop(reader);
    assert!(std::fs::read(&path).unwrap() == unnumbered);

    let engine = RedbEngine::open(&path, options()).unwrap();
    engine.submit(put(20)).blocking_recv().unwrap().unwrap();
    drop(engine);
    assert_eq!(noted(&path), Some(FORMAT));
    assert_eq!(files(folder.path()).len(), 2, "nothing was converted");
}

/// Damage is what a restore is for. It must not stop at the look for a newer format. (Debug builds of redb panic at some
/// damage within pages; others report it.)
#[test]
fn a_damaged_store_can_be_replaced() {
    let (_folder, path) = stopped();
    let sound = std::fs::read(&path).unwrap();
    let cut = |length: usize| sound[..length].to_vec();
    let mut no_header = sound.clone();
    no_header[..4096].fill(0xa5);
    for damaged in [
        no_header,
        cut(1),
        cut(9),
        cut(4096),
        cut(sound.len() / 2),
        cut(sound.len() - 1),
        b"not a store at all".to_vec(),
    ] {
        std::fs::write(&path, damaged).unwrap();
        drop(Replacement::begin(&path).unwrap());
    }
}
