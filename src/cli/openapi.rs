//! `corkboard openapi`: prints the description of the HTTP API.

use std::process::ExitCode;

use super::Failure;
use super::print::print_line;
use crate::http;

pub fn run() -> Result<ExitCode, Failure> {
    let text = serde_json::to_string_pretty(http::openapi_document())?;
    print_line(text)?;
    Ok(ExitCode::SUCCESS)
}
