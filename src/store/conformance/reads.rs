//! Views and scans.

use std::collections::BTreeMap;
use std::ops::{Bound, RangeBounds};

use super::super::{Direction, Key, KeyRange, MAX_SCAN_ROWS, Now as _, Row, View};
use super::{Open, Write, commit, get, get_in, key, put, row, scan, writes};

const DIRECTIONS: [Direction; 2] = [Direction::Forward, Direction::Backward];

/// A view's moment is that of its first read at the latest.
fn begin(view: &View) {
    get_in(view, "another");
}

pub(super) fn an_old_view_does_not_see_later_commits(open: Open) {
    let engine = open();
    commit(&*engine, writes([put("a", 1, b"old"), put("b", 1, b"old")])).unwrap();
    let old = engine.view().unwrap();
    begin(&old);
    let later = writes([
        put("a", 2, b"new"),
        (key("b"), Write::Delete),
        put("c", 1, b"new"),
    ]);
    commit(&*engine, later).unwrap();
    let all = KeyRange::prefix(&key(""));
    assert_eq!(get_in(&old, "a"), Some(row(1, b"old")));
    assert_eq!(get_in(&old, "c"), None);
    let wanted = [(key("a"), row(1, b"old")), (key("b"), row(1, b"old"))];
    assert_eq!(scan(&old, &all, Direction::Forward), wanted);
    // The commit was answered, so a new view sees all of it.
    let wanted = [(key("a"), row(2, b"new")), (key("c"), row(1, b"new"))];
    let new = engine.view().unwrap();
    assert_eq!(scan(&new, &all, Direction::Forward), wanted);
}

pub(super) fn a_version_matches_its_row_in_the_same_view(open: Open) {
    let engine = open();
    commit(&*engine, writes([put("a", 1, b""), put("b", 7, b"x")])).unwrap();
    let old = engine.view().unwrap();
    begin(&old);
    let add = (key("n"), Write::Add(5));
    let later = writes([put("a", 2, &[9; 5_000]), (key("b"), Write::Delete), add]);
    commit(&*engine, later).unwrap();
    let new = engine.view().unwrap();
    for (view, wanted) in [
        (&old, [Some(1), Some(7), None]),
        (&new, [Some(2), None, Some(1)]),
    ] {
        for (name, version) in ["a", "b", "n"].into_iter().zip(wanted) {
            let row = get_in(view, name);
            assert_eq!(row.map(|row| row.version), version);
            let found = view.version(&key(name)).now().unwrap();
            assert_eq!(found, version, "{name}");
        }
    }
}

pub(super) fn a_view_outlives_many_commits(open: Open) {
    let engine = open();
    let name = |number: u32| format!("k{number:02}");
    let all = |version, value: &[u8]| writes((0..40).map(|one| put(&name(one), version, value)));
    commit(&*engine, all(1, &[1; 500])).unwrap();
    let old = engine.view().unwrap();
    begin(&old);
    // Enough commits that an engine might reuse the old rows' space.
    for version in 2..20 {
        commit(&*engine, all(version, &[9; 500])).unwrap();
    }
    let rows = scan(&old, &KeyRange::prefix(&key("k")), Direction::Forward);
    assert_eq!(rows.len(), 40);
    assert!(rows.iter().all(|(_, found)| *found == row(1, &[1; 500])));
    drop(engine);
    drop(old);
    assert_eq!(get(&*open(), "k07"), Some(row(19, &[9; 500])));
}

