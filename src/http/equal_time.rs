//! Answers whose time must not reveal whether an address has an account. The commands write about the same amount in
//! both cases; rounding the time up to a full step hides the rest.

use std::time::{Duration, Instant};

/// Many times longer than a commit, and short for a person.
const STEP: Duration = Duration::from_millis(50);

/// Returns the result of some work at the next full step after its start.
pub async fn in_equal_time<T>(work: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let done = work.await;
    let steps = begun.elapsed().as_nanos() / STEP.as_nanos() + 1;
    let until = begun + STEP * u32::try_from(steps).unwrap_or(u32::MAX);
    tokio::time::sleep_until(until.into()).await;
    done
}
