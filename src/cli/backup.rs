//! `corkboard backup`: writes everything in the store to one file, while the server is stopped. While it runs, the server
//! itself does (`POST /api/v1/admin/backup`).

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::Failure;
use super::print::{counted, print_line};
use crate::app::{self, StartError};
use crate::clock::Clock;
use crate::config::{Config, Recipient, parse_recipient};
use crate::store::{About, StoreError, is_backup, save_backup, write_backup_for};

#[derive(Args)]
#[command(
    after_help = "Stop the server first, unless the records are in a database. While it runs, an admin can download a backup with \
                  `POST /api/v1/admin/backup`. For a backup each day, set `folder` or `bucket` under [backup] in \
                  config.toml.\n\nThe file holds personal data and password hashes, so keep it as safe as the data \
                  folder, or encrypt it with --recipient. It does not contain the settings (config.toml), the keys of access tokens, the search index \
                  or the files in `mail`."
)]
pub struct Backup {
    /// The file to write. An earlier backup is replaced once the new one is complete and checked; any other file is kept. An
    /// encrypted one is replaced if its name ends in `.backup.age`. `-` writes to standard output.
    file: PathBuf,
    /// Encrypt the backup for the owner of this public key of `age`. Without the private key, nobody can restore it.
    #[arg(long, value_name = "KEY", value_parser = parse_recipient)]
    recipient: Option<Recipient>,
}

impl Backup {
    pub async fn run(self, config: &Config) -> Result<ExitCode, Failure> {
        let reader = app::read_only_store(config).map_err(|error| match error {
            StartError::Store(StoreError::InUse(_)) => format!(
                "{error}, or let an admin download the backup with POST /api/v1/admin/backup"
            ),
            error => error.to_string(),
        })?;
        let about = About::new(&config.campus.name, Clock::System.now());
        if self.file.as_os_str() == "-" {
            let mut output = io::stdout().lock();
            write_backup_for(self.recipient.as_ref(), &reader, about, &mut output).await?;
            return Ok(ExitCode::SUCCESS);
        }
        let target = target(&self.file, config)?;
        let contents = save_backup(reader, about, &target, self.recipient.as_ref(), &|| true)
            .await
            .map_err(|error| format!("{}: {error}", self.file.display()))?;
        print_line(format_args!(
            "{} saved in {}",
            counted(contents.rows, "row"),
            self.file.display()
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The file to write: the one that a symbolic link leads to. Fails if it must not be replaced.
fn target(file: &Path, config: &Config) -> Result<PathBuf, Failure> {
    let shown = file.display();
    let target = match file.canonicalize() {
        Ok(found) if !found.is_file() => return Err(format!("{shown} is not a file").into()),
        Ok(found) => found,
        Err(_) => std::path::absolute(file)?,
    };
    if config.is_in_data_folder(&target) {
        let data = config.data.dir.display();
        return Err(format!(
            "{shown} is in the data folder {data}; save the backup somewhere else"
        )
        .into());
    }
    if target.exists() && !is_backup(&target).map_err(|error| format!("{shown}: {error}"))? {
        return Err(format!(
            "{shown} exists and is not a Corkboard backup; choose another name, or delete it first. An encrypted backup needs \
             a name that ends in .backup.age to be replaced"
        )
        .into());
    }
    Ok(target)
}
