//! Concurrency: nothing is lost and nothing happens twice.

use std::cell::Cell;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use super::super::{Engine, Origin, Row, Store, StoreError};
use super::{Change, CommitError, Open, Write, commit, get, key, log, put, row, sum, writes};
use crate::clock::Clock;
use crate::store::Now as _;

const THREADS: u64 = 6;
const EACH: u64 = 50;
/// Commands that hold a view at the same time.
pub(super) const CROWD: usize = 40;

/// Runs a function on several threads with the thread's number, and waits for all.
fn together(work: impl Fn(u64) + Sync) {
    thread::scope(|scope| {
        for number in 0..THREADS {
            let work = &work;
            scope.spawn(move || work(number));
        }
    });
}

pub(super) fn adders_never_conflict(open: Open) {
    let engine = open();
    together(|number| {
        for _ in 0..EACH {
            let amount = i64::try_from(number).unwrap();
            commit(&*engine, writes([(key("count"), Write::Add(amount))])).unwrap();
        }
    });
    let wanted = (0..THREADS).sum::<u64>() * EACH;
    assert_eq!(sum(&*engine, "count"), i64::try_from(wanted).unwrap());
}

fn number_of(row: &Row) -> u64 {
    u64::from_le_bytes(row.value.clone().try_into().unwrap())
}

/// Increases the number in a row once, with a checked change. Returns whether it succeeded.
fn raise(engine: &dyn Engine) -> bool {
    let old = get(engine, "n");
    let version = old.as_ref().map(|row| row.version);
    let value = old.map_or(0, |row| number_of(&row));
    let raised = put("n", version.unwrap_or(0) + 1, &(value + 1).to_le_bytes());
    match commit(engine, writes([raised]).expecting("n", version)) {
        Ok(_) => true,
        Err(CommitError::Conflict) => false,
        Err(other) => panic!("{other:?}"),
    }
}

pub(super) fn no_checked_update_is_lost(open: Open) {
    let engine = open();
    together(|_| {
        for _ in 0..EACH {
            while !raise(&*engine) {}
        }
    });
    let raised = THREADS * EACH;
    assert_eq!(get(&*engine, "n"), Some(row(raised, &raised.to_le_bytes())));
}

pub(super) fn a_commit_is_seen_by_who_was_answered(open: Open) {
    let engine = open();
    together(|number| {
        for round in 1..=EACH {
            let own = format!("own {number}");
            commit(&*engine, writes([put(&own, round, b"")])).unwrap();
            let seen = get(&*engine, &own).map(|row| row.version);
            assert_eq!(seen, Some(round), "{own}");
        }
    });
}

pub(super) fn no_command_is_lost_or_doubled(open: Open) {
    let engine = open();
    let store = Store::new(engine.clone(), Clock::System);
    let done = AtomicU64::new(0);
    together(|_| {
        for _ in 0..EACH {
            let raised = store.run_now(Origin::SYSTEM, |transaction| {
                let old = transaction.row(&key("n")).now()?;
                let old = old.map_or(0, |row| number_of(&row));
                transaction
                    .put_bytes(&key("n"), (old + 1).to_le_bytes().to_vec())
                    .now()
            });
            match raised {
                Ok(()) => done.fetch_add(1, Ordering::Relaxed),
                Err(StoreError::Contended) => 0,
                Err(other) => panic!("{other:?}"),
            };
        }
    });
    let done = done.into_inner();
    assert!(done >= EACH);
    let found = get(&*engine, "n").unwrap();
    assert_eq!((found.version, number_of(&found)), (done, done));
}

pub(super) fn many_commands_on_one_record_all_succeed(open: Open) {
    let engine = open();
    let store = Store::new(engine.clone(), Clock::System);
    let all_have_read = Barrier::new(CROWD);
    thread::scope(|scope| {
        for _ in 0..CROWD {
            scope.spawn(|| {
                let mut runs = 0;
                let answer: Result<(), StoreError> = store.run_now(Origin::SYSTEM, |transaction| {
                    transaction.guard(&key("g")).now()?;
                    runs += 1;
                    if runs == 1 {
                        all_have_read.wait();
                    }
                    Ok(())
                });
                answer.unwrap();
                assert!(runs <= 2);
            });
        }
    });
    assert_eq!(get(&*engine, "g"), Some(row(CROWD as u64, b"")));
}

pub(super) fn a_fetched_row_is_a_check_once_it_is_read(open: Open) {
    let engine = open();
    let store = Store::new(engine.clone(), Clock::System);
    let (a, b, c) = (key("a"), key("b"), key("c"));
    commit(&*engine, writes([put("a", 1, b"1"), put("c", 1, b"1")])).unwrap();
    for (changed, version, wanted) in [("a", 2, 2), ("b", 1, 2), ("c", 2, 1)] {
        let mut runs = 0;
        let answer: Result<_, StoreError> = store.run_now(Origin::SYSTEM, |transaction| {
            runs += 1;
            transaction.fetch(&[&a, &b, &c]).now()?;
            if runs == 1 {
                commit(&*engine, writes([put(changed, version, b"2")])).unwrap();
            }
            let read = (transaction.row(&a).now()?, transaction.row(&b).now()?);
            transaction.guard(&key("n")).now()?;
            Ok(read)
        });
        assert_eq!(answer.unwrap(), (get(&*engine, "a"), get(&*engine, "b")));
        assert_eq!(runs, wanted, "{changed}");
    }
}

pub(super) fn a_command_is_contended_after_sixteen_runs(open: Open) {
    let engine = open();
    let store = Store::new(engine.clone(), Clock::System);
    let runs = Cell::new(0);
    let answer = store.run_now(Origin::SYSTEM, |transaction| {
        runs.set(runs.get() + 1);
        transaction.row(&key("n")).now()?;
        // Another thread is always faster. It is a separate thread because this one must not block.
        let raised = thread::scope(|scope| scope.spawn(|| raise(&*engine)).join());
        assert!(raised.unwrap());
        transaction.put_bytes(&key("n"), Vec::new()).now()
    });
    assert_eq!(answer, Err(StoreError::Contended));
    assert_eq!(runs.get(), 16);
    assert_eq!(get(&*engine, "n"), Some(row(16, &16u64.to_le_bytes())));
}

pub(super) fn the_log_is_dense_under_concurrency(open: Open) {
    let engine = open();
    together(|thread| {
        let mut last = 0;
        for number in 0..EACH {
            let event = |part: u8| {
                [
                    u8::try_from(thread).unwrap(),
                    u8::try_from(number).unwrap(),
                    part,
                ]
            };
            let change = Change::default().logging(&event(0)).logging(&event(1));
            let sequence = commit(&*engine, change).unwrap();
            assert!(sequence >= last + 2);
            last = sequence;
        }
    });
    let log = log(&*engine);
    assert_eq!(log.len() as u64, 2 * THREADS * EACH);
    assert_eq!(*engine.watch().borrow(), 2 * THREADS * EACH);
    let mut next = [0; THREADS as usize];
    for (wanted, pair) in (0..).zip(log.chunks(2)) {
        assert_eq!((pair[0].0, pair[1].0), (2 * wanted + 1, 2 * wanted + 2));
        let [thread, number, part] = pair[0].1[..] else {
            panic!("an event of another length");
        };
        // The events of a change are together, and each thread's changes are in order.
        assert_eq!((part, &pair[1].1[..]), (0, &[thread, number, 1][..]));
        assert_eq!(number, next[usize::from(thread)]);
        next[usize::from(thread)] += 1;
    }
}
