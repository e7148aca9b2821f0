//! The rule that a campus starts with. Everything here is a pure function of the facts, the office's settings and the
//! day; the same source runs as a module inside the board and natively in its tests and its bench.

#![no_std]

extern crate alloc;

mod award;
mod check;
mod date;
mod facts;
mod numbers;
mod settings;
#[cfg(test)]
mod tests;
mod visa;
mod week;
mod words;

pub use check::check;
pub use facts::{
    Commitment, Context, Job, Language, Level, Outcome, Period, Reason, Student, Verdict, decimal,
};
pub use settings::{SCHEMA, Setting, Settings};

pub const NAME: &str = env!("CARGO_PKG_NAME");
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
pub const SUMMARY: &str = env!("CARGO_PKG_DESCRIPTION");
