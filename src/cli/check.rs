//! `corkboard check`: looks for damage in the stored data, while the server is stopped. Changes nothing, except that it
//! closes a store that a crash left open.

use std::process::ExitCode;

use super::Failure;
use super::print::print_line;
use crate::app;
use crate::config::Config;
use crate::store::{self, Checked};
use crate::telemetry::say;

/// Problems printed one by one; past this limit they are only counted.
const MAX_SHOWN: u64 = 1_000;

pub fn run(config: &Config) -> Result<ExitCode, Failure> {
    let reader = app::read_only_store(config)?;
    let mut reported = 0;
    let Checked {
        rows,
        records,
        wrong,
    } = store::check(&reader, &mut |what| {
        reported += 1;
        if reported <= MAX_SHOWN {
            say(what);
        }
    })?;
    print_line(format_args!(
        "{rows} rows and {records} records checked, problems found: {wrong}"
    ))?;
    if wrong == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    say(
        "corkboard: the stored data is damaged; restore a backup. This command does not check the search index; \
         `corkboard reindex` rebuilds it",
    );
    Ok(ExitCode::FAILURE)
}
