//! Compares `Transaction` with a model of its behavior, and tests past faults.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::super::{
    CommitError, Direction, Engine, KeyRange, MAX_SCAN_ROWS, MemoryEngine, Origin, RedbEngine,
    RedbOptions, Snapshot,
};
use super::*;
use crate::store::Now as _;

const NOW: Timestamp = Timestamp::from_millis(0);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Note {
    id: u8,
    group: u8,
    label: Option<u8>,
}

fn raw(bytes: &[u8]) -> Key {
    Key::from_bytes(bytes)
}
fn note(id: u8) -> RecordKey<Note> {
    RecordKey::new(raw(&[b'R', id]))
}
fn group(group: u8) -> Key {
    raw(&[b'X', group])
}
fn label(label: u8) -> UniqueKey<Note> {
    UniqueKey::new(raw(&[b'U', label]))
}
fn counter() -> Key {
    raw(b"C")
}

impl Record for Note {
    const KIND: u8 = 0;
    type Id = u8;
    fn key_of(id: &u8) -> RecordKey<Self> {
        note(*id)
    }
    fn id_at_end(row: &Key) -> Option<u8> {
        row.as_bytes().last().copied()
    }
    fn key(&self) -> RecordKey<Self> {
        note(self.id)
    }
    fn index_keys(&self) -> Vec<Key> {
        // Only some records have the second one, as only open jobs have a deadline key.
        let all = raw(&[b'X', self.group, self.id]);
        let labelled = self.label.map(|label| raw(&[b'Y', label, self.id]));
        [all].into_iter().chain(labelled).collect()
    }
    fn unique_keys(&self) -> Vec<UniqueKey<Self>> {
        self.label.map(label).into_iter().collect()
    }
}

#[derive(Clone, Debug)]
enum Step {
    Insert(Note),
    Update(Note),
    Delete(u8),
    Get(u8),
    Find(u8),
    Scan(u8, Direction, usize),
    Add(i64),
}

#[derive(Clone, Debug, Default)]
struct Model {
    notes: BTreeMap<u8, Note>,
    count: i64,
}

impl Model {
    fn holder(&self, label: u8) -> Option<&Note> {
        self.notes.values().find(|note| note.label == Some(label))
    }

    /// All expected rows, with values where the store determines them.
    fn rows(&self) -> Vec<Key> {
        let mut keys: Vec<Key> = self
            .notes
            .values()
            .flat_map(|note| {
                let unique = note.unique_keys().into_iter().map(Key::from);
                let derived = note.index_keys().into_iter().chain(unique);
                derived.chain([note.key().into()])
            })
            .collect();
        keys.sort();
        keys
    }
}

fn step() -> impl Strategy<Value = Step> {
    let any_note = (0..6u8, 0..3u8, prop::option::of(0..4u8)).prop_map(|(id, group, label)| Note {
        id,
        group,
        label,
    });
    let direction = prop::sample::select(vec![Direction::Forward, Direction::Backward]);
    prop_oneof![
        3 => any_note.clone().prop_map(Step::Insert),
        3 => any_note.prop_map(Step::Update),
        2 => (0..6u8).prop_map(Step::Delete),
        1 => (0..6u8).prop_map(Step::Get),
        1 => (0..4u8).prop_map(Step::Find),
        2 => (0..3u8, direction, 0..8usize).prop_map(|(group, way, limit)| Step::Scan(group, way, limit)),
        1 => (-5..5i64).prop_map(Step::Add),
    ]
}

