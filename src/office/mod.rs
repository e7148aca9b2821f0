//! What the student employment office does: imports, restored backups, and managing campus rules. Owns the rule modules.

mod dialect;
mod dry_run;
mod dry_run_data;
mod employers;
mod header;
mod import;
mod jobs;
mod mail_dry_run;
mod owner;
mod repeats;
mod report;
mod restore;
mod rows;
mod rules;
mod seed_rules;
mod sheet;
mod students;
mod watched;

pub use dry_run::{DryRun, Sample, dry_run};
pub use import::{Import, ImportError, Kind, Options};
pub use report::{Rejection, Report};
pub use restore::settle_restored;
pub use rules::{
    NewRule, RulePatch, RuleRefusal, change_rule, delete_rule, list_rules, note_dry_run, rule_name,
    see_rule, upload_rule,
};
pub use seed_rules::{SeedError, check_complete, patched_parameters, seed_rules};
