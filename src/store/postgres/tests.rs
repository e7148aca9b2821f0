//! Tests on a real server of what only this engine has: its queue, several nodes, outages. What all engines share is in
//! `conformance`.

mod nodes;
mod outages;
mod proxy;
mod server;
mod views;

use super::{PostgresEngine, PostgresOptions};
use crate::store::conformance::{
    commit, commit_all, get, get_in, key, log, put, row, scan, sum, writes,
};
use crate::store::engine::{
    Change, CommitError, Direction, Engine as _, KeyRange, MAX_VALUE_BYTES, StoreError, Write,
};
use crate::store::keys;

pub(in crate::store) use server::Server;

impl server::Database<'_> {
    pub(in crate::store) fn options(&self) -> PostgresOptions {
        PostgresOptions::new(self.url())
    }

    fn open(&self) -> PostgresEngine {
        PostgresEngine::open(self.options()).unwrap()
    }
}

#[test]
fn a_full_queue_is_busy() {
    let database = Server::shared().database();
    let engine = database.open();
    let big = vec![0; MAX_VALUE_BYTES];
    // Busy with this one for a while.
    let first = engine.submit(writes([put("big", 1, &big)]));
    let answers = commit_all(&engine, (0..6000).map(|_| writes([put("a", 1, b"")])));
    let busy = Err(CommitError::Store(StoreError::Busy));
    assert!(answers.contains(&busy));
    assert!(answers.iter().all(|one| one.is_ok() || *one == busy));
    assert!(first.blocking_recv().unwrap().is_ok());
    let load = engine.load();
    let accepted = answers.iter().filter(|one| one.is_ok()).count() as u64;
    assert_eq!((load.changes, load.waiting), (accepted + 1, 0));
    assert!(load.commits < load.changes);
    assert_eq!(load.trouble, None);
}

#[test]
fn no_password_is_shown() {
    for url in [
        "postgres://corkboard:hunter2@%2Fnowhere/board",
        "postgres://corkboard:hunter2@127.0.0.1:1/board",
        "postgres://corkboard:p@hunter2@127.0.0.1:1/board",
        "postgres://corkboard:x/hunter2@127.0.0.1:1/board",
        "postgres://corkboard:x@127.0.0.1:1/board?password=hunter2",
        "postgres://corkboard:x@127.0.0.1:1/board?hunter2",
        "postgres://corkboard:x@127.0.0.1:1/board?hunter2=x",
        "postgres://corkboard:hunter2",
        "host=127.0.0.1 port=1 password=x hunter2=y",
    ] {
        let options = PostgresOptions::new(url);
        assert!(!format!("{options:?}").contains("hunter2"));
        let Err(StoreError::Unavailable(text)) = PostgresEngine::open(options) else {
            panic!("{url} was opened");
        };
        assert!(!text.contains("hunter2"), "{text}");
        assert!(!text.is_empty());
    }
}
