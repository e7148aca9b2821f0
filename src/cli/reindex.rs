//! `corkboard reindex`: deletes the search index and rebuilds it, while the server is stopped.

use std::io::ErrorKind;
use std::process::ExitCode;

use super::Failure;
use super::print::{counted, print_line};
use crate::app;
use crate::clock::Clock;
use crate::config::Config;
use crate::followers::rebuild;

pub async fn run(config: &Config) -> Result<ExitCode, Failure> {
    let postings = build_index(config).await?;
    print_line(format_args!(
        "{} indexed",
        counted(postings as u64, "posting")
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Builds the search index from nothing. Returns the number of postings in it.
pub(super) async fn build_index(config: &Config) -> Result<usize, Failure> {
    // Stays open until the index is built, so that no server can start meanwhile.
    let store = app::existing_store(config, Clock::System)?;
    remove_index(config)?;
    let index = app::open_index(config)?;
    let mut postings = 0;
    rebuild(&store, &index, |count| postings = count).await?;
    Ok(postings)
}

/// Deletes the search index. The next start builds it.
pub(super) fn remove_index(config: &Config) -> Result<(), Failure> {
    let folder = app::index_folder(config);
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(format!("{}: {error}", folder.display()).into())
        }
        _ => Ok(()),
    }
}
