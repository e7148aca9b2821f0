//! The campus's own rules: WASM components that run in wasmtime, which no other module uses. Returns verdicts and
//! deliveries. Does not know the store, who may install a module, or which module is active.
//!
//! `host` loads modules and keeps them in memory: `count` measures a file first, `compile` compiles it in a separate
//! process, `cache` keeps the code on disk, and `builder` builds the module from it. `call` runs one call under limits.
//! `module` splits questions into batches, and `answer` checks every answer. Only `v1` knows the contract's records.
//! Everything here blocks, so do not call it on async threads.

mod answer;
mod builder;
mod cache;
mod call;
mod cases;
mod compile;
mod cost;
mod count;
mod defaults;
mod digest;
mod engine;
mod facts;
mod fault;
mod host;
mod inspect;
mod limits;
mod module;
mod parameters;
mod v1;

pub use cases::{CaseReport, Report};
pub use compile::{COMMAND, compile_for_board, own_program};
pub use cost::{Cost, Instructions};
pub use count::{Counted, count};
pub use defaults::{BUILT_IN, BuiltIn};
pub use digest::Digest;
pub use facts::{
    Attribute, Commitment, Context, Day, Delivery, Description, Event, Job, Kind, Outcome, Period,
    PeriodKind, Reason, Recipient, Student, Value, Verdict,
};
pub use fault::Fault;
pub use host::Host;
pub use inspect::Inspected;
pub use limits::{CompileLimits, Limits};
pub use module::Module;
pub use parameters::Schema;
