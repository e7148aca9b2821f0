//! `corkboard rules dry-run`: shows which verdicts or mails a module would change, using this campus's applications and
//! open jobs.

use std::process::ExitCode;

use clap::Args;

use super::{Failure, rule_id};
use crate::app;
use crate::cli::print::{Unprinted, print_line};
use crate::clock::Clock;
use crate::config::Config;
use crate::model::{RuleId, RuleInUse, RuleKind};
use crate::office::{self, Sample};
use crate::store::{Origin, Transaction};

#[derive(Args)]
pub struct DryRun {
    /// The rule's ID, from `corkboard rules list`.
    #[arg(value_parser = rule_id)]
    id: RuleId,
}

impl DryRun {
    pub async fn run(self, config: &Config) -> Result<ExitCode, Failure> {
        let store = app::existing_store(config, Clock::System)?;
        let rule = office::see_rule(&store.read()?, self.id).await?;
        office::check_complete(&rule, &config.rules)?;
        let checker = app::checker(config, &store).await?;
        let reader = store.read()?;
        let module = RuleInUse::from(&rule.record);
        let now = store.clock().now();
        let run = office::dry_run(&checker, &reader, &module, now).await?;
        let note = async |transaction: &mut Transaction| {
            office::note_dry_run(transaction, self.id, &module.parameters, &run).await
        };
        store.run(Origin::OPERATOR, note).await?;
        let answers = match rule.kind {
            RuleKind::Eligibility => "verdicts",
            RuleKind::Notification => "mails",
        };
        print_line(format_args!(
            "{} {answers} checked, {} would change",
            run.evaluated, run.changed
        ))?;
        for sample in &run.samples {
            tell(sample)?;
        }
        if let Some(fault) = &run.first_fault {
            let faults = run.faults;
            return Err(
                format!("the rule failed on {faults} questions; the first: {fault}").into(),
            );
        }
        if run.evaluated == 0 {
            return Err(
                "nothing to check: there are no students or no open jobs yet. The rule was not changed".into(),
            );
        }
        let untold = run.changed - run.samples.len() as u64;
        if untold > 0 {
            print_line(format_args!("and {untold} more"))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn tell(sample: &Sample) -> Result<(), Unprinted> {
    let about = match sample.application_id {
        Some(id) => format!("application {id}"),
        None => format!("no application, job {}", sample.job_id),
    };
    print_line(format_args!(
        "student {}, {about}: {} → {}",
        sample.student_id,
        sample.before.name(),
        sample.after.name()
    ))?;
    for reason in &sample.reasons {
        print_line(format_args!("    {}: {}", reason.rule, reason.message))?;
    }
    Ok(())
}
