//! The follower holds no snapshot while the index commits.

use std::cell::Cell;

use tokio::sync::{oneshot, watch};

use super::*;
use crate::clock::Clock;
use crate::model::{EmployeeId, Timestamp};
use crate::store::{
    Change, CommitError, Engine, Key, MemoryEngine, Now as _, Origin, Row, Snapshot, Transaction,
    View, trim_log,
};

const NOW: Timestamp = Timestamp::from_millis(1_760_000_000_000);
const JOBS: usize = 3;

/// An engine that counts the open snapshots, each of which holds a clone of `open`.
#[derive(Default)]
struct Counting {
    engine: MemoryEngine,
    open: Arc<()>,
}

struct Counted {
    snapshot: Arc<dyn Snapshot>,
    _open: Arc<()>,
}

impl Engine for Counting {
    fn view(&self) -> Result<View, StoreError> {
        Ok(View::Local(Arc::new(Counted {
            snapshot: self.engine.snapshot()?,
            _open: self.open.clone(),
        })))
    }

    fn submit(&self, change: Change) -> oneshot::Receiver<Result<u64, CommitError>> {
        self.engine.submit(change)
    }

    fn watch(&self) -> watch::Receiver<u64> {
        self.engine.watch()
    }
}

impl Snapshot for Counted {
    fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        self.snapshot.get(key)
    }

    fn version(&self, key: &Key) -> Result<Option<u64>, StoreError> {
        self.snapshot.version(key)
    }

    fn scan(
        &self,
        range: &KeyRange,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<(Key, Row)>, StoreError> {
        self.snapshot.scan(range, direction, limit)
    }
}

struct Bench {
    store: Store,
    open: Arc<()>,
    index: Arc<SearchIndex>,
    _folder: tempfile::TempDir,
}

impl Bench {
    /// A store with some postings, and an empty index.
    fn new() -> Self {
        let engine = Counting::default();
        let open = engine.open.clone();
        let store = Store::new(Arc::new(engine), Clock::fixed(NOW));
        let post = |transaction: &mut Transaction| {
            for _ in 0..JOBS {
                let employer = EmployeeId::parse("E1").unwrap();
                transaction
                    .insert(Job::draft(JobId::generate(NOW), employer, NOW))
                    .now()?;
            }
            Ok::<_, StoreError>(())
        };
        store.run_now(Origin::OPERATOR, post).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let index = Arc::new(SearchIndex::open(folder.path()).unwrap());
        Self {
            store,
            open,
            index,
            _folder: folder,
        }
    }

    fn open_snapshots(&self) -> usize {
        // The engine and this bench hold one each.
        Arc::strong_count(&self.open) - 2
    }
}

#[test]
fn no_snapshot_is_open_once_the_edits_are_read() {
    let bench = Bench::new();
    let mut follower = IndexFollower::new(bench.index.clone());
    let (edits, last) = follower.read_on(&bench.store, 0).now().unwrap();
    assert_eq!((edits.len(), last), (JOBS, JOBS as u64));
    assert_eq!(bench.open_snapshots(), 0);
    assert_eq!(follower.follow(&bench.store, 0).now().unwrap(), last);
    assert_eq!(bench.index.position(), last);
}

/// The log is trimmed up to the saved position, also on a board where no job changes.
#[test]
fn entries_that_change_no_job_move_the_saved_position() {
    let bench = Bench::new();
    let mut follower = IndexFollower::new(bench.index.clone());
    let posted = follower.follow(&bench.store, 0).now().unwrap();
    let log = |entries: u64| {
        let log = |transaction: &mut Transaction| {
            (0..entries).try_for_each(|_| transaction.log(Event::BackupTaken))
        };
        let logged: Result<(), StoreError> = bench.store.run_now(Origin::SYSTEM, log);
        logged.unwrap();
    };
    let mut position = posted;
    let mut follow = || {
        loop {
            match follower.follow(&bench.store, position).now().unwrap() {
                same if same == position => break,
                next => position = next,
            }
        }
    };
    log(UNSAVED - 1);
    follow();
    assert_eq!(bench.index.position(), posted);
    log(1);
    follow();
    assert_eq!(bench.index.position(), posted + UNSAVED);
}

#[test]
fn a_rebuild_holds_no_snapshot_between_its_steps() {
    let bench = Bench::new();
    let reported = Cell::new(0);
    let end = rebuild(&bench.store, &bench.index, |count| {
        assert_eq!(bench.open_snapshots(), 0);
        reported.set(count);
    })
    .now();
    let position = bench.index.position();
    assert_eq!((end.unwrap(), position), (JOBS as u64, JOBS as u64));
    assert_eq!(reported.get(), JOBS);
}

/// An old copy of the index, put back after the log was trimmed, would lack the changes of the missing entries.
#[test]
fn an_index_that_needs_trimmed_entries_is_rebuilt() {
    let bench = Bench::new();
    let trim = |up_to| {
        let trim = |transaction: &mut Transaction| {
            trim_log(transaction, NOW.plus(GATHER), up_to, JOBS).now()
        };
        let trimmed: Result<usize, StoreError> = bench.store.run_now(Origin::SYSTEM, trim);
        trimmed.unwrap();
    };
    let follower = || IndexFollower::new(bench.index.clone());
    bench.index.apply(Vec::new(), 1).unwrap();
    trim(1);
    let begin = || follower().catch_up_or_rebuild(&bench.store).now().unwrap();
    assert_eq!(begin(), 1);
    trim(2);
    assert_eq!(begin(), JOBS as u64);
    assert_eq!(bench.index.position(), JOBS as u64);
}
