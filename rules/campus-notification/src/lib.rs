//! The mail rule that a campus starts with: a pure function of what happened, who might be told and the office's settings.

#![no_std]

extern crate alloc;

mod route;
mod settings;

pub use route::{Delivery, Event, Recipient, route};
pub use settings::{SCHEMA, Setting, Settings};

pub const NAME: &str = env!("CARGO_PKG_NAME");
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
pub const SUMMARY: &str = env!("CARGO_PKG_DESCRIPTION");
