//! `corkboard openapi`: prints the description of the HTTP API.

use std::io::Write as _;
use std::process::ExitCode;

use super::Failure;
use crate::http;

pub fn run() -> Result<ExitCode, Failure> {
    let text = serde_json::to_string_pretty(http::openapi_document())?;
    writeln!(std::io::stdout().lock(), "{text}")?;
    Ok(ExitCode::SUCCESS)
}
