//! The reference engine: a sorted map in memory that can inject failures. It defines what every engine must do.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::{oneshot, watch};

use super::engine::{
    Change, CommitError, Committed, Direction, Engine, KeyRange, MAX_SCAN_ROWS, Row, Snapshot,
    StoreError, View, Write, not_a_counter,
};
use super::keys::{self, Key};

/// What happens to a coming commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InjectedFailure {
    /// It succeeds.
    None,
    /// As if another change had come first. Nothing is written.
    Conflict,
    /// The queue is full.
    Busy,
    /// The disk fails. Nothing is written.
    Unavailable,
    /// The disk is full; nothing is written.
    DiskFull,
    /// The change is written, but the answer is lost.
    UnknownDone,
    /// Nothing is written, and the answer is lost.
    UnknownLost,
}

type Rows = BTreeMap<Key, Row>;

pub struct MemoryEngine {
    state: Mutex<State>,
    sequence: watch::Sender<u64>,
}

struct State {
    /// Shared with snapshots. A write copies it if a snapshot still uses it.
    rows: Arc<Rows>,
    failures: VecDeque<InjectedFailure>,
}

impl Default for MemoryEngine {
    fn default() -> Self {
        let state = State {
            rows: Arc::default(),
            failures: VecDeque::new(),
        };
        Self {
            state: Mutex::new(state),
            sequence: watch::Sender::new(0),
        }
    }
}

impl MemoryEngine {
    /// Plans what happens to the next commits, in order. After the last one, commits succeed.
    pub fn plan(&self, failures: impl IntoIterator<Item = InjectedFailure>) {
        self.lock().failures.extend(failures);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }

    fn commit(&self, change: &Change) -> Result<u64, CommitError> {
        let mut state = self.lock();
        let failure = state.failures.pop_front().unwrap_or(InjectedFailure::None);
        failure.before_the_write()?;
        // Checked before writing, so that a refused change leaves nothing behind.
        check(&state.rows, change)?;
        let rows = Arc::make_mut(&mut state.rows);
        write(rows, change).map_err(CommitError::Store)?;
        let mut sequence = *self.sequence.borrow();
        for event in &change.events {
            sequence += 1;
            let (version, value) = (1, event.clone());
            rows.insert(keys::log(sequence), Row { version, value });
        }
        // Under the lock, because the next commit counts on from here.
        self.sequence
            .send_if_modified(|last| std::mem::replace(last, sequence) != sequence);
        drop(state);
        if failure == InjectedFailure::UnknownDone {
            return Err(lost());
        }
        Ok(sequence)
    }
}

impl InjectedFailure {
    /// The error of a commit that is not written.
    fn before_the_write(self) -> Result<(), CommitError> {
        let refusal = match self {
            Self::None | Self::UnknownDone => return Ok(()),
            Self::Conflict => CommitError::Conflict,
            Self::Busy => CommitError::Store(StoreError::Busy),
            Self::Unavailable => CommitError::Store(StoreError::Unavailable(PLANNED.into())),
            Self::DiskFull => CommitError::Store(StoreError::DiskFull),
            Self::UnknownLost => lost(),
        };
        Err(refusal)
    }
}

const PLANNED: &str = "a planned failure";

fn lost() -> CommitError {
    CommitError::Store(StoreError::Unknown(PLANNED.into()))
}

/// Whether a change may be written: its size, the versions and keys it checks, and that it adds only to counters.
fn check(rows: &Rows, change: &Change) -> Result<(), CommitError> {
    change.check_limits().map_err(CommitError::Store)?;
    for check in &change.checks {
        if rows.get(&check.key).map(|row| row.version) != check.version {
            return Err(CommitError::Conflict);
        }
    }
    for check in &change.keys_checks {
        let range = KeyRange::prefix(&check.prefix);
        let bounds: (Bound<&Key>, Bound<&Key>) = (range.start.as_ref(), range.end.as_ref());
        let found = rows.range::<Key, _>(bounds).map(|(key, _)| key);
        if !found.eq(&check.keys) {
            return Err(CommitError::Conflict);
        }
    }
    let is_counter = |key| rows.get(key).is_none_or(|row| row.value.len() == 8);
    for (key, write) in &change.writes {
        if matches!(write, Write::Add(_)) && !is_counter(key) {
            return Err(CommitError::Store(not_a_counter(key)));
        }
    }
    Ok(())
}

fn write(rows: &mut Rows, change: &Change) -> Result<(), StoreError> {
    for (key, write) in &change.writes {
        match write {
            Write::Put { version, value } => {
                let (version, value) = (*version, value.clone());
                rows.insert(key.clone(), Row { version, value });
            }
            Write::Delete => {
                rows.remove(key);
            }
            Write::Add(amount) => {
                let row = rows.entry(key.clone()).or_insert(Row {
                    version: 0,
                    value: vec![0; 8],
                });
                let counted = row.value.as_slice().try_into();
                let counted = i64::from_le_bytes(counted.map_err(|_| not_a_counter(key))?);
                *row = Row {
                    version: row.version + 1,
                    value: counted.saturating_add(*amount).to_le_bytes().to_vec(),
                };
            }
        }
    }
    Ok(())
}

impl Engine for MemoryEngine {
    fn view(&self) -> Result<View, StoreError> {
        let snapshot = MemorySnapshot(self.lock().rows.clone());
        Ok(View::Local(Arc::new(snapshot)))
    }

    fn submit(&self, change: Change) -> Committed {
        let (answer, committed) = oneshot::channel();
        // This function owns the receiver, so the answer always arrives.
        let _ = answer.send(self.commit(&change));
        committed
    }

    fn watch(&self) -> watch::Receiver<u64> {
        self.sequence.subscribe()
    }
}

struct MemorySnapshot(Arc<Rows>);

impl Snapshot for MemorySnapshot {
    fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        Ok(self.0.get(key).cloned())
    }

    fn version(&self, key: &Key) -> Result<Option<u64>, StoreError> {
        Ok(self.0.get(key).map(|row| row.version))
    }

    fn scan(
        &self,
        range: &KeyRange,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<(Key, Row)>, StoreError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let bounds: (Bound<&Key>, Bound<&Key>) = (range.start.as_ref(), range.end.as_ref());
        let rows = self
            .0
            .range::<Key, _>(bounds)
            .map(|(key, row)| (key.clone(), row.clone()));
        let limit = limit.min(MAX_SCAN_ROWS);
        Ok(match direction {
            Direction::Forward => rows.take(limit).collect(),
            Direction::Backward => rows.rev().take(limit).collect(),
        })
    }
}
