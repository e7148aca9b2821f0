//! The requirements for all engines, as one suite that runs on each of them. A test takes a function that opens the
//! engine on the same data each time, and drops the engine before it opens it again.

mod commits;
mod races;
mod reads;

use std::sync::Arc;

use super::postgres::Server;
use super::{
    Change, Check, CommitError, Direction, Engine, Key, KeyRange, KeysCheck, MemoryEngine,
    Now as _, PostgresEngine, PostgresOptions, RedbEngine, RedbOptions, Row, View, Write,
};

type Open<'a> = &'a dyn Fn() -> Arc<dyn Engine>;

fn on_memory(test: fn(Open)) {
    let engine = Arc::new(MemoryEngine::default());
    test(&|| engine.clone());
}

fn on_redb(test: fn(Open)) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    test(&|| Arc::new(RedbEngine::open(&path, RedbOptions::default()).unwrap()));
}

/// On a database of its own.
fn on_postgres(test: fn(Open)) {
    let database = Server::shared().database();
    let options = || PostgresOptions {
        // One test holds this many views at once.
        connections: races::CROWD,
        ..database.options()
    };
    test(&|| Arc::new(PostgresEngine::open(options()).unwrap()));
}

macro_rules! on_each_engine {
    ($($suite:ident::$test:ident;)*) => {
        mod memory {
            $(#[test] fn $test() { super::on_memory(super::$suite::$test); })*
        }
        mod redb {
            $(#[test] fn $test() { super::on_redb(super::$suite::$test); })*
        }
        mod postgres {
            $(#[test] fn $test() { super::on_postgres(super::$suite::$test); })*
        }
    };
}

on_each_engine! {
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
    reads::an_old_view_does_not_see_later_commits;
    reads::a_version_matches_its_row_in_the_same_view;
    reads::a_view_outlives_many_commits;
    reads::a_scan_returns_the_keys_within_its_bounds;
    reads::a_prefix_range_contains_keys_with_the_prefix;
    reads::a_scan_stops_at_its_limit_and_can_continue;
    reads::many_keys_are_found_in_their_order;
    races::adders_never_conflict;
    races::no_checked_update_is_lost;
    races::a_commit_is_seen_by_who_was_answered;
    races::no_command_is_lost_or_doubled;
    races::many_commands_on_one_record_all_succeed;
    races::a_command_is_contended_after_sixteen_runs;
    races::a_fetched_row_is_a_check_once_it_is_read;
    races::the_log_is_dense_under_concurrency;
}

pub(super) fn key(text: &str) -> Key {
    Key::from_bytes(text.as_bytes())
}

pub(super) fn put(text: &str, version: u64, value: &[u8]) -> (Key, Write) {
    let value = value.to_vec();
    (key(text), Write::Put { version, value })
}

pub(super) fn writes(writes: impl IntoIterator<Item = (Key, Write)>) -> Change {
    Change {
        writes: writes.into_iter().collect(),
        ..Change::default()
    }
}

impl Change {
    pub(super) fn expecting(mut self, text: &str, version: Option<u64>) -> Self {
        self.checks.push(Check {
            key: key(text),
            version,
        });
        self
    }

    pub(super) fn expecting_keys(mut self, prefix: &str, keys: &[&str]) -> Self {
        self.keys_checks.push(KeysCheck {
            prefix: key(prefix),
            keys: keys.iter().map(|text| key(text)).collect(),
        });
        self
    }

    pub(super) fn logging(mut self, event: &[u8]) -> Self {
        self.events.push(event.to_vec());
        self
    }
}

pub(super) fn commit(engine: &dyn Engine, change: Change) -> Result<u64, CommitError> {
    engine.submit(change).blocking_recv().unwrap()
}

/// Submits all changes before waiting for any, so that they can share a durable commit.
pub(super) fn commit_all(
    engine: &dyn Engine,
    changes: impl IntoIterator<Item = Change>,
) -> Vec<Result<u64, CommitError>> {
    let answers: Vec<_> = changes
        .into_iter()
        .map(|change| engine.submit(change))
        .collect();
    answers
        .into_iter()
        .map(|answer| answer.blocking_recv().unwrap())
        .collect()
}

pub(super) fn row(version: u64, value: &[u8]) -> Row {
    Row {
        version,
        value: value.to_vec(),
    }
}

pub(super) fn get_in(view: &View, text: &str) -> Option<Row> {
    view.get(&key(text)).now().unwrap()
}

pub(super) fn get(engine: &dyn Engine, text: &str) -> Option<Row> {
    get_in(&engine.view().unwrap(), text)
}

pub(super) fn scan(view: &View, range: &KeyRange, direction: Direction) -> Vec<(Key, Row)> {
    view.scan(range, direction, usize::MAX).now().unwrap()
}

pub(super) fn sum(engine: &dyn Engine, text: &str) -> i64 {
    get(engine, text).map_or(0, |row| i64::from_le_bytes(row.value.try_into().unwrap()))
}

/// The log: sequence numbers and events.
pub(super) fn log(engine: &dyn Engine) -> Vec<(u64, Vec<u8>)> {
    let range = KeyRange::prefix(&super::keys::log_prefix());
    let rows = scan(&engine.view().unwrap(), &range, Direction::Forward);
    let entry = |(key, row): (Key, Row)| (super::keys::log_sequence(&key).unwrap(), row.value);
    rows.into_iter().map(entry).collect()
}
