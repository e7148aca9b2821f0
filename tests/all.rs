//! All integration tests in one binary, with a module per subject: one link instead of twenty-five. `cargo test --test
//! all` runs all of them, `cargo test --test all mail::` one subject.

mod access;
mod accounts;
mod board;
mod cli;
mod commands;
mod durability;
mod erasure;
mod errors;
mod files;
mod finding;
mod full_disk;
mod hostile;
mod imports;
mod input;
mod jobs;
mod logs;
mod mail;
mod mail_limits;
mod openapi;
mod pages;
mod races;
mod relevance;
mod rules;
mod rules_cli;
mod rules_compile;
mod rules_defaults;
mod rules_host;
mod rules_support;
mod search;
mod service;
mod strangers;
mod support;
mod tidy;
mod verdicts;
