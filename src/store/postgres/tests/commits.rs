//! Changes: checks, writes, counters, limits, the log.

use super::{
    Change, CommitError, Conditions as _, Open, PostgresEngine, StoreError, Write, commit,
    commit_all, get, key, log, put, row, sum, writes,
};
use crate::store::engine::{MAX_CHANGE_BYTES, MAX_KEY_BYTES, MAX_VALUE_BYTES};

pub(super) fn a_put_is_found_with_its_version(open: Open) {
    let engine = open();
    assert_eq!(get(&engine, "a"), None);
    commit(&engine, writes([put("a", 1, b"one"), put("b", 1, b"")])).unwrap();
    assert_eq!(get(&engine, "a"), Some(row(1, b"one")));
    assert_eq!(get(&engine, "b"), Some(row(1, b"")));
    commit(&engine, writes([put("a", 2, b"longer than before")])).unwrap();
    assert_eq!(get(&engine, "a"), Some(row(2, b"longer than before")));
    commit(&engine, writes([put("a", u64::MAX, b"")])).unwrap();
    assert_eq!(get(&engine, "a"), Some(row(u64::MAX, b"")));
    assert_eq!(get(&engine, "b"), Some(row(1, b"")));
}

pub(super) fn a_delete_removes_the_row_and_ignores_a_missing_one(open: Open) {
    let engine = open();
    commit(&engine, writes([put("a", 1, b"one"), put("ab", 1, b"two")])).unwrap();
    let delete = |text| writes([(key(text), Write::Delete)]);
    commit(&engine, delete("a")).unwrap();
    commit(&engine, delete("never there")).unwrap();
    assert_eq!(get(&engine, "a"), None);
    assert_eq!(get(&engine, "ab"), Some(row(1, b"two")));
}

pub(super) fn a_check_passes_only_for_its_version(open: Open) {
    let engine = open();
    commit(&engine, writes([put("a", 3, b"")])).unwrap();
    let checked = |text, version| {
        let change = Change::default().and_log(b"").if_version(text, version);
        commit(&engine, change).is_ok()
    };
    assert!(checked("a", Some(3)));
    assert!(!checked("a", Some(2)));
    assert!(!checked("a", Some(4)));
    assert!(!checked("a", None));
    assert!(checked("b", None));
    assert!(!checked("b", Some(0)));
    assert!(!checked("b", Some(1)));
    // All checks must hold.
    let change = Change::default().and_log(b"");
    let change = change.if_version("a", Some(3)).if_version("b", Some(1));
    assert_eq!(commit(&engine, change), Err(CommitError::Conflict));
    assert_eq!(log(&engine).len(), 2);
}

pub(super) fn a_check_of_keys_passes_until_one_is_added_or_removed(open: Open) {
    let engine = open();
    let none = Change::default().and_log(b"").if_keys("ab", &[]);
    assert!(commit(&engine, none.clone()).is_ok());
    let rows = ["aa9", "ab1", "ab2", "ac0"].map(|text| put(text, 1, b"value"));
    // The second change sees what the first one of its group wrote.
    let answers = commit_all(&engine, [writes(rows), none]);
    assert!(answers[0].is_ok());
    assert_eq!(answers[1], Err(CommitError::Conflict));

    let both = Change::default().and_log(b"");
    let both = both.if_keys("ab", &["ab1", "ab2"]);
    // Other values and other keys do not matter.
    commit(&engine, writes([put("ab1", 2, b""), put("ac1", 1, b"")])).unwrap();
    assert!(commit(&engine, both.clone()).is_ok());
    commit(&engine, writes([put("ab3", 1, b"")])).unwrap();
    assert_eq!(commit(&engine, both.clone()), Err(CommitError::Conflict));
    let removed = ["ab2", "ab3"].map(|text| (key(text), Write::Delete));
    commit(&engine, writes(removed)).unwrap();
    assert_eq!(commit(&engine, both), Err(CommitError::Conflict));
    assert_eq!(log(&engine).len(), 2);
}

