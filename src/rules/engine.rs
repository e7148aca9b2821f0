//! The settings of wasmtime, shared with the process that compiles, so that its code can run here.

use std::sync::Arc;

use wasmtime::{
    CacheStore, Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Result,
};

use super::Limits;
use super::cache::Functions;
use super::count::MOST_CORE_INSTANCES;
use super::fault::cut;

/// Most memories and tables of one component. JavaScript components have three memories.
const MEMORIES: u32 = 4;
const TABLES: u32 = 8;

/// An engine that runs modules, with pooled memory. `counting`: counts instructions, which slows down every call.
pub fn engine_to_run(limits: &Limits, counting: bool) -> Result<Engine> {
    let calls = limits.calls;
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(calls)
        .total_core_instances(calls * MOST_CORE_INSTANCES)
        .total_memories(calls * MEMORIES)
        .total_tables(calls * TABLES)
        .max_core_instances_per_component(MOST_CORE_INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .max_memory_size(limits.memory_bytes)
        .table_elements(limits.table_elements);
    let mut config = config(limits, counting)?;
    Engine::new(config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool)))
}

/// An engine that compiles the same code and does not run it.
pub fn engine_to_compile(limits: &Limits, counting: bool) -> Result<Engine> {
    Engine::new(&config(limits, counting)?)
}

fn config(limits: &Limits, counting: bool) -> Result<Config> {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .consume_fuel(counting)
        .max_wasm_stack(limits.stack_bytes)
        // A backtrace inside a module does not help the office, and it makes every trap slower.
        .wasm_backtrace_max_frames(None)
        // The same answer on all machines.
        .relaxed_simd_deterministic(true)
        .wasm_component_model(true)
        .enable_incremental_compilation(Arc::new(Functions) as Arc<dyn CacheStore>)?;
    Ok(config)
}

/// The engine's error text, from the first to the last cause.
pub fn words(error: &wasmtime::Error) -> String {
    let causes: Vec<_> = error.chain().map(ToString::to_string).collect();
    cut(&causes.join(": "))
}
