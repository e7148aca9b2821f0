//! How a command runs: again on conflict, once on any other failure.

use std::cell::Cell;

use super::super::keys::cursor;
use super::super::reader::WALK_ROWS;
use super::super::{InjectedFailure, MemoryEngine};
use super::*;
use crate::model::{Event, JobId, JobStatus, Timestamp};

fn store() -> (Arc<MemoryEngine>, Store) {
    let engine = Arc::new(MemoryEngine::default());
    let clock = Clock::fixed(Timestamp::from_millis(1_000));
    (engine.clone(), Store::new(engine, clock))
}

/// A command that sets a row and counts its runs.
fn set(store: &Store, runs: &Cell<usize>) -> Result<usize, StoreError> {
    store.run_now(Origin::SYSTEM, |transaction| {
        runs.set(runs.get() + 1);
        transaction
            .put_bytes(&cursor("test"), 7u64.to_be_bytes().to_vec())
            .now()?;
        Ok(runs.get())
    })
}

/// Runs the command with these injected failures. Returns its answer, how often it ran, and what is stored then.
fn with_failures(failures: &[InjectedFailure]) -> (Result<usize, StoreError>, usize, u64) {
    let (engine, store) = store();
    engine.plan(failures.iter().copied());
    let runs = Cell::new(0);
    let answer = set(&store, &runs);
    let stored = store.read().unwrap().cursor("test").now().unwrap();
    (answer, runs.get(), stored)
}

#[test]
fn a_command_runs_again_on_conflict() {
    assert_eq!(
        with_failures(&[InjectedFailure::Conflict; 3]),
        (Ok(4), 4, 7)
    );
    assert_eq!(
        with_failures(&[InjectedFailure::Conflict; 15]),
        (Ok(16), 16, 7)
    );
}

#[test]
fn a_command_that_always_conflicts_is_contended_after_sixteen_runs() {
    let contended = Err(StoreError::Contended);
    assert_eq!(
        with_failures(&[InjectedFailure::Conflict; 16]),
        (contended, 16, 0)
    );
}

#[test]
fn a_refused_commit_is_not_retried() {
    let busy = Err(StoreError::Busy);
    assert_eq!(
        with_failures(&[InjectedFailure::Busy]),
        (busy.clone(), 1, 0)
    );
    assert_eq!(
        with_failures(&[InjectedFailure::Conflict, InjectedFailure::Busy]),
        (busy, 2, 0)
    );
    let (answer, runs, stored) = with_failures(&[InjectedFailure::Unavailable]);
    assert!(matches!(answer, Err(StoreError::Unavailable(_))));
    assert_eq!((runs, stored), (1, 0));
}

#[test]
fn an_unknown_outcome_is_returned_and_not_retried() {
    for (failure, left) in [
        (InjectedFailure::UnknownLost, 0),
        (InjectedFailure::UnknownDone, 7),
    ] {
        let (answer, runs, stored) = with_failures(&[failure]);
        assert!(matches!(answer, Err(StoreError::Unknown(_))));
        assert_eq!((runs, stored), (1, left));
    }
}

#[test]
fn a_refusal_of_the_command_commits_nothing() {
    let (_, store) = store();
    let refused: Result<(), StoreError> = store.run_now(Origin::SYSTEM, |transaction| {
        transaction.put_bytes(&cursor("test"), vec![0; 8]).now()?;
        Err(StoreError::TooLarge("wish"))
    });
    assert_eq!(refused, Err(StoreError::TooLarge("wish")));
    assert_eq!(
        store.read().unwrap().bytes(&cursor("test")).now().unwrap(),
        None
    );
}

#[test]
fn a_command_that_only_reads_commits_nothing() {
    let (engine, store) = store();
    engine.plan([InjectedFailure::Unavailable]);
    let read: Result<bool, StoreError> = store.run_now(Origin::SYSTEM, |transaction| {
        Ok(transaction.row(&cursor("test")).now()?.is_some())
    });
    assert_eq!(read, Ok(false));
}

#[test]
fn the_log_says_when_who_and_what_in_order() {
    let (_, store) = store();
    let event = |number| Event::JobChanged {
        job_id: JobId::from_parts(0, number),
        from: None,
        to: JobStatus::Open,
    };
    for number in 0..4 {
        let logged: Result<(), StoreError> = store.run_now(Origin::OPERATOR, |transaction| {
            transaction.log(event(2 * number))?;
            transaction.log(event(2 * number + 1))
        });
        logged.unwrap();
    }
    let reader = store.read().unwrap();
    assert_eq!(reader.log_end().now().unwrap(), 8);
    assert_eq!(*store.watch().borrow(), 8);
    let found = reader.log_after(0, 100).now().unwrap();
    for (number, logged) in (0..).zip(&found) {
        assert_eq!(logged.sequence, number + 1);
        assert_eq!(logged.entry.event, event(number));
        assert_eq!(logged.entry.at, Timestamp::from_millis(1_000));
        assert_eq!(logged.entry.actor, Actor::Operator);
    }
    assert_eq!(reader.log_after(5, 2).now().unwrap(), found[5..7]);
    assert_eq!(reader.log_after(8, 2).now().unwrap(), []);
    let before = reader.log_before(4, 2).now().unwrap();
    assert_eq!(before, [found[2].clone(), found[1].clone()]);
    assert_eq!(reader.log_before(1, 2).now().unwrap(), []);
}

#[test]
fn every_key_of_a_prefix_is_visited() {
    let (_, store) = store();
    let many = 2 * WALK_ROWS;
    let key = |number: usize| Key::from_bytes(format!("K{number:05}").as_bytes());
    let filled: Result<(), StoreError> = store.run_now(Origin::SYSTEM, |transaction| {
        (0..many).try_for_each(|number| transaction.put_bytes(&key(number), Vec::new()).now())
    });
    filled.unwrap();
    let mut walk = store.read().unwrap().walk(&Key::from_bytes(b"K"));
    let mut seen = Vec::new();
    while let Some(keys) = walk.next_keys().now().unwrap() {
        seen.extend(keys);
    }
    assert_eq!(seen, (0..many).map(key).collect::<Vec<_>>());
}

/// A task of Tokio may poll only so often before it must yield.
#[tokio::test]
async fn a_task_that_blocks_may_wait_for_many_changes() {
    let (_, store) = store();
    for number in 0..1_000_u32 {
        let key = Key::from_bytes(&number.to_be_bytes());
        let put = async |transaction: &mut Transaction| transaction.put_bytes(&key, vec![1]).await;
        let done: Result<(), StoreError> = wait(store.run(Origin::SYSTEM, put));
        done.unwrap();
    }
}
