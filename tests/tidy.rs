//! Holds the house to src/README.md: which room may use which, who may import the heavy crates, how long files get.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Floors, lowest first; a room uses the rooms of floors below its own, and its neighbours' types where listed here.
const FLOORS: &[&[&str]] = &[
    &["model"],
    &["clock", "config", "telemetry"],
    &["store"],
    &["search", "rules", "mail", "auth"],
    &["eligibility"],
    &["accounts", "jobs", "applications", "office"],
    &["followers"],
    &["http"],
    &["app"],
    &["cli"],
];

/// Uses on the same floor that are meant.
const NEIGHBOURS: &[(&str, &str)] = &[
    ("accounts", "applications"),
    ("accounts", "jobs"),
    ("applications", "jobs"),
    ("office", "jobs"),
    ("config", "clock"),
];

/// Crates that one room alone may know.
const KEPT: &[(&str, &[&str])] = &[
    ("actix_web", &["http", "app", "cli"]),
    ("redb", &["store"]),
    ("tantivy", &["search"]),
    ("lettre", &["mail"]),
    ("minijinja", &["mail"]),
    ("argon2", &["auth"]),
    ("jsonwebtoken", &["auth"]),
    ("governor", &["auth"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("utoipa", &["http"]),
    ("prometheus_client", &["http"]),
    ("wasmtime", &["rules"]),
    ("wit_component", &["cli"]),
    ("wit_parser", &["cli"]),
];

/// Moves of a record's state, which one room alone makes; everybody else asks that room. The model keeps the state itself
/// private, and the store writes the event of each change.
const MOVES: &[(&str, &[&str])] = &[
    (
        "jobs",
        &[
            "Job::draft(",
            "Job::close",
            ".publish(",
            ".approve(",
            ".close()",
            ".decline(",
            ".orphan(",
            ".expire()",
            ".take_position()",
            ".fill_if_full()",
            "job.follow_source(",
        ],
    ),
    ("applications", &["Application::submitted(", ".make("]),
    (
        "store",
        &[
            "log(Event::StudentChanged",
            "log(Event::EmployerChanged",
            "log(Event::JobChanged",
            "log(Event::ApplicationMoved",
        ],
    ),
];

const MAX_LINES: usize = 400;

/// Longer than that for a reason.
const LONG_FILES: &[(&str, &str)] = &[("src/store/keys.rs", "the map of every key is one page")];

/// Words that must not land, put together here so that this file does not hold them.
fn banned() -> Vec<String> {
    [
        ("to", "do!("),
        ("unimplem", "ented!("),
        ("db", "g!("),
        ("FIX", "ME"),
        ("XX", "X"),
        ("#[ign", "ore"),
        ("in a real ", "system"),
    ]
    .iter()
    .map(|(a, b)| format!("{a}{b}"))
    .collect()
}

fn sources() -> BTreeMap<String, String> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    walk(&root.join("src"), &mut paths);
    let named = |path: PathBuf| {
        let name = path
            .strip_prefix(root)
            .unwrap()
            .to_string_lossy()
            .replace('\\', "/");
        (name, fs::read_to_string(path).unwrap())
    };
    paths.into_iter().map(named).collect()
}

/// The room a file stands in; none for the doors (lib.rs, main.rs).
fn room(file: &str) -> Option<&str> {
    let inside = file.strip_prefix("src/")?;
    let room = inside.split('/').next()?.trim_end_matches(".rs");
    (!matches!(room, "lib" | "main")).then_some(room)
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

/// A file without its tests and comments.
fn code(text: &str) -> String {
    let text = text
        .split("\n#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or(text);
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn is_test(file: &str) -> bool {
    [
        "/tests/",
        "/tests.rs",
        "conformance",
        "crash",
        "/model_test",
    ]
    .iter()
    .any(|part| file.contains(part))
}

#[test]
fn a_room_uses_only_what_lies_below_it() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let Some(own) = room(&file) else { continue };
        let own_floor = floor(own)
            .unwrap_or_else(|| panic!("{file}: the room {own} has no floor in tests/tidy.rs"));
        for used in code(&text).split("crate::").skip(1) {
            // `use crate::{a, b}` names several rooms.
            let names = used.strip_prefix('{').map_or_else(
                || vec![used],
                |inside| {
                    inside
                        .split('}')
                        .next()
                        .unwrap_or_default()
                        .split(',')
                        .collect()
                },
            );
            for name in names {
                let used: String = name
                    .trim()
                    .chars()
                    .take_while(char::is_ascii_lowercase)
                    .collect();
                let Some(used_floor) = floor(&used) else {
                    continue;
                };
                let fine = used == own
                    || used_floor < own_floor
                    || NEIGHBOURS.contains(&(own, used.as_str()));
                if !fine {
                    wrong.push(format!("{file} uses {used}, which is not below {own}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_heavy_crate_has_one_room() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let Some(own) = room(&file) else { continue };
        let code = code(&text);
        for (name, rooms) in KEPT {
            let used = code.contains(&format!("use {name}"))
                || code.contains(&format!(" {name}::"))
                || code.contains(&format!("({name}::"));
            if used && !rooms.contains(&own) {
                wrong.push(format!("{file} knows {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_change_of_state_has_one_owner() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let Some(own) = room(&file) else { continue };
        if own == "model" || is_test(&file) {
            continue;
        }
        let code = code(&text);
        for (owner, moves) in MOVES {
            for one in moves.iter().filter(|one| code.contains(**one)) {
                if own != *owner {
                    wrong.push(format!("{file} has {one}, which is for {owner} alone"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_stay_short_and_say_what_they_are_for() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let lines = text.lines().count();
        if lines > MAX_LINES && !is_test(&file) && !LONG_FILES.iter().any(|(long, _)| *long == file)
        {
            wrong.push(format!("{file} has {lines} lines"));
        }
        if !text.starts_with("//!") {
            wrong.push(format!("{file} does not open with what it is for"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn nothing_unfinished_lands() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        for word in banned() {
            if text.contains(&word) {
                wrong.push(format!("{file} holds {word}"));
            }
        }
        if !is_test(&file) && code(&text).contains(".unwrap()") {
            wrong.push(format!("{file} unwraps outside its tests"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