/// Submits a change that must be refused together with others. All others are committed, and the refused one leaves
/// nothing.
fn assert_refused_alone(engine: &PostgresEngine, bad: Change, refusal: &CommitError) {
    let before = log(engine).len();
    let bad = bad.and_log(b"bad");
    let good = |text: &str| writes([put(text, 1, b"good")]).and_log(text.as_bytes());
    let bad = || Change {
        writes: [put("trace", 1, b""), put("u", 9, b"")]
            .into_iter()
            .chain(bad.writes.clone())
            .chain([put("trace of the end", 1, b"")])
            .collect(),
        ..bad.clone()
    };
    let answers = commit_all(engine, [good("t"), bad(), good("u"), bad(), good("v")]);
    for number in [0, 2, 4] {
        assert!(answers[number].is_ok(), "{:?}", answers[number]);
    }
    for number in [1, 3] {
        assert_eq!(answers[number].as_ref(), Err(refusal));
    }
    for text in ["t", "u", "v"] {
        assert_eq!(get(engine, text), Some(row(1, b"good")));
    }
    assert_eq!(get(engine, "trace"), None);
    assert_eq!(get(engine, "trace of the end"), None);
    let logged: Vec<_> = log(engine).into_iter().map(|(_, event)| event).collect();
    assert_eq!(logged[before..], [b"t", b"u", b"v"]);
}

pub(super) fn a_stale_change_leaves_nothing_and_affects_no_other(open: Open) {
    let engine = open();
    commit(&engine, writes([put("a", 2, b"")])).unwrap();
    let stale = writes([put("a", 2, b"stale")]).if_version("a", Some(1));
    assert_refused_alone(&engine, stale, &CommitError::Conflict);
    assert_eq!(get(&engine, "a"), Some(row(2, b"")));
}

pub(super) fn the_first_of_two_changes_with_the_same_check_succeeds(open: Open) {
    let engine = open();
    for version in 0..4 {
        let expected = (version > 0).then_some(version);
        let change = |value| writes([put("a", version + 1, value)]).if_version("a", expected);
        let answers = commit_all(&engine, [change(b"first"), change(b"second")]);
        assert!(answers[0].is_ok());
        assert_eq!(answers[1], Err(CommitError::Conflict));
        assert_eq!(get(&engine, "a"), Some(row(version + 1, b"first")));
    }
}

pub(super) fn a_counter_adds_up(open: Open) {
    let engine = open();
    let add = |amount| writes([(key("count"), Write::Add(amount))]);
    let answers = commit_all(&engine, [5, -7, 100, 0].map(add));
    assert!(answers.iter().all(Result::is_ok));
    let sum_is = |wanted: i64| {
        assert_eq!(sum(&engine, "count"), wanted);
    };
    sum_is(98);
    // It stops at the ends of its range.
    commit_all(&engine, [i64::MAX, i64::MAX].map(add));
    sum_is(i64::MAX);
    commit_all(&engine, [i64::MIN, i64::MIN].map(add));
    sum_is(i64::MIN);
    commit(&engine, writes([(key("count"), Write::Delete)])).unwrap();
    commit(&engine, add(2)).unwrap();
    sum_is(2);
}

pub(super) fn an_add_to_another_value_is_refused_alone(open: Open) {
    let engine = open();
    commit(&engine, writes([put("text", 1, b"seven..")])).unwrap();
    let add = writes([(key("text"), Write::Add(1))]);
    let refusal = commit(&engine, add.clone()).unwrap_err();
    assert!(matches!(
        refusal,
        CommitError::Store(StoreError::Corrupt(_))
    ));
    assert_refused_alone(&engine, add, &refusal);
    assert_eq!(get(&engine, "text"), Some(row(1, b"seven..")));
}

fn of_length(key_bytes: usize, value_bytes: usize) -> Change {
    writes([put(&"k".repeat(key_bytes), 1, &vec![b'v'; value_bytes])])
}

pub(super) fn a_change_that_is_too_large_is_refused_alone(open: Open) {
    let engine = open();
    let too_large = |what| CommitError::Store(StoreError::TooLarge(what));
    assert_refused_alone(&engine, of_length(MAX_KEY_BYTES + 1, 1), &too_large("key"));
    assert_refused_alone(
        &engine,
        of_length(1, MAX_VALUE_BYTES + 1),
        &too_large("value"),
    );
    let part = vec![0; MAX_VALUE_BYTES];
    let parts = MAX_CHANGE_BYTES / MAX_VALUE_BYTES;
    let full = (0..parts).map(|number| put(&number.to_string(), 1, &part));
    assert_refused_alone(&engine, writes(full), &too_large("change"));
}

