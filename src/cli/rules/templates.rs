//! The files that `corkboard rules new` writes: the contract and the examples from `rules/examples` with the new name. So
//! authors start with code that the tests build and run.

use clap::ValueEnum;

#[derive(Clone, Copy, ValueEnum)]
pub enum Language {
    Js,
    Rust,
    C,
    Python,
}

pub struct Template {
    pub path: &'static str,
    pub text: String,
}

type File = (&'static str, &'static str);

pub(super) const CONTRACT: File = (
    "wit/rules.wit",
    include_str!("../../../rules/wit/v1/rules.wit"),
);
const CASES: File = (
    "cases.json",
    include_str!("../../../rules/examples/cases.json"),
);
/// The .gitignore: what a build creates.
const IGNORED: File = (".gitignore", "rule.wasm\ntarget/\n.venv/\n__pycache__/\n");
const README: File = ("README.md", include_str!("templates/README.md"));
const JAVASCRIPT: &[File] = &[
    (
        "rule.js",
        include_str!("../../../rules/examples/javascript/rule.js"),
    ),
    ("build", include_str!("templates/javascript/build")),
];
const RUST: &[File] = &[
    (
        "src/lib.rs",
        include_str!("../../../rules/examples/rust/src/lib.rs"),
    ),
    (
        "Cargo.toml",
        include_str!("../../../rules/examples/rust/Cargo.toml"),
    ),
    (
        "Cargo.lock",
        include_str!("../../../rules/examples/rust/Cargo.lock"),
    ),
    ("build", include_str!("templates/rust/build")),
];
const C: &[File] = &[
    ("rule.c", include_str!("../../../rules/examples/c/rule.c")),
    (
        "campus.h",
        include_str!("../../../rules/examples/c/campus.h"),
    ),
    (
        "campus.c",
        include_str!("../../../rules/examples/c/campus.c"),
    ),
    ("build", include_str!("templates/c/build")),
];
const PYTHON: &[File] = &[
    (
        "rule.py",
        include_str!("../../../rules/examples/python/rule.py"),
    ),
    ("build", include_str!("templates/python/build")),
];

/// How each language writes the example's name. Reason codes with that name do not change.
const NAMED: [&str; 4] = ["name: \"", "name = \"", "name=\"", "name = say(\""];
const EXAMPLE: &str = "weekly-hours\"";

/// The files of a new rule with this name.
pub fn files(language: Language, name: &str) -> Vec<Template> {
    let own = match language {
        Language::Js => JAVASCRIPT,
        Language::Rust => RUST,
        Language::C => C,
        Language::Python => PYTHON,
    };
    let all = [CONTRACT, CASES, IGNORED, README]
        .into_iter()
        .chain(own.iter().copied());
    let named = |(path, text): File| Template {
        path,
        text: named(text, name),
    };
    all.map(named).collect()
}

fn named(text: &str, name: &str) -> String {
    let mut text = text.replace("{name}", name);
    for before in NAMED {
        let example = format!("{before}{EXAMPLE}");
        text = text.replace(&example, &format!("{before}{name}\""));
    }
    text
}
