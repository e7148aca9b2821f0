//! `corkboard check`: looks for anything wrong in what is stored, the server being stopped. Changes
//! nothing, but for closing what a crash left open.

use std::process::ExitCode;

use super::Failure;
use super::print::print_line;
use crate::app;
use crate::config::Config;
use crate::store::{self, Checked};
use crate::telemetry::say;

/// Findings that are told one by one; beyond them only their number.
const TOLD: u64 = 1_000;

pub fn run(config: &Config) -> Result<ExitCode, Failure> {
    let reader = app::look_at_store(config)?;
    let mut told = 0;
    let Checked {
        rows,
        records,
        wrong,
    } = store::check(&reader, &mut |what| {
        told += 1;
        if told <= TOLD {
            say(what);
        }
    })?;
    print_line(format_args!(
        "{rows} rows, {records} records, {wrong} wrong"
    ))?;
    if wrong == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    say(
        "corkboard: restore a backup of the data folder. This does not check the search index; `corkboard reindex` rebuilds it",
    );
    Ok(ExitCode::FAILURE)
}
