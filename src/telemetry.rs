//! Structured logs: one JSON object per line on standard error. `RUST_LOG` sets the level; the default is `info`. A slow
//! log reader never slows down the service: see `lines.rs`.

mod lines;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt::Display;
use std::io::{self, Write};
use std::panic::PanicHookInfo;
use std::time::Duration;

use tracing_subscriber::EnvFilter;

use lines::Lines;

static LINES: Lines = Lines::new();
/// How long the process waits for the log's reader when it ends.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Starts logging. A second call does nothing.
pub fn init() -> io::Result<()> {
    // A client that does not send HTTP is not our error and must not fill the log.
    start("info,tantivy=warn,actix_server=warn,actix_http::h1::dispatcher=off")
}

/// Logging for a command whose output is for people: errors only.
pub fn init_quiet() -> io::Result<()> {
    start("warn,actix_server=error,actix_http::h1::dispatcher=off")
}

/// The HTTP client's finer lines have signed addresses, which others could use for some minutes.
const CAPPED: [&str; 2] = ["ureq=info", "ureq_proto=info"];

fn start(default: &str) -> io::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let capped = CAPPED.iter().filter_map(|capped| capped.parse().ok());
    let filter = capped.fold(filter, EnvFilter::add_directive);
    let logs = tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        // The crate's message about a log that cannot be written panics if it cannot be written either.
        .log_internal_errors(false)
        .with_writer(|| Line);
    if logs.try_init().is_err() {
        tracing::debug!("logging was already started");
        return Ok(());
    }
    LINES.write_to(io::stderr(), |lost| {
        tracing::warn!(
            lost_lines = lost,
            "log lines were lost because they could not be written"
        );
    })?;
    // The standard hook writes to standard error and would wait for its reader.
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Prints plain text to standard error. The text is lost if nobody can read it.
pub fn say(text: impl Display) {
    let line = format!("{text}\n");
    if LINES.has_writer() {
        LINES.push(line.as_bytes());
    } else {
        // If this fails, there is nowhere else to report it.
        let _ = io::stderr().write_all(line.as_bytes());
    }
}

/// Log lines lost since the start.
pub fn lost() -> u64 {
    LINES.lost()
}

/// Gives the log's reader a moment to read the last lines, before the process ends.
pub fn finish() {
    LINES.wait_until_written(LAST_LINES);
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let backtrace = Backtrace::capture();
    let backtrace = (backtrace.status() == BacktraceStatus::Captured).then_some(backtrace);
    tracing::error!(
        thread = thread.name(),
        location = panic.location().map(tracing::field::display),
        backtrace = backtrace.map(tracing::field::display),
        "panic: {}",
        panic.payload_as_str().unwrap_or("no message")
    );
}

/// Receives one event. The subscriber writes each one in a single call.
struct Line;

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        LINES.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
