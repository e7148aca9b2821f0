//! Data of another version of Corkboard. What a newer one wrote is refused by every command, and stays as it is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::support::process::{corkboard, create_board};

/// The files of a folder and of the folders in it.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            found.insert(path, bytes);
        }
    }
    found
}

/// Notes a format in a store's file, as another version would.
fn set_format(store: &Path, format: u16) {
    let table = redb::TableDefinition::<(), u16>::new("format");
    let database = redb::Database::open(store).unwrap();
    let transaction = database.begin_write().unwrap();
    let mut opened = transaction.open_table(table).unwrap();
    opened.insert((), format).unwrap();
    drop(opened);
    transaction.commit().unwrap();
}

#[test]
fn every_command_refuses_the_data_of_a_newer_corkboard() {
    let site = tempfile::tempdir().unwrap();
    let path = |name: &str| site.path().join(name).to_str().unwrap().to_owned();
    let data = site.path().join("data");
    std::fs::create_dir(&data).unwrap();
    create_board(&data);
    let saved = corkboard(&data)
        .args(["backup", &path("saved")])
        .output()
        .unwrap();
    assert!(saved.status.success());
    std::fs::write(path("students.csv"), "name,email\nAnn,ann@example.edu\n").unwrap();
    set_format(&data.join("store.redb"), 9);
    let before = files(site.path());
    for arguments in [
        "serve --listen 127.0.0.1:0",
        "check",
        "backup ../new",
        "export ../new",
        "reindex",
        "restore ../saved",
        "restore --replace ../saved",
        "account suspend --email ann@example.edu",
        "import students ../students.csv",
        "rules list",
    ] {
        let output = corkboard(&data)
            .args(arguments.split(' '))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments}");
        let said = String::from_utf8(output.stderr).unwrap();
        let wanted = "data/store.redb was written by a newer Corkboard (format 9), and this one reads formats up to 2; use the newer \
                      program";
        assert!(said.contains(wanted), "{arguments}: {said}");
        assert!(files(site.path()) == before, "{arguments} changed a file");
    }
}