/// Runs a step in the transaction and in the model, and compares the results.
fn take(transaction: &mut Transaction, model: &mut Model, step: Step) {
    match step {
        Step::Insert(new) => {
            let is_taken = new.label.is_some_and(|unique| {
                let is_taken = transaction.is_taken(&label(unique)).now().unwrap();
                assert_eq!(is_taken, model.holder(unique).is_some());
                is_taken
            });
            if !is_taken && !model.notes.contains_key(&new.id) {
                transaction.insert(new.clone()).now().unwrap();
                model.notes.insert(new.id, new);
            }
        }
        Step::Update(new) => {
            let holder = new.label.and_then(|unique| model.holder(unique));
            let is_free = holder.is_none_or(|holder| holder.id == new.id);
            let old = transaction.get::<Note>(&new.key()).now().unwrap();
            assert_eq!(old.is_some(), model.notes.contains_key(&new.id));
            if let Some(old) = old.filter(|_| is_free) {
                let updated = transaction.update(&old, new.clone()).now().unwrap();
                assert_eq!(updated.version, old.version + 1);
                model.notes.insert(new.id, new);
            }
        }
        Step::Delete(id) => {
            if let Some(old) = transaction.get::<Note>(&note(id)).now().unwrap() {
                transaction.delete(&old);
                model.notes.remove(&id).unwrap();
            }
        }
        Step::Get(id) => {
            let found = transaction.get::<Note>(&note(id)).now().unwrap();
            assert_eq!(
                found.map(|stored| stored.record),
                model.notes.get(&id).cloned()
            );
        }
        Step::Find(unique) => {
            let found = transaction.find::<Note>(&label(unique)).now().unwrap();
            assert_eq!(
                found.map(|stored| stored.record),
                model.holder(unique).cloned()
            );
        }
        Step::Scan(number, direction, limit) => {
            let range = KeyRange::prefix(&group(number));
            let found = transaction
                .scan_keys(&range, direction, limit)
                .now()
                .unwrap();
            let mut wanted: Vec<Key> = model.rows();
            wanted.retain(|key| key.as_bytes().starts_with(group(number).as_bytes()));
            if direction == Direction::Backward {
                wanted.reverse();
            }
            wanted.truncate(limit);
            assert_eq!(found, wanted);
        }
        Step::Add(amount) => {
            transaction.add(counter(), amount);
            model.count += amount;
        }
    }
}

fn all_rows(engine: &dyn Engine) -> Vec<(Key, Row)> {
    let snapshot = engine.snapshot().unwrap();
    let all = KeyRange::prefix(&raw(b""));
    snapshot.scan(&all, Direction::Forward, 10_000).unwrap()
}

/// The rows are exactly the records with their index and unique keys.
fn assert_whole(engine: &dyn Engine, model: &Model) {
    let rows = all_rows(engine);
    for (key, row) in &rows {
        match key.as_bytes()[0] {
            b'C' => assert_eq!(row.value, model.count.to_le_bytes()),
            b'R' => {
                let found: Note = decode(key, &row.value).unwrap();
                assert_eq!(found, model.notes[&key.as_bytes()[1]]);
            }
            b'U' => {
                let holder = model.holder(key.as_bytes()[1]).unwrap();
                assert_eq!(row.value, holder.key().as_bytes());
            }
            _ => assert!(row.value.is_empty()),
        }
    }
    let keys: Vec<Key> = rows.into_iter().map(|(key, _)| key).collect();
    let derived: Vec<Key> = keys.into_iter().filter(|key| *key != counter()).collect();
    assert_eq!(derived, model.rows());
}

fn begin(engine: &dyn Engine) -> Transaction {
    Transaction::begin(engine.view().unwrap(), Origin::SYSTEM, NOW)
}

fn commit(engine: &dyn Engine, transaction: Transaction) -> Result<u64, CommitError> {
    let change = transaction.into_change();
    engine.submit(change).blocking_recv().unwrap()
}

/// Runs steps in transactions, some of which are dropped.
fn play(engine: &dyn Engine, transactions: Vec<(Vec<Step>, bool)>) {
    let mut model = Model::default();
    for (steps, is_kept) in transactions {
        let mut transaction = begin(engine);
        let mut changed = model.clone();
        for step in steps {
            take(&mut transaction, &mut changed, step);
        }
        if is_kept {
            commit(engine, transaction).unwrap();
            model = changed;
        }
        assert_whole(engine, &model);
    }
}

