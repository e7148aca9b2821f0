//! `corkboard rules upload`: keeps a module as a draft, as an upload over HTTP does.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{Failure, read_module};
use crate::app;
use crate::cli::print::print_line;
use crate::clock::Clock;
use crate::config::Config;
use crate::model::RuleState;
use crate::office::{self, NewRule};
use crate::store::Origin;
use crate::telemetry::say;

#[derive(Args)]
pub struct Upload {
    /// The module, a .wasm file.
    file: PathBuf,
    /// Under which its versions belong together; its own name without this.
    #[arg(long, value_parser = office::rule_name)]
    name: Option<String>,
}

impl Upload {
    pub fn run(self, config: &Config) -> Result<ExitCode, Failure> {
        let store = app::open_store(config, Clock::System)?;
        let bytes = read_module(config, &self.file)?;
        let judge = app::judge(config, &store)?;
        let shown = self.file.display();
        let found = judge
            .host()
            .inspect(&bytes)
            .map_err(|fault| format!("{shown}: {fault}"))?;
        let new = NewRule::found(found, self.name, bytes)
            .map_err(|invalid| format!("{shown}: {invalid}"))?;
        let rule = store.run_blocking(Origin::OPERATOR, |transaction| {
            office::install_rule(transaction, &new, RuleState::Draft)
        })?;
        say(format_args!(
            "{} {} is a draft; `corkboard rules dry-run {}` tells what it would change",
            rule.name, rule.record.version, rule.rule_id
        ));
        print_line(rule.rule_id)?;
        Ok(ExitCode::SUCCESS)
    }
}
