//! `corkboard reindex`: deletes the search index and rebuilds it, while the server is stopped.

use std::io::ErrorKind;
use std::process::ExitCode;

use super::Failure;
use super::print::print_line;
use crate::app;
use crate::clock::Clock;
use crate::config::Config;
use crate::followers::rebuild;

pub fn run(config: &Config) -> Result<ExitCode, Failure> {
    // Stays open until the index is built, so that no server can start meanwhile.
    let store = app::open_store(config, Clock::System)?;
    let folder = app::index_folder(config);
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(format!("{}: {error}", folder.display()).into());
        }
        _ => {}
    }
    let index = app::open_index(config)?;
    let mut postings = 0;
    rebuild(&store.read()?, &index, |count| postings = count)?;
    print_line(format_args!("{postings} postings indexed"))?;
    Ok(ExitCode::SUCCESS)
}
