//! `corkboard rules test`: runs a rule's test cases and shows where the answers differ.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{Failure, engine, read_module};
use crate::cli::print::print_line;
use crate::config::Config;

#[derive(Args)]
pub struct Test {
    /// The rule, a .wasm file.
    file: PathBuf,
    /// The test cases, such as cases.json.
    #[arg(long, value_name = "FILE")]
    cases: PathBuf,
    /// Count the instructions of each case too. Times get longer.
    #[arg(long)]
    instructions: bool,
}

impl Test {
    pub fn run(self, config: &Config) -> Result<ExitCode, Failure> {
        let bytes = read_module(config, &self.file)?;
        let shown = self.cases.display();
        let cases =
            std::fs::read_to_string(&self.cases).map_err(|error| format!("{shown}: {error}"))?;
        let (host, _folder) = engine(config, self.instructions)?;
        let report = host
            .run_cases(&bytes, &cases)
            .map_err(|fault| format!("{} with {shown}: {fault}", self.file.display()))?;
        print_line(&report)?;
        Ok(if report.passed() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}
