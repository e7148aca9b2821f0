//! Shared by the benches: a campus of any size on disk, servers, and a load generator that measures.

#![allow(dead_code, reason = "each bench uses its own part of this")]

pub mod campus;
pub mod load;
pub mod process;

use std::time::Duration;

pub fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => values[count / 2],
        count => f64::midpoint(values[count / 2 - 1], values[count / 2]),
    }
}

pub fn mib(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}

pub fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}

/// Whether a figure meets its bound, for the last column of a table.
pub fn verdict(holds: bool) -> &'static str {
    if holds { "holds" } else { "MISSED" }
}

/// `cargo test --benches` also starts each bench, without `--bench`. Then nothing is measured.
pub fn is_measured() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}
