//! `corkboard rules upload`: stores a module as a draft, like an upload over HTTP.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{Failure, read_module};
use crate::app;
use crate::cli::print::print_line;
use crate::clock::Clock;
use crate::config::Config;
use crate::office::{self, NewRule, RuleRefusal};
use crate::store::{Origin, Transaction};
use crate::telemetry::say;

#[derive(Args)]
pub struct Upload {
    /// The rule, a .wasm file.
    file: PathBuf,
    /// The name that all versions of the rule share [default: the name in the module].
    #[arg(long, value_parser = office::rule_name)]
    name: Option<String>,
}

impl Upload {
    pub async fn run(self, config: &Config) -> Result<ExitCode, Failure> {
        let store = app::existing_store(config, Clock::System)?;
        let bytes = read_module(config, &self.file)?;
        let checker = app::checker(config, &store).await?;
        let shown = self.file.display();
        let found = checker
            .host()
            .inspect(&bytes)
            .map_err(|fault| format!("{shown}: {fault}"))?;
        let digest = found.digest;
        let keep = async || -> Result<_, RuleRefusal> {
            let new = NewRule::found(found, self.name, bytes)?;
            let upload =
                async |transaction: &mut Transaction| office::upload_rule(transaction, &new).await;
            store.run(Origin::OPERATOR, upload).await
        };
        let kept = keep().await;
        if kept.is_err() {
            checker.forget_unless_kept(&store.read()?, digest).await?;
        }
        let rule = kept.map_err(|refusal| format!("{shown}: {refusal}"))?;
        say(format_args!(
            "{} {} is a draft; `corkboard rules dry-run {}` shows what it would change",
            rule.name, rule.record.version, rule.rule_id
        ));
        print_line(rule.rule_id)?;
        Ok(ExitCode::SUCCESS)
    }
}
