//! Whether a student may have a job, and what happens to a mail: collects the facts that the contract has fields for,
//! calls the modules in use, combines their answers. Does not decide on applications, sends nothing, and passes nothing
//! else to a rule.

mod checker;
mod facts;
mod health;
mod listed;
mod open_jobs;
mod ready;
mod route;
mod verdicts;

pub use checker::{Case, Checked, Checker, Purpose, Shadow, Terms, rule_set};
pub use facts::{Facts, calendar, weekly_hours};
pub use health::failing_rules;
pub use open_jobs::OpenJobs;
pub use route::{Notice, Routed, Routes};
pub use verdicts::{Failed, Verdicts};
