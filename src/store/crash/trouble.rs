//! Disks that are full or fail for a while: nothing acknowledged is lost, reads continue, and the engine accepts writes
//! again by itself once the disk works.

use super::disk::Coin;
use super::*;
use crate::store::engine::Trouble;

const SOON: RedbOptions = RedbOptions {
    retry_after: Duration::from_millis(2),
    ..SHORT_LOG
};

fn refusal(error: CommitError) -> StoreError {
    match error {
        CommitError::Store(error) => error,
        CommitError::Conflict => panic!("a conflict"),
    }
}

/// Commits changes, starting with a given number, until the disk is full. Returns the first that was refused.
fn fill(engine: &RedbEngine, from: usize) -> usize {
    for number in from..CHANGES {
        if let Err(error) = commit(engine, number) {
            assert_eq!(refusal(error), StoreError::DiskFull);
            return number;
        }
    }
    panic!("the disk was never full");
}

/// Commits a change, retrying while the store refuses writes.
fn commit_until_accepted(engine: &RedbEngine, number: usize) {
    loop {
        match commit(engine, number) {
            Ok(_) => return,
            Err(CommitError::Conflict) => panic!("change {number} is there already"),
            Err(CommitError::Store(StoreError::DiskFull | StoreError::Unavailable(_))) => {
                std::thread::yield_now();
            }
            Err(CommitError::Store(error)) => panic!("{error}"),
        }
    }
}

/// A2: a full disk is reported as such and reads continue. With room again, everything works and nothing was lost.
#[test]
fn a_full_disk_refuses_writes_and_keeps_reads_working() {
    let states = states();
    for room in (0..160).step_by(16) {
        let site = Site::new();
        let engine = site.open(SOON).unwrap();
        commit(&engine, 0).unwrap();
        let early = engine.snapshot().unwrap();
        site.machine.set_room(Some(room * 1024));
        let refused = fill(&engine, 1);
        assert!(rows(&engine) == states[refused], "room {room}");
        assert_eq!(engine.load().trouble, Some(Trouble::DiskFull));
        for _ in 0..3 {
            let again = commit(&engine, refused).unwrap_err();
            assert_eq!(refusal(again), StoreError::DiskFull);
            assert!(rows(&engine) == states[refused]);
        }
        // An older view stays valid, or fails.
        let old = early.scan(&KeyRange::all(), Direction::Forward, 10_000);
        assert!(old.is_err() || old.unwrap() == states[1]);
        site.machine.set_room(None);
        for number in refused..CHANGES {
            commit_until_accepted(&engine, number);
        }
        assert!(rows(&engine) == states[CHANGES], "room {room}");
        assert_eq!(engine.load().trouble, None);
        let old = early.scan(&KeyRange::all(), Direction::Forward, 10_000);
        assert!(old.is_err() || old.unwrap() == states[1]);
        drop(engine);
        let files = site.after_power_cut((Survives::Nothing, Survives::Nothing));
        check(files, CHANGES, &states, SOON).unwrap();
    }
}

/// A2: the power fails while the disk is full, and at each step of the recovery once there is room.
#[test]
fn a_power_cut_while_the_disk_is_full_loses_nothing() {
    let states = states();
    let mut coin = Coin::new(11);
    for room in (0..160).step_by(40) {
        for step in 0.. {
            let site = Site::new();
            let engine = site.open(SOON).unwrap();
            site.machine.set_room(Some(room * 1024));
            let refused = fill(&engine, 0);
            let now = site.machine.steps();
            site.machine.clone().stopping_at(now + step);
            site.machine.set_room(None);
            while !site.machine.has_stopped() && engine.load().trouble.is_some() {
                std::thread::yield_now();
            }
            let recovered = !site.machine.has_stopped();
            drop(engine);
            let some = (Survives::Some(coin.number()), Survives::Some(coin.number()));
            for survives in [(Survives::Nothing, Survives::Nothing), some] {
                let files = site.after_power_cut(survives);
                check(files, refused, &states, SOON)
                    .unwrap_or_else(|error| panic!("{room}, {step}, {survives:?}: {error}"));
            }
            if recovered {
                break;
            }
        }
    }
}

