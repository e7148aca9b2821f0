//! Views: their moment, their threads, their connections.

use std::sync::Barrier;
use std::thread;

use super::{PostgresEngine, PostgresOptions, Server, commit, get, get_in, key, put, row, writes};
use crate::store::{Direction, Engine as _, KeyRange, Now as _};

const VIEWS: usize = 40;

/// Some callers run on a runtime that moves its tasks between threads.
#[test]
fn a_view_can_move_between_threads() {
    let database = Server::shared().database();
    let engine = database.open();
    commit(&engine, writes([put("a", 1, b"")])).unwrap();
    let view = engine.view().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().build();
    let runtime = runtime.unwrap();
    let reads = (0..20).map(|_| {
        let view = view.clone();
        runtime.spawn(async move {
            let a = key("a");
            let all = KeyRange::all();
            assert_eq!(view.version(&a).await, Ok(Some(1)));
            assert_eq!(view.get(&a).await, Ok(Some(row(1, b""))));
            assert_eq!(view.get_many(&[&a]).await.unwrap().len(), 1);
            let found = view.scan(&all, Direction::Forward, 5).await;
            assert_eq!(found.unwrap().len(), 1);
        })
    });
    let reads: Vec<_> = reads.collect();
    for read in reads {
        read.now().unwrap();
    }
}

#[test]
fn a_view_begins_with_its_first_read() {
    let database = Server::shared().database();
    let engine = database.open();
    let (first, second) = (engine.view().unwrap(), engine.view().unwrap());
    commit(&engine, writes([put("a", 1, b"")])).unwrap();
    // Reads at once on a view that has not begun share its moment.
    let (a, b) = (key("a"), key("b"));
    let both = async { tokio::join!(first.get(&a), first.get(&b)) };
    let (a, b) = both.now();
    assert_eq!((a.unwrap(), b.unwrap()), (Some(row(1, b"")), None));
    commit(&engine, writes([put("b", 1, b"")])).unwrap();
    assert_eq!(get_in(&first, "b"), None);
    assert_eq!(get_in(&second, "b"), Some(row(1, b"")));
}

#[test]
fn each_latest_read_sees_the_newest_state_and_holds_no_connection() {
    let database = Server::shared().database();
    let engine = database.open();
    let latest: Vec<_> = (0..VIEWS).map(|_| engine.latest().unwrap()).collect();
    for version in 1..=3 {
        commit(&engine, writes([put("a", version, b"")])).unwrap();
        for latest in &latest {
            assert_eq!(get_in(latest, "a"), Some(row(version, b"")));
        }
    }
}

/// As when a client goes away while its request is served.
#[test]
fn views_that_are_dropped_halfway_give_their_connections_back() {
    let database = Server::shared().database();
    let engine = database.open();
    let rows = (0..2000).map(|number| put(&format!("k{number}"), 1, &[0; 1000]));
    commit(&engine, writes(rows)).unwrap();
    for round in 0..200 {
        let view = engine.view().unwrap();
        if round % 2 == 0 {
            get_in(&view, "k1");
        }
        let (all, direction) = (KeyRange::all(), Direction::Forward);
        let reading = view.scan(&all, direction, usize::MAX);
        let halfway = async {
            tokio::select! {
                biased;
                read = reading => drop(read.unwrap()),
                () = tokio::task::yield_now() => {}
            }
        };
        halfway.now();
    }
    assert_eq!(get(&engine, "k1"), Some(row(1, &[0; 1000])));
}

#[test]
fn more_views_than_connections_take_turns() {
    let database = Server::shared().database();
    let options = PostgresOptions {
        connections: 2,
        ..database.options()
    };
    let engine = PostgresEngine::open(options).unwrap();
    commit(&engine, writes([put("a", 1, b"")])).unwrap();
    let start = Barrier::new(VIEWS);
    thread::scope(|scope| {
        for _ in 0..VIEWS {
            scope.spawn(|| {
                start.wait();
                let view = engine.view().unwrap();
                assert_eq!(get_in(&view, "a"), Some(row(1, b"")));
                assert_eq!(get_in(&view, "b"), None);
            });
        }
    });
}
