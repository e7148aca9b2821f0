//! What the office does over HTTP.

pub mod accounts;
pub mod jobs;
pub mod outbox;
