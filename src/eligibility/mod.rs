//! Whether a student may have a job, and what becomes of a mail: gathers the facts that the contract has a place for, asks
//! the modules in use, makes one answer. Decides nothing about applications, sends nothing, and tells a rule nothing else.

mod facts;
mod health;
mod judge;
mod open_jobs;
mod ready;
mod route;

pub use facts::{Facts, calendar, weekly_hours};
pub use health::failing_rules;
pub use judge::{Case, Failed, Judge, Purpose, Shadow, Terms, Verdicts, rule_set};
pub use open_jobs::OpenJobs;
pub use route::{Notice, Routed, Routes};