fn transactions() -> impl Strategy<Value = Vec<(Vec<Step>, bool)>> {
    let steps = prop::collection::vec(step(), 0..14);
    prop::collection::vec((steps, prop::bool::weighted(0.8)), 1..6)
}

proptest! {
    #[test]
    fn a_transaction_sees_its_writes_and_keeps_its_keys_consistent(transactions in transactions()) {
        play(&MemoryEngine::default(), transactions);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn the_same_is_true_on_disk(transactions in transactions()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        play(&RedbEngine::open(&path, RedbOptions::default()).unwrap(), transactions);
    }
}

fn memory() -> Arc<dyn Engine> {
    Arc::new(MemoryEngine::default())
}

fn plain(id: u8) -> Note {
    Note {
        id,
        group: 0,
        label: None,
    }
}

#[test]
fn a_scan_continues_past_rows_that_the_transaction_deletes() {
    let engine = memory();
    let row = |number: u32| raw(&[&b"X"[..], &number.to_be_bytes()].concat());
    let stored = u32::try_from(MAX_SCAN_ROWS).unwrap() + 20;
    let mut transaction = begin(&*engine);
    for number in 0..stored {
        transaction
            .put_bytes(&row(number), Vec::new())
            .now()
            .unwrap();
    }
    commit(&*engine, transaction).unwrap();
    let mut transaction = begin(&*engine);
    for number in 0..15 {
        transaction.delete_bytes(row(number));
    }
    // Beyond all stored keys, so it must not come before them.
    transaction
        .put_bytes(&row(stored), Vec::new())
        .now()
        .unwrap();
    let all = KeyRange::prefix(&raw(b"X"));
    let scan = |limit| transaction.scan_keys(&all, Direction::Forward, limit).now();
    let wanted: Vec<Key> = (15..15 + u32::try_from(MAX_SCAN_ROWS).unwrap())
        .map(row)
        .collect();
    assert_eq!(scan(MAX_SCAN_ROWS).unwrap(), wanted);
    assert_eq!(scan(usize::MAX).unwrap(), wanted);
    assert_eq!(scan(4).unwrap(), wanted[..4]);
}

#[test]
fn an_update_of_an_outdated_version_is_refused() {
    let engine = memory();
    let mut transaction = begin(&*engine);
    let old = transaction.insert(plain(1)).now().unwrap();
    let moved = Note {
        group: 1,
        ..plain(1)
    };
    transaction.update(&old, moved).now().unwrap();
    let refused = transaction.update(&old, plain(1)).now();
    assert!(matches!(refused, Err(StoreError::Corrupt(_))));
}

#[test]
fn a_record_read_before_the_transaction_is_checked_too() {
    let engine = memory();
    let mut transaction = begin(&*engine);
    let old = transaction.insert(plain(1)).now().unwrap();
    commit(&*engine, transaction).unwrap();
    let mut other = begin(&*engine);
    other.update(&old, plain(1)).now().unwrap();
    commit(&*engine, other).unwrap();
    // Neither of these reads the record itself.
    let mut update = begin(&*engine);
    update.update(&old, plain(1)).now().unwrap();
    assert_eq!(commit(&*engine, update), Err(CommitError::Conflict));
    let mut delete = begin(&*engine);
    delete.delete(&old);
    assert_eq!(commit(&*engine, delete), Err(CommitError::Conflict));
}

#[test]
fn a_unique_key_that_changes_its_record_keeps_counting_versions() {
    let engine = memory();
    let labelled = |id| Note {
        label: Some(7),
        ..plain(id)
    };
    let mut transaction = begin(&*engine);
    let first = transaction.insert(labelled(1)).now().unwrap();
    commit(&*engine, transaction).unwrap();
    let mut transaction = begin(&*engine);
    transaction.delete(&first);
    transaction.insert(labelled(2)).now().unwrap();
    commit(&*engine, transaction).unwrap();
    let row = engine.snapshot().unwrap().get(&label(7)).unwrap().unwrap();
    assert_eq!(row.version, 2);
    assert_eq!(row.value, note(2).as_bytes());
}

#[test]
fn two_changes_with_the_same_guard_never_both_succeed() {
    let engine = memory();
    let guard = raw(b"G");
    for _ in 0..3 {
        let mut one = begin(&*engine);
        let mut two = begin(&*engine);
        one.guard(&guard).now().unwrap();
        two.guard(&guard).now().unwrap();
        commit(&*engine, one).unwrap();
        assert_eq!(commit(&*engine, two), Err(CommitError::Conflict));
    }
}

#[test]
fn a_key_found_absent_must_still_be_absent() {
    let engine = memory();
    let mut reader = begin(&*engine);
    assert!(!reader.is_taken(&label(3)).now().unwrap());
    reader.put_bytes(&raw(b"F"), Vec::new()).now().unwrap();
    let mut taker = begin(&*engine);
    taker
        .insert(Note {
            label: Some(3),
            ..plain(1)
        })
        .now()
        .unwrap();
    commit(&*engine, taker).unwrap();
    assert_eq!(commit(&*engine, reader), Err(CommitError::Conflict));
}

#[test]
fn a_counter_deleted_and_added_to_starts_from_nothing() {
    let engine = memory();
    for (amounts, sum) in [(&[5][..], 5), (&[3, 4], 7), (&[], 0)] {
        let mut transaction = begin(&*engine);
        transaction.delete_bytes(counter());
        for amount in amounts {
            transaction.add(counter(), *amount);
        }
        commit(&*engine, transaction).unwrap();
        let row = engine.snapshot().unwrap().get(&counter()).unwrap();
        let stored = row.map_or(0, |row| i64::from_le_bytes(row.value.try_into().unwrap()));
        assert_eq!(stored, sum);
    }
}

#[test]
fn a_check_of_keys_covers_all_keys_with_the_prefix_and_not_those_of_the_transaction() {
    let engine = memory();
    let row = |number: u32| raw(&[&b"XX"[..], &number.to_be_bytes()].concat());
    let stored = u32::try_from(MAX_SCAN_ROWS).unwrap() + 20;
    let mut transaction = begin(&*engine);
    for number in 0..stored {
        transaction
            .put_bytes(&row(number), Vec::new())
            .now()
            .unwrap();
    }
    commit(&*engine, transaction).unwrap();
    let checked = || {
        let mut transaction = begin(&*engine);
        transaction.delete_bytes(row(0));
        transaction
            .put_bytes(&row(stored), Vec::new())
            .now()
            .unwrap();
        transaction.check_keys(raw(b"XX")).now().unwrap();
        transaction
    };
    let late = checked();
    commit(&*engine, checked()).unwrap();
    assert_eq!(commit(&*engine, late), Err(CommitError::Conflict));
}

/// Counts the rows that are asked for.
struct Counting(Arc<dyn Snapshot>, Arc<AtomicUsize>);

impl Snapshot for Counting {
    fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.get(key)
    }
    fn version(&self, key: &Key) -> Result<Option<u64>, StoreError> {
        self.0.version(key)
    }
    fn scan(
        &self,
        range: &KeyRange,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<(Key, Row)>, StoreError> {
        self.0.scan(range, direction, limit)
    }
}

#[test]
fn a_key_found_absent_is_not_read_again() {
    let engine = memory();
    let reads = Arc::new(AtomicUsize::new(0));
    let view = View::Local(Arc::new(Counting(
        engine.snapshot().unwrap(),
        reads.clone(),
    )));
    let mut transaction = Transaction::begin(view, Origin::SYSTEM, NOW);
    assert!(!transaction.is_taken(&label(3)).now().unwrap());
    let labelled = Note {
        label: Some(3),
        ..plain(1)
    };
    transaction.insert(labelled).now().unwrap();
    // The unique key, then the record's own key.
    assert_eq!(reads.load(Ordering::Relaxed), 2);
    commit(&*engine, transaction).unwrap();
}
