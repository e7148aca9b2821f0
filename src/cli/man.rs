//! `corkboard man`: prints the manual page, or writes one per command into a folder.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _};

use super::print::print;
use super::{Failure, Line};

#[derive(Args)]
pub struct Man {
    /// Write corkboard.1, corkboard-serve.1 and so on into this folder instead. Its parent folder must exist.
    folder: Option<PathBuf>,
    /// Print how to run a board on several servers instead.
    #[arg(long, conflicts_with = "folder")]
    servers: bool,
}

/// The page on several servers.
const SERVERS: &str = include_str!("../store/postgres/README.md");

impl Man {
    pub fn run(&self) -> Result<ExitCode, Failure> {
        if self.servers {
            print(SERVERS)?;
            return Ok(ExitCode::SUCCESS);
        }
        match &self.folder {
            Some(folder) => {
                let named = |error| format!("{}: {error}", folder.display());
                // A missing parent is probably a typo.
                match std::fs::create_dir(folder) {
                    Err(error) if !folder.is_dir() => return Err(named(error).into()),
                    _ => clap_mangen::generate_to(Line::command(), folder).map_err(named)?,
                }
            }
            None => {
                let mut page = Vec::new();
                clap_mangen::Man::new(Line::command()).render(&mut page)?;
                print(String::from_utf8(page)?)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
