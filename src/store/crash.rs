//! Power cuts: the store is stopped at every write and every sync of a workload, and what is left must be whole. The
//! reference engine says what is right: after the first n changes the rows are exactly these.

mod disk;

use std::collections::VecDeque;
use std::sync::Arc;

use self::disk::{Coin, Disk, Survives};
use super::engine::Committed;
use super::{
    Change, Check, CommitError, Direction, Engine, Key, KeyRange, MemoryEngine, RedbEngine,
    RedbOptions, Row, StoreError, Write,
};

/// Changes of the workload, and how many are under way at a time.
const CHANGES: usize = 44;
const IN_FLIGHT: usize = 6;
/// Records that the changes rewrite in turn, each checked at its version.
const SLOTS: usize = 5;

const QUICK_REPAIR: RedbOptions = RedbOptions {
    cache_bytes: 4 * 1024 * 1024,
    quick_repair_from_bytes: 0,
};
const FULL_REPAIR: RedbOptions = RedbOptions {
    cache_bytes: 4 * 1024 * 1024,
    quick_repair_from_bytes: u64::MAX,
};
/// So small that pages leave for the disk before the commit.
const SMALL_CACHE: RedbOptions = RedbOptions {
    cache_bytes: 64 * 1024,
    quick_repair_from_bytes: u64::MAX,
};

fn key(text: &str) -> Key {
    Key::from_bytes(text.as_bytes())
}

/// The change with this number: a checked rewrite, two new rows, one taken away, two counters and an event or two.
fn change(number: usize) -> Change {
    let slot = key(&format!("slot{}", number % SLOTS));
    let round = (number / SLOTS) as u64;
    // Some fill a page, some many, most a part of one.
    let length = [40, 900, 70, 9_000, 300, 30_000][number % 6];
    let put = |version, length| Write::Put {
        version,
        value: vec![number as u8 + 1; length],
    };
    let mut writes = vec![
        (slot.clone(), put(round + 1, 60)),
        (key(&format!("a{number:03}")), put(1, length)),
        (key(&format!("b{number:03}")), put(1, 20)),
        (key("count"), Write::Add(1)),
        (key("sum"), Write::Add(number as i64)),
    ];
    if number >= 3 {
        writes.push((key(&format!("a{:03}", number - 3)), Write::Delete));
    }
    Change {
        checks: vec![Check {
            key: slot,
            version: (round > 0).then_some(round),
        }],
        writes,
        events: vec![vec![number as u8; 30]; 1 + number % 2],
    }
}

fn rows(engine: &dyn Engine) -> Vec<(Key, Row)> {
    let all = KeyRange::prefix(&key(""));
    let snapshot = engine.snapshot().unwrap();
    snapshot.scan(&all, Direction::Forward, 10_000).unwrap()
}

/// The rows after none, the first, the first two changes and so on.
fn states() -> Vec<Vec<(Key, Row)>> {
    let engine = MemoryEngine::default();
    let mut states = vec![rows(&engine)];
    for number in 0..=CHANGES {
        engine
            .submit(change(number))
            .blocking_recv()
            .unwrap()
            .unwrap();
        states.push(rows(&engine));
    }
    states
}

/// Runs the workload until it is done or the disk stops. Gives the number of changes that were acknowledged.
fn run(disk: &Disk, options: RedbOptions) -> usize {
    let Ok(engine) = RedbEngine::open_backend(disk.clone(), options) else {
        assert!(disk.has_stopped());
        return 0;
    };
    let mut acknowledged = 0;
    let mut under_way: VecDeque<Committed> = VecDeque::new();
    let mut failed = false;
    let mut settle = |answer: Committed| match answer.blocking_recv().unwrap() {
        Ok(_) => {
            assert!(!failed, "acknowledged after a failure");
            acknowledged += 1;
        }
        Err(CommitError::Store(StoreError::Unknown(_) | StoreError::Unavailable(_))) => {
            assert!(disk.has_stopped());
            failed = true;
        }
        Err(other) => panic!("{other:?}"),
    };
    for number in 0..CHANGES {
        if under_way.len() == IN_FLIGHT {
            settle(under_way.pop_front().unwrap());
        }
        under_way.push_back(engine.submit(change(number)));
    }
    under_way.into_iter().for_each(settle);
    acknowledged
}

/// Whether these bytes are what is left of a file that redb had not finished making.
fn is_unfinished(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes[..9] == [0; 9]
}

/// A file that was never finished holds nothing, and a start makes a new one of it.
fn check_unfinished(bytes: &[u8], acknowledged: usize) {
    assert_eq!(acknowledged, 0);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    std::fs::write(&path, bytes).unwrap();
    let engine = RedbEngine::open(&path, FULL_REPAIR).unwrap();
    assert_eq!(rows(&engine), []);
}

/// Starts on what a power cut left, and checks it: each acknowledged change is there, each other one wholly or not at all.
fn check(
    bytes: Vec<u8>,
    acknowledged: usize,
    states: &[Vec<(Key, Row)>],
    options: RedbOptions,
) -> Result<(), String> {
    if is_unfinished(&bytes) {
        check_unfinished(&bytes, acknowledged);
        return Ok(());
    }
    let engine = RedbEngine::open_backend(Disk::new(bytes), options)
        .map_err(|error| format!("does not open: {error}"))?;
    let found = rows(&engine);
    let there = states.iter().position(|state| *state == found);
    let Some(there) = there else {
        let keys: Vec<_> = found.iter().map(|(key, row)| (key, row.version)).collect();
        return Err(format!("no state of the workload: {keys:?}"));
    };
    if there < acknowledged {
        return Err(format!("{there} of {acknowledged} acknowledged are there"));
    }
    // Life goes on from there.
    if there <= CHANGES {
        let next = engine.submit(change(there)).blocking_recv().unwrap();
        next.map_err(|error| format!("takes no change: {error:?}"))?;
        assert_eq!(rows(&engine), states[there + 1]);
    }
    Ok(())
}

