//! The office's routes.

pub mod accounts;
pub mod audit;
pub mod backup;
pub mod import;
pub mod jobs;
pub mod outbox;
pub mod rules;
