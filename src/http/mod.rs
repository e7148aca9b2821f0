//! The HTTP layer, and the only module that uses actix. Parses, authenticates, calls one command, writes the answer.
//! Handlers reach the store only through a command or a reader.

mod accounts;
mod admin;
mod applications;
mod body;
mod caller;
mod classic;
mod client;
mod cookies;
mod cors;
mod eligibility;
mod equal_time;
mod etag;
mod files;
mod idempotency;
mod jobs;
mod likes;
mod me;
mod metrics;
mod openapi;
mod pace;
mod pages;
mod problem;
mod query;
mod routes;
mod server;
mod sessions;
mod shown;
mod site;
mod state;
mod suggest;
mod unread;
mod upkeep;
mod views;
mod watch;

pub use accounts::{REQUESTS_A_MINUTE, REQUESTS_AT_ONCE};
pub use caller::Access;
pub use idempotency::InFlight;
pub use metrics::Metrics;
pub use openapi::document as openapi_document;
pub use routes::{Entry, page_routes, routes};
pub use server::{Server, serve, serve_metrics};
pub use state::State;
