//! Compiles a module in a separate process, since a hostile file can make the compiler use any amount of time and
//! memory. The process is this program with a hidden command. It limits itself, measures and compiles the module, and
//! saves the code of its functions in the cache. If it exceeds a limit it dies, and the board refuses the module and
//! continues.

use std::io::{self, BufRead as _, Read, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use rustix::process::{Resource, Rlimit, Signal, getrlimit, nice, setrlimit};
use serde::{Deserialize, Serialize};

use super::builder::build;
use super::cache::{self, Cached};
use super::count::{admit_functions, count};
use super::engine::{engine_to_compile, words};
use super::limits::CompileLimits;
use super::{Digest, Fault, Limits};
use crate::telemetry::say;

/// The hidden command that compiles a module. People do not use it.
pub const COMMAND: &str = "compile-rule";

/// Exit statuses for a fault. Any other status than success is a crash of the compiler. The reason for the first two is
/// on standard output.
const REFUSED: u8 = 3;
const BOARD_FAILED: u8 = 4;
const DISK_FULL: u8 = 5;
/// Longest reason, and longest error output of a process that died.
const MOST_WORDS: u64 = 4_096;
/// The stack for compiling in the process, and for loading here later. A file that is nested too deep for the first
/// kills the process, so what remains always fits into the second.
const STACK: usize = 2 << 20;
pub const STACK_AFTERWARDS: usize = 8 << 20;
/// Address space in addition to the memory limit: the program itself, and reserved space that is never used.
const EXTRA_ADDRESS_SPACE: u64 = 2 << 30;
/// It reads its input and writes one file.
const OPEN_FILES: u64 = 32;
/// Nice value: it yields to everything else on the machine.
const NICE: i32 = 5;

/// The process's instructions, on one line before the module's bytes.
#[derive(Serialize, Deserialize)]
struct Order {
    file: PathBuf,
    counting: bool,
    limits: Limits,
}

/// This program's file as it was at the start. It still works after a newer version has replaced it on disk.
pub fn own_program() -> PathBuf {
    if cfg!(target_os = "linux") {
        "/proc/self/exe".into()
    } else {
        std::env::current_exe().unwrap_or_else(|_| "corkboard".into())
    }
}

/// Compiles a module in a separate process, into `file`. A failure leaves no file.
pub fn compile_separately(
    program: &Path,
    limits: &Limits,
    counting: bool,
    file: &Path,
    bytes: &[u8],
) -> Result<(), Fault> {
    let order = Order {
        file: file.to_owned(),
        counting,
        limits: *limits,
    };
    let order = serde_json::to_vec(&order).map_err(|error| Fault::Engine(error.to_string()))?;
    let child = Command::new(program)
        .arg(COMMAND)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| Fault::Engine(format!("{}: {error}", program.display())))?;
    let ended = run_child(child, &[&order, b"\n", bytes], &limits.compile)
        .map_err(|error| Fault::Engine(error.to_string()));
    let outcome = ended.and_then(|ended| ended.outcome(&limits.compile));
    if outcome.is_err() {
        cache::discard(file);
    }
    outcome
}

/// How the process ended.
struct Ended {
    /// `None`: it took too long and was killed.
    status: Option<ExitStatus>,
    said: String,
    last_words: String,
}

/// Sends the process its input and waits for its end.
fn run_child(mut child: Child, input: &[&[u8]], limits: &CompileLimits) -> io::Result<Ended> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        scope.spawn(move || {
            if let Some(mut stdin) = stdin {
                // A process that died reads no more. Its exit status says why.
                let _ = input.iter().try_for_each(|part| stdin.write_all(part));
            }
        });
        let last_words = scope.spawn(move || stderr.map(read_all).unwrap_or_default());
        let (sender, receiver) = mpsc::channel();
        scope.spawn(move || sender.send(stdout.map(read_all).unwrap_or_default()));
        let said = receiver.recv_timeout(limits.wall);
        let in_time = !matches!(said, Err(RecvTimeoutError::Timeout));
        if !in_time {
            child.kill()?;
        }
        let status = child.wait()?;
        Ok(Ended {
            status: in_time.then_some(status),
            said: said.unwrap_or_default(),
            last_words: last_words.join().unwrap_or_default(),
        })
    })
}

/// Reads to the end, but keeps only the beginning.
fn read_all(mut from: impl Read) -> String {
    let mut words = Vec::new();
    // Output that cannot be read counts as missing. The exit status says the rest.
    let _ = from.by_ref().take(MOST_WORDS).read_to_end(&mut words);
    let _ = io::copy(&mut from, &mut io::sink());
    String::from_utf8_lossy(&words).into_owned()
}

impl Ended {
    fn outcome(self, limits: &CompileLimits) -> Result<(), Fault> {
        let over = |what: String, setting: &str| {
            Err(Fault::Refused(format!(
                "compiling it took more than {what} and was stopped; the setting rules.{setting} allows more"
            )))
        };
        let Some(status) = self.status else {
            return over(format!("{} s", limits.wall.as_secs()), "compile_seconds");
        };
        let died_of = |signals: &[Signal]| {
            let died = status.signal();
            signals.iter().any(|signal| Some(signal.as_raw()) == died)
        };
        if status.success() {
            return Ok(());
        }
        match status.code().and_then(|code| u8::try_from(code).ok()) {
            Some(REFUSED) => return Err(Fault::Refused(self.said)),
            Some(BOARD_FAILED) => return Err(Fault::Engine(self.said)),
            Some(DISK_FULL) => return Err(Fault::DiskFull),
            _ => {}
        }
        tracing::warn!(%status, stderr = self.last_words, "could not compile a rule");
        if died_of(&[Signal::XCPU]) {
            let most = format!("{} s of CPU time", limits.cpu.as_secs());
            return over(most, "compile_cpu_seconds");
        }
        // These are the ways in which a program ends when memory is refused or the stack is full.
        if died_of(&[Signal::ABORT, Signal::SEGV, Signal::KILL, Signal::BUS]) {
            let most = format!("{} MiB of memory", limits.memory_bytes >> 20);
            return over(most, "compile_memory_mib");
        }
        Err(Fault::Refused(format!(
            "the compiler failed on it ({status}); the log has what it said"
        )))
    }
}

