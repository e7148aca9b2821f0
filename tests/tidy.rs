//! Checks the code against src/README.md: which module may use which, who may import the heavy crates, how long files
//! get.

mod contract;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The layers, lowest first. A module uses the modules of layers below its own, and those listed in NEIGHBORS.
const LAYERS: &[&[&str]] = &[
    &["model"],
    &["clock", "config", "telemetry", "words"],
    &["store"],
    &["search", "rules", "mail", "auth"],
    &["eligibility"],
    &["accounts", "jobs", "applications", "office"],
    &["followers"],
    &["http"],
    &["app"],
    &["cli"],
];

/// Intended uses within the same layer.
const NEIGHBORS: &[(&str, &str)] = &[
    ("accounts", "applications"),
    ("accounts", "jobs"),
    ("applications", "jobs"),
    ("office", "accounts"),
    ("office", "jobs"),
];

/// Crates that only some modules may use.
const CRATE_OWNERS: &[(&str, &[&str])] = &[
    ("actix_web", &["http", "app", "cli"]),
    ("age", &["config", "store"]),
    ("rusty_s3", &["followers"]),
    ("ureq", &["followers"]),
    ("redb", &["store"]),
    ("tokio_postgres", &["store"]),
    ("tantivy", &["search"]),
    ("lettre", &["mail"]),
    ("minijinja", &["http", "mail"]),
    ("argon2", &["auth"]),
    ("jsonwebtoken", &["auth"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("utoipa", &["http"]),
    ("prometheus_client", &["http"]),
    ("wasmtime", &["rules"]),
    ("wasmparser", &["rules"]),
    ("rustix", &["rules", "store"]),
    ("wit_component", &["cli"]),
    ("wit_parser", &["cli"]),
];

/// Changes of a record's state that only one module makes; all others call it. The model keeps the state private, and
/// the store writes the event of each change.
const STATE_CHANGES: &[(&str, &[&str])] = &[
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
    (
        "applications",
        &["Application::submitted(", ".change_status("],
    ),
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

/// Words that must not be committed, assembled here so that this file does not contain them.
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
    rust_files("src")
}

/// The Rust files in a folder of the repository, by path.
fn rust_files(folder: &str) -> BTreeMap<String, String> {
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
    walk(&root.join(folder), &mut paths);
    let named = |path: PathBuf| {
        let name = path.strip_prefix(root).unwrap().to_string_lossy();
        let name = name.replace('\\', "/");
        (name, fs::read_to_string(path).unwrap())
    };
    paths.into_iter().map(named).collect()
}

/// A file's module. `None` for lib.rs and main.rs.
fn module_of(file: &str) -> Option<&str> {
    let inside = file.strip_prefix("src/")?;
    let module = inside.split('/').next()?.trim_end_matches(".rs");
    (!matches!(module, "lib" | "main")).then_some(module)
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|modules| modules.contains(&module))
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
        "/earlier.rs",
        "/model_test",
    ]
    .iter()
    .any(|part| file.contains(part))
}

