//! The office's routes.

pub mod accounts;
pub mod audit;
pub mod import;
pub mod jobs;
pub mod outbox;
pub mod rules;
