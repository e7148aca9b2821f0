//! Corkboard, a part-time job board for a campus, as one binary. `src/README.md` is the architecture.

// These macros panic when standard error cannot be written; `telemetry::say` does not.
#![warn(clippy::print_stderr)]

pub mod accounts;
pub mod app;
pub mod applications;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod eligibility;
pub mod followers;
pub mod http;
pub mod jobs;
pub mod mail;
pub mod model;
pub mod office;
pub mod rules;
pub mod search;
pub mod store;
pub mod telemetry;
pub mod words;
