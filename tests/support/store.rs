//! Where the boards of tests keep their records: in files of the data folder, or, with `CORKBOARD_TEST_STORE=postgres`, in
//! databases of one PostgreSQL server, one for each data folder.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex, PoisonError};

use corkboard::config::{Config, StoreEngine};

use super::postgres::{Database, Server};

const VARIABLE: &str = "CORKBOARD_TEST_STORE";

/// Tests that use files in any case, and why. Each entry is the start of their names.
const ON_FILES: &[(&str, &str)] = &[
    ("backup::", "moves and replaces files of the data folder"),
    ("cli::", "looks at the files of the data folder"),
    ("commands::", "names the files of the data folder"),
    ("database::", "chooses the store itself"),
    ("durability::", "cuts the files off"),
    ("formats::", "is about the format of files"),
    ("full_disk::", "fills the disk of the data folder"),
    ("kills::", "chooses the store itself"),
    ("logs::", "runs the server in the folder of a board"),
    ("rules_cli::", "runs commands next to files"),
    ("two_servers::", "chooses the store itself"),
];

/// The databases by data folder, for a board that starts again.
static DATABASES: LazyLock<Mutex<HashMap<PathBuf, Board>>> = LazyLock::new(Mutex::default);

struct Board {
    database: Database<'static>,
    /// Whether the folder was there at some time. One that a test has removed needs no database any more.
    had_folder: bool,
}

/// The settings of a board with this data folder.
pub fn config(folder: &Path) -> Config {
    let mut config = Config::default();
    folder.clone_into(&mut config.data.dir);
    if let Some(url) = database_of(folder) {
        config.store.engine = StoreEngine::Postgres;
        config.store.url = url;
    }
    config
}

/// Lets a command use the same store.
pub fn choose(command: &mut Command, folder: &Path) {
    if let Some(url) = database_of(folder) {
        command.env("CORKBOARD__STORE__ENGINE", "postgres");
        command.env("CORKBOARD__STORE__URL", url);
    }
}

/// The database of a data folder. `None`: its records are in files.
fn database_of(folder: &Path) -> Option<String> {
    let wanted = std::env::var(VARIABLE).ok()?;
    assert_eq!(wanted, "postgres", "{VARIABLE} can only be postgres");
    let thread = std::thread::current();
    // libtest names the threads of tests, unless it runs one test at a time.
    let test = thread.name().filter(|name| *name != "main");
    let test = test.expect("run the tests with --test-threads of 2 or more");
    if let Some((_, why)) = ON_FILES.iter().find(|(start, _)| test.starts_with(start)) {
        eprintln!("{test} uses files: it {why}");
        return None;
    }
    let mut databases = DATABASES.lock().unwrap_or_else(PoisonError::into_inner);
    let is_gone = |folder: &PathBuf, board: &mut Board| {
        let is_there = folder.exists();
        board.had_folder |= is_there;
        board.had_folder && !is_there
    };
    let gone: Vec<_> = databases
        .extract_if(|folder, board| is_gone(folder, board))
        .collect();
    let own = std::path::absolute(folder).unwrap();
    let own = databases.entry(own).or_insert_with(|| Board {
        database: Server::shared().database(),
        had_folder: false,
    });
    for (_, old) in gone {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", old.database.name);
        own.database.sql(&drop);
    }
    Some(own.database.url())
}
