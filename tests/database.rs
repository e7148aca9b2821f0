//! A board whose records are in a PostgreSQL database: it moves there and back by a backup, and serves from there.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::postgres::Server;
use crate::support::process::{Process, corkboard, create_board};

const EMAIL: &str = "office@example.edu";
const STUDENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cli/demo/students.csv");
const EMPLOYERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cli/demo/employers.csv");

/// A folder, and the database with the records.
struct Board<'a> {
    folder: &'a Path,
    url: &'a str,
}

impl Board<'_> {
    fn command(&self) -> Command {
        let mut command = corkboard(self.folder);
        command.env("CORKBOARD__STORE__ENGINE", "postgres");
        command.env("CORKBOARD__STORE__URL", self.url);
        command
    }

    fn serve(&self) -> Process {
        let mut command = self.command();
        Process::start(command.args(["serve", "--listen", "127.0.0.1:0"]))
    }
}

/// What it printed, after it succeeded.
#[track_caller]
fn done(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

#[track_caller]
fn failed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

/// The records of an export, without the change log.
fn records(command: &mut Command, folder: &Path) -> Vec<String> {
    done(command.arg("export").arg(folder));
    let lines = std::fs::read_to_string(folder.join("records.jsonl")).unwrap();
    let is_record = |line: &&str| {
        let line: Value = serde_json::from_str(line).unwrap();
        line["kind"] != "logEntry"
    };
    let records = lines.lines().filter(is_record).map(str::to_owned);
    records.collect()
}

#[tokio::test]
async fn a_board_moves_to_a_database_and_back() {
    let place = tempfile::tempdir().unwrap();
    let folder = |name: &str| {
        let folder = place.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    };
    let (files, there, back) = (folder("files"), folder("there"), folder("back"));
    create_board(&files);
    done(corkboard(&files).args(["import", "employers", EMPLOYERS]));
    done(corkboard(&files).args(["import", "students", STUDENTS]));
    let mut create = corkboard(&files);
    create.args(["account", "create", "--role", "admin", "--email", EMAIL]);
    let password = done(create.args(["--name", "Office", "--generate"]));
    let backup = place.path().join("one.backup");
    done(corkboard(&files).arg("backup").arg(&backup));

    let server = Server::shared();
    let database = server.database();
    let board = Board {
        folder: &there,
        url: &database.url(),
    };
    let restored = done(board.command().arg("restore").arg(&backup));
    assert!(restored.contains(" rows restored: "), "{restored}");
    for more in [&["restore"][..], &["restore", "--replace"]] {
        let refused = failed(board.command().args(more).arg(&backup));
        assert!(
            refused.contains("the database already holds data"),
            "{refused}"
        );
    }
    let of_files = records(&mut corkboard(&files), &place.path().join("e1"));
    let of_database = records(&mut board.command(), &place.path().join("e2"));
    assert!(of_files.len() > 100);
    assert_eq!(of_files, of_database);

    // A change that was acknowledged is there after a kill, and a log-in works.
    let mut served = board.serve();
    let login = json!({ "email": EMAIL, "password": password.trim() });
    let token = log_in(&served, &login).await;
    let words = json!({ "name": "Office of Student Employment" });
    let changed = request(&served, reqwest::Method::PATCH, "me", &token);
    let changed = changed.json(&words).send().await.unwrap();
    assert_eq!(changed.status(), 200, "{}", changed.text().await.unwrap());
    served.kill();
    let served = board.serve();
    let me = request(&served, reqwest::Method::GET, "me", &token);
    let me: Value = me.send().await.unwrap().json().await.unwrap();
    assert_eq!(me["account"]["name"], words["name"], "{me}");
    // While the server runs.
    let checked = done(board.command().arg("check"));
    assert!(checked.ends_with(" No problems found.\n"), "{checked}");
    let backup = place.path().join("two.backup");
    done(board.command().arg("backup").arg(&backup));
    drop(served);

    done(corkboard(&back).arg("restore").arg(&backup));
    let checked = done(corkboard(&back).arg("check"));
    assert!(checked.ends_with(" No problems found.\n"), "{checked}");
    let back = records(&mut corkboard(&back), &place.path().join("e3"));
    assert!(
        back.iter()
            .any(|one| one.contains("Office of Student Employment"))
    );
}

fn request(
    served: &Process,
    method: reqwest::Method,
    path: &str,
    token: &str,
) -> reqwest::RequestBuilder {
    let url = format!("{}/api/v1/{path}", served.url);
    served.client.request(method, url).bearer_auth(token)
}

async fn log_in(served: &Process, login: &Value) -> String {
    let url = format!("{}/api/v1/auth/login", served.url);
    let answer = served.client.post(url).json(login).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    let token = answer["accessToken"].as_str();
    token.unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[test]
fn a_database_that_cannot_be_used_is_named_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let said = |url| {
        let board = Board {
            folder: folder.path(),
            url,
        };
        failed(board.command().arg("check"))
    };
    let refused = said("postgres://corkboard:hunter2@127.0.0.1:1/board");
    assert!(refused.contains("database board at 127.0.0.1"), "{refused}");
    assert!(!refused.contains("hunter2"), "{refused}");
    let missing = said("");
    assert!(missing.contains("postgres://"), "{missing}");
}
