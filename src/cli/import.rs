//! `corkboard import`: imports students, employers or jobs from a CSV file, while the server is stopped.

use std::fs::File;
use std::io::{BufReader, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use super::Failure;
use super::print::print_line;
use crate::app;
use crate::clock::Clock;
use crate::config::Config;
use crate::model::Email;
use crate::office::{self, Kind, Options, Report};
use crate::store::Origin;
use crate::telemetry::say;

#[derive(Args)]
#[command(after_help = columns())]
pub struct Import {
    /// What the file holds.
    kind: KindName,
    /// The CSV file, with a header row. `-` reads standard input.
    file: PathBuf,
    /// Show what would happen. Changes nothing.
    #[arg(long)]
    dry_run: bool,
    /// The email of the employer for jobs whose row names none.
    #[arg(long, value_name = "EMAIL")]
    owner: Option<String>,
    /// Refuse a file with an unknown column, and exit with status 1 if a row is rejected.
    #[arg(long)]
    strict: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum KindName {
    Students,
    Employers,
    Jobs,
}

impl Import {
    pub async fn run(self, config: &Config) -> Result<ExitCode, Failure> {
        let owner = self.owner.as_deref().map(Email::parse).transpose();
        let import = office::Import {
            store: &app::existing_store(config, Clock::System)?,
            campus: &config.campus(),
            origin: Origin::OPERATOR,
            kind: match self.kind {
                KindName::Students => Kind::Students,
                KindName::Employers => Kind::Employers,
                KindName::Jobs => Kind::Jobs,
            },
            options: Options {
                dry_run: self.dry_run,
                owner: owner.map_err(|message| format!("--owner {message}"))?,
                strict: self.strict,
                alone: true,
            },
        };
        let (source, progress): (Box<dyn std::io::Read>, _) = if self.file.as_os_str() == "-" {
            (Box::new(std::io::stdin().lock()), ProgressBar::hidden())
        } else {
            let file = File::open(&self.file)
                .map_err(|error| format!("{}: {error}", self.file.display()))?;
            let progress = progress_bar(file.metadata()?.len());
            (Box::new(progress.wrap_read(BufReader::new(file))), progress)
        };
        let rejected = |rejection| progress.suspend(|| say(rejection));
        let report = import.run(source, rejected).await?;
        progress.finish_and_clear();
        let Report {
            created,
            updated,
            unchanged,
            rejected,
            ignored_columns,
        } = report;
        if !ignored_columns.is_empty() {
            say(format_args!(
                "ignored unknown columns: {}",
                ignored_columns.join(", ")
            ));
        }
        let would = if self.dry_run {
            " (dry run: nothing was changed)"
        } else {
            ""
        };
        print_line(format_args!(
            "{created} created, {updated} updated, {unchanged} unchanged, {rejected} rejected{would}"
        ))?;
        Ok(if self.strict && rejected > 0 {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    }
}

/// The columns of each kind of file, for the help.
fn columns() -> String {
    let lines = [
        ("students", Kind::Students),
        ("employers", Kind::Employers),
        ("jobs", Kind::Jobs),
    ]
    .map(|(name, kind)| {
        let (known, required) = kind.columns();
        let star = |column: &&str| if required.contains(column) { "*" } else { "" };
        let columns: Vec<_> = known
            .iter()
            .map(|column| format!("{column}{}", star(column)))
            .collect();
        format!("  {name}: {}", columns.join(", "))
    });
    format!("Columns (* required):\n{}", lines.join("\n"))
}

/// A progress bar on a terminal; hidden elsewhere.
fn progress_bar(bytes: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes}, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(bytes).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