/// A store started on a full disk can be read, and accepts writes once there is room.
#[test]
fn a_store_opens_on_a_full_disk() {
    let states = states();
    let site = Site::new();
    let engine = site.open(LONG_LOG).unwrap();
    for number in 0..20 {
        commit(&engine, number).unwrap();
    }
    let files = site.after_power_cut((Survives::Nothing, Survives::Nothing));
    drop(engine);
    let site = Site::on(Machine::default(), files);
    site.machine.set_room(Some(0));
    let engine = site.open(SOON).unwrap();
    assert!(rows(&engine) == states[20]);
    let refused = refusal(commit(&engine, 20).unwrap_err());
    assert_eq!(refused, StoreError::DiskFull);
    site.machine.set_room(None);
    commit_until_accepted(&engine, 20);
    assert!(rows(&engine) == states[21]);
}

/// Each sync of the workload fails once, in either file. The outcome of its changes is unknown; everything else
/// continues.
#[test]
fn a_failed_sync_is_an_unknown_outcome_and_the_store_recovers() {
    let states = states();
    let site = Site::new();
    let engine = site.open(SOON).unwrap();
    let first = site.machine.syncs();
    for number in 0..CHANGES {
        commit(&engine, number).unwrap();
    }
    let last = site.machine.syncs();
    drop(engine);
    let mut unknown = 0;
    for failing in first..last {
        let site = Site::new();
        let engine = site.open(SOON).unwrap();
        site.machine.fail_sync(failing);
        for number in 0..CHANGES {
            let Err(error) = commit(&engine, number) else {
                continue;
            };
            if let StoreError::Unknown(_) = refusal(error) {
                unknown += 1;
                // The outcome is visible once the store accepts writes again.
                while engine.load().trouble.is_some() {
                    std::thread::yield_now();
                }
                if rows(&engine) == states[number + 1] {
                    continue;
                }
            }
            commit_until_accepted(&engine, number);
        }
        assert!(rows(&engine) == states[CHANGES], "sync {failing}");
        // Later syncs have made durable what the failed one should have.
        let files = site.after_power_cut((Survives::Nothing, Survives::Nothing));
        check(files, CHANGES, &states, SOON).unwrap();
    }
    assert!(
        unknown > CHANGES / 2,
        "only {unknown} outcomes were unknown"
    );
}

#[test]
fn the_store_recovers_from_a_failed_read_without_a_write() {
    let options = RedbOptions {
        cache_bytes: 0,
        ..SOON
    };
    let site = Site::new();
    let engine = site.open(options).unwrap();
    for number in 0..20 {
        commit(&engine, number).unwrap();
    }
    let read = || {
        let snapshot = engine.snapshot()?;
        snapshot.scan(&KeyRange::all(), Direction::Forward, 10_000)
    };
    site.machine.fail_reads(true);
    while read().is_ok() {}
    site.machine.fail_reads(false);
    let found = loop {
        match read() {
            Ok(found) => break found,
            Err(_) => std::thread::yield_now(),
        }
    };
    assert!(found == states()[20]);
    commit_until_accepted(&engine, 20);
}

/// A wrong byte in the newest record drops that record. In an older one it is reported, since that record was
/// acknowledged.
#[test]
fn damage_of_the_log_drops_its_end_or_is_reported() {
    let states = states();
    let site = Site::new();
    let engine = site.open(LONG_LOG).unwrap();
    for number in 0..8 {
        commit(&engine, number).unwrap();
    }
    let (store, log) = site.after_power_cut((Survives::Nothing, Survives::Nothing));
    drop(engine);
    let used = log.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let newest = log[..used]
        .chunks(4096)
        .rposition(|block| block[..8] == log[..8]);
    let newest = newest.unwrap() * 4096;
    for at in (0..used).step_by(97) {
        let mut damaged = log.clone();
        damaged[at] ^= 1 << (at % 8);
        let site = Site::on(Machine::default(), (store.clone(), damaged));
        match site.open(LONG_LOG) {
            Ok(engine) if at >= newest => assert!(rows(&engine) == states[7], "byte {at}"),
            // Nothing after the end of a record is read.
            Ok(engine) => assert_eq!(rows(&engine), states[8], "byte {at}"),
            Err(error) => {
                assert!(at < newest, "byte {at}: {error}");
                assert!(matches!(error, StoreError::Corrupt(_)), "{error}");
            }
        }
    }
}
