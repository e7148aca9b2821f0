//! `corkboard export`: writes every record as JSON, for another system.

use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::Failure;
use super::print::{counted, print_line};
use crate::app;
use crate::config::Config;
use crate::store;

#[derive(Args)]
#[command(
    after_help = "Stop the server first, unless the records are in a database. `records.jsonl` has one record per line, with its kind; `files` has the résumés, `rules` \
                  the modules. There are no password hashes, tokens or keys in it, so Corkboard cannot read it back: use `backup` \
                  for that."
)]
pub struct Export {
    /// The folder to create.
    folder: PathBuf,
}

impl Export {
    pub async fn run(self, config: &Config) -> Result<ExitCode, Failure> {
        let reader = app::read_only_store(config)?;
        let folder = self.folder.display();
        // It holds personal data.
        let created = DirBuilder::new().mode(0o700).create(&self.folder);
        created.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => format!("{folder} already exists; choose another name"),
            _ => format!("{folder}: {error}"),
        })?;
        let exported = store::export(&reader, &self.folder).await;
        let records = exported.map_err(|error| format!("{folder}: {error}"))?;
        print_line(format_args!(
            "{}, audit log included, exported to {folder}",
            counted(records, "record")
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}
