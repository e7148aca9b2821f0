//! Disks in memory that separate synced data from data that was only written. The files of one machine share the power,
//! which can be cut at a given step, and the disk space, which can run out.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use redb::StorageBackend;

/// The unit that a disk writes completely or not at all.
const SECTOR: usize = 512;
/// The unit in which a file uses disk space.
const BLOCK: usize = 4096;

/// What files share. Clones refer to the same machine.
#[derive(Clone, Default)]
pub(in crate::store) struct Machine(Arc<(Mutex<Power>, Condvar)>);

#[derive(Default)]
struct Power {
    /// Writes, length changes and syncs so far.
    steps: u64,
    syncs: u64,
    /// The step at which everything starts to fail.
    stop_at: Option<u64>,
    stopped: bool,
    /// Only the sync with this number fails. Its data is never synced.
    fail_sync: Option<u64>,
    /// Reads fail.
    fail_reads: bool,
    /// Syncs wait until they are released.
    held: bool,
    /// Most blocks of all files together. `None`: no limit.
    room: Option<usize>,
    taken: usize,
}

/// One file. Clones refer to the same file.
#[derive(Clone)]
pub(in crate::store) struct Disk {
    machine: Machine,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// What reads return.
    seen: Vec<u8>,
    /// What certainly survives a power cut.
    synced: Vec<u8>,
    /// What may survive or not, in order.
    unsynced: Vec<Step>,
    /// The blocks that use disk space. A file has holes where nothing was written.
    blocks: BTreeSet<usize>,
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

/// Which unsynced steps survive a power cut.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) enum Survives {
    Nothing,
    Everything,
    /// Each sector by chance, so that larger writes are torn.
    Some(u64),
}

impl Machine {
    /// Stops at a step, counted from 0.
    pub fn stopping_at(self, step: u64) -> Self {
        self.lock().stop_at = Some(step);
        self
    }

    pub fn has_stopped(&self) -> bool {
        self.lock().stopped
    }

    pub fn steps(&self) -> u64 {
        self.lock().steps
    }

    pub fn syncs(&self) -> u64 {
        self.lock().syncs
    }

    /// Makes the sync with this number fail, counted from 0 since the start.
    pub fn fail_sync(&self, number: u64) {
        self.lock().fail_sync = Some(number);
    }

    pub fn fail_reads(&self, fail: bool) {
        self.lock().fail_reads = fail;
    }

    pub fn hold_syncs(&self) {
        self.lock().held = true;
    }

    pub fn release_syncs(&self) {
        self.lock().held = false;
        self.0.1.notify_all();
    }

    /// Limits the files to this many more bytes, or removes the limit.
    pub fn set_room(&self, more: Option<usize>) {
        let mut power = self.lock();
        power.room = more.map(|more| power.taken + more / BLOCK);
    }

    /// Whether this many bytes could be written.
    pub fn try_room(&self, bytes: u64) -> io::Result<()> {
        let power = self.lock();
        power.alive()?;
        let blocks = (bytes as usize).div_ceil(BLOCK);
        power.has_room(blocks)
    }

    fn lock(&self) -> MutexGuard<'_, Power> {
        self.0.0.lock().unwrap()
    }
}

impl Power {
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

    fn has_room(&self, blocks: usize) -> io::Result<()> {
        if self.room.is_some_and(|room| self.taken + blocks > room) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}

impl Disk {
    pub fn new(bytes: Vec<u8>, machine: &Machine) -> Self {
        Self {
            machine: machine.clone(),
            state: Arc::new(Mutex::new(State {
                seen: bytes.clone(),
                synced: bytes,
                ..State::default()
            })),
        }
    }

    /// The bytes that a power cut would leave now.
    pub fn after_power_cut(&self, survives: Survives) -> Vec<u8> {
        let state = self.state.lock().unwrap();
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

    fn step(&self, step: Step) -> io::Result<()> {
        let mut power = self.machine.lock();
        let mut state = self.state.lock().unwrap();
        let was_stopped = power.stopped;
        let outcome = power.count();
        if was_stopped {
            return outcome;
        }
        let new = state.new_blocks(&step);
        power.has_room(new.len())?;
        power.taken += new.len();
        if let Step::Length(length) = &step {
            let gone = state.blocks.split_off(&length.div_ceil(BLOCK));
            power.taken -= gone.len();
        }
        state.blocks.extend(new);
        // A part of the failing step may survive too.
        step.apply(&mut state.seen);
        state.unsynced.push(step);
        outcome
    }
}

impl State {
    fn new_blocks(&self, step: &Step) -> Vec<usize> {
        let Step::Write { offset, bytes } = step else {
            return Vec::new();
        };
        let blocks = offset / BLOCK..(offset + bytes.len()).div_ceil(BLOCK);
        blocks
            .filter(|block| !self.blocks.contains(block))
            .collect()
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Disk")
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        self.machine.lock().alive()?;
        Ok(self.state.lock().unwrap().seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let power = self.machine.lock();
        power.alive()?;
        if power.fail_reads {
            return Err(io::Error::other("a read failed"));
        }
        let state = self.state.lock().unwrap();
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
        let (lock, released) = &*self.machine.0;
        let held = released.wait_while(lock.lock().unwrap(), |power| power.held);
        let mut power = held.unwrap();
        power.count()?;
        let mut state = self.state.lock().unwrap();
        let state = &mut *state;
        power.syncs += 1;
        if power.fail_sync == Some(power.syncs - 1) {
            state.unsynced.clear();
            return Err(io::Error::other("a sync failed"));
        }
        for step in state.unsynced.drain(..) {
            step.apply(&mut state.synced);
        }
        Ok(())
    }
}

/// A reproducible coin (splitmix64).
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
