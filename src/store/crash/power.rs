//! Power cuts: at each step of the workload, at each step of a start, and again while the store recovers.

use std::collections::VecDeque;
use std::sync::Arc;

use super::disk::Coin;
use super::*;
use crate::store::{Now as _, Reader, View, earlier};

/// Runs the workload until it is done or the disk stops. Returns the number of acknowledged changes.
fn run(site: &Site, options: RedbOptions) -> usize {
    let Ok(engine) = site.open(options) else {
        assert!(site.machine.has_stopped());
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
            assert!(site.machine.has_stopped());
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

/// Whether these bytes are a file that redb had not finished creating.
pub(super) fn is_unfinished(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes[..9] == [0; 9]
}

/// An unfinished file has no data, and a start creates a new one.
pub(super) fn check_unfinished(files: (Vec<u8>, Vec<u8>), acknowledged: usize) {
    assert_eq!(acknowledged, 0);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    std::fs::write(&path, files.0).unwrap();
    std::fs::write(path.with_extension("log"), files.1).unwrap();
    let engine = RedbEngine::open(&path, LONG_LOG).unwrap();
    assert_eq!(rows(&engine), []);
}

/// What may survive of the two files: all or nothing of either, and parts of both.
fn cuts(coin: &mut Coin) -> [(Survives, Survives); 2] {
    let whole = match coin.number() % 4 {
        0 => (Survives::Nothing, Survives::Nothing),
        1 => (Survives::Everything, Survives::Everything),
        2 => (Survives::Nothing, Survives::Everything),
        _ => (Survives::Everything, Survives::Nothing),
    };
    let mut some = || Survives::Some(coin.number());
    [whole, (some(), some())]
}

/// Stops at each step of the workload and, after each, at one step of the recovery.
fn stop_everywhere(options: RedbOptions) {
    let states = states();
    let whole = Site::new();
    assert_eq!(run(&whole, options), CHANGES);
    let mut coin = Coin::new(7);
    for step in 0.. {
        let machine = Machine::default().stopping_at(step);
        let site = Site::on(machine, (Vec::new(), Vec::new()));
        let acknowledged = run(&site, options);
        if !site.machine.has_stopped() {
            println!("{step} steps, {} syncs", whole.machine.syncs());
            break;
        }
        for survives in cuts(&mut coin) {
            let files = site.after_power_cut(survives);
            check(files, acknowledged, &states, options)
                .unwrap_or_else(|error| panic!("step {step}, {survives:?}: {error}"));
        }
        // Another power cut while the store starts.
        let survives = cuts(&mut coin)[1];
        let files = site.after_power_cut(survives);
        if !is_unfinished(&files.0) {
            stop_a_start(files, coin.number() % 16, acknowledged, &states, options)
                .unwrap_or_else(|error| panic!("step {step}, {survives:?}, twice: {error}"));
        }
    }
}

/// Starts with these files, stops the start at a step, and checks what is left. `Ok(false)`: there is no such step.
fn stop_a_start(
    files: (Vec<u8>, Vec<u8>),
    step: u64,
    acknowledged: usize,
    states: &[Rows],
    options: RedbOptions,
) -> Result<bool, String> {
    let again = Site::on(Machine::default().stopping_at(step), files);
    drop(again.open(options));
    for survives in cuts(&mut Coin::new(step)) {
        let files = again.after_power_cut(survives);
        check(files, acknowledged, states, options)
            .map_err(|error| format!("start stopped at {step}, {survives:?}: {error}"))?;
    }
    Ok(again.machine.has_stopped())
}

#[test]
fn a_change_survives_a_power_cut_whole_or_not_at_all_and_if_acknowledged_whole() {
    stop_everywhere(LONG_LOG);
}

#[test]
fn a_change_survives_a_power_cut_when_the_log_begins_again_and_again() {
    stop_everywhere(SHORT_LOG);
}

#[test]
fn a_change_survives_a_power_cut_when_each_group_is_made_durable_in_both_files() {
    stop_everywhere(NO_WAIT);
}

#[test]
fn a_change_survives_a_power_cut_when_pages_are_written_early() {
    stop_everywhere(SMALL_CACHE);
}

/// The whole workload is only in the log, and the power is cut at each step of the start that adds it to the store.
#[test]
fn a_start_that_stops_half_way_is_made_up_for_by_the_next() {
    let states = states();
    for options in [LONG_LOG, SMALL_CACHE] {
        let site = Site::new();
        let engine = site.open(LONG_LOG).unwrap();
        for number in 0..CHANGES {
            commit(&engine, number).unwrap();
        }
        let files = site.after_power_cut((Survives::Nothing, Survives::Nothing));
        drop(engine);
        let mut step = 0;
        while stop_a_start(files.clone(), step, CHANGES, &states, options).unwrap() {
            step += 1;
        }
        assert!(step > 5, "only {step} steps");
    }
}

/// A store from before formats had numbers gets its number at a start, and the power is cut at each step of that start.
#[test]
fn a_start_that_stops_while_it_notes_the_format_is_made_up_for_by_the_next() {
    const FEW: usize = 4;
    let states = states();
    let site = Site::new();
    let engine = site.open(LONG_LOG).unwrap();
    for number in 0..FEW {
        commit(&engine, number).unwrap();
    }
    let files = site.after_power_cut((Survives::Nothing, Survives::Nothing));
    drop(engine);
    let site = Site::on(Machine::default(), files);
    let database = redb::Builder::new().create_with_backend(site.store.clone());
    let database = database.unwrap();
    let transaction = database.begin_write().unwrap();
    let format = redb::TableDefinition::<(), u16>::new("format");
    assert!(transaction.delete_table(format).unwrap());
    transaction.commit().unwrap();
    drop(database);
    let files = site.after_power_cut((Survives::Everything, Survives::Everything));
    let mut step = 0;
    while stop_a_start(files.clone(), step, FEW, &states, LONG_LOG).unwrap() {
        step += 1;
    }
    assert!(step > 8, "only {step} steps");
}

/// How many steps of a conversion are tried. All of them take minutes.
const CONVERSIONS: usize = 24;

/// Cuts the power during a start that converts a store of version 0.1.
#[test]
fn a_conversion_that_stops_half_way_is_done_by_the_next_start() {
    let files = earlier::bytes();
    let whole = Site::on(Machine::default(), files.clone());
    drop(whole.open(LONG_LOG));
    let steps = whole.machine.steps() as usize;
    assert!(steps > CONVERSIONS, "only {steps} steps");
    let mut coin = Coin::new(3);
    for step in (0..steps).step_by(steps.div_ceil(CONVERSIONS)) {
        let site = Site::on(Machine::default().stopping_at(step as u64), files.clone());
        drop(site.open(LONG_LOG));
        assert!(site.machine.has_stopped(), "step {step}");
        // Nothing is converted before its copy is on disk.
        let (store, log) = &site.copies;
        let copies = [store, log].map(|copy| copy.after_power_cut(Survives::Nothing));
        let is_untouched =
            site.after_power_cut((Survives::Everything, Survives::Everything)) == files;
        assert!(
            is_untouched || copies == [&*files.0, &*files.1],
            "step {step}"
        );
        for survives in cuts(&mut coin) {
            let files = site.after_power_cut(survives);
            let engine = Site::on(Machine::default(), files).open(LONG_LOG);
            let engine = engine.unwrap_or_else(|error| panic!("step {step}: {error}"));
            let snapshot = engine.snapshot().unwrap();
            earlier::check_all(&Reader::of(View::Local(snapshot)));
        }
    }
    println!("{steps} steps");
}

#[test]
fn groups_form_while_a_sync_is_under_way() {
    let site = Site::new();
    let engine = site.open(LONG_LOG).unwrap();
    let before = site.machine.syncs();
    site.machine.hold_syncs();
    let answers: Vec<_> = (0..CHANGES)
        .map(|number| engine.submit(change(number)))
        .collect();
    site.machine.release_syncs();
    for answer in answers {
        answer.blocking_recv().unwrap().unwrap();
    }
    assert!(site.machine.syncs() - before < CHANGES as u64);
}

#[test]
fn nobody_sees_a_change_that_is_not_synced() {
    let site = Site::new();
    let engine = site.open(LONG_LOG).unwrap();
    // The file has grown and has room: readers wait while redb makes it longer.
    let before = 10;
    for number in 0..before {
        commit(&engine, number).unwrap();
    }
    let states = states();
    site.machine.hold_syncs();
    let written = site.machine.steps();
    let answer = engine.submit(change(before));
    while site.machine.steps() == written {
        std::thread::yield_now();
    }
    assert!(rows(&engine) == states[before]);
    site.machine.release_syncs();
    answer.blocking_recv().unwrap().unwrap();
    assert!(rows(&engine) == states[before + 1]);
}

#[test]
fn a_full_queue_is_busy_and_all_it_took_is_done() {
    let site = Site::new();
    let engine = site.open(LONG_LOG).unwrap();
    site.machine.hold_syncs();
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
    site.machine.release_syncs();
    let count = taken.len() as i64;
    for answer in taken {
        answer.blocking_recv().unwrap().unwrap();
    }
    let found = rows(&engine);
    assert_eq!(found[0].1.value, count.to_le_bytes());
}

#[test]
fn what_was_handed_over_is_answered_before_the_engine_is_gone() {
    let site = Site::new();
    let engine = site.open(LONG_LOG).unwrap();
    let answers: Vec<_> = (0..CHANGES)
        .map(|number| engine.submit(change(number)))
        .collect();
    drop(engine);
    for mut answer in answers {
        answer.try_recv().unwrap().unwrap();
    }
    let files = site.after_power_cut((Survives::Nothing, Survives::Nothing));
    check(files, CHANGES, &states(), LONG_LOG).unwrap();
}

#[test]
fn a_clean_stop_leaves_nothing_in_the_log_alone() {
    let site = Site::new();
    let engine = site.open(LONG_LOG).unwrap();
    for number in 0..CHANGES {
        commit(&engine, number).unwrap();
    }
    drop(engine);
    let (store, _) = site.after_power_cut((Survives::Nothing, Survives::Nothing));
    check((store, Vec::new()), CHANGES, &states(), LONG_LOG).unwrap();
}

#[test]
fn a_second_engine_on_the_same_file_is_refused_and_so_is_a_look() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let first: Arc<dyn Engine> = Arc::new(RedbEngine::open(&path, LONG_LOG).unwrap());
    for refused in [
        RedbEngine::open(&path, LONG_LOG).err().unwrap(),
        RedbEngine::read_only(&path, LONG_LOG).err().unwrap(),
    ] {
        let text = refused.to_string();
        assert!(text.contains("a running corkboard is using"), "{text}");
    }
    drop(first);
    let look = RedbEngine::read_only(&path, LONG_LOG).unwrap();
    let second = RedbEngine::read_only(&path, LONG_LOG).unwrap();
    drop((look, second));
    RedbEngine::open(&path, LONG_LOG).unwrap();
}

/// The files of a killed process: only the log has the newest changes.
#[test]
fn a_look_sees_what_stands_in_the_log_alone_and_writes_nothing() {
    let site = Site::new();
    let engine = site.open(LONG_LOG).unwrap();
    for number in 0..CHANGES {
        commit(&engine, number).unwrap();
    }
    let (store, log) = site.after_power_cut((Survives::Nothing, Survives::Nothing));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    std::fs::write(&path, &store).unwrap();
    std::fs::write(path.with_extension("log"), &log).unwrap();
    let reader = RedbEngine::read_only(&path, LONG_LOG).unwrap();
    let snapshot = &reader.view;
    let all = KeyRange::all();
    let found = snapshot.scan(&all, Direction::Forward, 10_000).now();
    assert!(found.unwrap() == states()[CHANGES]);
    drop(reader);
    assert!(std::fs::read(&path).unwrap() == store);
    assert!(std::fs::read(path.with_extension("log")).unwrap() == log);
}
