//! The command line: one file per command. The exit status is 0 for success, 1 for failure, 2 for wrong usage. Errors go
//! to standard error and say what to do next.

mod account;
mod backup;
mod check;
mod completions;
mod demo;
mod export;
mod import;
mod init;
mod man;
mod openapi;
mod print;
mod reindex;
mod restore;
mod rules;
mod serve;
mod temp_folder;

use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, ConfigError};
use crate::telemetry;
use print::Unprinted;

#[derive(Parser)]
#[command(
    name = "corkboard",
    version,
    about = "A part-time job board for a campus.",
    after_help = "First steps: `corkboard demo` shows a campus with invented people. `corkboard init` writes \
                  config.toml and creates the first admin; `corkboard serve` then runs the board. `corkboard man --servers` \
                  says how several servers run one board."
)]
struct Line {
    /// The settings file [default: config.toml in the current folder, if there is one].
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder for all data [default: the setting data.dir].
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the job board.
    Serve(serve::Serve),
    /// Write a commented config.toml and create the first admin.
    Init(init::Init),
    /// Create, suspend and reinstate accounts, and reset passwords. Stop the server first.
    #[command(subcommand)]
    Account(account::Account),
    /// Import students, employers or jobs from a CSV file. Stop the server first.
    Import(import::Import),
    /// Check that the stored data is complete and consistent.
    Check(check::Check),
    /// Save all data to one file that `restore` can read.
    Backup(backup::Backup),
    /// Restore a board from a backup file. Stop the server first.
    Restore(restore::Restore),
    /// Write every record as JSON, for another system.
    Export(export::Export),
    /// Write, check and test campus rules, and choose which are active.
    #[command(subcommand)]
    Rules(rules::Rules),
    /// Rebuild the search index. Stop the server first.
    Reindex,
    /// Print the description of the HTTP API (OpenAPI 3.1).
    Openapi,
    /// Print a script that completes commands in your shell.
    Completions(completions::Completions),
    /// Print the manual page, or write one page per command to a folder.
    Man(man::Man),
    /// Try Corkboard: run a temporary campus with real postings and one login per role.
    Demo(demo::Demo),
}

/// Why a command failed, in words for the person who ran it.
type Failure = Box<dyn std::error::Error>;

/// Parses this process's arguments and runs the command.
pub fn run() -> ExitCode {
    // The board starts itself with this command; help and manual do not show it.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|command| command == crate::rules::COMMAND)
    {
        return crate::rules::compile_for_board();
    }
    let line = Line::parse();
    let outcome = line.run();
    let code = match outcome {
        Ok(code) => code,
        Err(failure) => {
            let unprinted = failure.downcast_ref::<Unprinted>();
            if !unprinted.is_some_and(Unprinted::has_no_reader) {
                telemetry::say(format_args!("corkboard: {failure}"));
            }
            ExitCode::FAILURE
        }
    };
    telemetry::finish();
    code
}

impl Line {
    fn run(self) -> Result<ExitCode, Failure> {
        let settings = self.config.as_deref();
        match self.command {
            Command::Serve(serve) => serve.run(load(settings, self.data_dir)?),
            Command::Account(account) => wait(account.run(&load(settings, self.data_dir)?)),
            Command::Import(import) => wait(import.run(&load(settings, self.data_dir)?)),
            Command::Check(check) => wait(check.run(&load(settings, self.data_dir)?)),
            Command::Backup(backup) => wait(backup.run(&load(settings, self.data_dir)?)),
            Command::Restore(restore) => wait(restore.run(&load(settings, self.data_dir)?)),
            Command::Export(export) => wait(export.run(&load(settings, self.data_dir)?)),
            Command::Rules(rules) => wait(rules.run(&load(settings, self.data_dir)?)),
            Command::Reindex => wait(reindex::run(&load(settings, self.data_dir)?)),
            Command::Init(init) => {
                if let Some(file) = init.printed() {
                    print::print(file)?;
                    return Ok(ExitCode::SUCCESS);
                }
                init.write_settings(settings, self.data_dir.as_deref())?;
                wait(init.run(&load(settings, self.data_dir)?))
            }
            // These read no settings.
            Command::Demo(demo) => demo.run(settings, self.data_dir),
            Command::Openapi => openapi::run(),
            Command::Completions(completions) => completions.run(),
            Command::Man(man) => man.run(),
        }
    }
}

/// Runs a command that uses the store.
fn wait<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // As a trait object, so that it is compiled once, and not again in several modules of Tokio.
    let command: Pin<&mut dyn Future<Output = Result<T, Failure>>> = pin!(command);
    runtime.block_on(command)
}

fn load(settings: Option<&Path>, data_dir: Option<PathBuf>) -> Result<Config, ConfigError> {
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let mut config = Config::load(settings, environment)?;
    config.data.dir = data_dir.unwrap_or(config.data.dir);
    Ok(config)
}
