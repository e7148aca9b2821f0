//! Whether a student may have a job: gathers the facts that the contract has a place for, asks the modules in use, makes
//! one verdict. Decides nothing about applications, and tells a rule nothing else.

mod facts;
mod health;
mod judge;
mod open_jobs;

pub use facts::{Facts, calendar, weekly_hours};
pub use health::failing_rules;
pub use judge::{Case, Judge, Shadow, Terms, rule_bytes, rule_set};
pub use open_jobs::OpenJobs;
