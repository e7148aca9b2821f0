//! When a follower runs, and when it does not.

use tokio::sync::oneshot;

use super::*;
use crate::clock::Clock;
use crate::store::{Change, CommitError, Engine, MemoryEngine, Origin, Transaction, View};

/// An engine that other servers may use, too.
#[derive(Default)]
struct Shared(MemoryEngine);

impl Engine for Shared {
    fn view(&self) -> Result<View, StoreError> {
        self.0.view()
    }

    fn submit(&self, change: Change) -> oneshot::Receiver<Result<u64, CommitError>> {
        self.0.submit(change)
    }

    fn watch(&self) -> watch::Receiver<u64> {
        self.0.watch()
    }

    fn is_shared(&self) -> bool {
        true
    }
}

/// What the follower was asked to do.
type Seen = Arc<std::sync::Mutex<Vec<&'static str>>>;

/// Writes a row with each step, as often as the log grows.
struct Writer(Seen);

impl Writer {
    fn saw(&self, what: &'static str) {
        self.0.lock().unwrap().push(what);
    }
}

impl Follower for Writer {
    const NAME: &'static str = "writer";

    async fn begin(&mut self, _: &Turn) -> Result<u64, FollowError> {
        self.saw("begin");
        Ok(0)
    }

    async fn step(&mut self, turn: &Turn) -> Result<Next, FollowError> {
        let write = async |transaction: &mut Transaction| {
            transaction
                .put_bytes(&keys::cursor("writer"), Vec::new())
                .await
        };
        let position = turn.log_end();
        match turn.store.run(Origin::SYSTEM, write).await {
            Ok(()) => self.saw("step"),
            Err(error) => {
                self.saw("failed");
                return Err(FollowError::Store(error));
            }
        }
        Ok(Next::Log {
            position,
            pause: Duration::ZERO,
            at_latest: None,
        })
    }

    async fn end(&mut self, _: &Turn) {
        self.saw("end");
    }
}

struct Bench {
    store: Store,
    seen: Seen,
    status: Arc<FollowerStatus>,
    stop: watch::Sender<bool>,
    lease: watch::Sender<Option<u64>>,
}

impl Bench {
    fn new(engine: Arc<dyn Engine>) -> (Self, Driver<Writer>) {
        let bench = Self {
            store: Store::new(engine, Clock::System),
            seen: Seen::default(),
            status: Arc::new(FollowerStatus::new(Writer::NAME)),
            stop: watch::Sender::new(false),
            lease: watch::Sender::new(None),
        };
        let driver = Driver {
            follower: Writer(bench.seen.clone()),
            store: bench.store.clone(),
            status: bench.status.clone(),
            stop: bench.stop.subscribe(),
            lease: bench.lease.subscribe(),
        };
        (bench, driver)
    }

    /// Another server takes the lease, or a first one.
    async fn take_lease(&self) -> u64 {
        let take = async |transaction: &mut Transaction| {
            transaction.put_bytes(&keys::lease(), Vec::new()).await?;
            let row = transaction.row(&keys::lease()).await?;
            Ok::<_, StoreError>(row.unwrap().version)
        };
        self.store.run(Origin::SYSTEM, take).await.unwrap()
    }

    /// Lets the driver run until it only waits.
    async fn settle(&self) {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }

    fn seen(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

#[tokio::test]
async fn on_a_shared_store_it_runs_where_the_lease_is() {
    let (bench, driver) = Bench::new(Arc::new(Shared::default()));
    let test = async {
        bench.settle().await;
        assert_eq!(bench.seen(), [""; 0]);
        assert_eq!(bench.status.state(), FollowerState::Standby);
        let term = bench.take_lease().await;
        bench.lease.send_replace(Some(term));
        bench.settle().await;
        assert_eq!(bench.seen(), ["begin", "step"]);
        assert_eq!(bench.status.state(), FollowerState::Running);
        assert_eq!(bench.status.lag(3), Some(3));
        bench.lease.send_replace(None);
        bench.settle().await;
        assert_eq!(bench.seen(), ["end"]);
        assert_eq!(bench.status.state(), FollowerState::Standby);
        assert_eq!(bench.status.lag(3), None);
        bench.stop.send_replace(true);
    };
    tokio::join!(test, driver.run());
    assert_eq!(bench.status.state(), FollowerState::Stopped);
    assert_eq!(bench.seen(), [""; 0]);
}

/// A server that was away does not know that another one has the lease.
#[tokio::test]
async fn with_an_old_lease_it_changes_nothing() {
    let (bench, driver) = Bench::new(Arc::new(Shared::default()));
    let old = bench.take_lease().await;
    bench.take_lease().await;
    bench.lease.send_replace(Some(old));
    let test = async {
        bench.settle().await;
        assert_eq!(bench.seen(), ["begin", "failed"]);
        let reader = bench.store.read().unwrap();
        let written = reader.bytes(&keys::cursor("writer")).await;
        assert_eq!(written.unwrap(), None);
        bench.stop.send_replace(true);
    };
    tokio::join!(test, driver.run());
    assert_eq!(bench.seen(), ["end"]);
}

#[tokio::test]
async fn on_a_store_of_its_own_it_needs_no_lease() {
    let (bench, driver) = Bench::new(Arc::new(MemoryEngine::default()));
    let test = async {
        bench.settle().await;
        assert_eq!(bench.seen(), ["begin", "step"]);
        bench.stop.send_replace(true);
    };
    tokio::join!(test, driver.run());
    assert_eq!(bench.seen(), ["end"]);
}

/// A board in a test that fails is dropped, not stopped.
#[tokio::test]
async fn it_ends_when_nobody_can_stop_it_any_more() {
    let (bench, driver) = Bench::new(Arc::new(MemoryEngine::default()));
    let (seen, status) = (bench.seen.clone(), bench.status.clone());
    let test = async move {
        bench.settle().await;
        drop(bench);
    };
    tokio::join!(test, driver.run());
    assert_eq!(*seen.lock().unwrap(), ["begin", "step", "end"]);
    assert_eq!(status.state(), FollowerState::Stopped);
}
