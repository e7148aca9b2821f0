//! The resource limits of modules, each with a default and a reason.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A module may have one function for this many bytes of `module_bytes`. JavaScript modules have 3,600 of the 8,192 that
/// the default allows, Python modules 22,000 of the 40,960 that their size needs anyway.
const BYTES_PER_FUNCTION: usize = 512;

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Limits {
    /// Size of an uploaded module. JavaScript modules have 1.6 MB. Python modules have 18 MB and need a higher limit.
    pub module_bytes: usize,
    /// CPU time of one call, from creating the instance to the answer.
    pub deadline: Duration,
    /// Wall-clock time of one call. Only a busy machine makes a call take this long, so the module is not blamed.
    pub longest_call: Duration,
    /// Memory of one instance.
    pub memory_bytes: usize,
    /// Entries in all tables of one instance.
    pub table_elements: usize,
    pub stack_bytes: usize,
    /// Most bytes that a module's answer may make the board allocate.
    pub answer_bytes: usize,
    /// Most pairs or recipients in one call. More are split into several calls, each with its own deadline.
    pub batch: usize,
    pub reasons: usize,
    /// Most characters of a sentence for a student.
    pub sentence_chars: usize,
    /// Size of a module's description of its parameters.
    pub schema_bytes: usize,
    /// Most calls at once. Others wait.
    pub calls: u32,
    /// How long a call waits for a permit before it fails with `Busy`.
    pub max_wait: Duration,
    /// The same for a call of a dry run, which lets all others go first.
    pub dry_run_wait: Duration,
    pub compile: CompileLimits,
}

/// The limits of the process that compiles one module. If it exceeds one, it is stopped and the module is refused.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct CompileLimits {
    /// CPU time. A Python module takes 10 s.
    pub cpu: Duration,
    /// Wall-clock time.
    pub wall: Duration,
    pub memory_bytes: u64,
    /// Most modules that compile at once. Others wait.
    pub at_once: usize,
    /// How long a module waits before it fails with `Busy`.
    pub max_wait: Duration,
}

impl Limits {
    /// Most functions of a module, including those that the compiler adds. Each one takes 6 KB of the board's memory
    /// while the module is loaded, however small it is.
    pub fn functions(&self) -> u64 {
        (self.module_bytes / BYTES_PER_FUNCTION) as u64
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            module_bytes: 4 << 20,
            deadline: Duration::from_millis(50),
            longest_call: Duration::from_secs(5),
            memory_bytes: 64 << 20,
            table_elements: 20_000,
            stack_bytes: 512 << 10,
            answer_bytes: 8 << 20,
            batch: 512,
            reasons: 16,
            sentence_chars: 600,
            schema_bytes: 64 << 10,
            // One core stays free for everything else, even if modules use their whole deadline.
            calls: std::thread::available_parallelism()
                .map_or(1, |cores| (cores.get() as u32 - 1).max(1)),
            // Long enough for the start of a term, and not longer than a person waits.
            max_wait: Duration::from_secs(5),
            dry_run_wait: Duration::from_mins(1),
            compile: CompileLimits::default(),
        }
    }
}

impl Default for CompileLimits {
    fn default() -> Self {
        Self {
            cpu: Duration::from_mins(1),
            wall: Duration::from_mins(5),
            memory_bytes: 1 << 30,
            // An upload that uses its whole limit must not delay the next one.
            at_once: 2,
            max_wait: Duration::from_mins(1),
        }
    }
}
