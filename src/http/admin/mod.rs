//! What the office does over HTTP.

pub mod accounts;
pub mod audit;
pub mod import;
pub mod jobs;
pub mod outbox;
pub mod rules;
