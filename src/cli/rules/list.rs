//! `corkboard rules list`: the campus's modules and how they do. Changes nothing.

use std::process::ExitCode;

use super::Failure;
use crate::app;
use crate::cli::print::print_line;
use crate::config::Config;
use crate::model::{RuleKind, RuleModule, RuleState};
use crate::office;
use crate::store::{Reader, StoreError, keys};
use crate::telemetry::say;

pub fn run(config: &Config) -> Result<ExitCode, Failure> {
    let reader = app::look_at_store(config)?;
    let rules = office::list_rules(&reader)?;
    if rules.is_empty() {
        say("there are none yet; `corkboard serve` begins with those that ship");
    }
    for rule in rules.iter().rev() {
        let kind = match rule.kind {
            RuleKind::Eligibility => "eligibility",
            RuleKind::Notification => "notification",
        };
        print_line(format_args!(
            "{}  {:<7}  {kind:<12}  {} {}{}",
            rule.rule_id,
            rule.state.name(),
            rule.name,
            rule.record.version,
            note(&reader, rule)?
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn note(reader: &Reader, rule: &RuleModule) -> Result<String, StoreError> {
    if let Some(failing) = &rule.failing {
        return Ok(format!("; it fails: {}", failing.message));
    }
    let asked = reader.counter(&keys::shadow_verdicts(rule.rule_id))?;
    if asked > 0 {
        let changed = reader.counter(&keys::shadow_differences(rule.rule_id))?;
        return Ok(format!(
            "; as a shadow {changed} of {asked} verdicts differed"
        ));
    }
    let seen = rule.state == RuleState::Draft && rule.dry_run;
    Ok(if seen { "; dry run seen" } else { "" }.into())
}
