//! Structured logs: one JSON object a line on standard error. `RUST_LOG` says how much; `info` where it is not set.

use tracing_subscriber::EnvFilter;

/// Starts logging; a second call changes nothing.
pub fn init() {
    // What a client sends that is no HTTP is no error of ours, and must not fill the log.
    start("info,tantivy=warn,actix_server=warn,actix_http::h1::dispatcher=off");
}

/// Logging for a command whose own output is for people: only what went wrong.
pub fn init_quiet() {
    start("warn,actix_server=error,actix_http::h1::dispatcher=off");
}

fn start(default: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let logs = tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if logs.try_init().is_err() {
        tracing::debug!("logging had been started before");
    }
}
