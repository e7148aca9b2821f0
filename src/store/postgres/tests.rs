//! Tests on a real server: the behavior that all engines share, several nodes, and outages.

mod commits;
mod nodes;
mod outages;
mod proxy;
mod races;
mod reads;
mod server;

use super::{PostgresEngine, PostgresOptions, PostgresView};
use crate::store::engine::{
    Change, Check, CommitError, Direction, KeyRange, KeysCheck, Row, StoreError, Write,
};
use crate::store::keys::{self, Key};

use server::Server;

type Open<'a> = &'a dyn Fn() -> PostgresEngine;

fn on_postgres(test: fn(Open)) {
    let database = Server::shared().database();
    test(&|| database.open());
}

macro_rules! on_postgres {
    ($($suite:ident::$test:ident;)*) => {
        $(#[test] fn $test() { on_postgres($suite::$test); })*
    };
}

on_postgres! {
    commits::a_put_is_found_with_its_version;
    commits::a_delete_removes_the_row_and_ignores_a_missing_one;
    commits::a_check_passes_only_for_its_version;
    commits::a_check_of_keys_passes_until_one_is_added_or_removed;
    commits::a_stale_change_leaves_nothing_and_affects_no_other;
    commits::the_first_of_two_changes_with_the_same_check_succeeds;
    commits::a_counter_adds_up;
    commits::an_add_to_another_value_is_refused_alone;
    commits::a_change_that_is_too_large_is_refused_alone;
    commits::a_change_within_the_limits_is_accepted;
    commits::the_log_is_dense_and_in_the_order_of_commits;
    commits::a_watcher_sees_only_the_log;
    commits::everything_is_there_after_a_restart_and_the_log_continues;
    commits::a_full_queue_is_busy;
    reads::an_old_view_does_not_see_later_commits;
    reads::a_version_matches_its_row_in_the_same_view;
    reads::a_view_outlives_many_commits;
    reads::a_scan_returns_the_keys_within_its_bounds;
    reads::a_prefix_range_contains_keys_with_the_prefix;
    reads::a_scan_stops_at_its_limit_and_can_continue;
    reads::many_keys_are_found_in_their_order;
    reads::a_view_can_move_between_threads;
    reads::a_view_begins_with_its_first_read;
    reads::views_that_are_dropped_halfway_give_their_connections_back;
    races::adders_never_conflict;
    races::no_checked_update_is_lost;
    races::a_commit_is_seen_by_who_was_answered;
    races::no_command_is_lost_or_doubled;
    races::many_commands_on_one_record_all_succeed;
    races::the_log_is_dense_under_concurrency;
}

fn key(text: &str) -> Key {
    Key::from_bytes(text.as_bytes())
}

fn put(text: &str, version: u64, value: &[u8]) -> (Key, Write) {
    let value = value.to_vec();
    (key(text), Write::Put { version, value })
}

fn writes(writes: impl IntoIterator<Item = (Key, Write)>) -> Change {
    Change {
        writes: writes.into_iter().collect(),
        ..Change::default()
    }
}

trait Conditions: Sized {
    fn if_version(self, text: &str, version: Option<u64>) -> Self;
    fn if_keys(self, prefix: &str, keys: &[&str]) -> Self;
    fn and_log(self, event: &[u8]) -> Self;
}

impl Conditions for Change {
    fn if_version(mut self, text: &str, version: Option<u64>) -> Self {
        self.checks.push(Check {
            key: key(text),
            version,
        });
        self
    }

    fn if_keys(mut self, prefix: &str, keys: &[&str]) -> Self {
        self.keys_checks.push(KeysCheck {
            prefix: key(prefix),
            keys: keys.iter().map(|text| key(text)).collect(),
        });
        self
    }

    fn and_log(mut self, event: &[u8]) -> Self {
        self.events.push(event.to_vec());
        self
    }
}

/// Runs on a runtime that has neither timers nor sockets, as a caller's may.
fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

fn commit(engine: &PostgresEngine, change: Change) -> Result<u64, CommitError> {
    engine.submit(change).blocking_recv().unwrap()
}

/// Submits all changes before waiting for any, so that they can share a transaction.
fn commit_all(
    engine: &PostgresEngine,
    changes: impl IntoIterator<Item = Change>,
) -> Vec<Result<u64, CommitError>> {
    let answers: Vec<_> = changes
        .into_iter()
        .map(|change| engine.submit(change))
        .collect();
    let answers = answers.into_iter();
    answers
        .map(|answer| answer.blocking_recv().unwrap())
        .collect()
}

fn row(version: u64, value: &[u8]) -> Row {
    Row {
        version,
        value: value.to_vec(),
    }
}

fn get_in(view: &PostgresView, text: &str) -> Option<Row> {
    wait(view.get(&key(text))).unwrap()
}

fn scan(view: &PostgresView, range: &KeyRange, direction: Direction) -> Vec<(Key, Row)> {
    wait(view.scan(range, direction, usize::MAX)).unwrap()
}

fn get(engine: &PostgresEngine, text: &str) -> Option<Row> {
    get_in(&engine.view(), text)
}

fn sum(engine: &PostgresEngine, text: &str) -> i64 {
    get(engine, text).map_or(0, |row| i64::from_le_bytes(row.value.try_into().unwrap()))
}

/// The log: sequence numbers and events.
fn log(engine: &PostgresEngine) -> Vec<(u64, Vec<u8>)> {
    let range = KeyRange::prefix(&keys::log_prefix());
    let rows = scan(&engine.view(), &range, Direction::Forward);
    let entry = |(key, row): (Key, Row)| (keys::log_sequence(&key).unwrap(), row.value);
    rows.into_iter().map(entry).collect()
}

#[test]
fn no_password_is_shown() {
    for url in [
        "postgres://corkboard:hunter2@%2Fnowhere/board",
        "postgres://corkboard:hunter2@127.0.0.1:1/board",
        "postgres://corkboard:p@hunter2@127.0.0.1:1/board",
        "postgres://corkboard:x/hunter2@127.0.0.1:1/board",
        "postgres://corkboard:x@127.0.0.1:1/board?password=hunter2",
        "postgres://corkboard:x@127.0.0.1:1/board?hunter2",
        "postgres://corkboard:x@127.0.0.1:1/board?hunter2=x",
        "postgres://corkboard:hunter2",
        "host=127.0.0.1 port=1 password=x hunter2=y",
    ] {
        let options = PostgresOptions::new(url);
        assert!(!format!("{options:?}").contains("hunter2"));
        let Err(StoreError::Unavailable(text)) = PostgresEngine::open(options) else {
            panic!("{url} was opened");
        };
        assert!(!text.contains("hunter2"), "{text}");
        assert!(!text.is_empty());
    }
}
