//! Who lets a module in. It refuses what is not of the contract, compiles what is, and keeps the compiled ones at hand.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker};
use wasmtime::{CacheStore, Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::cache::{Cache, Functions};
use super::call::{Guard, Runner};
use super::v1::{self, Guest};
use super::{Digest, Fault, Kind, Limits, Module};

/// How many compiled modules stay in memory, the last used first. More than one campus ever has active.
const KEPT: usize = 16;

/// Most core modules, memories and tables that one component may be put together from. Python's take fifteen or so modules,
/// those in JavaScript three memories.
const PARTS: u32 = 40;
const MEMORIES: u32 = 4;
const TABLES: u32 = 8;

pub struct Host {
    runner: Arc<Runner>,
    /// Has nothing in it: a module is given no function at all.
    linker: Linker<Guard>,
    kept: Mutex<Vec<Arc<Module>>>,
    /// One module compiles at a time; compiling takes every core by itself.
    compiling: Mutex<()>,
    functions: Arc<Functions>,
    cache: Cache,
}

impl Host {
    /// `folder` is where compiled code is kept between starts.
    pub fn open(folder: &Path, limits: Limits) -> Result<Self, Fault> {
        Self::with(folder, limits, false)
    }

    /// For a rule's author: counts instructions, which a board in service does not, since it slows every call.
    pub fn counting(folder: &Path, limits: Limits) -> Result<Self, Fault> {
        Self::with(folder, limits, true)
    }

    fn with(folder: &Path, limits: Limits, counting: bool) -> Result<Self, Fault> {
        let functions = Arc::new(Functions::default());
        let mut config = config(&limits);
        config.consume_fuel(counting);
        let engine = config
            .enable_incremental_compilation(Arc::clone(&functions) as Arc<dyn CacheStore>)
            .and_then(|config| Engine::new(config))
            .map_err(|error| Fault::Engine(words(&error)))?;
        let cache = Cache::open(folder, &engine)
            .map_err(|error| Fault::Engine(format!("{}: {error}", folder.display())))?;
        Ok(Self {
            functions,
            cache,
            linker: Linker::new(&engine),
            runner: Arc::new(Runner::new(engine, limits, counting)?),
            kept: Mutex::default(),
            compiling: Mutex::default(),
        })
    }

    /// Instructions of all calls so far; none unless this host counts.
    pub fn fuel_spent(&self) -> Option<u64> {
        let fuel = self.runner.fuel.as_ref()?;
        Some(fuel.load(Ordering::Relaxed))
    }

    pub fn limits(&self) -> &Limits {
        &self.runner.limits
    }

    /// A module ready to be asked. `bytes` are those that `digest` names; they are read only if it is not at hand. Blocks
    /// for as long as compiling takes: 40 ms for a module in Rust, seconds for one in JavaScript.
    pub fn module(&self, digest: Digest, bytes: &[u8]) -> Result<Arc<Module>, Fault> {
        if let Some(module) = self.at_hand(digest) {
            return Ok(module);
        }
        let _compiling = self
            .compiling
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Somebody else may have compiled it while this one waited.
        if let Some(module) = self.at_hand(digest) {
            return Ok(module);
        }
        admit_form(bytes, self.runner.limits.module_bytes)?;
        if Digest::of(bytes) != digest {
            return Err(Fault::Refused(format!(
                "the stored module is not the one with digest {digest}: it was changed or damaged"
            )));
        }
        let module = Arc::new(self.compile(digest, bytes)?);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(0, Arc::clone(&module));
        kept.truncate(KEPT);
        Ok(module)
    }

    fn at_hand(&self, digest: Digest) -> Option<Arc<Module>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(|module| module.digest() == digest)?;
        kept[..=place].rotate_right(1);
        kept.first().cloned()
    }

    fn compile(&self, digest: Digest, bytes: &[u8]) -> Result<Module, Fault> {
        let component = self.cache.with(digest, &self.functions, || {
            Component::from_binary(&self.runner.engine, bytes)
        });
        let component = component.map_err(|error| {
            Fault::Refused(format!(
                "not a sound WebAssembly component: {}",
                words(&error)
            ))
        })?;
        let kind = self.admit_world(&component)?;
        let guest = self
            .linker
            .instantiate_pre(&component)
            .and_then(|pre| Guest::new(kind, pre))
            .map_err(|error| {
                Fault::Refused(format!(
                    "it does not follow the contract: {}",
                    words(&error)
                ))
            })?;
        let imports = component
            .component_type()
            .imports(&self.runner.engine)
            .map(|(name, _)| name.to_owned())
            .collect();
        Ok(Module::new(
            digest,
            kind,
            imports,
            guest,
            Arc::clone(&self.runner),
        ))
    }

    /// Nothing imported but the contract's types, and one of the two questions answered.
    fn admit_world(&self, component: &Component) -> Result<Kind, Fault> {
        let engine = &self.runner.engine;
        let kind = component.component_type();
        let foreign: Vec<_> = kind
            .imports(engine)
            .filter(|(name, item)| !(*name == v1::TYPES && only_types(engine, &item.ty)))
            .map(|(name, _)| name.to_owned())
            .collect();
        if !foreign.is_empty() {
            return Err(Fault::Refused(format!(
                "it asks for {}; a rule is given nothing but what is passed to it, so it must import nothing but {}",
                foreign.join(", "),
                v1::TYPES
            )));
        }
        let exports: Vec<_> = kind
            .exports(engine)
            .map(|(name, _)| name.to_owned())
            .collect();
        kind_of(&exports)
    }
}

