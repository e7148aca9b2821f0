//! The command line: one file per command. Exit status 0 done, 1 failed, 2 wrong usage; errors go to standard error and
//! say what to do next.

mod account;
mod check;
mod completions;
mod demo;
mod import;
mod init;
mod man;
mod openapi;
mod print;
mod reindex;
mod rules;
mod serve;
mod throw_away;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, ConfigError};
use crate::telemetry;
use print::Unprinted;

#[derive(Parser)]
#[command(
    name = "corkboard",
    version,
    about = "A part-time job board for a campus."
)]
struct Line {
    /// Settings; without it, config.toml in this folder if there is one.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where everything is kept, in place of the setting data.dir.
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the job board.
    Serve(serve::Serve),
    /// Writes a commented config.toml and makes the first admin.
    Init(init::Init),
    /// Makes accounts, suspends them, sets their passwords.
    #[command(subcommand)]
    Account(account::Account),
    /// Reads students, employers or jobs from a CSV file.
    Import(import::Import),
    /// Looks for anything wrong in what is stored; changes nothing.
    Check,
    /// Writes, checks and tests campus rules, and decides which of them count.
    #[command(subcommand)]
    Rules(rules::Rules),
    /// Makes the search index anew.
    Reindex,
    /// Prints the description of the HTTP API (OpenAPI 3.1).
    Openapi,
    /// Prints what a shell needs to complete commands.
    Completions(completions::Completions),
    /// Prints the manual page, or writes one per command.
    Man(man::Man),
    /// Runs a throw-away campus with real postings, and prints one log-in per role.
    Demo(demo::Demo),
}

/// Why a command failed, in words for the person who typed it.
type Failure = Box<dyn std::error::Error>;

/// Parses the arguments of this process and does what they say.
pub fn run() -> ExitCode {
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
        // These need no settings, or write them first.
        match &self.command {
            Command::Openapi => return openapi::run(),
            Command::Completions(completions) => return completions.run(),
            Command::Man(man) => return man.run(),
            Command::Init(init) => {
                if let Some(file) = init.printed() {
                    print::print(file)?;
                    return Ok(ExitCode::SUCCESS);
                }
                init.write_settings(self.config.as_deref())?;
            }
            _ => {}
        }
        let config = load(&self)?;
        match self.command {
            Command::Serve(serve) => serve.run(config),
            Command::Init(init) => init.run(&config),
            Command::Account(account) => account.run(&config),
            Command::Import(import) => import.run(&config),
            Command::Check => check::run(&config),
            Command::Rules(rules) => rules.run(&config),
            Command::Reindex => reindex::run(&config),
            Command::Demo(demo) => demo.run(config),
            Command::Openapi | Command::Completions(_) | Command::Man(_) => Ok(ExitCode::SUCCESS),
        }
    }
}

fn load(line: &Line) -> Result<Config, ConfigError> {
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let mut config = Config::load(line.config.as_deref(), environment)?;
    if let Some(folder) = &line.data_dir {
        config.data.dir.clone_from(folder);
    }
    Ok(config)
}
