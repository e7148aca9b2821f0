//! Stores of earlier versions. `earlier/` has both files of a small campus of version 0.1 with every kind of record, from
//! a server that was killed: its newest posting is only in the log. `values-2.txt` has the same records and log entries
//! in format 2, one per line: key and value in hexadecimal. `members-2.txt` has the members of the stored types in
//! format 2, in their order.

use std::collections::BTreeSet;
use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::Deserializer;
use serde::de::{DeserializeOwned, Visitor};

use super::keys::{self, Key, KindVisitor, Space};
use super::record::decode;
use super::{
    Direction, Engine, KeyRange, MAX_SCAN_ROWS, Reader, Record, RedbEngine, RedbOptions, Row,
    Stored, check,
};
use crate::model::{
    Answer, Declined, Job, LogEntry, Move, Override, Preferences, Question, Reason, ReplacedToken,
    RuleFailure, RuleInUse,
};
use crate::store::{Now as _, View};

const STORE: &[u8] = include_bytes!("earlier/store.redb.gz");
const LOG: &[u8] = include_bytes!("earlier/store.log.gz");
const VALUES: &str = include_str!("earlier/values-2.txt");

/// The store and its log.
pub(super) fn bytes() -> (Vec<u8>, Vec<u8>) {
    let unpacked = |packed| {
        let mut bytes = Vec::new();
        let mut reader = flate2::read::GzDecoder::new(packed);
        reader.read_to_end(&mut bytes).unwrap();
        bytes
    };
    (unpacked(STORE), unpacked(LOG))
}

/// The two files in a folder of their own.
fn files() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let (store, log) = bytes();
    std::fs::write(&path, store).unwrap();
    std::fs::write(path.with_extension("log"), log).unwrap();
    (folder, path)
}

fn rows(reader: &Reader) -> Vec<(Key, Row)> {
    let all = KeyRange::all();
    let rows = reader.view.scan(&all, Direction::Forward, MAX_SCAN_ROWS);
    rows.now().unwrap()
}

