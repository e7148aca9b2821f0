//! Two servers on one database, each with a data folder of its own: what one acknowledged, the other knows at once, and
//! what must happen once happens once.

mod background;
mod keys;
mod rules;
mod sessions;
mod writes;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use corkboard::clock::Clock;
use corkboard::model::Role;
use corkboard::store::{PostgresEngine, PostgresOptions, Store};
use futures_util::StreamExt as _;
use reqwest::RequestBuilder;
use serde_json::Value;

use crate::support::postgres::{Database, Server};
use crate::support::process::{Process, corkboard};
use crate::support::{Reply, people, send};

/// A database and the data folders of two servers. What the servers do not offer is written through `store`.
struct Place {
    database: Database<'static>,
    folders: [tempfile::TempDir; 2],
    store: Store,
}

impl Place {
    fn new() -> Self {
        let database = Server::shared().database();
        let options = PostgresOptions {
            connections: 2,
            ..PostgresOptions::new(database.url())
        };
        let engine = PostgresEngine::open(options).unwrap();
        Self {
            database,
            folders: [0, 1].map(|_| tempfile::tempdir().unwrap()),
            store: Store::new(Arc::new(engine), Clock::System),
        }
    }

    /// The program with the folder of a server.
    fn command(&self, folder: &Path) -> Command {
        let mut command = corkboard(folder);
        command.env("CORKBOARD__STORE__ENGINE", "postgres");
        command.env("CORKBOARD__STORE__URL", self.database.url());
        command.env("CORKBOARD__STORE__CONNECTIONS", "8");
        command
    }

    fn serve(&self, which: usize) -> Process {
        let mut command = self.command(self.folders[which].path());
        Process::start(command.args(["serve", "--listen", "127.0.0.1:0"]))
    }

    /// Starts both servers at the same time.
    fn serve_both(&self) -> [Process; 2] {
        std::thread::scope(|scope| {
            let started = [0, 1].map(|which| scope.spawn(move || self.serve(which)));
            started.map(|one| one.join().unwrap())
        })
    }

    /// What a command prints, after it succeeded.
    #[track_caller]
    fn done(&self, args: &[&str]) -> String {
        let output = self.command(self.folders[0].path()).args(args).output();
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        String::from_utf8(output.stdout).unwrap()
    }

    async fn account(&self, role: Role, email: &str) {
        people::make(&self.store, role, &[email.to_owned()]).await;
    }
}

/// Most requests at once.
const AT_ONCE: usize = 32;

/// Sends all, many at the same time, and reads the answers in this order.
async fn send_all(requests: Vec<RequestBuilder>) -> Vec<Reply> {
    let replies = futures_util::stream::iter(requests.into_iter().map(send));
    let replies = replies.buffered(AT_ONCE).map(Result::unwrap);
    replies.collect().await
}

/// The `jobId` and so on of an answer.
fn text<'a>(answer: &'a Value, member: &str) -> &'a str {
    let value = answer[member].as_str();
    value.unwrap_or_else(|| panic!("no {member} in {answer}"))
}
