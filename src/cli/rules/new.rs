//! `corkboard rules new`: creates a folder with a working sample rule to edit.

use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;

use super::Failure;
use super::templates::{Language, Template, files};
use crate::office;
use crate::rules::BUILT_IN;
use crate::telemetry::say;

#[derive(Args)]
pub struct New {
    /// The language to write the rule in.
    #[arg(long, value_enum)]
    lang: Language,
    /// The name of the rule and of its folder.
    #[arg(value_parser = name)]
    name: String,
}

/// A rule's name that compilers accept too.
fn name(text: &str) -> Result<String, String> {
    let name = office::rule_name(text).map_err(|invalid| invalid.to_string())?;
    if BUILT_IN.iter().any(|built_in| built_in.name == name) {
        return Err(format!("{name} is the name of a built-in rule"));
    }
    if name.starts_with(|letter: char| letter.is_ascii_lowercase()) && !name.ends_with('-') {
        Ok(name)
    } else {
        Err("name must start with a letter and not end with a hyphen".into())
    }
}

impl New {
    pub fn run(self) -> Result<ExitCode, Failure> {
        let Self { lang, name } = self;
        let folder = Path::new(&name);
        match std::fs::create_dir(folder) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return Err(format!("{name} already exists; choose another name").into());
            }
            made => made.map_err(|error| format!("{name}: {error}"))?,
        }
        for Template { path, text } in files(lang, &name) {
            let file = folder.join(path);
            if let Some(parent) = file.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
            if path == "build" {
                make_runnable(&file)?;
            }
        }
        say(format_args!("created the folder {name}. Next:"));
        if matches!(lang, Language::Python) {
            // The module contains Python itself.
            say("  export CORKBOARD__RULES__MODULE_LIMIT_KIB=20480");
        }
        say(format_args!(
            "  corkboard rules build {name}\n  corkboard rules test {name}/rule.wasm --cases {name}/cases.json"
        ));
        Ok(ExitCode::SUCCESS)
    }
}

fn make_runnable(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755))
}