pub(super) fn a_change_within_the_limits_is_accepted(open: Open) {
    let engine = open();
    commit(&engine, of_length(MAX_KEY_BYTES, MAX_VALUE_BYTES)).unwrap();
    let found = get(&engine, &"k".repeat(MAX_KEY_BYTES)).unwrap();
    assert_eq!(found.value.len(), MAX_VALUE_BYTES);
    assert!(found.value.iter().all(|byte| *byte == b'v'));
}

pub(super) fn the_log_is_dense_and_in_the_order_of_commits(open: Open) {
    let engine = open();
    let logging = |events: &[&[u8]]| {
        let change = Change::default();
        events
            .iter()
            .fold(change, |change, event| change.and_log(event))
    };
    assert_eq!(commit(&engine, logging(&[b"a", b"b"])), Ok(2));
    let stale = logging(&[b"never"]).if_version("absent", Some(1));
    assert_eq!(commit(&engine, stale), Err(CommitError::Conflict));
    assert_eq!(commit(&engine, writes([put("x", 1, b"")])), Ok(2));
    assert_eq!(commit(&engine, logging(&[b"c"])), Ok(3));
    commit_all(
        &engine,
        [logging(&[b"d", b"e"]), logging(&[]), logging(&[b"f"])],
    );
    let wanted = ["a", "b", "c", "d", "e", "f"].map(|event| event.as_bytes().to_vec());
    assert_eq!(log(&engine), (1..).zip(wanted).collect::<Vec<_>>());
}

pub(super) fn a_watcher_sees_only_the_log(open: Open) {
    let engine = open();
    let mut watch = engine.watch();
    assert_eq!(*watch.borrow_and_update(), 0);
    commit(&engine, writes([put("x", 1, b"")])).unwrap();
    assert!(!watch.has_changed().unwrap());
    commit(&engine, Change::default().and_log(b"a").and_log(b"b")).unwrap();
    assert!(watch.has_changed().unwrap());
    assert_eq!(*watch.borrow_and_update(), 2);
}

pub(super) fn everything_is_there_after_a_restart_and_the_log_continues(open: Open) {
    let engine = open();
    let number = |number: u32| format!("k{number:04}");
    for hundred in 0..5 {
        let rows = (0..100).map(|one| put(&number(hundred * 100 + one), 3, &[7; 200]));
        commit(&engine, writes(rows).and_log(b"hundred")).unwrap();
    }
    let gone = (100..200).map(|one| (key(&number(one)), Write::Delete));
    commit(&engine, writes(gone)).unwrap();
    commit(&engine, writes([(key("count"), Write::Add(4))])).unwrap();
    drop(engine);
    let engine = open();
    for one in 0..500 {
        let wanted = (!(100..200).contains(&one)).then(|| row(3, &[7; 200]));
        assert_eq!(get(&engine, &number(one)), wanted, "{one}");
    }
    assert_eq!(sum(&engine, "count"), 4);
    assert_eq!(*engine.watch().borrow(), 5);
    assert_eq!(commit(&engine, Change::default().and_log(b"after")), Ok(6));
    drop(engine);
    let engine = open();
    assert_eq!(log(&engine).last(), Some(&(6, b"after".to_vec())));
}

pub(super) fn a_full_queue_is_busy(open: Open) {
    let engine = open();
    let big = vec![0; MAX_VALUE_BYTES];
    // Busy with this one for a while.
    let first = engine.submit(writes([put("big", 1, &big)]));
    let answers = commit_all(&engine, (0..6000).map(|_| writes([put("a", 1, b"")])));
    let busy = Err(CommitError::Store(StoreError::Busy));
    assert!(answers.contains(&busy));
    assert!(answers.iter().all(|one| one.is_ok() || *one == busy));
    assert!(first.blocking_recv().unwrap().is_ok());
    let load = engine.load();
    let accepted = answers.iter().filter(|one| one.is_ok()).count() as u64;
    assert_eq!((load.changes, load.waiting), (accepted + 1, 0));
    assert!(load.commits < load.changes);
    assert_eq!(load.trouble, None);
}
