//! Builds components from cached code, one after another on one thread. Building one takes several kilobytes for each of
//! its functions, and an allocator keeps freed memory for the thread that used it. So a new thread for each component would
//! keep that memory as many times; here the next build uses it again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread;

use wasmtime::Engine;
use wasmtime::component::Component;

use super::Fault;
use super::cache::{Cached, Compiled, compiling, load, save};
use super::compile::STACK_AFTERWARDS;
use super::engine::words;

type Task = Box<dyn FnOnce() + Send>;

pub struct Builder {
    engine: Engine,
    /// Each caller waits for its own task, so there are never more tasks than callers.
    tasks: Sender<Task>,
}

impl Builder {
    pub fn start(engine: Engine) -> Result<Self, Fault> {
        let (tasks, to_do) = mpsc::channel::<Task>();
        thread::Builder::new()
            .name("rules-builder".into())
            .stack_size(STACK_AFTERWARDS)
            .spawn(move || {
                for task in to_do {
                    // Its caller learns of a panic by getting no answer.
                    let _ = catch_unwind(AssertUnwindSafe(task));
                }
            })
            .map_err(|error| Fault::Engine(error.to_string()))?;
        Ok(Self { engine, tasks })
    }

    /// Builds a component from the code in a file. `None` if there is no such file, or if it is damaged.
    pub fn build(&self, file: PathBuf, bytes: Arc<[u8]>) -> Result<Option<Component>, Fault> {
        let engine = self.engine.clone();
        self.run(move || {
            let built = load(&file).map(|code| build(&engine, &bytes, code).result);
            built.transpose()
        })
    }

    /// Compiles a component in this process, and saves the code in a file.
    pub fn compile(&self, file: PathBuf, bytes: Arc<[u8]>) -> Result<Component, Fault> {
        let engine = self.engine.clone();
        self.run(move || {
            let built = build(&engine, &bytes, Cached::default());
            if let Err(error) = save(&file, &built.new) {
                tracing::warn!(file = %file.display(), %error, "could not save a compiled rule");
            }
            built.result
        })
    }

    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let (answer, answered) = mpsc::channel();
        let task = Box::new(move || {
            // The caller waits for it.
            let _ = answer.send(work());
        });
        let sent = self.tasks.send(task);
        sent.map_err(|error| Fault::Engine(error.to_string()))?;
        let failed = |_| Fault::Refused("the compiler failed on it".into());
        answered.recv().map_err(failed)?
    }
}

/// Builds a component on this thread.
pub fn build(engine: &Engine, bytes: &[u8], code: Cached) -> Compiled<Result<Component, Fault>> {
    compiling(code, || {
        Component::from_binary(engine, bytes).map_err(|error| {
            Fault::Refused(format!(
                "not a valid WebAssembly component: {}",
                words(&error)
            ))
        })
    })
}
