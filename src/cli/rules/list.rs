//! `corkboard rules list`: lists the campus's modules and their state. Changes nothing.

use std::process::ExitCode;

use super::Failure;
use crate::app;
use crate::cli::print::print_line;
use crate::config::Config;
use crate::model::{Account, Actor, RuleKind, RuleModule, RuleState};
use crate::office;
use crate::store::{Reader, StoreError, Stored, keys};
use crate::telemetry::say;

/// Digits of a digest to show: enough to tell modules apart.
const SHOWN_DIGITS: usize = 12;

pub async fn run(config: &Config) -> Result<ExitCode, Failure> {
    let reader = app::read_only_store(config)?;
    let rules = office::list_rules(&reader).await?;
    if rules.is_empty() {
        say("no rules yet; `corkboard serve` installs the built-in rules");
    }
    for rule in rules.iter().rev() {
        let kind = match rule.kind {
            RuleKind::Eligibility => "eligibility",
            RuleKind::Notification => "notification",
        };
        print_line(format_args!(
            "{}  {:<7}  {kind:<12}  {}  {}  {:<12}  {} {}{}",
            rule.rule_id,
            rule.state.name(),
            &rule.digest[..SHOWN_DIGITS.min(rule.digest.len())],
            rule.created_at.day(&config.campus.time_zone),
            uploader(&reader, rule).await?,
            rule.name,
            rule.record.version,
            note(&reader, rule).await?
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Who uploaded a rule: an admin's address, the command line, or `built in`.
async fn uploader(reader: &Reader, rule: &RuleModule) -> Result<String, StoreError> {
    let Some(Actor::Account(id, _)) = rule.uploaded_by else {
        return Ok(match rule.uploaded_by {
            Some(Actor::Operator) => "command line",
            _ => "built in",
        }
        .into());
    };
    let account: Option<Stored<Account>> = reader.get(&keys::account(id)).await?;
    Ok(account.map_or_else(|| id.to_string(), |account| account.email.to_string()))
}

async fn note(reader: &Reader, rule: &RuleModule) -> Result<String, StoreError> {
    if let Some(failing) = &rule.failing {
        return Ok(format!("; failing: {}", failing.message));
    }
    let asked = reader.counter(&keys::shadow_verdicts(rule.rule_id)).await?;
    if asked > 0 {
        let changed = reader
            .counter(&keys::shadow_differences(rule.rule_id))
            .await?;
        return Ok(format!("; {changed} of {asked} shadow verdicts differed"));
    }
    let seen = rule.state == RuleState::Draft && rule.dry_run;
    Ok(if seen { "; dry run done" } else { "" }.into())
}
