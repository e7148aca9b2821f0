//! `corkboard rules build`: runs the build command of a rule's folder, makes a component of what it made where it is none,
//! and checks that.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::Args;

use super::{Failure, check, component};
use crate::config::Config;

/// What the folder's command makes.
const MADE: &str = "rule.wasm";

#[derive(Args)]
pub struct Build {
    /// The folder that `corkboard rules new` made.
    #[arg(default_value = ".")]
    folder: PathBuf,
}

impl Build {
    pub fn run(self, config: &Config) -> Result<ExitCode, Failure> {
        let shown = self.folder.display();
        let named = |error| format!("{shown}: {error}");
        // A relative program would be looked for beside the folder it is started in.
        let folder = self.folder.canonicalize().map_err(named)?;
        let command = folder.join("build");
        if !command.is_file() {
            return Err(format!(
                "{shown} has no file `build`; `corkboard rules new` writes a folder that has"
            )
            .into());
        }
        let made = folder.join(MADE);
        // What an earlier build left must not pass for this one's.
        if made.exists() {
            std::fs::remove_file(&made).map_err(named)?;
        }
        let status = Command::new(&command)
            .current_dir(&folder)
            .status()
            .map_err(|error| format!("{}: {error}", command.display()))?;
        if !status.success() {
            return Err(format!("{} failed: {status}", command.display()).into());
        }
        if !made.is_file() {
            return Err(format!("{} ended well and made no {MADE}", command.display()).into());
        }
        let bytes = std::fs::read(&made).map_err(named)?;
        if component::is_core_module(&bytes) {
            let whole = component::of_core_module(&bytes)
                .map_err(|why| format!("{}: {why}", made.display()))?;
            std::fs::write(&made, whole).map_err(named)?;
        }
        check::look_into(config, &self.folder.join(MADE), false)
    }
}
