//! Answers whose time must not tell what was found: whether somebody has an account is nobody's business. The commands behind
//! them write about as much either way; what difference is left goes under in the step to which the time is rounded up.

use std::time::{Duration, Instant};

/// Many times what a commit takes, and short for a person.
const STEP: Duration = Duration::from_millis(50);

/// Gives what comes of some work at the next full step after it was begun.
pub async fn evenly<T>(work: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let done = work.await;
    let steps = begun.elapsed().as_nanos() / STEP.as_nanos() + 1;
    let until = begun + STEP * u32::try_from(steps).unwrap_or(u32::MAX);
    tokio::time::sleep_until(until.into()).await;
    done
}
