//! The campus's own rules: WASM components run by wasmtime, which is imported nowhere else. It answers with verdicts and
//! deliveries and knows nothing of the store, of who may install a module, or of which module is active.
//!
//! `host` admits modules and keeps them compiled: `count` measures a file before anything compiles it, `compile` compiles it
//! in a process of its own, `cache` keeps the code on disk. `call` runs one under limits, `module` asks it in batches and
//! trusts no answer before `answer` has looked at it; `v1` alone knows the contract's records. Everything here blocks:
//! callers stand off the async threads.

mod answer;
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
pub use defaults::{SHIPPED, Shipped};
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
