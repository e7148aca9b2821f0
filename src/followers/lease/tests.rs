//! Two servers and one lease.

use std::sync::Arc;

use super::*;
use crate::clock::Clock;
use crate::store::{InjectedFailure, MemoryEngine};

fn server(store: &Store) -> Keeper {
    Keeper::new(store.clone(), watch::Sender::new(None))
}

fn term(keeper: &Keeper) -> Option<u64> {
    *keeper.term.borrow()
}

/// The store refuses what an earlier holder does.
async fn may_write(store: &Store, term: u64) -> bool {
    let write = async |transaction: &mut Transaction| {
        transaction
            .put_bytes(&keys::cursor("test"), Vec::new())
            .await
    };
    let fenced = store.fenced(keys::lease(), term);
    match fenced.run::<(), StoreError>(Origin::SYSTEM, write).await {
        Ok(()) => true,
        Err(StoreError::Fenced) => false,
        Err(error) => panic!("{error}"),
    }
}

fn new_store() -> (Arc<MemoryEngine>, Store) {
    let engine = Arc::new(MemoryEngine::default());
    let store = Store::new(engine.clone(), Clock::System);
    (engine, store)
}

#[tokio::test]
async fn one_holds_it_as_long_as_it_writes() {
    let (_, store) = new_store();
    let (mut one, mut other) = (server(&store), server(&store));
    let start = Instant::now();
    for beat in 0..100 {
        one.look(start + beat * BEAT).await;
        other.look(start + beat * BEAT).await;
        assert_eq!((term(&one), term(&other)), (Some(1), None));
    }
    assert!(may_write(&store, 1).await);
}

#[tokio::test]
async fn another_takes_over_from_one_that_is_gone() {
    let (_, store) = new_store();
    let (mut gone, mut other) = (server(&store), server(&store));
    let start = Instant::now();
    gone.look(start).await;
    other.look(start).await;
    other.look(start + PATIENCE.saturating_sub(BEAT)).await;
    assert_eq!(term(&other), None, "it was not patient");
    other.look(start + PATIENCE).await;
    assert_eq!(term(&other), Some(2));
    assert!(may_write(&store, 2).await);
    // The first was only away. It learns that, and could not have changed anything meanwhile.
    assert!(!may_write(&store, 1).await);
    for _ in 0..2 {
        gone.look(start + PATIENCE).await;
        assert_eq!(term(&gone), None);
    }
}

#[tokio::test]
async fn of_two_that_take_over_at_once_one_succeeds() {
    let (_, store) = new_store();
    let start = Instant::now();
    server(&store).look(start).await;
    let (mut one, mut other) = (server(&store), server(&store));
    one.look(start).await;
    other.look(start).await;
    let later = start + PATIENCE;
    tokio::join!(one.look(later), other.look(later));
    assert_ne!(term(&one).is_some(), term(&other).is_some());
}

#[tokio::test]
async fn a_released_lease_is_taken_at_once() {
    let (_, store) = new_store();
    let (mut one, mut other) = (server(&store), server(&store));
    let start = Instant::now();
    one.look(start).await;
    one.release().await;
    assert_eq!(term(&one), None);
    other.look(start).await;
    assert_eq!(term(&other), Some(3), "the release is a term of its own");
}

/// Whoever holds it stops before another one may begin.
#[tokio::test]
async fn a_holder_without_the_store_stops_in_time() {
    let (engine, store) = new_store();
    let mut one = server(&store);
    let mut now = Instant::now();
    one.look(now).await;
    let last = now;
    while term(&one).is_some() {
        now += BEAT;
        engine.plan([InjectedFailure::Unavailable]);
        one.look(now).await;
    }
    assert!(now - last < PATIENCE, "{:?}", now - last);
    // The store is back, and nobody has taken it.
    one.look(now).await;
    assert_eq!(term(&one), Some(1));
}
