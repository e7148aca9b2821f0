//! The database fails: connections are lost, it is killed, it refuses writes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::proxy::{Cut, Proxy};
use super::server::Database;
use super::{
    Change, CommitError, PostgresEngine, PostgresOptions, Server, StoreError, Write, commit,
    commit_all, get, get_in, key, log, put, row, sum, writes,
};
use crate::store::{Engine as _, Now as _, Trouble};

const PATIENCE: Duration = Duration::from_secs(30);

/// Options to reach a database through a proxy.
fn through(proxy: &Proxy, database: &Database) -> PostgresOptions {
    let url = format!(
        "postgres://corkboard@127.0.0.1:{}/{}",
        proxy.port, database.name
    );
    PostgresOptions::new(url)
}

fn eventually(what: &str, condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// One that shows if it happens twice, or not at all.
fn once(name: &str) -> Change {
    let change = writes([put(name, 1, b""), (key("count"), Write::Add(1))]);
    change.expecting(name, None).logging(name.as_bytes())
}

fn is_unavailable<T>(result: &Result<T, CommitError>) -> bool {
    matches!(result, Err(CommitError::Store(StoreError::Unavailable(_))))
}

#[test]
fn a_commit_whose_answer_is_lost_is_found_out() {
    let database = Server::shared().database();
    let proxy = Proxy::start(&Server::shared().socket());
    let engine = PostgresEngine::open(through(&proxy, &database)).unwrap();
    let mut done = 0;
    for (round, cut) in [
        Cut::Before,
        Cut::After,
        Cut::Silent,
        Cut::After,
        Cut::Before,
    ]
    .into_iter()
    .enumerate()
    {
        proxy.plan(cut);
        let name = |number| format!("{round} {number}");
        let answers = commit_all(&engine, (0..5).map(|number| once(&name(number))));
        assert!(proxy.has_cut());
        assert!(answers.iter().all(Result::is_ok), "{cut:?} {answers:?}");
        done += 5;
        assert_eq!(sum(&engine, "count"), done, "{cut:?}");
        let logged: Vec<_> = log(&engine).into_iter().map(|(number, _)| number).collect();
        assert_eq!(logged, (1..=done as u64).collect::<Vec<_>>());
        assert_eq!(*engine.watch().borrow(), done as u64);
        assert_eq!(engine.load().trouble, None);
    }
}

#[test]
fn a_commit_that_cannot_be_found_out_is_unknown() {
    let database = Server::shared().database();
    let proxy = Proxy::start(&Server::shared().socket());
    let options = PostgresOptions {
        resolve_for: Duration::from_millis(300),
        ..through(&proxy, &database)
    };
    let engine = PostgresEngine::open(options).unwrap();
    proxy.plan(Cut::AfterAndDown);
    let unknown = commit(&engine, once("a"));
    assert!(
        matches!(unknown, Err(CommitError::Store(StoreError::Unknown(_)))),
        "{unknown:?}"
    );
    assert!(is_unavailable(&commit(&engine, once("b"))));
    assert_eq!(engine.load().trouble, Some(Trouble::Failing));
    proxy.up();
    eventually("it recovers", || engine.load().trouble.is_none());
    assert_eq!(commit(&engine, once("b")), Ok(2));
    assert_eq!(sum(&engine, "count"), 2);
}

#[test]
fn lost_connections_are_replaced() {
    let database = Server::shared().database();
    let proxy = Proxy::start(&Server::shared().socket());
    let engine = PostgresEngine::open(through(&proxy, &database)).unwrap();
    commit(&engine, once("0")).unwrap();
    for round in 1..10 {
        let view = engine.view().unwrap();
        assert_eq!(get_in(&view, "0"), Some(row(1, b"")));
        proxy.cut(false);
        let lost = view.get(&key("0")).now();
        assert!(matches!(lost, Err(StoreError::Unavailable(_))), "{lost:?}");
        // New views and commits do not notice.
        if round % 2 == 0 {
            assert_eq!(get(&engine, "0"), Some(row(1, b"")));
        }
        let answer = commit(&engine, once(&round.to_string()));
        assert_eq!(answer, Ok(round + 1));
    }
}

#[test]
fn while_the_database_is_away_changes_are_refused() {
    let database = Server::shared().database();
    let proxy = Proxy::start(&Server::shared().socket());
    let engine = PostgresEngine::open(through(&proxy, &database)).unwrap();
    commit(&engine, once("a")).unwrap();
    proxy.cut(true);
    assert!(is_unavailable(&commit(&engine, once("b"))));
    assert_eq!(engine.load().trouble, Some(Trouble::Failing));
    let begun = Instant::now();
    let answers = commit_all(&engine, (0..100).map(|_| once("c")));
    assert!(answers.iter().all(is_unavailable));
    assert!(begun.elapsed() < Duration::from_secs(5));
    let read = engine.view().unwrap().get(&key("a")).now();
    assert!(matches!(read, Err(StoreError::Unavailable(_))));
    proxy.up();
    eventually("it recovers", || engine.load().trouble.is_none());
    commit(&engine, once("b")).unwrap();
    assert_eq!(get(&engine, "c"), None);
    assert_eq!((sum(&engine, "count"), engine.load().waiting), (2, 0));
}

/// Lets each write of the engine's own row fail with an SQL state.
fn refuse(database: &Database, state: &str) {
    database.sql(&format!(
        "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$;
         CREATE TRIGGER refuse BEFORE INSERT ON corkboard_nodes FOR EACH ROW EXECUTE FUNCTION refuse()"
    ));
}

fn accept(database: &Database) {
    database.sql("DROP TRIGGER refuse ON corkboard_nodes");
}

#[test]
fn a_full_disk_is_told_apart() {
    let database = Server::shared().database();
    let engine = database.open();
    refuse(&database, "53100");
    let full = Err(CommitError::Store(StoreError::DiskFull));
    assert_eq!(commit(&engine, once("a")), full);
    assert_eq!(engine.load().trouble, Some(Trouble::DiskFull));
    assert_eq!(commit(&engine, once("a")), full);
    assert_eq!(get(&engine, "a"), None);
    accept(&database);
    eventually("it recovers", || engine.load().trouble.is_none());
    assert_eq!(commit(&engine, once("a")), Ok(1));
}

#[test]
fn conflicts_with_other_transactions_are_told_apart() {
    let database = Server::shared().database();
    let engine = database.open();
    for state in ["40001", "40P01"] {
        refuse(&database, state);
        assert_eq!(commit(&engine, once("a")), Err(CommitError::Conflict));
        assert_eq!(engine.load().trouble, None);
        accept(&database);
    }
    assert_eq!(commit(&engine, once("a")), Ok(1));
}

#[test]
fn a_server_that_became_read_only_is_left() {
    let database = Server::shared().database();
    let engine = database.open();
    refuse(&database, "25006");
    assert!(is_unavailable(&commit(&engine, once("a"))));
    accept(&database);
    eventually("it recovers", || engine.load().trouble.is_none());
    assert_eq!(commit(&engine, once("a")), Ok(1));
}

#[test]
fn a_node_that_hangs_does_not_stop_the_others_for_long() {
    let database = Server::shared().database();
    let options = PostgresOptions {
        lock_timeout: Duration::from_millis(200),
        ..database.options()
    };
    let engine = PostgresEngine::open(options).unwrap();
    thread::scope(|scope| {
        let held = scope.spawn(|| {
            database.sql("BEGIN; SELECT * FROM corkboard_counter FOR UPDATE; SELECT pg_sleep(1)")
        });
        eventually("it is locked", || {
            is_unavailable(&commit(&engine, writes([]).logging(b"")))
        });
        held.join().unwrap();
    });
    eventually("it recovers", || commit(&engine, once("a")).is_ok());
    // A transaction without statements in it is ended by the server.
    let idle = database.sql(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'",
    );
    assert_eq!(idle, "0");
}

#[test]
fn commits_need_no_connection_of_views() {
    let database = Server::shared().database();
    let options = PostgresOptions {
        connections: 2,
        connection_wait: Duration::from_millis(100),
        ..database.options()
    };
    let engine = PostgresEngine::open(options).unwrap();
    let views = [(); 3].map(|()| engine.view().unwrap());
    assert_eq!(get_in(&views[0], "a"), None);
    assert_eq!(get_in(&views[1], "a"), None);
    let late = views[2].get(&key("a")).now();
    assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
    commit(&engine, once("a")).unwrap();
    assert_eq!(get_in(&views[1], "a"), None);
    let [first, ..] = views;
    drop(first);
    assert_eq!(get(&engine, "a"), Some(row(1, b"")));
}

/// What became of a change, as its caller knows it.
struct Told {
    name: String,
    answer: Result<u64, CommitError>,
}

/// Ends the load when dropped, also if a test fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn load(engine: &PostgresEngine, thread: usize, is_over: &AtomicBool) -> Vec<Told> {
    let mut told = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let name = format!("{thread} {}", told.len());
        let answer = commit(engine, once(&name));
        if answer.is_err() {
            thread::sleep(Duration::from_millis(5));
        }
        told.push(Told { name, answer });
    }
    told
}

