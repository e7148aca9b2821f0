//! `corkboard completions`: prints the script that lets a shell complete commands.

use std::process::ExitCode;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::print::print;
use super::{Failure, Line};

#[derive(Args)]
#[command(
    after_help = "For example: corkboard completions bash > /etc/bash_completion.d/corkboard"
)]
pub struct Completions {
    /// The shell to print the script for.
    shell: Shell,
}

impl Completions {
    pub fn run(&self) -> Result<ExitCode, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Line::command(), "corkboard", &mut script);
        print(String::from_utf8(script)?)?;
        Ok(ExitCode::SUCCESS)
    }
}
