//! Backups of stores with every kind of row, and what is refused.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;
use crate::clock::Clock;
use crate::store::earlier;
use crate::store::{Direction, Now as _, View};
use crate::store::{
    Engine, MemoryEngine, Origin, RedbEngine, RedbOptions, Replacement, Row, Store,
};

type Rows = BTreeMap<Key, Row>;

fn about() -> About {
    About {
        program: "0.1.0".into(),
        taken_at: Timestamp::from_millis(1_800_000_000_000),
        campus: "Example College".into(),
    }
}

fn backup_of(reader: &Reader) -> Vec<u8> {
    let mut bytes = Vec::new();
    let contents = write_backup(reader, about(), &mut bytes).now().unwrap();
    assert_eq!(contents.rows, rows(reader).len() as u64);
    bytes
}

fn rows(reader: &Reader) -> Rows {
    let (mut rows, mut range) = (Rows::new(), KeyRange::all());
    loop {
        let found = reader.view.scan(&range, Direction::Forward, 1000);
        let found = found.now().unwrap();
        let Some((last, _)) = found.last() else {
            return rows;
        };
        range = range.beyond(last.clone(), Direction::Forward);
        rows.extend(found);
    }
}

fn put(rows: &Rows) -> Change {
    let writes = rows.iter().map(|(key, row)| {
        let (version, value) = (row.version, row.value.clone());
        (key.clone(), Write::Put { version, value })
    });
    Change {
        writes: writes.collect(),
        ..Change::default()
    }
}

/// Restores a backup into a store in memory.
fn restored(mut backup: &[u8]) -> Result<(Contents, Rows), BackupError> {
    let engine = MemoryEngine::default();
    let contents = read_backup(&mut backup, &mut |change| {
        engine.submit(change).blocking_recv().unwrap().unwrap();
        Ok(())
    })?;
    let snapshot = engine.snapshot().unwrap();
    Ok((contents, rows(&Reader::of(View::Local(snapshot)))))
}

/// The campus with every kind of record.
fn campus() -> (tempfile::TempDir, Reader) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let (store, log) = earlier::bytes();
    std::fs::write(&path, store).unwrap();
    std::fs::write(path.with_extension("log"), log).unwrap();
    let reader = RedbEngine::read_only(&path, RedbOptions::default()).unwrap();
    (folder, reader)
}

