//! Whatever happens to the folder, the index opens and can be updated.

use std::fs;
use std::path::{Path, PathBuf};

use super::samples::{NOW, Sample, job};
use crate::search::{JobQuery, SearchError, SearchIndex};

fn total(index: &SearchIndex) -> usize {
    index.find(&JobQuery::open(NOW, 10)).unwrap().total
}

/// A folder with a closed index of three jobs at position 1.
fn closed() -> tempfile::TempDir {
    let jobs = [1, 2, 3].map(|number| job(number, "Tutor", "Helps with math."));
    Sample::new(&jobs).dir
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| fs::metadata(file).unwrap().len() > 0);
    files.sort();
    files
}

/// Opens it: it is either complete, or empty and can be filled again.
fn check(dir: &Path, what: &str) {
    let index = SearchIndex::open(dir).unwrap();
    match index.position() {
        1 => assert_eq!(total(&index), 3, "{what}"),
        0 => {
            assert_eq!(total(&index), 0, "{what}");
            let edit = super::samples::upsert(&job(9, "Clerk", "Files."));
            index.apply(vec![edit], 7).unwrap();
            assert_eq!(total(&index), 1, "{what}");
        }
        other => panic!("{what}: position {other}"),
    }
}

#[test]
fn an_index_reopens_at_its_position() {
    let dir = closed();
    let index = SearchIndex::open(dir.path()).unwrap();
    assert_eq!((index.position(), total(&index)), (1, 3));
    index.apply(Vec::new(), 5).unwrap();
    index
        .stage(vec![super::samples::upsert(&job(4, "Tutor", "Staged."))])
        .unwrap();
    assert_eq!((index.position(), total(&index)), (5, 3));
    drop(index);
    let index = SearchIndex::open(dir.path()).unwrap();
    assert_eq!((index.position(), total(&index)), (5, 3));
}

#[test]
fn staged_edits_show_with_the_next_commit() {
    let sample = Sample::new(&[]);
    let edit = |number| super::samples::upsert(&job(number, "Tutor", "Helps."));
    sample.index.stage(vec![edit(1), edit(2)]).unwrap();
    assert_eq!(total(&sample.index), 0);
    sample.index.apply(Vec::new(), 2).unwrap();
    assert_eq!(total(&sample.index), 2);
}

#[test]
fn an_unfinished_index_is_created_again() {
    let sample = Sample::new(&[]);
    let edit = super::samples::upsert(&job(1, "Tutor", "Helps."));
    sample.index.apply(vec![edit], 0).unwrap();
    drop(sample.index);
    let index = SearchIndex::open(sample.dir.path()).unwrap();
    assert_eq!((index.position(), total(&index)), (0, 0));
}

#[test]
fn a_folder_in_use_is_left_alone() {
    let sample = Sample::new(&[job(1, "Tutor", "Helps.")]);
    let again = SearchIndex::open(sample.dir.path());
    assert!(matches!(again, Err(SearchError::Locked(_))));
    assert_eq!(total(&sample.index), 1);
}

#[test]
fn a_stale_lock_file_does_not_count() {
    let dir = closed();
    fs::write(dir.path().join(".tantivy-writer.lock"), b"").unwrap();
    fs::write(dir.path().join(".tantivy-meta.lock"), b"").unwrap();
    let index = SearchIndex::open(dir.path()).unwrap();
    assert_eq!((index.position(), total(&index)), (1, 3));
}

#[test]
fn any_file_may_be_cut_or_gone() {
    let names = files(closed().path());
    assert!(names.len() > 5);
    for at in 0..names.len() {
        for kept in [None, Some(0), Some(1), Some(2)] {
            let dir = closed();
            let file = &files(dir.path())[at];
            let what = format!("{} {kept:?}", file.display());
            let size = fs::metadata(file).unwrap().len();
            match kept {
                None => fs::remove_file(file).unwrap(),
                Some(half) => {
                    let file = fs::OpenOptions::new().write(true).open(file).unwrap();
                    file.set_len(size * half / 3).unwrap();
                }
            }
            check(dir.path(), &what);
        }
    }
}

#[test]
fn any_byte_may_be_wrong() {
    // A fixed sequence, so that failures are reproducible.
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut draw = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below as u64) as usize
    };
    for _ in 0..150 {
        let dir = closed();
        let files = files(dir.path());
        let file = &files[draw(files.len())];
        let mut bytes = fs::read(file).unwrap();
        let at = draw(bytes.len());
        bytes[at] ^= 1 << draw(8);
        fs::write(file, bytes).unwrap();
        check(dir.path(), &format!("{} at {at}", file.display()));
    }
}

#[test]
fn a_wrong_byte_in_a_segment_is_detected() {
    let kinds = ["term", "idx", "pos", "fast", "fieldnorm"];
    for kind in kinds {
        let dir = closed();
        let mut files = files(dir.path());
        files.retain(|file| file.extension().is_some_and(|found| found == kind));
        let mut bytes = fs::read(&files[0]).unwrap();
        bytes[0] ^= 1;
        fs::write(&files[0], bytes).unwrap();
        let index = SearchIndex::open(dir.path()).unwrap();
        assert_eq!((index.position(), total(&index)), (0, 0), "{kind}");
    }
}

#[test]
fn an_index_of_another_version_is_rebuilt() {
    let dir = closed();
    let file = dir.path().join("meta.json");
    let meta = fs::read_to_string(&file).unwrap();
    let position = super::super::folder::payload(1, "");
    assert!(meta.contains(&position));
    fs::write(&file, meta.replace(&position, "0 1 0000000000000000")).unwrap();
    let index = SearchIndex::open(dir.path()).unwrap();
    assert_eq!((index.position(), total(&index)), (0, 0));
}

#[test]
fn a_folder_with_other_files_is_reused() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("sub")).unwrap();
    fs::write(dir.path().join("meta.json"), b"\xff\x00{").unwrap();
    check(dir.path(), "garbage");
    check(dir.path().join("deeper/still").as_path(), "missing folder");
}