/// The hidden command: compiles the module on standard input.
pub fn compile_for_board() -> ExitCode {
    let (status, why) = match compile_input() {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Fault::Refused(why)) => (REFUSED, why),
        Err(Fault::DiskFull) => (DISK_FULL, String::new()),
        Err(Fault::Engine(why)) => (BOARD_FAILED, why),
        Err(fault) => (BOARD_FAILED, fault.to_string()),
    };
    if let Err(error) = io::stdout().write_all(why.as_bytes()) {
        say(format!("{why} ({error})"));
    }
    ExitCode::from(status)
}

fn compile_input() -> Result<(), Fault> {
    let failed = |error: io::Error| Fault::Engine(error.to_string());
    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    input.read_until(b'\n', &mut line).map_err(failed)?;
    let order: Order =
        serde_json::from_slice(&line).map_err(|error| Fault::Engine(error.to_string()))?;
    limit_self(&order.limits.compile).map_err(failed)?;
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes).map_err(failed)?;
    let compiled = thread::Builder::new()
        .stack_size(STACK)
        .spawn(move || compile(&order, &bytes));
    let ended = compiled.map_err(failed)?.join();
    ended.unwrap_or_else(|panic| resume_unwind(panic))
}

/// Permanent: a process cannot raise its limits again.
fn limit_self(limits: &CompileLimits) -> io::Result<()> {
    let limit = |resource, most: u64, beyond: u64| {
        let hard = getrlimit(resource).maximum.unwrap_or(u64::MAX);
        let limit = Rlimit {
            current: Some(most.min(hard)),
            maximum: Some(most.saturating_add(beyond).min(hard)),
        };
        setrlimit(resource, limit).map_err(io::Error::from)
    };
    limit(Resource::Data, limits.memory_bytes, 0)?;
    let addresses = limits.memory_bytes.saturating_add(EXTRA_ADDRESS_SPACE);
    limit(Resource::As, addresses, 0)?;
    // The soft limit ends the process with a signal that names the cause; the hard limit kills it.
    limit(Resource::Cpu, limits.cpu.as_secs().max(1), 1)?;
    limit(Resource::Fsize, cache::MOST_BYTES, 0)?;
    limit(Resource::Nofile, OPEN_FILES, 0)?;
    limit(Resource::Core, 0, 0)?;
    nice(NICE)?;
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    Ok(())
}

fn compile(order: &Order, bytes: &[u8]) -> Result<(), Fault> {
    // The parent has measured it too, but measuring is cheap.
    count(bytes, &order.limits)?;
    let engine = engine_to_compile(&order.limits, order.counting)
        .map_err(|error| Fault::Engine(words(&error)))?;
    let built = build(&engine, bytes, Cached::default());
    built.result?;
    admit_functions(built.functions, order.limits.functions())?;
    cache::save(&order.file, &built.new).map_err(|error| Fault::of_file(&order.file, &error))
}

/// Limits how many modules compile at once. No module is compiled twice at the same time.
pub struct Queue {
    limits: CompileLimits,
    compiling: Mutex<Vec<Digest>>,
    ended: Condvar,
}

impl Queue {
    pub fn new(limits: CompileLimits) -> Self {
        Self {
            limits,
            compiling: Mutex::default(),
            ended: Condvar::new(),
        }
    }

    pub fn enter(&self, digest: Digest) -> Result<Entry<'_>, Fault> {
        let until = Instant::now() + self.limits.max_wait;
        let mut compiling = self
            .compiling
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        while compiling.len() >= self.limits.at_once.max(1) || compiling.contains(&digest) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Fault::Busy);
            }
            (compiling, _) = self
                .ended
                .wait_timeout(compiling, left)
                .unwrap_or_else(PoisonError::into_inner);
        }
        compiling.push(digest);
        Ok(Entry {
            queue: self,
            digest,
        })
    }
}

pub struct Entry<'a> {
    queue: &'a Queue,
    digest: Digest,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        let mut compiling = (self.queue.compiling.lock()).unwrap_or_else(PoisonError::into_inner);
        compiling.retain(|digest| *digest != self.digest);
        drop(compiling);
        self.queue.ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A4
    #[test]
    fn compilations_are_limited_and_never_doubled() {
        let queue = Queue::new(CompileLimits {
            at_once: 2,
            max_wait: Duration::ZERO,
            ..CompileLimits::default()
        });
        let digest = |name: &str| Digest::of(name.as_bytes());
        let busy = |name: &str| matches!(queue.enter(digest(name)), Err(Fault::Busy));
        let first = queue.enter(digest("a")).unwrap();
        assert!(busy("a"), "the same one is under way");
        let second = queue.enter(digest("b")).unwrap();
        assert!(busy("c"));
        drop(first);
        assert!(busy("b"));
        drop(queue.enter(digest("c")).unwrap());
        drop(queue.enter(digest("a")).unwrap());
        drop(second);
        drop(queue.enter(digest("b")).unwrap());
    }
}