fn kind_of(exports: &[String]) -> Result<Kind, Fault> {
    let mut answered = Vec::new();
    for export in exports {
        let (interface, version) = export.split_once('@').unwrap_or((export, ""));
        let Some((_, kind)) = v1::EXPORTS.iter().find(|(known, _)| *known == interface) else {
            continue;
        };
        if version != v1::VERSION {
            return Err(Fault::Refused(format!(
                "it is made for {export}; this board knows version {}",
                v1::VERSION
            )));
        }
        answered.push(*kind);
    }
    match answered.as_slice() {
        [kind] => Ok(*kind),
        [] if exports.is_empty() => Err(Fault::Refused(
            "it exports nothing, so it is no rule".into(),
        )),
        [] => Err(Fault::Refused(format!(
            "it is a component of another world: it exports {}, and neither {} nor {}",
            exports.join(", "),
            v1::EXPORTS[0].0,
            v1::EXPORTS[1].0
        ))),
        _ => Err(Fault::Refused(
            "it answers both questions; a module decides either about eligibility or about mail"
                .into(),
        )),
    }
}

/// An interface that holds types alone gives a module nothing to call.
fn only_types(engine: &Engine, item: &ComponentItem) -> bool {
    let ComponentItem::ComponentInstance(instance) = item else {
        return false;
    };
    instance
        .exports(engine)
        .all(|(_, item)| matches!(item.ty, ComponentItem::Type(_)))
}

/// What the first bytes tell, in words that help whoever chose the wrong file.
pub fn admit_form(bytes: &[u8], most: usize) -> Result<(), Fault> {
    let refused = |text: &str| Err(Fault::Refused(text.into()));
    if bytes.len() > most {
        return Err(Fault::Refused(format!(
            "it has {} bytes; at most {most} are allowed",
            bytes.len()
        )));
    }
    match bytes {
        [b'\0', b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => Ok(()),
        [b'\0', b'a', b's', b'm', 1, 0, 0, 0, ..] => refused(
            "it is a core WebAssembly module; a rule is a component (corkboard rules build makes one of it)",
        ),
        [b'\0', b'a', b's', b'm', ..] => {
            refused("it is WebAssembly of a version this board does not know")
        }
        [0x7f, b'E', b'L', b'F', ..] => {
            refused("it is compiled already; the board compiles for itself: give it the .wasm file")
        }
        [] => refused("it is empty"),
        _ => refused("it is not a WebAssembly file"),
    }
}

/// What the engine said, from the first to the last cause.
pub fn words(error: &wasmtime::Error) -> String {
    let causes: Vec<_> = error.chain().map(ToString::to_string).collect();
    causes.join(": ")
}

fn config(limits: &Limits) -> Config {
    let calls = limits.calls;
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(calls)
        .total_core_instances(calls * PARTS)
        .total_memories(calls * MEMORIES)
        .total_tables(calls * TABLES)
        .max_core_instances_per_component(PARTS)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .max_memory_size(limits.memory_bytes)
        .table_elements(limits.table_elements);
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .epoch_interruption(true)
        .max_wasm_stack(limits.stack_bytes)
        // A trace of the inside of a module tells an office nothing and costs every trap.
        .wasm_backtrace_max_frames(None)
        // The same answer on every machine.
        .relaxed_simd_deterministic(true)
        .wasm_component_model(true);
    config
}
