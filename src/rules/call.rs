//! One call under limits: a turn, a fresh instance's store, a deadline, and every failure told apart. No state of a
//! module outlives a call.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use wasmtime::{Engine, EngineWeak, ResourceLimiter, Store, Trap};

use super::{Fault, Limits};

/// How often the deadline is looked at.
const TICK: Duration = Duration::from_millis(5);

/// Calls something needs to run: the engine, the limits, the clock and the turns.
pub struct Runner {
    pub engine: Engine,
    pub limits: Limits,
    /// Instructions run so far, where the engine counts them.
    pub fuel: Option<AtomicU64>,
    ticker: Ticker,
    turns: Turns,
}

impl Runner {
    pub fn new(engine: Engine, limits: Limits, counting: bool) -> Result<Self, Fault> {
        let ticker = Ticker::start(engine.weak())?;
        let turns = Turns {
            free: Mutex::new(limits.calls),
            freed: Condvar::new(),
        };
        Ok(Self {
            engine,
            limits,
            fuel: counting.then(AtomicU64::default),
            ticker,
            turns,
        })
    }

    /// Runs `work` in a store of its own; the deadline covers instance and calls together.
    pub fn run<T>(
        &self,
        work: impl FnOnce(&mut Store<Guard>) -> wasmtime::Result<T>,
    ) -> Result<T, Fault> {
        let _turn = self.turns.take(self.limits.turn)?;
        let _ticking = self.ticker.hold();
        let mut store = Store::new(&self.engine, Guard::new(&self.limits));
        store.limiter(|guard| guard);
        store.set_hostcall_fuel(self.limits.answer_bytes);
        store.set_epoch_deadline(ticks(self.limits.deadline));
        if self.fuel.is_some() {
            store
                .set_fuel(u64::MAX)
                .map_err(|error| Fault::Engine(error.to_string()))?;
        }
        let done = work(&mut store);
        if let (Some(fuel), Ok(left)) = (&self.fuel, store.get_fuel()) {
            fuel.fetch_add(u64::MAX - left, Ordering::Relaxed);
        }
        done.map_err(|error| self.fault(&error, store.data()))
    }

    fn fault(&self, error: &wasmtime::Error, guard: &Guard) -> Fault {
        match error.downcast_ref::<Trap>() {
            Some(Trap::Interrupt) => Fault::OutOfTime(self.limits.deadline.as_millis() as u64),
            // A guest that is refused memory gives up by a trap of its own kind.
            _ if guard.refused_memory => {
                Fault::OutOfMemory((self.limits.memory_bytes >> 20) as u64)
            }
            Some(Trap::StackOverflow) => {
                Fault::Trapped("it calls itself too deeply (stack overflow)".into())
            }
            Some(trap) => Fault::Trapped(trap.to_string()),
            None => Fault::WrongAnswer(error.root_cause().to_string()),
        }
    }
}

/// One more than the deadline's own, since the first may come at once.
fn ticks(deadline: Duration) -> u64 {
    (deadline.as_millis() / TICK.as_millis()) as u64 + 1
}

/// What a store carries: how much its instance may still take, and whether it was refused any.
pub struct Guard {
    memory_bytes: usize,
    table_elements: usize,
    memory_taken: usize,
    table_taken: usize,
    refused_memory: bool,
}

impl Guard {
    fn new(limits: &Limits) -> Self {
        Self {
            memory_bytes: limits.memory_bytes,
            table_elements: limits.table_elements,
            memory_taken: 0,
            table_taken: 0,
            refused_memory: false,
        }
    }
}

impl ResourceLimiter for Guard {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let taken = self
            .memory_taken
            .saturating_add(desired.saturating_sub(current));
        let granted = taken <= self.memory_bytes;
        if granted {
            self.memory_taken = taken;
        } else {
            self.refused_memory = true;
        }
        Ok(granted)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let taken = self
            .table_taken
            .saturating_add(desired.saturating_sub(current));
        let granted = taken <= self.table_elements;
        if granted {
            self.table_taken = taken;
        }
        Ok(granted)
    }
}

/// A thread that moves the engine's epoch while a call runs, and sleeps while none does.
struct Ticker {
    beat: Arc<Beat>,
    thread: thread::Thread,
}

#[derive(Default)]
struct Beat {
    running: AtomicUsize,
    stopped: AtomicBool,
}

impl Ticker {
    fn start(engine: EngineWeak) -> Result<Self, Fault> {
        let beat = Arc::new(Beat::default());
        let seen = Arc::clone(&beat);
        let tick = move || {
            while !seen.stopped.load(Ordering::Acquire) {
                if seen.running.load(Ordering::Acquire) == 0 {
                    thread::park();
                    continue;
                }
                let Some(engine) = engine.upgrade() else {
                    return;
                };
                engine.increment_epoch();
                drop(engine);
                thread::sleep(TICK);
            }
        };
        let thread = thread::Builder::new()
            .name("rules-deadline".into())
            .spawn(tick)
            .map_err(|error| Fault::Engine(error.to_string()))?;
        Ok(Self {
            beat,
            thread: thread.thread().clone(),
        })
    }

    fn hold(&self) -> Ticking<'_> {
        if self.beat.running.fetch_add(1, Ordering::AcqRel) == 0 {
            self.thread.unpark();
        }
        Ticking(&self.beat)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.beat.stopped.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

struct Ticking<'a>(&'a Beat);

impl Drop for Ticking<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::AcqRel);
    }
}

/// How many calls may still begin.
struct Turns {
    free: Mutex<u32>,
    freed: Condvar,
}

impl Turns {
    fn take(&self, patience: Duration) -> Result<Turn<'_>, Fault> {
        let until = Instant::now() + patience;
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        while *free == 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Fault::Busy);
            }
            (free, _) = self
                .freed
                .wait_timeout(free, left)
                .unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
        Ok(Turn(self))
    }
}

struct Turn<'a>(&'a Turns);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}
