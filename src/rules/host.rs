//! Loads modules: refuses those that do not follow the contract, compiles the others, and caches the compiled modules.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use wasmtime::Engine;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker};

use super::builder::Builder;
use super::cache::Cache;
use super::call::{Guard, Runner};
use super::compile::{Queue, compile_separately};
use super::count::count;
use super::engine::{engine_to_run, words};
use super::fault::{cut, names};
use super::v1::{self, Guest};
use super::{BUILT_IN, Digest, Fault, Kind, Limits, Module};

/// Most bytes of compiled modules to keep in memory for the next call, besides those that the campus uses. The most
/// recently used ones stay, and at least the last one. A JavaScript module has
/// 4 MB, a Python module 34 MB.
const KEPT_BYTES: usize = 32 << 20;

pub struct Host {
    runner: Arc<Runner>,
    /// Empty: a module can call no outside function.
    linker: Linker<Guard>,
    kept: Mutex<Vec<Arc<Module>>>,
    queue: Queue,
    builder: Builder,
    cache: Cache,
    /// The program that compiles modules in a separate process: Corkboard itself.
    program: PathBuf,
    counting: bool,
}

impl Host {
    /// `folder` is for compiled code between starts. `program` is the Corkboard binary that compiles (`own_program`,
    /// except in tests).
    pub fn open(folder: &Path, limits: Limits, program: &Path) -> Result<Self, Fault> {
        Self::with(folder, limits, program, false)
    }

    /// For rule authors: counts instructions. The board does not, since it slows down every call.
    pub fn counting(folder: &Path, limits: Limits, program: &Path) -> Result<Self, Fault> {
        Self::with(folder, limits, program, true)
    }

    fn with(folder: &Path, limits: Limits, program: &Path, counting: bool) -> Result<Self, Fault> {
        let engine =
            engine_to_run(&limits, counting).map_err(|error| Fault::Engine(words(&error)))?;
        let cache = Cache::open(folder, &engine)
            .map_err(|error| Fault::Engine(format!("{}: {error}", folder.display())))?;
        Ok(Self {
            cache,
            linker: Linker::new(&engine),
            queue: Queue::new(limits.compile),
            builder: Builder::start(engine.clone())?,
            runner: Arc::new(Runner::new(engine, limits, counting)?),
            kept: Mutex::default(),
            program: program.to_owned(),
            counting,
        })
    }

    /// Instructions of all calls so far. `None` unless this host counts.
    pub fn fuel_spent(&self) -> Option<u64> {
        let fuel = self.runner.fuel.as_ref()?;
        Some(fuel.load(Ordering::Relaxed))
    }

    pub fn limits(&self) -> &Limits {
        &self.runner.limits
    }

    /// A module that is ready to call. `bytes` must match `digest`, and are used only if the module is not in memory.
    /// Blocks while it compiles: 40 ms for a Rust module, seconds for a JavaScript one.
    pub fn module(&self, digest: Digest, bytes: &[u8]) -> Result<Arc<Module>, Fault> {
        if let Some(module) = self.cached(digest) {
            return Ok(module);
        }
        admit_form(bytes, self.runner.limits.module_bytes)?;
        if Digest::of(bytes) != digest {
            return Err(Fault::Refused(format!(
                "the stored module is not the one with digest {digest}: it was changed or damaged"
            )));
        }
        let component = self.component(digest, bytes)?;
        // Another thread may have loaded it meanwhile.
        if let Some(module) = self.cached(digest) {
            return Ok(module);
        }
        let module = Arc::new(self.load(digest, &component)?);
        self.keep(module.clone());
        Ok(module)
    }

    fn keep(&self, module: Arc<Module>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(0, module);
        let mut bytes = 0;
        let fitting = kept.iter().take_while(|module| {
            bytes += module.image_bytes();
            bytes <= KEPT_BYTES
        });
        let fitting = fitting.count().max(1);
        kept.truncate(fitting);
    }

