//! How wasmtime is set up, here and in the process that compiles: what one of them compiles, the other can use.

use std::sync::Arc;

use wasmtime::{
    CacheStore, Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Result,
};

use super::Limits;
use super::cache::Functions;
use super::count::MOST_CORE_INSTANCES;
use super::fault::cut;

/// Most memories and tables that one component may have. Those in JavaScript take three memories.
const MEMORIES: u32 = 4;
const TABLES: u32 = 8;

/// An engine that runs modules: their memories come from a pool. `counting`: counts instructions, which slows every call.
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

/// An engine that makes the same code and runs none of it.
pub fn engine_to_compile(limits: &Limits, counting: bool) -> Result<Engine> {
    Engine::new(&config(limits, counting)?)
}

fn config(limits: &Limits, counting: bool) -> Result<Config> {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .consume_fuel(counting)
        .max_wasm_stack(limits.stack_bytes)
        // A trace of the inside of a module tells an office nothing and costs every trap.
        .wasm_backtrace_max_frames(None)
        // The same answer on every machine.
        .relaxed_simd_deterministic(true)
        .wasm_component_model(true)
        .enable_incremental_compilation(Arc::new(Functions) as Arc<dyn CacheStore>)?;
    Ok(config)
}

/// What the engine said, from the first to the last cause.
pub fn words(error: &wasmtime::Error) -> String {
    let causes: Vec<_> = error.chain().map(ToString::to_string).collect();
    cut(&causes.join(": "))
}
