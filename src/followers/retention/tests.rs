//! The log is trimmed behind the slowest follower.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::watch;

use super::*;
use crate::clock::Clock;
use crate::model::Event;
use crate::store::Now as _;
use crate::store::{MemoryEngine, Store};

const DAY: Duration = Duration::from_hours(24);
/// More than one step of the trimming.
const ENTRIES: u64 = 2 * LOG_STEP as u64 + 10;

struct Bench {
    store: Store,
    now: Arc<AtomicI64>,
    index: Arc<SearchIndex>,
    clearing: RetentionFollower,
    turn: Turn,
    stop: watch::Sender<bool>,
    _folder: tempfile::TempDir,
}

impl Bench {
    /// A store whose log entries are from day 0, and an index that has read none.
    fn new() -> Self {
        let now = Arc::new(AtomicI64::new(0));
        let clock = Clock::Fixed(now.clone());
        let store = Store::new(Arc::new(MemoryEngine::default()), clock);
        let write = |transaction: &mut Transaction| {
            (0..ENTRIES).try_for_each(|_| transaction.log(Event::BackupTaken))
        };
        let written: Result<(), StoreError> = store.run_now(Origin::OPERATOR, write);
        written.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let index = Arc::new(SearchIndex::open(folder.path()).unwrap());
        let indexing = Arc::new(FollowerStatus::new("index"));
        let retention = Retention {
            log_days: NonZeroU32::new(10).unwrap(),
            ..Retention::default()
        };
        let stop = watch::Sender::new(false);
        Self {
            clearing: RetentionFollower::new(retention, index.clone(), indexing.clone()),
            turn: Turn::new(store.clone(), stop.subscribe(), indexing),
            store,
            now,
            index,
            stop,
            _folder: folder,
        }
    }

    fn index_has_read(&self, position: u64) {
        self.index.apply(Vec::new(), position).unwrap();
        self.turn.status.reached(position);
    }

    fn notify_has_read(&self, position: u64) {
        // It is in the middle of the next entry.
        let mut cursor = position.to_be_bytes().to_vec();
        cursor.extend(b"place");
        let written: Result<(), StoreError> = self.store.run_now(Origin::SYSTEM, |transaction| {
            transaction
                .put_bytes(&keys::cursor("notify"), cursor.clone())
                .now()
        });
        written.unwrap();
    }

    /// Runs a clearing some days later. Returns the first and the last entry of the log.
    async fn clear_after(&mut self, days: u32) -> (u64, u64) {
        let later = (DAY * days).as_millis() as i64;
        self.now.fetch_add(later, Ordering::AcqRel);
        self.clearing.look(&self.turn).await.unwrap();
        let reader = self.store.read().unwrap();
        (
            reader.log_start().now().unwrap(),
            reader.log_end().now().unwrap(),
        )
    }
}

/// `run_now` has a runtime of its own.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.unwrap().block_on(future)
}

#[test]
fn old_entries_go_once_all_followers_have_read_them() {
    let mut bench = Bench::new();
    let mut cleared = |days, index: u64, notify: u64| {
        bench.index_has_read(index);
        bench.notify_has_read(notify);
        block_on(bench.clear_after(days))
    };
    assert_eq!(cleared(10, ENTRIES, ENTRIES), (1, ENTRIES), "not old");
    assert_eq!(cleared(1, 3, 5), (4, ENTRIES));
    assert_eq!(cleared(1, 9, 5), (6, ENTRIES));
    assert_eq!(cleared(1, 9, ENTRIES), (10, ENTRIES));
    assert_eq!(cleared(1, ENTRIES, ENTRIES), (ENTRIES, ENTRIES));
    assert_eq!(cleared(900, ENTRIES, ENTRIES), (ENTRIES, ENTRIES));
}

#[test]
fn nothing_goes_while_a_follower_has_not_started_or_the_index_is_rebuilt() {
    let mut bench = Bench::new();
    bench.index_has_read(ENTRIES);
    assert_eq!(block_on(bench.clear_after(20)).0, 1, "notify never ran");
    bench.notify_has_read(ENTRIES);
    bench.turn.status.leaves_the_log();
    assert_eq!(block_on(bench.clear_after(1)).0, 1, "the index is rebuilt");
    // Its follower has read on, but would start from here after a crash.
    bench.index.apply(Vec::new(), 7).unwrap();
    bench.turn.status.reached(ENTRIES);
    assert_eq!(block_on(bench.clear_after(1)).0, 8);
}

#[test]
fn a_stop_does_not_wait_for_the_whole_log() {
    let mut bench = Bench::new();
    bench.index_has_read(ENTRIES);
    bench.notify_has_read(ENTRIES);
    bench.stop.send_replace(true);
    assert_eq!(block_on(bench.clear_after(20)).0, 1);
}