    /// Drops a module that no campus has from memory and from the cache.
    pub fn forget(&self, digest: Digest) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|module| module.digest() != digest);
        drop(kept);
        self.cache.forget(digest);
    }

    /// Deletes the compiled code of all other modules.
    pub fn keep_only(&self, digests: &[Digest]) -> std::io::Result<()> {
        self.cache.keep_only(digests)
    }

    /// Whether this module is known to compile.
    pub fn knows(&self, digest: Digest) -> bool {
        self.cached(digest).is_some() || self.cache.has(digest)
    }

    fn cached(&self, digest: Digest) -> Option<Arc<Module>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(|module| module.digest() == digest)?;
        kept[..=place].rotate_right(1);
        kept.first().cloned()
    }

    /// Builds a module from its cached code. A separate process compiles it if it is not cached. Built-in modules are
    /// compiled in this process, so that a start does not depend on another.
    fn component(&self, digest: Digest, bytes: &[u8]) -> Result<Component, Fault> {
        let file = self.cache.file(digest);
        let shared: Arc<[u8]> = bytes.into();
        let cached = || self.builder.build(file.clone(), shared.clone());
        if let Some(component) = cached()? {
            return Ok(component);
        }
        if BUILT_IN.iter().any(|built_in| built_in.bytes == bytes) {
            return self.builder.compile(file, shared);
        }
        let limits = &self.runner.limits;
        count(bytes, limits)?;
        let _permit = self.queue.enter(digest)?;
        if let Some(component) = cached()? {
            return Ok(component);
        }
        compile_separately(&self.program, limits, self.counting, &file, bytes)?;
        cached()?.ok_or_else(|| {
            Fault::Engine(format!(
                "{}: the compiled code is not there",
                file.display()
            ))
        })
    }

    fn load(&self, digest: Digest, component: &Component) -> Result<Module, Fault> {
        let kind = self.admit_world(component)?;
        let guest = self
            .linker
            .instantiate_pre(component)
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
        let image = component.image_range();
        Ok(Module::new(
            digest,
            kind,
            imports,
            image.end.addr() - image.start.addr(),
            guest,
            Arc::clone(&self.runner),
        ))
    }

    /// Checks that the module imports only the contract's types and answers one of the two questions.
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
                "it imports {}; a rule gets only what the board passes to it, so it may import only {}",
                names(foreign.iter()),
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
                "it is made for {}; this board supports version {}",
                cut(export),
                v1::VERSION
            )));
        }
        answered.push(*kind);
    }
    match answered.as_slice() {
        [kind] => Ok(*kind),
        [] if exports.is_empty() => Err(Fault::Refused(
            "it exports nothing, so it is not a rule".into(),
        )),
        [] => Err(Fault::Refused(format!(
            "it is not a rule: it exports {}, but neither {} nor {}",
            names(exports.iter()),
            v1::EXPORTS[0].0,
            v1::EXPORTS[1].0
        ))),
        _ => Err(Fault::Refused(
            "it answers both questions; a module must decide either eligibility or mail".into(),
        )),
    }
}

/// Whether an interface has only types, so that a module cannot call anything.
fn only_types(engine: &Engine, item: &ComponentItem) -> bool {
    let ComponentItem::ComponentInstance(instance) = item else {
        return false;
    };
    instance
        .exports(engine)
        .all(|(_, item)| matches!(item.ty, ComponentItem::Type(_)))
}

/// Checks the first bytes. The error helps somebody who chose the wrong file.
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
            "it is a core WebAssembly module, but a rule is a component; `corkboard rules build` makes one",
        ),
        [b'\0', b'a', b's', b'm', ..] => refused("it is an unknown version of WebAssembly"),
        [0x7f, b'E', b'L', b'F', ..] => refused("it is a compiled program; use the .wasm file"),
        [] => refused("it is empty"),
        _ => refused("it is not a WebAssembly file"),
    }
}
