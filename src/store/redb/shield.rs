//! A layer between redb and its storage. After one failed write, redb refuses everything, even reads. So the first
//! failed write and all later ones stay in memory here: redb and its readers continue, and the file is what a power cut
//! at that moment would have left. Writers must check `failure` before they trust a commit.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::{BackendError, StorageBackend};

use crate::store::engine::Trouble;

const BLOCK: usize = 4096;

/// Clones share their state.
#[derive(Clone)]
pub(super) struct Shield(Arc<Parts>);

struct Parts {
    storage: Box<dyn StorageBackend>,
    /// Takes shared locks, so that others can read too.
    reads_only: bool,
    /// Whether `State::kept` is set, so that other reads need not wait for the lock.
    is_keeping: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The length that redb sees. A failing storage may no longer report it.
    length: u64,
    failure: Option<Failure>,
    kept: Option<Kept>,
    /// Written since the last sync.
    unsynced: Vec<(u64, usize)>,
    /// The operating system may have dropped data that it could not sync, although it still returns it.
    sync_failed: bool,
}

/// What was not written to the storage.
struct Kept {
    blocks: BTreeMap<u64, Vec<u8>>,
    /// Up to here, the storage's own bytes are valid.
    beneath: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub trouble: Trouble,
    pub text: String,
}

impl Failure {
    pub fn of(error: &io::Error) -> Self {
        let is_full = matches!(
            error.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        );
        Self {
            trouble: if is_full {
                Trouble::DiskFull
            } else {
                Trouble::Failing
            },
            text: error.to_string(),
        }
    }

    pub fn other(error: impl fmt::Display) -> Self {
        Self {
            trouble: Trouble::Failing,
            text: error.to_string(),
        }
    }
}

impl Shield {
    pub fn new(storage: Box<dyn StorageBackend>) -> io::Result<Self> {
        Self::with(storage, false)
    }

    /// For reading a storage that must not be written.
    pub fn reads_only(storage: Box<dyn StorageBackend>) -> io::Result<Self> {
        let shield = Self::with(storage, true)?;
        shield.freeze();
        Ok(shield)
    }

    fn with(storage: Box<dyn StorageBackend>, reads_only: bool) -> io::Result<Self> {
        let state = State {
            length: storage.len()?,
            ..State::default()
        };
        Ok(Self(Arc::new(Parts {
            storage,
            reads_only,
            is_keeping: AtomicBool::new(false),
            state: Mutex::new(state),
        })))
    }

    /// The first failure, if there was one.
    pub fn failure(&self) -> Option<Failure> {
        self.state().failure.clone()
    }

    /// The number of bytes that wait for the storage to accept writes.
    pub fn kept_bytes(&self) -> u64 {
        let state = self.state();
        state
            .kept
            .as_ref()
            .map_or(0, |kept| kept.blocks.len() * BLOCK) as u64
    }

    /// Stops writing to the storage.
    pub fn freeze(&self) {
        self.keep(&mut self.state());
    }

    /// After a failed sync, makes the storage's content match what it returns.
    pub fn settle(&self) -> io::Result<()> {
        let mut state = self.state();
        if !state.sync_failed {
            return Ok(());
        }
        let length = self.0.storage.len()?;
        for (offset, size) in &state.unsynced {
            let mut bytes = vec![0; (*size).min(length.saturating_sub(*offset) as usize)];
            self.0.storage.read(*offset, &mut bytes)?;
            self.0.storage.write(*offset, &bytes)?;
        }
        self.0.storage.sync_data()?;
        state.unsynced.clear();
        state.sync_failed = false;
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let state = self.0.state.lock();
        state.unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, state: &mut State) {
        if state.kept.is_none() {
            state.kept = Some(Kept {
                blocks: BTreeMap::new(),
                beneath: state.length,
            });
            self.0.is_keeping.store(true, Ordering::Release);
        }
    }

    fn fail(&self, state: &mut State, error: &io::Error) {
        tracing::error!(%error, "could not write the store's file; its changes stay in memory");
        state.failure.get_or_insert_with(|| Failure::of(error));
        self.keep(state);
    }