#[test]
fn a_module_uses_only_lower_layers() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let Some(own) = module_of(&file) else {
            continue;
        };
        let own_layer = layer(own)
            .unwrap_or_else(|| panic!("{file}: the module {own} has no layer in tests/tidy.rs"));
        for used in code(&text).split("crate::").skip(1) {
            // `use crate::{a, b}` names several modules.
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
                let Some(used_layer) = layer(&used) else {
                    continue;
                };
                let fine = used == own
                    || used_layer < own_layer
                    || NEIGHBORS.contains(&(own, used.as_str()));
                if !fine {
                    wrong.push(format!("{file} uses {used}, which is not below {own}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_heavy_crate_has_one_owner() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let Some(own) = module_of(&file) else {
            continue;
        };
        let code = code(&text);
        for (name, modules) in CRATE_OWNERS {
            let used = code.contains(&format!("use {name}"))
                || code.contains(&format!(" {name}::"))
                || code.contains(&format!("({name}::"));
            if used && !modules.contains(&own) {
                wrong.push(format!("{file} knows {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Commands take types and never see JSON. (The parameters of a rule module are `model::Parameters`, since only the
/// module's own schema knows their types.)
#[test]
fn commands_take_types() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let is_command = matches!(
            module_of(&file),
            Some("accounts" | "jobs" | "applications" | "office")
        );
        if is_command && !is_test(&file) && code(&text).contains("serde_json") {
            wrong.push(format!("{file} knows serde_json"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_change_of_state_has_one_owner() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let Some(own) = module_of(&file) else {
            continue;
        };
        // The store knows no states, and closes connections.
        if matches!(own, "model" | "store") || is_test(&file) {
            continue;
        }
        let code = code(&text);
        for (owner, moves) in STATE_CHANGES {
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
        if lines > MAX_LINES && !is_test(&file) {
            wrong.push(format!("{file} has {lines} lines"));
        }
        if !text.starts_with("//!") {
            wrong.push(format!("{file} does not open with what it is for"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn nothing_unfinished_is_committed() {
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

/// Most lines of a function, so that it fits on a screen. Lower it when none comes close.
const MAX_FUNCTION_LINES: usize = 70;

/// The functions of a file with their lengths. rustfmt aligns a closing brace with the start of its function.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some(at) = words.iter().position(|word| *word == "fn") else {
            continue;
        };
        let is_head = |word: &&str| {
            word.starts_with("pub") || matches!(*word, "async" | "const" | "in" | "super)")
        };
        if !words[..at].iter().all(is_head) {
            continue;
        }
        let name: String = words[at + 1]
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        let close = format!("{}}}", " ".repeat(indent));
        let end = lines[start..].iter().position(|line| {
            *line == close
                || (line.ends_with(';') && line.len() - line.trim_start().len() == indent)
        });
        found.push((name, end.expect("each function ends") + 1));
    }
    found
}

#[test]
fn functions_fit_a_screen() {
    let mut wrong = Vec::new();
    for (file, text) in sources().into_iter().filter(|(file, _)| !is_test(file)) {
        let text = text
            .split("\n#[cfg(test)]\nmod tests {")
            .next()
            .unwrap_or_default();
        for (name, lines) in functions(text) {
            if lines > MAX_FUNCTION_LINES {
                wrong.push(format!("{file}: {name} has {lines} lines"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// All Rust code of this repository, to find who else mentions an item.
fn all_rust() -> BTreeMap<String, String> {
    let folders = ["src", "tests", "benches"];
    folders.into_iter().flat_map(rust_files).collect()
}

fn words(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .collect()
}

/// Re-exporting an item does not count as using it.
fn without_exports(text: &str) -> String {
    let mut is_export = false;
    let kept = text.lines().filter(|line| {
        is_export |= line.starts_with("pub use ");
        let is_kept = !is_export;
        is_export &= !line.ends_with(';');
        is_kept
    });
    kept.collect::<Vec<_>>().join("\n")
}

/// A function or constant that only its own file mentions needs no `pub`, and one that nobody mentions is dead. (Types
/// may have to be public because a public function names them.)
#[test]
fn nothing_is_public_that_nobody_uses() {
    let texts: BTreeMap<String, String> = all_rust()
        .into_iter()
        .map(|(file, text)| (file, without_exports(&text)))
        .collect();
    let words: BTreeMap<&str, BTreeSet<&str>> = texts
        .iter()
        .map(|(file, text)| (file.as_str(), words(text)))
        .collect();
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        for line in text.lines() {
            let Some(item) = line
                .strip_prefix("pub ")
                .or_else(|| line.strip_prefix("    pub "))
            else {
                continue;
            };
            let mut parts = item
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .filter(|part| !part.is_empty())
                .skip_while(|part| matches!(*part, "const" | "async") && !item.contains(": "));
            let kind = parts.next().unwrap_or_default();
            if !matches!(kind, "fn" | "const" | "static") {
                continue;
            }
            let Some(name) = parts.next() else { continue };
            let is_used = words
                .iter()
                .any(|(other, words)| *other != file && words.contains(name));
            if !is_used {
                wrong.push(format!("{file}: {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// An exception that nothing needs would hide the next fault.
#[test]
fn exceptions_are_needed() {
    let sources = sources();
    let mut wrong = Vec::new();
    let uses = |own: &str, used: &str| {
        sources.iter().any(|(file, text)| {
            module_of(file) == Some(own) && code(text).contains(&format!("crate::{used}"))
        })
    };
    for (own, used) in NEIGHBORS {
        if !uses(own, used) {
            wrong.push(format!("NEIGHBORS: {own} uses {used}"));
        }
    }
    for (name, modules) in CRATE_OWNERS {
        for own in *modules {
            let knows = |(file, text): (&String, &String)| {
                module_of(file) == Some(own) && code(text).contains(&format!("{name}::"))
            };
            if !sources.iter().any(knows) {
                wrong.push(format!("CRATE_OWNERS: {own} knows {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Everything that src/README.md names exists: modules of the picture, files, benches.
#[test]
fn the_architecture_page_names_what_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("src/README.md")).unwrap();
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let mut wrong = Vec::new();
    let picture = page.split("```").nth(1).expect("the picture of the layers");
    for (layer, modules) in LAYERS.iter().enumerate() {
        for module in *modules {
            let line = picture.lines().find(|line| {
                let names = words(line.split("  ").next().unwrap_or_default());
                names.contains(module)
                    || line.contains(&format!("{module}/"))
                    || line.contains(&format!("{module}.rs"))
            });
            if line.is_none() {
                wrong.push(format!("layer {} of the picture lacks {module}", layer + 1));
            }
        }
    }
    for name in page.split('`').skip(1).step_by(2) {
        let is_rust = Path::new(name).extension().is_some_and(|kind| kind == "rs");
        let is_path = is_rust && !name.contains([' ', '*', ':']);
        let places = [
            "",
            "src/",
            "benches/",
            "tests/",
            "src/search/",
            "src/store/",
        ];
        if is_path
            && !places
                .iter()
                .any(|place| root.join(place).join(name).exists())
        {
            wrong.push(format!("there is no {name}"));
        }
    }
    let costs = page
        .split("## What it costs")
        .nth(1)
        .expect("what it costs");
    let costs = costs.split("\n## ").next().unwrap_or_default();
    for bench in manifest.split("[[bench]]\nname = \"").skip(1) {
        let name = bench.split('"').next().unwrap_or_default();
        if name != "relevance" && !costs.contains(&format!("`{name}`")) {
            wrong.push(format!("nothing says what the bench {name} measures"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