#[test]
fn each_row_of_a_campus_is_the_same_in_either_engine() {
    let (folder, reader) = campus();
    let (had, backup) = (rows(&reader), backup_of(&reader));
    drop(reader);
    let (contents, got) = restored(&backup).unwrap();
    assert_eq!(contents.about, about());
    assert!(got == had);

    let path = folder.path().join("store.redb");
    let replacement = Replacement::begin(&path).unwrap();
    assert!(replacement.replaces());
    assert_eq!(replacement.fill(&mut &*backup).unwrap(), contents);
    let store = replacement.store(Clock::System).unwrap();
    let end = store.read().unwrap().log_end().now().unwrap();
    drop(store);
    replacement.finish(end).now().unwrap();
    let reader = RedbEngine::read_only(&path, RedbOptions::default()).unwrap();
    assert!(rows(&reader) == had);
    earlier::check_all(&reader);
    let names = std::fs::read_dir(folder.path()).unwrap();
    let names: Vec<_> = names.map(|file| file.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

fn a_key() -> impl Strategy<Value = Key> {
    const STARTS: [&[u8]; 6] = [b"Xq", b"Ra", b"Ri", b"Ua", b"Gm", b"F"];
    let start = proptest::sample::select(&STARTS[..]).prop_map(<[u8]>::to_vec);
    let other = (start, vec(any::<u8>(), 0..40));
    let chunk = (Just(b"Bf".to_vec()), vec(any::<u8>(), 20));
    prop_oneof![other, chunk].prop_map(|(start, rest)| Key::from_bytes(&[start, rest].concat()))
}

fn a_row() -> impl Strategy<Value = Row> {
    let value = prop_oneof![
        9 => vec(any::<u8>(), 0..200),
        1 => (any::<u8>(), 0..2 * RECORD_BYTES).prop_map(|(byte, length)| vec![byte; length]),
    ];
    (1..u64::MAX, value).prop_map(|(version, value)| Row { version, value })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn a_backup_holds_each_row(had in btree_map(a_key(), a_row(), 0..60)) {
        let engine = MemoryEngine::default();
        engine.submit(put(&had)).blocking_recv().unwrap().unwrap();
        let snapshot = engine.snapshot().unwrap();
        let backup = backup_of(&Reader::of(View::Local(snapshot)));
        let (_, got) = restored(&backup).unwrap();
        prop_assert!(got == had);
    }
}

/// Few rows, so that each byte can be tried.
fn small() -> Vec<u8> {
    let row = |value: &[u8]| Row {
        version: 3,
        value: value.to_vec(),
    };
    let rows = Rows::from([
        (keys::office(), row(b"")),
        (keys::log(1), row(b"entry")),
        (
            keys::all_chunks().join(b"f12345678901234560001"),
            row(b"%PDF-"),
        ),
    ]);
    let engine = MemoryEngine::default();
    engine.submit(put(&rows)).blocking_recv().unwrap().unwrap();
    let snapshot = engine.snapshot().unwrap();
    backup_of(&Reader::of(View::Local(snapshot)))
}

#[test]
fn a_backup_that_is_cut_anywhere_is_refused() {
    let backup = small();
    restored(&backup).unwrap();
    for length in 0..backup.len() {
        let refused = restored(&backup[..length]).unwrap_err();
        let is_right = match refused {
            BackupError::NotABackup => length < MAGIC.len(),
            BackupError::Cut(at) => at == length as u64,
            _ => false,
        };
        assert!(is_right, "{length}: {refused}");
    }
    let (_folder, reader) = campus();
    let backup = backup_of(&reader);
    for length in (0..backup.len()).step_by(backup.len() / 50) {
        restored(&backup[..length]).unwrap_err();
    }
    let longer = [&backup[..], b"\n"].concat();
    let refused = restored(&longer).unwrap_err().to_string();
    assert!(
        refused.starts_with("this backup is damaged before byte "),
        "{refused}"
    );
}

#[test]
fn a_backup_with_any_changed_byte_is_refused() {
    let mut backup = small();
    for at in 0..backup.len() {
        for bit in 0..8 {
            backup[at] ^= 1 << bit;
            restored(&backup).expect_err(&format!("byte {at}, bit {bit}"));
            backup[at] ^= 1 << bit;
        }
    }
    restored(&backup).unwrap();
}

/// Each record is sound, but one is missing or there twice.
#[test]
fn a_backup_that_lacks_a_record_is_refused() {
    let backup = small();
    let head = MAGIC.len() + 4;
    let mut ends = vec![head];
    while *ends.last().unwrap() < backup.len() {
        let at = *ends.last().unwrap();
        let length = backup[at + 1..].first_chunk().copied();
        let length = length.map(u32::from_le_bytes).unwrap() as usize;
        ends.push(at + HEAD_BYTES + length);
    }
    assert_eq!(ends.len(), 4, "about, rows, manifest");
    let part = |number: usize| &backup[ends[number]..ends[number + 1]];
    let start = &backup[..head];
    for parts in [
        vec![start, part(0), part(2)],
        vec![start, part(0), part(1), part(1), part(2)],
        vec![start, part(1), part(2)],
        vec![start, part(0), part(0), part(1), part(2)],
        vec![start, part(2)],
    ] {
        let refused = restored(&parts.concat()).unwrap_err();
        assert!(matches!(refused, BackupError::Damaged(_)), "{refused}");
    }
}

#[test]
fn a_backup_of_a_newer_version_is_refused_with_words() {
    let mut backup = small();
    backup[MAGIC.len()] = 2;
    let refused = restored(&backup).unwrap_err().to_string();
    let words =
        "this backup needs a newer Corkboard: its format is 2, and this one reads formats up to 1";
    assert_eq!(refused, words);

    // The same format with a kind of record from the future.
    let engine = MemoryEngine::default();
    let row = Row {
        version: 1,
        value: Vec::new(),
    };
    let rows = Rows::from([(Key::from_bytes(b"R%new"), row)]);
    engine.submit(put(&rows)).blocking_recv().unwrap().unwrap();
    let snapshot = engine.snapshot().unwrap();
    let refused = restored(&backup_of(&Reader::of(View::Local(snapshot)))).unwrap_err();
    assert!(matches!(refused, BackupError::Unknown(_)), "{refused}");
    let refused = restored(b"PK\x03\x04 something else altogether").unwrap_err();
    assert_eq!(
        refused.to_string(),
        "this is not a Corkboard backup; if it is compressed, decompress it first"
    );
}

/// The old store works, whatever the new one was given before it was dropped.
#[test]
fn an_interrupted_replacement_leaves_the_old_store() {
    let (folder, reader) = campus();
    let had = rows(&reader);
    drop(reader);
    let path = folder.path().join("store.redb");
    let backup = small();
    for length in [0, backup.len() / 2, backup.len()] {
        let replacement = Replacement::begin(&path).unwrap();
        let filled = replacement.fill(&mut &backup[..length]);
        assert_eq!(filled.is_ok(), length == backup.len());
        // The old store is closed to others meanwhile.
        let options = RedbOptions::default();
        let refused = RedbEngine::open(&path, options).err().unwrap();
        assert!(matches!(refused, StoreError::InUse(_)), "{refused}");
        if length == 0 {
            // As after `kill -9`: nothing is cleaned up.
            let left = folder.path().join("left");
            std::fs::rename(path.with_extension("restoring"), &left).unwrap();
            drop(replacement);
            std::fs::rename(left, path.with_extension("restoring")).unwrap();
        } else if length == backup.len() {
            // The file of the new store lacks what the log had.
            assert!(replacement.finish(1_000_000).now().is_err());
        } else {
            drop(replacement);
        }
        let reader = RedbEngine::read_only(&path, options).unwrap();
        assert!(rows(&reader) == had);
    }
    let names = std::fs::read_dir(folder.path()).unwrap();
    assert_eq!(names.count(), 2);
}

#[test]
fn a_store_in_use_is_not_replaced() {
    let (folder, reader) = campus();
    let path = folder.path().join("store.redb");
    let refused = Replacement::begin(&path).err().unwrap();
    assert!(matches!(refused, StoreError::InUse(_)), "{refused}");
    drop(reader);
    // A folder without a store is left without one.
    let empty = folder.path().join("empty.redb");
    let replacement = Replacement::begin(&empty).unwrap();
    assert!(!replacement.replaces());
    drop(replacement);
    assert!(!empty.exists());
}

/// A view does not change while others write.
#[test]
fn a_backup_shows_one_moment() {
    let store = Store::new(std::sync::Arc::new(MemoryEngine::default()), Clock::System);
    let write =
        |transaction: &mut crate::store::Transaction| transaction.guard(&keys::office()).now();
    store.run_now(Origin::SYSTEM, write).unwrap();
    let reader = store.read().unwrap();
    let before = backup_of(&reader);
    store.run_now(Origin::SYSTEM, write).unwrap();
    assert!(backup_of(&reader) == before);
    assert!(backup_of(&store.read().unwrap()) != before);
}
