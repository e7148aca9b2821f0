//! What is on disk while a backup is written, and afterwards.

use std::cell::Cell;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use super::*;
use crate::clock::Clock;
use crate::model::{FileId, Timestamp};
use crate::store::Now as _;
use crate::store::{MemoryEngine, Origin, Store, StoreError, keys};

/// A view of a few megabytes.
fn view() -> Reader {
    let store = Store::new(Arc::new(MemoryEngine::default()), Clock::System);
    for number in 0..20 {
        let key = keys::file_chunk(FileId::from_bytes([7; 16]), number);
        let put = |transaction: &mut crate::store::Transaction| {
            transaction
                .put_bytes(&key, vec![number as u8; 200_000])
                .now()
        };
        store
            .run_now::<(), StoreError>(Origin::SYSTEM, put)
            .unwrap();
    }
    store.read().unwrap()
}

fn about() -> About {
    About::new("Example College", Timestamp::from_millis(0))
}

fn names(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[test]
fn a_saved_file_is_private_and_replaces_what_an_interrupted_one_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.backup");
    fs::write(folder.path().join("a.backup.part"), "left over").unwrap();
    let contents = save_backup(view(), about(), &path, None, &|| true)
        .now()
        .unwrap();
    assert_eq!(contents.rows, 20);
    assert_eq!(names(folder.path()), ["a.backup"]);
    let mode = path.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    read_back(&path, &contents, &|| true).unwrap();
}

/// A second one would rename or remove what the first one is writing.
#[test]
fn a_file_has_one_writer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.backup");
    let asks = Cell::<u32>::new(0);
    let meanwhile = || {
        if asks.replace(asks.get() + 1) == 5 {
            let refused = save_backup(view(), about(), &path, None, &|| true)
                .now()
                .unwrap_err();
            assert!(refused.to_string().contains("another backup"), "{refused}");
        }
        true
    };
    let contents = save_backup(view(), about(), &path, None, &meanwhile)
        .now()
        .unwrap();
    assert!(asks.get() > 5);
    read_back(&path, &contents, &|| true).unwrap();
    assert_eq!(names(folder.path()), ["a.backup"]);
}

#[test]
fn one_that_is_stopped_leaves_the_earlier_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.backup");
    fs::write(&path, "earlier").unwrap();
    // While it is written, and while it is read back.
    let mut stopped = 0;
    for asks in 0.. {
        let left = Cell::<u32>::new(asks);
        let may_go_on = || left.replace(left.get().saturating_sub(1)) > 0;
        if save_backup(view(), about(), &path, None, &may_go_on)
            .now()
            .is_ok()
        {
            break;
        }
        stopped += 1;
        assert_eq!(names(folder.path()), ["a.backup"]);
        assert_eq!(fs::read(&path).unwrap(), b"earlier");
    }
    assert!(stopped > 10, "{stopped}");
    assert!(fs::read(&path).unwrap().starts_with(b"corkboard backup"));
}

#[test]
fn no_part_of_an_encrypted_file_is_plain() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.backup.age");
    let key = age::x25519::Identity::generate().to_public();
    let asks = Cell::<u32>::new(0);
    let look = || {
        asks.set(asks.get() + 1);
        for name in names(folder.path()) {
            let bytes = fs::read(folder.path().join(name)).unwrap();
            let is_plain = |part: &[u8]| part.iter().all(|byte| *byte == part[0]);
            assert!(!bytes.starts_with(b"corkboard"));
            assert!(!bytes.chunks_exact(1000).any(is_plain));
        }
        true
    };
    let saved = save_backup(view(), about(), &path, Some(&key), &look).now();
    assert_eq!(saved.unwrap().rows, 20);
    assert!(asks.get() > 50, "{}", asks.get());
    assert_eq!(names(folder.path()), ["a.backup.age"]);

    // Nor is one left if it is stopped.
    fs::remove_file(&path).unwrap();
    for asks in [0, 1, 30, 70] {
        let left = Cell::<u32>::new(asks);
        let may_go_on = || left.replace(left.get().saturating_sub(1)) > 0;
        let saved = save_backup(view(), about(), &path, Some(&key), &may_go_on).now();
        assert!(saved.is_err(), "{asks}");
        assert_eq!(names(folder.path()), [""; 0]);
    }
}

#[test]
fn an_encrypted_file_is_compared_with_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.backup.age");
    fs::write(&path, "encrypted").unwrap();
    let digest = |text: &str| Sha256::digest(text).into();
    compare(&path, &digest("encrypted"), &|| true).unwrap();
    for other in ["encrypted.", "encrypte", "enCrypted", ""] {
        let error = compare(&path, &digest(other), &|| true).unwrap_err();
        assert!(matches!(error, BackupError::ReadBack(_)), "{error}");
    }
    let stopped = compare(&path, &digest("encrypted"), &|| false).unwrap_err();
    assert!(matches!(stopped, BackupError::Io(_)), "{stopped}");
}

#[test]
fn a_file_that_changed_on_its_way_to_the_disk_is_no_backup() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.backup");
    let contents = save_backup(view(), about(), &path, None, &|| true)
        .now()
        .unwrap();
    let good = fs::read(&path).unwrap();
    let mut changed = good.clone();
    changed[good.len() / 2] ^= 1;
    for bytes in [&changed, &good[..good.len() - 1], b""] {
        fs::write(&path, bytes).unwrap();
        let error = read_back(&path, &contents, &|| true).unwrap_err();
        assert!(matches!(error, BackupError::ReadBack(_)), "{error}");
    }
    fs::write(&path, &good).unwrap();
    let other = Contents {
        rows: contents.rows + 1,
        ..contents
    };
    let error = read_back(&path, &other, &|| true).unwrap_err();
    assert!(matches!(error, BackupError::ReadBack(_)), "{error}");
}
