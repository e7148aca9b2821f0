//! How much a module may take. Every figure has a name, a default and a reason.

use std::time::Duration;

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Limits {
    /// Of an uploaded module. Modules in JavaScript take 1.6 MB; those in Python 18 MB and need this raised.
    pub module_bytes: usize,
    /// CPU time of one call, from the instance to the answer.
    pub deadline: Duration,
    /// Time on the clock of one call. Only a machine that has no time for it makes a call take so long, so that the module
    /// is not blamed.
    pub longest_call: Duration,
    /// Of one instance's memory.
    pub memory_bytes: usize,
    /// Of one instance's tables, together.
    pub table_elements: usize,
    pub stack_bytes: usize,
    /// How much a module's answer may make the board allocate.
    pub answer_bytes: usize,
    /// How many pairs or recipients go into one call; more are cut into several, each with its own deadline.
    pub batch: usize,
    pub reasons: usize,
    /// Of a sentence for a student, in characters.
    pub sentence_chars: usize,
    /// Of a module's description of its parameters.
    pub schema_bytes: usize,
    /// How many calls run at once; others wait.
    pub calls: u32,
    /// How long a call waits for its turn before it is Busy.
    pub turn: Duration,
    /// The same for a call of a dry run, which lets all others go first.
    pub dry_run_turn: Duration,
    pub compile: CompileLimits,
}

/// Of the process that compiles one module. One that goes over a limit is ended, and its module refused.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct CompileLimits {
    /// CPU time. A module in Python takes 10 s.
    pub cpu: Duration,
    /// Time on the clock.
    pub wall: Duration,
    pub memory_bytes: u64,
    /// How many modules compile at once; others wait.
    pub at_once: usize,
    /// How long one waits before it is Busy.
    pub turn: Duration,
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
            // One core stays free for everybody else, whatever a module does with its deadline.
            calls: std::thread::available_parallelism()
                .map_or(1, |cores| (cores.get() as u32 - 1).max(1)),
            // As a crowd at the start of a term may need, and no longer than a person waits.
            turn: Duration::from_secs(5),
            dry_run_turn: Duration::from_mins(1),
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
            // An upload that takes all it may does not keep the next one waiting.
            at_once: 2,
            turn: Duration::from_mins(1),
        }
    }
}