/// Checks that the data is consistent and complete.
pub(super) fn check_all(reader: &Reader) {
    let mut wrong = Vec::new();
    check(reader, &mut |what| wrong.push(what)).now().unwrap();
    assert_eq!(wrong, [""; 0]);
    let jobs = KeyRange::prefix(&keys::jobs());
    let jobs = reader
        .scan_keys(&jobs, Direction::Forward, 10)
        .now()
        .unwrap();
    let titles: BTreeSet<String> = jobs
        .iter()
        .map(|key| {
            let job: Stored<Job> = reader
                .get(&keys::indexed(key).unwrap())
                .now()
                .unwrap()
                .unwrap();
            job.job_title.clone()
        })
        .collect();
    let wanted = ["Desk Assistant", "Late job", "New job", "Shelver"];
    assert!(titles.iter().eq(&wanted), "{titles:?}");
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_store_of_version_0_1_is_brought_to_this_one() {
    let (folder, path) = files();
    let options = RedbOptions::default();
    let before = std::fs::read(&path).unwrap();
    let read_only = RedbEngine::read_only(&path, options).unwrap();
    check_all(&read_only);
    let seen = rows(&read_only);
    drop(read_only);
    assert!(
        std::fs::read(&path).unwrap() == before,
        "a read-only open writes"
    );
    assert_eq!(names(folder.path()), ["store.log", "store.redb"]);
    for _ in 0..2 {
        let engine = RedbEngine::open(&path, options).unwrap();
        let snapshot = engine.snapshot().unwrap();
        let reader = Reader::of(View::Local(snapshot));
        check_all(&reader);
        assert!(rows(&reader) == seen);
    }
    // What was there before is kept, and is a store itself.
    let wanted = [
        "store.format-1.log",
        "store.format-1.redb",
        "store.log",
        "store.redb",
    ];
    assert_eq!(names(folder.path()), wanted);
    let copy = folder.path().join("store.format-1.redb");
    let (store, log) = bytes();
    assert!(std::fs::read(&copy).unwrap() == store);
    assert!(std::fs::read(copy.with_extension("log")).unwrap() == log);
    let copy = RedbEngine::read_only(&copy, options).unwrap();
    assert!(rows(&copy) == seen);
}

/// Without room for the copy, nothing is converted.
#[test]
fn a_store_that_cannot_be_copied_is_not_converted() {
    let (folder, path) = files();
    let before = std::fs::read(&path).unwrap();
    // In the way of the copy.
    std::fs::create_dir(folder.path().join("store.format-1.redb")).unwrap();
    let refused = RedbEngine::open(&path, RedbOptions::default())
        .err()
        .unwrap();
    let text = refused.to_string();
    assert!(
        text.contains("cannot copy the data before converting"),
        "{text}"
    );
    assert!(std::fs::read(&path).unwrap() == before);
    assert!(
        !names(folder.path())
            .iter()
            .any(|name| name.contains(".part"))
    );
}

fn named<T: serde::Serialize>(value: &T) -> Vec<u8> {
    rmp_serde::to_vec_named(value).unwrap()
}

/// The same value in both formats.
struct Same<'a>(&'a Key, [&'a [u8]; 2]);

impl KindVisitor for Same<'_> {
    type Output = ();
    fn visit<R: Record>(self) {
        let Self(key, values) = self;
        let [one, two] = values.map(|value| named(&decode::<R>(key, value).unwrap()));
        assert!(one == two, "{key:?}");
    }
}

/// If a member was moved, removed or inserted before another, a value of format 2 is unreadable, or it decodes to a
/// different record than the value with names.
#[test]
fn values_without_names_are_read_as_those_with_names() {
    let from_hex = |text: &str| -> Vec<u8> {
        let pairs = (0..text.len()).step_by(2);
        pairs
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect()
    };
    let (_folder, path) = files();
    let reader = RedbEngine::read_only(&path, RedbOptions::default()).unwrap();
    let mut kinds = BTreeSet::new();
    for line in VALUES.lines() {
        let (key, value) = line.split_once(' ').unwrap();
        let (key, value) = (Key::from_bytes(&from_hex(key)), from_hex(value));
        let row = reader.view.get(&key).now().unwrap().unwrap();
        match keys::space(&key) {
            Some(Space::Record(kind)) => {
                kinds.insert(kind);
                keys::of_kind(kind, Same(&key, [&row.value, &value])).unwrap();
            }
            _ => {
                let [one, two] =
                    [&row.value, &value].map(|value| decode::<LogEntry>(&key, value).unwrap());
                assert_eq!(one, two);
            }
        }
    }
    assert_eq!(kinds, BTreeSet::from(*b"Uaefijkmpstu"));
}

/// A deserializer that returns the names of a type's members as its error.
struct Members;

#[derive(Debug)]
struct Named(Vec<&'static str>);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

impl std::error::Error for Named {}

impl serde::de::Error for Named {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self(Vec::new())
    }
}

impl<'de> Deserializer<'de> for Members {
    type Error = Named;
    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Named> {
        Err(Named(Vec::new()))
    }
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        members: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Named> {
        Err(Named(members.to_vec()))
    }
    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

fn members<T: DeserializeOwned>() -> String {
    T::deserialize(Members).map_or_else(|named| named.to_string(), |_| String::new())
}

struct MembersOf;

impl KindVisitor for MembersOf {
    type Output = String;
    fn visit<R: Record>(self) -> String {
        members::<R>()
    }
}

/// Stored values of format 2 have no names, so a new member goes to the end of its type, and to the end of its line here.
#[test]
fn members_keep_their_places() {
    let mut found: Vec<String> = (0..=u8::MAX)
        .filter_map(|kind| {
            let members = keys::of_kind(kind, MembersOf)?;
            Some(format!("{}: {members}", char::from(kind)))
        })
        .collect();
    for (name, members) in [
        ("log entry", members::<LogEntry>()),
        ("answer", members::<Answer>()),
        ("declined", members::<Declined>()),
        ("move", members::<Move>()),
        ("override", members::<Override>()),
        ("preferences", members::<Preferences>()),
        ("question", members::<Question>()),
        ("reason", members::<Reason>()),
        ("replaced token", members::<ReplacedToken>()),
        ("rule failure", members::<RuleFailure>()),
        ("rule in use", members::<RuleInUse>()),
    ] {
        found.push(format!("{name}: {members}"));
    }
    let wanted: Vec<&str> = include_str!("earlier/members-2.txt").lines().collect();
    assert_eq!(found, wanted);
}
