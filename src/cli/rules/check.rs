//! `corkboard rules check`: shows what a module decides, imports and costs.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value};

use super::{Failure, engine, read_module};
use crate::cli::print::print;
use crate::config::Config;
use crate::rules::{Cost, Inspected, Instructions, Kind};

#[derive(Args)]
pub struct Check {
    /// The rule, a .wasm file.
    file: PathBuf,
}

impl Check {
    pub fn run(self, config: &Config) -> Result<ExitCode, Failure> {
        show_module(config, &self.file, true)
    }
}

/// Prints what a module is. Fails if the board would refuse it. `counting`: also counts its instructions, which takes a
/// second compilation.
pub(super) fn show_module(
    config: &Config,
    file: &Path,
    counting: bool,
) -> Result<ExitCode, Failure> {
    let bytes = read_module(config, file)?;
    let named = |fault| format!("{}: {fault}", file.display());
    let (host, _folder) = engine(config, false)?;
    let (found, cost) = host.measure(&bytes).map_err(named)?;
    let counted = if counting && cost.among_many.is_ok() {
        let (host, _folder) = engine(config, true)?;
        host.count(&bytes).map_err(named)?
    } else {
        None
    };
    let summary = Summary {
        found: &found,
        cost: &cost,
        counted,
        config,
    };
    print(summary)?;
    if let Err(fault) = &cost.among_many {
        return Err(format!("{}: failed in a batch: {fault}", file.display()).into());
    }
    Ok(ExitCode::SUCCESS)
}

struct Summary<'a> {
    found: &'a Inspected,
    cost: &'a Cost,
    counted: Option<Instructions>,
    config: &'a Config,
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            found,
            cost,
            counted,
            config,
        } = self;
        let (decides, who) = match found.kind {
            Kind::Eligibility => (
                "eligibility: which student may apply for which job",
                "student",
            ),
            Kind::Notification => ("notification: who gets which email, and when", "recipient"),
        };
        writeln!(f, "{} {}", found.name, found.version)?;
        writeln!(f, "  {}", found.summary)?;
        writeln!(f, "decides    {decides}")?;
        writeln!(f, "digest     {}", found.digest)?;
        let most = config.rules.module_limit_kib;
        writeln!(
            f,
            "size       {} KiB of {most} KiB allowed",
            found.size.div_ceil(1024)
        )?;
        if found.imports.is_empty() {
            writeln!(f, "imports    nothing")?;
        } else {
            let imports = found.imports.join(", ");
            writeln!(f, "imports    {imports}: types only, no functions")?;
        }
        settings(f, found.parameter_schema.as_str())?;
        writeln!(f, "compiling  {}", span(cost.compiling))?;
        let deadline = config.rules.deadline_ms;
        let alone = span(cost.alone);
        writeln!(f, "one {who} at a time {alone}, of {deadline} ms allowed")?;
        if let Ok(each) = cost.among_many {
            writeln!(f, "one {who} in a batch {}", span(each))?;
        }
        if let Some(Instructions { alone, among_many }) = counted {
            writeln!(
                f,
                "counted    {alone} instructions for one, {among_many} in a batch"
            )?;
        }
        Ok(())
    }
}

fn settings(f: &mut fmt::Formatter<'_>, schema: &str) -> fmt::Result {
    let schema: Value = serde_json::from_str(schema).unwrap_or_default();
    let none = Map::new();
    let settings = schema["properties"].as_object().unwrap_or(&none);
    let word = if settings.is_empty() { "none" } else { "" };
    writeln!(f, "{}", format!("parameters {word}").trim_end())?;
    let required = schema["required"].as_array();
    for (name, setting) in settings {
        let kind = setting["type"].as_str().unwrap_or("text");
        let default = match setting.get("default") {
            Some(default) => format!(", default {default}"),
            None if required.is_some_and(|names| names.iter().any(|one| one == name)) => {
                ", required".into()
            }
            None => String::new(),
        };
        let title = setting["title"].as_str().unwrap_or_default();
        let line = format!("  {name} ({kind}{default}) {title}");
        writeln!(f, "{}", line.trim_end())?;
    }
    Ok(())
}

fn span(time: Duration) -> String {
    if time < Duration::from_millis(1) {
        format!("{:.1} µs", time.as_secs_f64() * 1e6)
    } else {
        format!("{:.1} ms", time.as_secs_f64() * 1e3)
    }
}
