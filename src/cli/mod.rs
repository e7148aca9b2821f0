//! The command line: one file per command. Exit status 0 done, 1 failed, 2 wrong usage; errors go to standard error and
//! say what to do next.

mod account;
mod demo;
mod import;
mod openapi;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, ConfigError};

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
    /// Makes accounts, suspends them, sets their passwords.
    #[command(subcommand)]
    Account(account::Account),
    /// Reads students, employers or jobs from a CSV file.
    Import(import::Import),
    /// Prints the description of the HTTP API (OpenAPI 3.1).
    Openapi,
    /// Runs a throw-away campus with real postings, and prints one log-in per role.
    Demo(demo::Demo),
}

/// Why a command failed, in words for the person who typed it.
type Failure = Box<dyn std::error::Error>;

/// Parses the arguments of this process and does what they say.
pub fn run() -> ExitCode {
    let line = Line::parse();
    let outcome = load(&line)
        .map_err(Failure::from)
        .and_then(|config| match line.command {
            Command::Serve(serve) => serve.run(config),
            Command::Account(account) => account.run(&config),
            Command::Import(import) => import.run(&config),
            Command::Openapi => openapi::run(),
            Command::Demo(demo) => demo.run(config),
        });
    match outcome {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("corkboard: {failure}");
            ExitCode::FAILURE
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