/// Stops at each step of the workload, and, from each, at one step of the recovery.
fn stop_everywhere(options: RedbOptions) {
    let states = states();
    let whole = Disk::new(Vec::new());
    assert_eq!(run(&whole, options), CHANGES);
    assert!(whole.syncs() < CHANGES as u64, "no groups formed");
    let mut coin = Coin::new(7);
    for step in 0.. {
        let disk = Disk::new(Vec::new()).stopping_at(step);
        let acknowledged = run(&disk, options);
        if !disk.has_stopped() {
            println!("{step} steps, {} syncs", whole.syncs());
            break;
        }
        let seed = coin.number();
        for survives in [
            Survives::Nothing,
            Survives::Everything,
            Survives::Some(seed),
            Survives::Some(!seed),
        ] {
            let bytes = disk.after_power_cut(survives);
            check(bytes, acknowledged, &states, options)
                .unwrap_or_else(|error| panic!("step {step}, {survives:?}: {error}"));
        }
        // The power goes again while the store starts.
        let left = disk.after_power_cut(Survives::Some(seed));
        if !is_unfinished(&left) {
            let again = Disk::new(left).stopping_at(coin.number() % 16);
            drop(RedbEngine::open_backend(again.clone(), options));
            let bytes = again.after_power_cut(Survives::Some(seed));
            check(bytes, acknowledged, &states, options)
                .unwrap_or_else(|error| panic!("step {step}, twice, seed {seed}: {error}"));
        }
    }
}

#[test]
fn a_change_survives_a_power_cut_whole_or_not_at_all_and_if_acknowledged_whole() {
    stop_everywhere(FULL_REPAIR);
}

#[test]
fn a_change_survives_a_power_cut_with_quick_repair() {
    stop_everywhere(QUICK_REPAIR);
}

#[test]
fn a_change_survives_a_power_cut_when_pages_are_written_early() {
    stop_everywhere(SMALL_CACHE);
}

#[test]
fn a_failed_sync_is_an_unknown_outcome_and_ends_writing_but_not_reading() {
    let disk = Disk::new(Vec::new());
    let engine = RedbEngine::open_backend(disk.clone(), FULL_REPAIR).unwrap();
    let commit = |number| engine.submit(change(number)).blocking_recv().unwrap();
    commit(0).unwrap();
    disk.fail_next_sync();
    let error = commit(1).unwrap_err();
    assert!(matches!(error, CommitError::Store(StoreError::Unknown(_))));
    let error = commit(1).unwrap_err();
    assert!(matches!(
        error,
        CommitError::Store(StoreError::Unavailable(_))
    ));
    let states = states();
    assert_eq!(rows(&engine), states[1]);
    drop(engine);
    check(
        disk.after_power_cut(Survives::Everything),
        1,
        &states,
        FULL_REPAIR,
    )
    .unwrap();
}

#[test]
fn a_full_queue_is_busy_and_all_it_took_is_done() {
    let disk = Disk::new(Vec::new());
    let engine = RedbEngine::open_backend(disk.clone(), FULL_REPAIR).unwrap();
    disk.hold_syncs();
    let add = || Change {
        writes: vec![(key("count"), Write::Add(1))],
        ..Change::default()
    };
    let mut taken = Vec::new();
    let refused = loop {
        let mut answer = engine.submit(add());
        match answer.try_recv() {
            Ok(answer) => break answer,
            Err(_) => taken.push(answer),
        }
        assert!(taken.len() < 100_000, "the queue has no end");
    };
    assert_eq!(refused, Err(CommitError::Store(StoreError::Busy)));
    disk.release_syncs();
    let count = taken.len() as i64;
    for answer in taken {
        answer.blocking_recv().unwrap().unwrap();
    }
    let found = rows(&engine);
    assert_eq!(found[0].1.value, count.to_le_bytes());
}

#[test]
fn what_was_handed_over_is_answered_before_the_engine_is_gone() {
    let disk = Disk::new(Vec::new());
    let engine = RedbEngine::open_backend(disk.clone(), FULL_REPAIR).unwrap();
    let answers: Vec<_> = (0..CHANGES)
        .map(|number| engine.submit(change(number)))
        .collect();
    drop(engine);
    for mut answer in answers {
        answer.try_recv().unwrap().unwrap();
    }
    check(
        disk.after_power_cut(Survives::Nothing),
        CHANGES,
        &states(),
        FULL_REPAIR,
    )
    .unwrap();
}

#[test]
fn a_second_engine_on_the_same_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let first: Arc<dyn Engine> = Arc::new(RedbEngine::open(&path, FULL_REPAIR).unwrap());
    let refused = RedbEngine::open(&path, FULL_REPAIR).err().unwrap();
    assert!(
        refused.to_string().contains("held by a running corkboard"),
        "{refused}"
    );
    drop(first);
    RedbEngine::open(&path, FULL_REPAIR).unwrap();
}
