//! Several nodes on one database.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use super::{
    Change, CommitError, PostgresEngine, Server, StoreError, Write, commit, get, key, log, put,
    row, sum, writes,
};
use crate::store::{Engine as _, Now as _};

const NODES: usize = 4;

/// Runs a function on each engine at once, several times in parallel.
fn on_each(engines: &[PostgresEngine], work: impl Fn(usize, &PostgresEngine) + Sync) {
    thread::scope(|scope| {
        for (number, engine) in engines.iter().enumerate() {
            let work = &work;
            scope.spawn(move || work(number, engine));
        }
    });
}

#[test]
fn nodes_that_start_at_once_make_one_schema() {
    for _ in 0..4 {
        let database = Server::shared().database();
        let start = Barrier::new(NODES);
        let engines: Vec<PostgresEngine> = thread::scope(|scope| {
            let opening: Vec<_> = (0..NODES)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        database.open()
                    })
                })
                .collect();
            let opened = opening.into_iter();
            opened.map(|engine| engine.join().unwrap()).collect()
        });
        for (number, engine) in (1..).zip(&engines) {
            let logged = commit(engine, Change::default().logging(b"e"));
            assert_eq!(logged, Ok(number));
        }
        assert_eq!(database.sql("SELECT version FROM corkboard_schema"), "1");
    }
}

#[test]
fn one_of_racing_changes_with_the_same_check_wins() {
    let database = Server::shared().database();
    let engines: Vec<_> = (0..NODES).map(|_| database.open()).collect();
    for version in 0..30 {
        let start = Barrier::new(NODES);
        let wins = std::sync::Mutex::new(Vec::new());
        on_each(&engines, |number, engine| {
            let name = number.to_string();
            let change = writes([put("a", version + 1, name.as_bytes())]).logging(name.as_bytes());
            let change = change.expecting("a", (version > 0).then_some(version));
            start.wait();
            match commit(engine, change) {
                Ok(sequence) => wins.lock().unwrap().push((sequence, name.into_bytes())),
                Err(error) => assert_eq!(error, CommitError::Conflict),
            }
        });
        let wins = wins.into_inner().unwrap();
        assert_eq!(wins.len(), 1);
        assert_eq!(wins[0].0, version + 1);
        for engine in &engines {
            assert_eq!(get(engine, "a"), Some(row(version + 1, &wins[0].1)));
            assert_eq!(log(engine).last(), Some(&wins[0]));
        }
    }
}

/// A set of keys that each change extends after checking it, so a lost race would make two of a number.
#[test]
fn racing_checks_of_keys_never_both_pass() {
    let database = Server::shared().database();
    let engines: Vec<_> = (0..NODES).map(|_| database.open()).collect();
    on_each(&engines, |_, engine| {
        let mut added = 0;
        while added < 10 {
            let range = super::KeyRange::prefix(&key("k"));
            let rows = super::scan(&engine.view().unwrap(), &range, super::Direction::Forward);
            let keys: Vec<String> = rows
                .iter()
                .map(|(key, _)| String::from_utf8(key.as_bytes().to_vec()).unwrap())
                .collect();
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            let next = format!("k{:03}", keys.len());
            let change = writes([put(&next, 1, b"")]).expecting_keys("k", &keys);
            match commit(engine, change) {
                Ok(_) => added += 1,
                Err(error) => assert_eq!(error, CommitError::Conflict),
            }
        }
    });
    let count = database.sql("SELECT count(*), sum(version) FROM corkboard_rows");
    assert_eq!(count, format!("{0}|{0}", 10 * NODES));
}

#[test]
fn the_log_of_all_nodes_is_dense_and_in_order() {
    let database = Server::shared().database();
    let engines: Vec<_> = (0..NODES).map(|_| database.open()).collect();
    on_each(&engines, |node, engine| {
        let mut last = 0;
        for number in 0..50u8 {
            let event = |part: u8| [node as u8, number, part];
            let change = writes([(key("count"), Write::Add(1))]);
            let change = change.logging(&event(0)).logging(&event(1));
            let sequence = commit(engine, change).unwrap();
            assert!(sequence >= last + 2);
            last = sequence;
        }
    });
    let events = 100 * NODES as u64;
    let log = log(&engines[0]);
    let mut next = [0; NODES];
    for (wanted, pair) in (0..).zip(log.chunks(2)) {
        assert_eq!((pair[0].0, pair[1].0), (2 * wanted + 1, 2 * wanted + 2));
        let [node, number, 0] = pair[0].1[..] else {
            panic!("another event came between the two of a change");
        };
        assert_eq!(pair[1].1, [node, number, 1]);
        assert_eq!(number, next[usize::from(node)]);
        next[usize::from(node)] += 1;
    }
    assert_eq!(log.len() as u64, events);
    assert_eq!(sum(&engines[1], "count"), 50 * NODES as i64);
    for engine in &engines {
        let mut watch = engine.watch();
        watch.wait_for(|last| *last == events).now().unwrap();
    }
}

#[test]
fn a_node_sees_commits_of_another() {
    let database = Server::shared().database();
    let (one, other) = (database.open(), database.open());
    let (mut at_one, mut at_other) = (one.watch(), other.watch());
    for round in 1..=5 {
        assert_eq!(commit(&one, Change::default().logging(b"e")), Ok(round));
        // Its own before the answer.
        assert_eq!(*at_one.borrow_and_update(), round);
        at_other.changed().now().unwrap();
        assert_eq!(*at_other.borrow_and_update(), round);
        assert_eq!(log(&other).len() as u64, round);
    }
    drop(one);
    assert!(at_one.changed().now().is_err(), "watchers see the end");
    thread::sleep(Duration::from_millis(10));
    assert!(!at_other.has_changed().unwrap());
}

#[test]
fn a_newer_schema_is_refused() {
    let database = Server::shared().database();
    drop(database.open());
    database.sql("UPDATE corkboard_schema SET version = 7");
    let refused = PostgresEngine::open(database.options()).err();
    let Some(StoreError::Newer {
        name,
        format,
        known,
    }) = refused
    else {
        panic!("{refused:?}");
    };
    assert_eq!((format, known), (7, 1));
    assert!(name.contains(&database.name), "{name}");
}

#[test]
fn the_log_continues_after_one_that_was_restored() {
    let database = Server::shared().database();
    let engine = database.open();
    let value = b"restored".to_vec();
    let entry = (super::keys::log(41), Write::Put { version: 1, value });
    commit(&engine, writes([entry])).unwrap();
    drop(engine);
    let engine = database.open();
    assert_eq!(*engine.watch().borrow(), 41);
    assert_eq!(commit(&engine, Change::default().logging(b"next")), Ok(42));
}
