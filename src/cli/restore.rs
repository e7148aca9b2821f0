//! `corkboard restore`: restores a board from a backup, while the server is stopped. It reads the file twice: nothing is
//! touched before the whole file was found sound, and the old data stays until the new is complete.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::Failure;
use super::print::{counted, print_line};
use super::reindex::{build_index, remove_index};
use crate::app;
use crate::clock::Clock;
use crate::config::Config;
use crate::store::{Identities, RestoreTarget, open_backup, read_backup};
use crate::telemetry::say;
use crate::{followers, office};

#[derive(Args)]
#[command(
    after_help = "The server must be stopped. Afterwards everybody has to log in again, and links in earlier emails no longer \
                  work. Emails that were waiting are held: an admin finds them under Office, Email, with the \
                  status Failed, and can send them again."
)]
pub struct Restore {
    /// A file that `corkboard backup` or the server wrote. It is read twice, so it cannot be a pipe or `-`.
    file: PathBuf,
    /// Replace the data already in the folder. That data is lost, unless you back it up first.
    #[arg(long)]
    replace: bool,
    /// The file with the private key, for an encrypted backup: an identity file of `age` (AGE-SECRET-KEY-1…).
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
}

impl Restore {
    pub async fn run(self, config: &Config) -> Result<ExitCode, Failure> {
        let named = |error: &dyn std::fmt::Display| format!("{}: {error}", self.file.display());
        if !is_file(&self.file).map_err(|error| named(&error))? {
            return Err(format!(
                "{} is not a file. A restore reads its file twice, so it cannot read a pipe; save the backup to a file first",
                self.file.display()
            )
            .into());
        }
        let identities = self.identity.as_deref().map(read_identities).transpose()?;
        let open = || open_backup(&self.file, identities.as_ref()).map_err(|error| named(&error));
        read_backup(&mut *open()?, &mut |_| Ok(())).map_err(|error| named(&error))?;

        let target = app::restore_target(config)?;
        if target.has_data().await? && !(self.replace && target.can_replace()) {
            return Err(has_data(config, &target).into());
        }
        let contents = target.fill(&mut *open()?).map_err(|error| named(&error))?;
        let store = target.store(Clock::System)?;
        // Mail about the last changes before the backup may have been sent too, so it is held like the rest.
        let public_url = config.public_url(config.server.listen);
        followers::write_due_notices(&store, app::registrar(config, public_url)).await?;
        office::settle_restored(&store).await?;
        let log_end = store.read()?.log_end().await?;
        drop(store);
        // An index of other data would be wrong; a missing one is built.
        remove_index(config)?;
        target.finish(log_end).await?;
        print_line(format_args!(
            "{} restored: {}, as of {}",
            counted(contents.rows, "row"),
            contents.about.campus,
            contents.about.taken_at
        ))?;
        // Else the first lists would be short, until the server has built it.
        if let Err(error) = build_index(config).await {
            say(format_args!(
                "the search index could not be built: {error}. The next start builds it"
            ));
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn has_data(config: &Config, target: &RestoreTarget) -> String {
    if target.can_replace() {
        let folder = config.data.dir.display();
        format!(
            "the folder {folder} already holds data. Name another folder with --data-dir, or overwrite that data with --replace"
        )
    } else {
        "the database already holds data, and a restore does not delete it. Create an empty database, and set store.url to it"
            .to_owned()
    }
}

fn read_identities(path: &Path) -> Result<Identities, Failure> {
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|error| format!("{shown}: {error}"))?;
    Identities::parse(&String::from_utf8_lossy(&bytes)).map_err(|line| {
        let what = match line {
            0 => "there is no private key in it".to_owned(),
            line => format!("line {line} is not a private key of age (AGE-SECRET-KEY-1…)"),
        };
        // A line is not repeated: it may be a key with a typo.
        format!("{shown}: {what}. If the file itself is encrypted, decrypt it first").into()
    })
}

/// Whether this is a file, and so can be read twice. `-` means standard input in other commands.
fn is_file(path: &Path) -> io::Result<bool> {
    Ok(path.as_os_str() != "-" && std::fs::metadata(path)?.is_file())
}
