//! A disk in memory for redb that keeps what was synced apart from what was only written, and stops where it is told.

use std::fmt;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use redb::StorageBackend;

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// One disk; clones are the same one.
#[derive(Clone)]
pub(in crate::store) struct Disk(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    released: Condvar,
}

#[derive(Default)]
struct State {
    /// What a read gives.
    seen: Vec<u8>,
    /// What is certainly there after a power cut.
    synced: Vec<u8>,
    /// What may be there or not, in the order it was done.
    unsynced: Vec<Step>,
    /// Writes, changes of length and syncs so far.
    steps: u64,
    syncs: u64,
    /// The step that fails, and with it all that comes after.
    stop_at: Option<u64>,
    stopped: bool,
    /// The next sync fails, and nothing else.
    fail_sync: bool,
    /// Syncs wait until they are released.
    held: bool,
}

#[derive(Clone)]
enum Step {
    Write { offset: usize, bytes: Vec<u8> },
    Length(usize),
}

impl Step {
    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Self::Length(length) => to.resize(*length, 0),
            Self::Write { offset, bytes } => {
                let end = offset + bytes.len();
                if to.len() < end {
                    to.resize(end, 0);
                }
                to[*offset..end].copy_from_slice(bytes);
            }
        }
    }
}

/// What a power cut leaves of the unsynced steps.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) enum Survives {
    Nothing,
    Everything,
    /// Each sector by a coin, so that writes of many sectors are torn.
    Some(u64),
}

impl Disk {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Shared {
            state: Mutex::new(State {
                seen: bytes.clone(),
                synced: bytes,
                ..State::default()
            }),
            released: Condvar::new(),
        }))
    }

    /// Stops at a step, counted from 0.
    pub fn stopping_at(self, step: u64) -> Self {
        self.lock().stop_at = Some(step);
        self
    }

    pub fn has_stopped(&self) -> bool {
        self.lock().stopped
    }

    pub fn syncs(&self) -> u64 {
        self.lock().syncs
    }

    pub fn fail_next_sync(&self) {
        self.lock().fail_sync = true;
    }

    pub fn hold_syncs(&self) {
        self.lock().held = true;
    }

    pub fn release_syncs(&self) {
        self.lock().held = false;
        self.0.released.notify_all();
    }

    /// The bytes that a power cut now leaves.
    pub fn after_power_cut(&self, survives: Survives) -> Vec<u8> {
        let state = self.lock();
        let mut bytes = state.synced.clone();
        let mut coin = match survives {
            Survives::Nothing => return bytes,
            Survives::Everything => return state.seen.clone(),
            Survives::Some(seed) => Coin::new(seed),
        };
        for step in &state.unsynced {
            match step {
                Step::Length(_) if coin.toss() => step.apply(&mut bytes),
                Step::Length(_) => {}
                Step::Write { offset, bytes: all } => {
                    let sectors = all.chunks(SECTOR).enumerate();
                    for (number, sector) in sectors.filter(|_| coin.toss()) {
                        let sector = Step::Write {
                            offset: offset + number * SECTOR,
                            bytes: sector.to_vec(),
                        };
                        sector.apply(&mut bytes);
                    }
                }
            }
        }
        bytes
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }

    fn step(&self, step: Step) -> io::Result<()> {
        let mut state = self.lock();
        let was_stopped = state.stopped;
        let outcome = state.count();
        if !was_stopped {
            // A part of the step that fails may be there too.
            step.apply(&mut state.seen);
            state.unsynced.push(step);
        }
        outcome
    }
}

impl State {
    fn count(&mut self) -> io::Result<()> {
        self.alive()?;
        self.stopped = self.stop_at == Some(self.steps);
        self.steps += 1;
        self.alive()
    }

    fn alive(&self) -> io::Result<()> {
        if self.stopped {
            return Err(io::Error::other("the disk has stopped"));
        }
        Ok(())
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Disk")
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        let state = self.lock();
        state.alive()?;
        Ok(state.seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.lock();
        state.alive()?;
        let start = usize::try_from(offset).unwrap();
        let found = state.seen.get(start..start + out.len());
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.step(Step::Length(usize::try_from(length).unwrap()))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.step(Step::Write {
            offset: usize::try_from(offset).unwrap(),
            bytes: data.to_vec(),
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        let held = self.0.released.wait_while(self.lock(), |state| state.held);
        let mut state = held.unwrap();
        state.count()?;
        if std::mem::take(&mut state.fail_sync) {
            return Err(io::Error::other("a sync failed"));
        }
        state.syncs += 1;
        let state = &mut *state;
        for step in state.unsynced.drain(..) {
            step.apply(&mut state.synced);
        }
        Ok(())
    }
}

/// A coin whose tosses follow from its seed (splitmix64).
pub(super) struct Coin(u64);

impl Coin {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn toss(&mut self) -> bool {
        self.number().is_multiple_of(2)
    }
}