#[test]
fn a_killed_server_loses_and_doubles_nothing() {
    let server = Server::start();
    let database = server.database();
    let engines = [database.open(), database.open()];
    let is_over = AtomicBool::new(false);
    let told: Vec<Told> = thread::scope(|scope| {
        let over = Over(&is_over);
        let load = |number| {
            let (engine, is_over) = (&engines[number % 2], &is_over);
            scope.spawn(move || load(engine, number, is_over))
        };
        let loads: Vec<_> = (0..12).map(load).collect();
        for round in 0..4 {
            thread::sleep(Duration::from_millis(500));
            if round % 2 == 0 {
                server.kill();
            } else {
                server.stop();
            }
            server.run();
        }
        for engine in &engines {
            eventually("it recovers", || engine.load().trouble.is_none());
        }
        thread::sleep(Duration::from_millis(300));
        drop(over);
        let told = loads.into_iter();
        told.flat_map(|load| load.join().unwrap()).collect()
    });
    let logged = log_names(&engines[0]);
    let mut acknowledged = 0;
    for Told { name, answer } in &told {
        let is_logged = logged.binary_search(name).is_ok();
        match answer {
            Ok(_) => assert!(is_logged, "{name} was lost"),
            Err(CommitError::Store(StoreError::Unknown(_))) => {}
            Err(CommitError::Store(_)) => assert!(!is_logged, "{name} was refused"),
            Err(CommitError::Conflict) => panic!("{name} happened twice"),
        }
        acknowledged += usize::from(answer.is_ok());
    }
    assert!(acknowledged > 100, "{acknowledged}");
    assert!(logged.windows(2).all(|pair| pair[0] != pair[1]));
    assert_eq!(sum(&engines[1], "count"), logged.len() as i64);
    let rows = database.sql("SELECT count(*) FROM corkboard_rows");
    assert_eq!(rows, (2 * logged.len() + 1).to_string());
}

/// The events of the whole log, sorted, after a check that it is dense.
fn log_names(engine: &PostgresEngine) -> Vec<String> {
    let mut names = Vec::new();
    let mut range = super::KeyRange::prefix(&super::keys::log_prefix());
    loop {
        let rows = super::scan(&engine.view().unwrap(), &range, super::Direction::Forward);
        let Some((last, _)) = rows.last() else { break };
        range = range.beyond(last.clone(), super::Direction::Forward);
        for (key, row) in rows {
            let sequence = super::keys::log_sequence(&key);
            assert_eq!(sequence, Some(names.len() as u64 + 1));
            names.push(String::from_utf8(row.value).unwrap());
        }
    }
    names.sort();
    names
}
