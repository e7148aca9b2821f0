//! Three servers of one store.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicI64, Ordering};

use super::*;
use crate::auth::{Attempt, Client, Flow, Share, ThrottleSecret};
use crate::clock::Clock;
use crate::model::Network;
use crate::store::{Direction, KeyRange, MemoryEngine};

fn attempt(address: &str) -> Attempt<'_> {
    let network = Network::from("192.0.2.1".parse::<std::net::IpAddr>().unwrap());
    Attempt {
        address,
        client: Client {
            network,
            share: Share::One,
        },
        flow: Flow::Network(network),
        account: None,
        device: None,
    }
}

fn server(secret: ThrottleSecret) -> LogInFollower {
    let limit = NonZeroU32::new(20).unwrap();
    LogInFollower::new(Arc::new(LogInLimits::new(limit, limit).shared(secret)))
}

fn guess(follower: &LogInFollower, address: &str, times: usize) {
    for _ in 0..times {
        follower.limits.admit(attempt(address)).unwrap().failed();
    }
}

#[tokio::test]
async fn guesses_on_all_servers_count_together() {
    let now = Arc::new(AtomicI64::new(0));
    let clock = Clock::Fixed(now.clone());
    let store = Store::new(Arc::new(MemoryEngine::default()), clock);
    let secret = ThrottleSecret::random();
    let (mut one, mut two, mut three) = (server(secret), server(secret), server(secret));
    for _ in 0..10 {
        guess(&one, "ann", 1);
        guess(&two, "ann", 1);
        for follower in [&mut one, &mut two] {
            follower.tell(&store).await.unwrap();
            follower.listen(&store).await.unwrap();
        }
    }
    // The other's last guess may be heard in the next second.
    one.listen(&store).await.unwrap();
    for follower in [&one, &two] {
        assert!(follower.limits.admit(attempt("ann")).is_err());
    }
    // A server that starts now hears of it, and counts nothing twice.
    three.listen(&store).await.unwrap();
    assert!(three.limits.admit(attempt("ann")).is_err());
    let fresh = server(secret);
    guess(&fresh, "bob", 19);
    assert!(fresh.limits.admit(attempt("bob")).is_ok());

    // Old news has no effect, and the row of a server that is gone goes.
    now.store(OLD.as_millis() as i64, Ordering::Release);
    let mut late = server(secret);
    late.listen(&store).await.unwrap();
    assert!(late.limits.admit(attempt("ann")).is_ok());
    now.store(FORGOTTEN.as_millis() as i64 + 1, Ordering::Release);
    late.listen(&store).await.unwrap();
    let range = KeyRange::prefix(&keys::all_log_in_news());
    let reader = store.read().unwrap();
    let left = reader.scan_keys(&range, Direction::Forward, 9).await;
    assert_eq!(left.unwrap(), []);
}
