//! `corkboard check`: looks for damage in the stored data, while the server is stopped. Without `--repair` it changes
//! nothing, except that it closes a store that a crash left open.

use std::process::ExitCode;

use clap::Args;

use super::Failure;
use super::print::{counted, print_line};
use super::temp_folder::TempFolder;
use crate::app;
use crate::clock::Clock;
use crate::config::{Config, StoreEngine};
use crate::store::{self, Checked};
use crate::telemetry::say;

/// Problems and repairs printed one by one; past this limit they are only counted.
const MAX_SHOWN: u64 = 1_000;

#[derive(Args)]
#[command(
    after_help = "Stop the server first, unless the records are in a database: then the check copies it into a temporary file, which \
                  needs free space in TMPDIR. `--repair` rebuilds indexes, unique keys and counts from the records, with all servers \
                  stopped. It cannot bring back a lost record or file: restore a backup for that. Before you use `--repair`, copy the \
                  data folder, or save a backup of the database."
)]
pub struct Check {
    /// Rebuild indexes, unique keys and counts where they are wrong.
    #[arg(long)]
    repair: bool,
}

impl Check {
    pub async fn run(self, config: &Config) -> Result<ExitCode, Failure> {
        app::check_backups(config)?;
        let mut reader = app::read_only_store(config)?;
        let is_database = config.store.engine == StoreEngine::Postgres;
        let copy = is_database.then(|| TempFolder::make("check")).transpose()?;
        if let Some(copy) = &copy {
            reader = store::copy(&reader, &copy.path().join("store.redb")).await?;
        }
        let mut checked = store::check(&reader, &mut first_ones()).await?;
        drop(reader);
        drop(copy);
        print_checked(checked)?;
        if self.repair && checked.wrong > 0 {
            let store = app::existing_store(config, Clock::System)?;
            let (mut repaired, mut show) = (0, first_ones());
            checked = store::repair(&store, &mut |what| {
                repaired += 1;
                show(what);
            })
            .await?;
            print_line(format_args!("rows repaired: {repaired}"))?;
            print_checked(checked)?;
        }
        if checked.wrong == 0 {
            return Ok(ExitCode::SUCCESS);
        }
        say(if self.repair {
            "corkboard: the rest cannot be repaired; restore a backup"
        } else {
            "corkboard: the stored data is damaged. Copy the data folder, then try `corkboard check --repair`, or restore a backup. This command \
             does not check the search index; `corkboard reindex` rebuilds it"
        });
        Ok(ExitCode::FAILURE)
    }
}

fn print_checked(checked: Checked) -> Result<(), Failure> {
    let Checked {
        rows,
        records,
        wrong,
    } = checked;
    let (rows, records) = (counted(rows, "row"), counted(records, "record"));
    let checked = format!("Checked {rows} and {records}.");
    if wrong == 0 {
        print_line(format_args!("{checked} No problems found."))?;
    } else {
        print_line(format_args!("{checked} Problems found: {wrong}."))?;
    }
    Ok(())
}

/// Prints the first sentences that it gets.
fn first_ones() -> impl FnMut(String) {
    let mut shown = 0;
    move |what| {
        shown += 1;
        if shown <= MAX_SHOWN {
            say(what);
        }
    }
}
