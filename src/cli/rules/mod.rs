//! `corkboard rules`: for who writes a rule (new, build, check, test), and the life of a module in a data folder that no
//! server has (upload, list, dry-run, set).

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
use super::throw_away::ThrowAway;
use crate::app;
use crate::config::Config;
use crate::model::RuleId;
use crate::rules::Host;

#[derive(Subcommand)]
pub enum Rules {
    /// Writes a folder with a rule to begin with, its cases and how it is built.
    New(new::New),
    /// Builds the rule of a folder and checks it.
    Build(build::Build),
    /// Tells what a module is, asks for and costs, or why the board would refuse it.
    Check(check::Check),
    /// Asks a module about cases and tells where it answers otherwise than expected.
    Test(test::Test),
    /// Keeps a module as a draft.
    Upload(upload::Upload),
    /// Lists the campus's modules, the newest first.
    List,
    /// Tells which verdicts a module would change; changes none.
    DryRun(dry_run::DryRun),
    /// Makes a module active, a shadow, a draft or retired, or gives it parameters.
    Set(set::Set),
}

impl Rules {
    pub fn run(self, config: &Config) -> Result<ExitCode, Failure> {
        match self {
            Self::New(new) => new.run(),
            Self::Build(build) => build.run(config),
            Self::Check(check) => check.run(config),
            Self::Test(test) => test.run(config),
            Self::Upload(upload) => upload.run(config),
            Self::List => list::run(config),
            Self::DryRun(dry_run) => dry_run.run(config),
            Self::Set(set) => set.run(config),
        }
    }
}

/// An engine for one command, and where it compiles to. `counting`: counts instructions, and is slower for it.
fn engine(config: &Config, counting: bool) -> Result<(Host, ThrowAway), Failure> {
    let folder = ThrowAway::make("rules")?;
    let open = if counting { Host::counting } else { Host::open };
    let program = app::compiler(config);
    Ok((open(folder.path(), app::limits(config), &program)?, folder))
}

/// The bytes of a module, which are looked at by their number first.
fn read_module(config: &Config, file: &Path) -> Result<Vec<u8>, Failure> {
    let named = |error| format!("{}: {error}", file.display());
    let size = std::fs::metadata(file).map_err(named)?.len();
    let most = config.rules.module_limit_kib as u64 * 1024;
    if size > most {
        return Err(format!(
            "{}: it has {size} bytes, and the campus takes {most}; the setting rules.module_limit_kib raises that, as \
             CORKBOARD__RULES__MODULE_LIMIT_KIB in the environment does",
            file.display()
        )
        .into());
    }
    Ok(std::fs::read(file).map_err(named)?)
}

/// The id of a rule as `rules list` shows it.
fn rule_id(text: &str) -> Result<RuleId, String> {
    text.parse()
        .map_err(|_| "this is no rule's id; `corkboard rules list` shows them".to_owned())
}
