//! One call under limits: a permit, a new store for the instance, a deadline, and a distinct fault for every failure.
//! No state of a module outlives a call.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use wasmtime::{Engine, EngineWeak, ResourceLimiter, Store, Trap, UpdateDeadline};

use super::fault::cut;
use super::{Fault, Limits};

/// How often the deadline is checked.
const TICK: Duration = Duration::from_millis(5);

/// What a call needs to run: the engine, the limits, the deadline's ticker and the permits.
pub struct Runner {
    pub engine: Engine,
    pub limits: Limits,
    /// Instructions run so far, if the engine counts them.
    pub fuel: Option<AtomicU64>,
    ticker: Ticker,
    permits: Permits,
}

impl Runner {
    pub fn new(engine: Engine, limits: Limits, counting: bool) -> Result<Self, Fault> {
        let ticker = Ticker::start(engine.weak())?;
        let permits = Permits {
            waiting: Mutex::new(Waiting {
                free: limits.calls,
                live: 0,
            }),
            freed: Condvar::new(),
        };
        Ok(Self {
            engine,
            limits,
            fuel: counting.then(AtomicU64::default),
            ticker,
            permits,
        })
    }

    /// Runs `work` in a new store. The deadline covers creating the instance and all its calls.
    pub fn run<T>(
        &self,
        priority: Priority,
        work: impl FnOnce(&mut Store<Guard>) -> wasmtime::Result<T>,
    ) -> Result<T, Fault> {
        let _permit = self.permits.take(priority, &self.limits)?;
        let _ticking = self.ticker.hold();
        let mut store = Store::new(&self.engine, Guard::new(&self.limits));
        store.limiter(|guard| guard);
        store.set_hostcall_fuel(self.limits.answer_bytes);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut store| Ok(store.data_mut().check_deadline()));
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
            // The machine was too busy, which says nothing about the module.
            Some(Trap::Interrupt) if guard.starved => Fault::Busy,
            Some(Trap::Interrupt) => Fault::OutOfTime(self.limits.deadline.as_millis() as u64),
            // When memory is refused, the module stops with its own kind of trap.
            _ if guard.refused_memory => {
                Fault::OutOfMemory((self.limits.memory_bytes >> 20) as u64)
            }
            Some(Trap::StackOverflow) => {
                Fault::Trapped("it calls itself too deeply (stack overflow)".into())
            }
            Some(trap) => Fault::Trapped(trap.to_string()),
            None => Fault::WrongAnswer(cut(&error.root_cause().to_string())),
        }
    }
}

/// Verdicts that a person waits for run before dry runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    Live,
    DryRun,
}

/// CPU time that this thread has used.
pub fn thread_time() -> Duration {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        used.tv_sec.unsigned_abs(),
        used.tv_nsec.unsigned_abs() as u32,
    )
}

/// A store's limits: how much its instance may still use, and whether memory was refused. A call stays on one thread.
pub struct Guard {
    /// The thread's CPU time at which the call must end.
    deadline: Duration,
    /// The time at which the call must end, however busy the machine is.
    longest: Instant,
    starved: bool,
    memory_bytes: usize,
    table_elements: usize,
    memory_taken: usize,
    table_taken: usize,
    refused_memory: bool,
}

impl Guard {
    fn new(limits: &Limits) -> Self {
        Self {
            deadline: thread_time() + limits.deadline,
            longest: Instant::now() + limits.longest_call,
            starved: false,
            memory_bytes: limits.memory_bytes,
            table_elements: limits.table_elements,
            memory_taken: 0,
            table_taken: 0,
            refused_memory: false,
        }
    }

    /// Whether the call may continue until the next tick.
    fn check_deadline(&mut self) -> UpdateDeadline {
        if thread_time() >= self.deadline {
            return UpdateDeadline::Interrupt;
        }
        self.starved = Instant::now() >= self.longest;
        if self.starved {
            UpdateDeadline::Interrupt
        } else {
            UpdateDeadline::Continue(1)
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

/// A thread that advances the engine's epoch while calls run, and sleeps otherwise.
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

/// Limits how many calls run at once. A semaphore with priorities.
struct Permits {
    waiting: Mutex<Waiting>,
    freed: Condvar,
}

struct Waiting {
    free: u32,
    /// Waiting live calls. While there are any, no dry run starts a call.
    live: u32,
}

impl Waiting {
    fn admits(&self, priority: Priority) -> bool {
        match priority {
            Priority::Live => self.free > 0,
            Priority::DryRun => self.free > 0 && self.live == 0,
        }
    }
}

impl Permits {
    fn take(&self, priority: Priority, limits: &Limits) -> Result<Permit<'_>, Fault> {
        let (live, max_wait) = match priority {
            Priority::Live => (1, limits.max_wait),
            Priority::DryRun => (0, limits.dry_run_wait),
        };
        let until = Instant::now() + max_wait;
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.live += live;
        while !waiting.admits(priority) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            (waiting, _) = self
                .freed
                .wait_timeout(waiting, left)
                .unwrap_or_else(PoisonError::into_inner);
        }
        waiting.live -= live;
        if !waiting.admits(priority) {
            return Err(Fault::Busy);
        }
        waiting.free -= 1;
        if waiting.free > 0 {
            // A dry run may have been waiting for this call to start.
            self.freed.notify_all();
        }
        Ok(Permit(self))
    }
}

struct Permit<'a>(&'a Permits);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut waiting = (self.0.waiting.lock()).unwrap_or_else(PoisonError::into_inner);
        waiting.free += 1;
        drop(waiting);
        self.0.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// A14
    #[test]
    fn a_dry_run_lets_a_verdict_go_first() {
        let permits = Permits {
            waiting: Mutex::new(Waiting { free: 1, live: 0 }),
            freed: Condvar::new(),
        };
        let limits = Limits {
            max_wait: Duration::from_mins(1),
            ..Limits::default()
        };
        let (begun, order) = mpsc::channel();
        thread::scope(|scope| {
            let taken = permits.take(Priority::Live, &limits).unwrap();
            for priority in [Priority::DryRun, Priority::Live] {
                let (permits, begun) = (&permits, begun.clone());
                scope.spawn(move || {
                    let _permit = permits.take(priority, &limits).unwrap();
                    begun.send(priority).unwrap();
                });
            }
            while permits.waiting.lock().unwrap().live == 0 {
                thread::yield_now();
            }
            drop(taken);
        });
        assert_eq!(order.recv(), Ok(Priority::Live));
        assert_eq!(order.recv(), Ok(Priority::DryRun));
    }

    #[test]
    fn a_call_that_waits_too_long_is_busy_and_blocks_nobody() {
        let permits = Permits {
            waiting: Mutex::new(Waiting { free: 1, live: 0 }),
            freed: Condvar::new(),
        };
        let limits = Limits {
            max_wait: Duration::ZERO,
            dry_run_wait: Duration::ZERO,
            ..Limits::default()
        };
        let taken = permits.take(Priority::DryRun, &limits).unwrap();
        for priority in [Priority::Live, Priority::DryRun] {
            assert!(matches!(permits.take(priority, &limits), Err(Fault::Busy)));
        }
        drop(taken);
        drop(permits.take(Priority::DryRun, &limits).unwrap());
    }
}
