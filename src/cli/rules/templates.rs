//! What `corkboard rules new` writes: the contract, and the worked examples of `rules/examples` under another name, so that
//! what an author begins with is what the tests build and run.

use clap::ValueEnum;

#[derive(Clone, Copy, ValueEnum)]
pub enum Language {
    Js,
    Rust,
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
const README: File = ("README.md", include_str!("templates/README.md"));
const JAVASCRIPT: &[File] = &[
    (
        "rule.js",
        include_str!("../../../rules/examples/javascript/rule.js"),
    ),
    ("build", include_str!("templates/javascript/build")),
];
const RUST: &[File] = &[
    ("src/lib.rs", include_str!("templates/rust/lib.rs")),
    ("Cargo.toml", include_str!("templates/rust/Cargo.toml")),
    ("build", include_str!("templates/rust/build")),
];
const PYTHON: &[File] = &[
    (
        "rule.py",
        include_str!("../../../rules/examples/python/rule.py"),
    ),
    ("build", include_str!("templates/python/build")),
];

/// The name of the examples' rule, as each language writes it; the reason codes of that name stay.
const NAMED: [&str; 3] = ["name: \"", "name = \"", "name=\""];
const EXAMPLE: &str = "weekly-hours\"";

/// The files of a rule of that name.
pub fn files(language: Language, name: &str) -> Vec<Template> {
    let own = match language {
        Language::Js => JAVASCRIPT,
        Language::Rust => RUST,
        Language::Python => PYTHON,
    };
    let all = [CONTRACT, CASES, README]
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
