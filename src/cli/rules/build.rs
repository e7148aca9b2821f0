//! `corkboard rules build`: runs the build script in a rule's folder, turns its output into a component if needed, and
//! checks the result.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::Args;

use super::{Failure, check, component};
use crate::config::Config;

/// The file that the build script creates.
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
        // A relative path would be resolved against the new working folder.
        let folder = self.folder.canonicalize().map_err(named)?;
        let command = folder.join("build");
        if !command.is_file() {
            return Err(format!(
                "{shown} has no file `build`; `corkboard rules new` creates a folder with one"
            )
            .into());
        }
        let made = folder.join(MADE);
        // An old module must not look like the result of this build.
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
            return Err(
                format!("{} succeeded but did not create {MADE}", command.display()).into(),
            );
        }
        let bytes = std::fs::read(&made).map_err(named)?;
        if component::is_core_module(&bytes) {
            let whole = component::of_core_module(&bytes)
                .map_err(|why| format!("{}: {why}", made.display()))?;
            std::fs::write(&made, whole).map_err(named)?;
        }
        check::show_module(config, &self.folder.join(MADE), false)
    }
}
