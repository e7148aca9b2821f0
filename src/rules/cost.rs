//! A module's cost on this machine, for its author.

use std::time::{Duration, Instant};

use super::inspect::try_out;
use super::{Digest, Fault, Host, Inspected};

/// The median of this many runs is reported.
const RUNS: usize = 21;
/// The batch size for measuring the cost per case in a batch.
const MANY: u32 = 256;

#[derive(Clone, Debug)]
pub struct Cost {
    /// Much less if the module is already in the host's cache.
    pub compiling: Duration,
    /// One student or recipient per call: a new instance, the call, the answer.
    pub alone: Duration,
    /// One of many per call, or a fault if the batch is too much for one call.
    pub among_many: Result<Duration, Fault>,
}

/// Instructions counted by wasmtime, which are the same on all machines.
#[derive(Clone, Copy, Debug)]
pub struct Instructions {
    pub alone: u64,
    pub among_many: u64,
}

impl Host {
    /// Inspects and times a module, with default parameters and without optional facts. Blocks.
    pub fn measure(&self, bytes: &[u8]) -> Result<(Inspected, Cost), Fault> {
        let started = Instant::now();
        let module = self.module(Digest::of(bytes), bytes)?;
        let compiling = started.elapsed();
        let found = self.inspect(bytes)?;
        let ask = |count| {
            let started = Instant::now();
            try_out(&module, &found.parameter_schema, count).map(|()| started.elapsed())
        };
        let cost = Cost {
            compiling,
            alone: middle(|| ask(1))?,
            among_many: middle(|| ask(MANY)).map(|all| all / MANY),
        };
        Ok((found, cost))
    }

    /// Counts instructions for the same two questions. `None` unless this host counts. Compiles the module for this,
    /// and blocks.
    pub fn count(&self, bytes: &[u8]) -> Result<Option<Instructions>, Fault> {
        let found = self.inspect(bytes)?;
        let module = self.module(found.digest, bytes)?;
        let spent = |count| {
            let before = self.fuel_spent();
            try_out(&module, &found.parameter_schema, count)?;
            Ok(before
                .zip(self.fuel_spent())
                .map(|(before, after)| after - before))
        };
        let counted = spent(1)?.zip(spent(MANY)?);
        Ok(counted.map(|(alone, all)| Instructions {
            alone,
            among_many: all / u64::from(MANY),
        }))
    }
}

fn middle(mut run: impl FnMut() -> Result<Duration, Fault>) -> Result<Duration, Fault> {
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        times.push(run()?);
    }
    times.sort_unstable();
    Ok(times[RUNS / 2])
}
