//! How much a module may take. Every figure has a name, a default and a reason.

use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of an uploaded module. Modules in JavaScript take 1.6 MB; those in Python 18 MB and need this raised.
    pub module_bytes: usize,
    /// Of one call, from the instance to the answer.
    pub deadline: Duration,
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
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            module_bytes: 4 << 20,
            deadline: Duration::from_millis(50),
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
        }
    }
}