pub(super) fn a_scan_returns_the_keys_within_its_bounds(open: Open) {
    let engine = open();
    let stored = ["", "a", "aa", "ab", "b", "b\0", "d", "\u{7f}"];
    let model: BTreeMap<Key, Row> = (1..)
        .zip(stored)
        .map(|(version, text)| (key(text), row(version, text.as_bytes())))
        .collect();
    let all = (1..).zip(stored);
    let all = all.map(|(version, text)| put(text, version, text.as_bytes()));
    commit(&*engine, writes(all)).unwrap();
    let view = engine.view().unwrap();
    let mut bounds = vec![Bound::Unbounded];
    for text in stored.into_iter().chain(["a\0", "c", "dd", "~~~~"]) {
        bounds.push(Bound::Included(key(text)));
        bounds.push(Bound::Excluded(key(text)));
    }
    for start in &bounds {
        for end in &bounds {
            let range = KeyRange {
                start: start.clone(),
                end: end.clone(),
            };
            let between = (start.as_ref(), end.as_ref());
            let mut wanted: Vec<(Key, Row)> = model
                .iter()
                .filter(|(key, _)| between.contains(key))
                .map(|(key, row)| (key.clone(), row.clone()))
                .collect();
            assert!(!range.is_empty() || wanted.is_empty(), "{range:?}");
            for direction in DIRECTIONS {
                assert_eq!(scan(&view, &range, direction), wanted, "{range:?}");
                for limit in [0, 1, 3] {
                    let found = view.scan(&range, direction, limit).now().unwrap();
                    assert_eq!(found, wanted[..limit.min(wanted.len())], "{range:?}");
                }
                wanted.reverse();
            }
        }
    }
}

pub(super) fn a_prefix_range_contains_keys_with_the_prefix(open: Open) {
    let engine = open();
    let raw = |bytes: &[u8]| Key::from_bytes(bytes);
    let stored: [&[u8]; 7] = [
        b"a",
        b"a\xFF",
        b"a\xFF\xFF",
        b"a\xFF\xFFz",
        b"b",
        b"\xFF",
        b"\xFF\xFF",
    ];
    let puts = stored.map(|bytes| {
        let value = Vec::new();
        (raw(bytes), Write::Put { version: 1, value })
    });
    commit(&*engine, writes(puts)).unwrap();
    let view = engine.view().unwrap();
    for prefix in [&b""[..], b"a", b"a\xFF", b"a\xFF\xFF", b"b", b"\xFF", b"c"] {
        let range = KeyRange::prefix(&raw(prefix));
        let mut wanted: Vec<Key> = stored.map(raw).to_vec();
        wanted.retain(|key| key.as_bytes().starts_with(prefix));
        for direction in DIRECTIONS {
            let found = scan(&view, &range, direction).into_iter();
            assert_eq!(found.map(|(key, _)| key).collect::<Vec<_>>(), wanted);
            wanted.reverse();
        }
    }
}

pub(super) fn a_scan_stops_at_its_limit_and_can_continue(open: Open) {
    let engine = open();
    let stored = MAX_SCAN_ROWS + 25;
    let name = |number: usize| format!("k{number:05}");
    let puts = (0..stored).map(|number| put(&name(number), 1, b""));
    commit(&*engine, writes(puts)).unwrap();
    let view = engine.view().unwrap();
    let mut wanted: Vec<Key> = (0..stored).map(|number| key(&name(number))).collect();
    for direction in DIRECTIONS {
        let all = KeyRange::prefix(&key("k"));
        let mut found = scan(&view, &all, direction);
        assert_eq!(found.len(), MAX_SCAN_ROWS);
        let beyond = all.beyond(found[MAX_SCAN_ROWS - 1].0.clone(), direction);
        found.extend(scan(&view, &beyond, direction));
        let found: Vec<Key> = found.into_iter().map(|(key, _)| key).collect();
        assert_eq!(found, wanted);
        wanted.reverse();
    }
}

pub(super) fn many_keys_are_found_in_their_order(open: Open) {
    let engine = open();
    let many = (0..300).map(|number| put(&format!("k{number}"), number + 1, &[number as u8]));
    commit(&*engine, writes(many)).unwrap();
    let view = engine.view().unwrap();
    let keys = ["k7", "absent", "k299", "k7", "k0", ""].map(key);
    let keys = keys.each_ref();
    let seven = Some(row(8, &[7]));
    let last = Some(row(300, &[43]));
    let wanted = [seven.clone(), None, last, seven, Some(row(1, &[0])), None];
    assert_eq!(view.get_many(&keys).now().unwrap(), wanted);
    assert_eq!(view.get_many(&[]).now().unwrap(), []);
    let versions = wanted.map(|row| row.map(|row| row.version));
    assert_eq!(view.versions(&keys).now().unwrap(), versions);
    assert_eq!(view.versions(&[]).now().unwrap(), []);
}
