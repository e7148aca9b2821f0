//! `corkboard rules`: commands to write a rule (new, build, check, test), and to manage rules in a data folder while the
//! server is stopped (upload, list, dry-run, set).

mod build;
mod check;
mod component;
mod dry_run;
mod list;
mod new;
mod set;
mod templates;
mod test;
mod upload;

use std::path::Path;
use std::process::ExitCode;

use clap::Subcommand;

use super::Failure;
use super::temp_folder::TempFolder;
use crate::app;
use crate::config::Config;
use crate::model::RuleId;
use crate::rules::Host;

#[derive(Subcommand)]
pub enum Rules {
    /// Write a folder with a starter rule, its test cases and its build script.
    New(new::New),
    /// Build the rule in a folder and check it.
    Build(build::Build),
    /// Show what a rule imports and costs, or why the board would refuse it.
    Check(check::Check),
    /// Run a rule on test cases and show the answers that differ from the expected ones.
    Test(test::Test),
    /// Store a rule as a draft and print its ID. Stop the server first.
    Upload(upload::Upload),
    /// List all rules, newest first. Stop the server first.
    List,
    /// Show which verdicts a rule would change. A draft needs this before it can become active. Stop the server first.
    DryRun(dry_run::DryRun),
    /// Change a rule's state (active, shadow, draft, retired) or its parameters. Stop the server first.
    Set(set::Set),
}

impl Rules {
    pub async fn run(self, config: &Config) -> Result<ExitCode, Failure> {
        match self {
            Self::New(new) => new.run(),
            Self::Build(build) => build.run(config),
            Self::Check(check) => check.run(config),
            Self::Test(test) => test.run(config),
            Self::Upload(upload) => upload.run(config).await,
            Self::List => list::run(config).await,
            Self::DryRun(dry_run) => dry_run.run(config).await,
            Self::Set(set) => set.run(config).await,
        }
    }
}

/// A rule engine for one command, and its temporary folder. `counting`: counts instructions, which makes it slower.
fn engine(config: &Config, counting: bool) -> Result<(Host, TempFolder), Failure> {
    let folder = TempFolder::make("rules")?;
    let open = if counting { Host::counting } else { Host::open };
    let program = app::compiler(config);
    Ok((open(folder.path(), app::limits(config), &program)?, folder))
}

/// The bytes of a module, after a check of the file's size.
fn read_module(config: &Config, file: &Path) -> Result<Vec<u8>, Failure> {
    let named = |error| format!("{}: {error}", file.display());
    let size = std::fs::metadata(file).map_err(named)?.len();
    let most = config.rules.module_limit_kib as u64 * 1024;
    if size > most {
        return Err(format!(
            "{}: the module has {size} bytes, and the limit is {most}. To raise it, change the setting \
             rules.module_limit_kib or set CORKBOARD__RULES__MODULE_LIMIT_KIB in the environment",
            file.display()
        )
        .into());
    }
    Ok(std::fs::read(file).map_err(named)?)
}

/// A rule's ID as `rules list` shows it.
fn rule_id(text: &str) -> Result<RuleId, String> {
    text.parse()
        .map_err(|_| "not a rule ID; `corkboard rules list` shows the IDs".to_owned())
}