    /// The operating system returns data that could not be synced only for as long as it likes.
    fn keep_unsynced(&self, state: &mut State) -> io::Result<()> {
        let State { kept, unsynced, .. } = state;
        let Some(kept) = kept else { return Ok(()) };
        for (offset, size) in unsynced {
            let mut bytes = vec![0; *size];
            self.read_beneath(kept.beneath, *offset, &mut bytes)?;
            self.write_kept(kept, *offset, &bytes)?;
        }
        Ok(())
    }

    /// Bytes of the storage, with zeros where it has none.
    fn read_beneath(&self, beneath: u64, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let there = (beneath.saturating_sub(offset) as usize).min(out.len());
        let (found, none) = out.split_at_mut(there);
        none.fill(0);
        if found.is_empty() {
            return Ok(());
        }
        self.0.storage.read(offset, found)
    }

    fn write_kept(&self, kept: &mut Kept, offset: u64, data: &[u8]) -> io::Result<()> {
        for (block, within, part) in parts(offset, data.len()) {
            if !kept.blocks.contains_key(&block) {
                let mut bytes = vec![0; BLOCK];
                if part.len() < BLOCK {
                    self.read_beneath(kept.beneath, block * BLOCK as u64, &mut bytes)?;
                }
                kept.blocks.insert(block, bytes);
            }
            if let Some(bytes) = kept.blocks.get_mut(&block) {
                bytes[within..within + part.len()].copy_from_slice(&data[part]);
            }
        }
        Ok(())
    }
}

/// The blocks of a range: the block's number, where the range starts in it, and which part of the range it has.
fn parts(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let place = offset + at as u64;
        let within = (place % BLOCK as u64) as usize;
        let size = (BLOCK - within).min(length - at);
        let part = at..at + size;
        at += size;
        (size > 0).then_some((place / BLOCK as u64, within, part))
    })
}

impl fmt::Debug for Shield {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shield")
    }
}

impl StorageBackend for Shield {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if !self.0.is_keeping.load(Ordering::Acquire) {
            let read = self.0.storage.read(offset, out);
            if let Err(error) = &read {
                self.state()
                    .failure
                    .get_or_insert_with(|| Failure::of(error));
            }
            return read;
        }
        let state = self.state();
        let Some(kept) = &state.kept else {
            return self.0.storage.read(offset, out);
        };
        if offset + out.len() as u64 > state.length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let is_kept = |(block, _, _)| kept.blocks.contains_key(&block);
        if !parts(offset, out.len()).all(is_kept) {
            self.read_beneath(kept.beneath, offset, out)?;
        }
        for (block, within, part) in parts(offset, out.len()) {
            if let Some(bytes) = kept.blocks.get(&block) {
                let bytes = &bytes[within..within + part.len()];
                out[part].copy_from_slice(bytes);
            }
        }
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut state = self.state();
        if state.kept.is_none()
            && let Err(error) = self.0.storage.set_len(length)
        {
            self.fail(&mut state, &error);
        }
        if let Some(kept) = &mut state.kept {
            kept.blocks.split_off(&length.div_ceil(BLOCK as u64));
            kept.beneath = kept.beneath.min(length);
        }
        state.length = length;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state();
        if state.kept.is_some() {
            return Ok(());
        }
        match self.0.storage.sync_data() {
            Ok(()) => state.unsynced.clear(),
            Err(error) => {
                self.fail(&mut state, &error);
                state.sync_failed = true;
                self.keep_unsynced(&mut state)?;
            }
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        if state.kept.is_none() {
            match self.0.storage.write(offset, data) {
                Ok(()) => state.unsynced.push((offset, data.len())),
                Err(error) => self.fail(&mut state, &error),
            }
        }
        if let Some(kept) = &mut state.kept {
            self.write_kept(kept, offset, data)?;
        }
        state.length = state.length.max(offset + data.len() as u64);
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        StorageBackend::close(&*self.0.storage)
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        if self.0.reads_only {
            return self.0.storage.try_lock_shared_range(start, end);
        }
        self.0.storage.try_lock_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.storage.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.storage.query_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.0.storage.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.storage.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.storage.lock_shared_range(start, end)
    }
}
