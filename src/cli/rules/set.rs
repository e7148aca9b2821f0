//! `corkboard rules set`: changes a rule's state or its parameters.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgGroup, Args, ValueEnum};

use super::{Failure, rule_id};
use crate::app;
use crate::cli::print::print_line;
use crate::clock::Clock;
use crate::config::Config;
use crate::model::{ParameterPatch, RuleId, RuleState};
use crate::office::{self, RulePatch, RuleRefusal};
use crate::store::{Origin, Transaction};

#[derive(Args)]
#[command(group = ArgGroup::new("change").required(true).multiple(true))]
pub struct Set {
    /// The rule's ID, from `corkboard rules list`.
    #[arg(value_parser = rule_id)]
    id: RuleId,
    /// The new state.
    #[arg(long, group = "change")]
    state: Option<StateName>,
    /// A JSON file with the parameters to change. null resets one to the value in config.toml or the module.
    #[arg(long, value_name = "FILE", group = "change")]
    parameters: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum StateName {
    Active,
    Shadow,
    Draft,
    Retired,
}

impl From<StateName> for RuleState {
    fn from(name: StateName) -> Self {
        match name {
            StateName::Active => Self::Active,
            StateName::Shadow => Self::Shadow,
            StateName::Draft => Self::Draft,
            StateName::Retired => Self::Retired,
        }
    }
}

impl Set {
    pub async fn run(self, config: &Config) -> Result<ExitCode, Failure> {
        let store = app::existing_store(config, Clock::System)?;
        let rule = office::see_rule(&store.read()?, self.id).await?;
        let parameters = match &self.parameters {
            Some(file) => Some(office::patched_parameters(
                &rule,
                read(file)?,
                &config.rules,
            )?),
            None => None,
        };
        let patch = RulePatch {
            state: self.state.map(RuleState::from),
            parameters,
        };
        let change = async |transaction: &mut Transaction| {
            office::change_rule(transaction, self.id, &patch, &config.rules, &|_| true).await
        };
        let changed = store.run(Origin::OPERATOR, change).await;
        let rule = changed.map_err(|refusal| match refusal {
            RuleRefusal::DryRunFirst => {
                format!("{refusal}; run `corkboard rules dry-run {}`", self.id).into()
            }
            refusal => Failure::from(refusal),
        })?;
        print_line(format_args!(
            "{} {} is {}",
            rule.name,
            rule.record.version,
            rule.state.name()
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn read(file: &Path) -> Result<ParameterPatch, Failure> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| format!("{shown}: {error}"))?;
    serde_json::from_str(&text)
        .map_err(|error| format!("{shown} must contain a JSON object: {error}").into())
}
