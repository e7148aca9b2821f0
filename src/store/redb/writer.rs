//! The only thread that writes. It takes all waiting changes as a group, checks and applies them in one redb
//! transaction, syncs one record of them to the write-ahead log, shows them to readers, and answers. After a failed
//! write it refuses changes, and reopens the files once they accept writes.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::media::Media;
use super::opened::{self, Opened};
use super::rows;
use super::shield::{Failure, Shield};
use super::snapshot::Live;
use super::tables::Tables;
use super::wal::{AppendError, Wal};
use super::{RedbOptions, Shared, unavailable};
use crate::store::encode::encode;
use crate::store::engine::{Change, CommitError, StoreError, Trouble};
use crate::store::keys::Key;
use crate::store::queue::{GROUP, GROUP_BYTES, Submitted};

/// How often the writer checks its files. Sooner if something is due.
const ROUND: Duration = Duration::from_secs(1);
/// Free disk space, in addition to what waits in memory, before writes are accepted again.
const ROOM_BYTES: u64 = 2 * 1024 * 1024;
/// After this time without writes, the log gives back its space.
const QUIET: Duration = Duration::from_secs(10);
/// Attempts to open the files again come no further apart than this.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// For each change, whether it was written.
type Outcomes = Vec<Result<(), CommitError>>;

pub(super) struct Writer {
    shared: Arc<Shared>,
    media: Box<dyn Media>,
    options: RedbOptions,
    waiting: Receiver<Submitted>,
    shield: Shield,
    wal: Wal,
    /// Since when changes are only in the log.
    unsaved_since: Option<Instant>,
    saved_at: Instant,
    outage: Option<Outage>,
}

/// The time from a failure until the files are reopened.
struct Outage {
    failure: Failure,
    retry_at: Instant,
    pause: Duration,
}

/// Why a group was not written.
enum Stop {
    /// The log is full; nothing was written.
    NoRoom(Option<std::io::Error>),
    /// Nothing was written.
    Refused(StoreError),
    Unknown(String),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl Writer {
    /// The opened files. The database is the shared one.
    pub fn new(
        shared: Arc<Shared>,
        media: Box<dyn Media>,
        options: RedbOptions,
        waiting: Receiver<Submitted>,
        files: (Shield, Wal),
    ) -> Self {
        let (shield, wal) = files;
        Self {
            shared,
            media,
            options,
            waiting,
            shield,
            wal,
            unsaved_since: None,
            saved_at: Instant::now(),
            outage: None,
        }
    }

    pub fn run(mut self) {
        loop {
            self.tend();
            match self.waiting.recv_timeout(self.patience()) {
                Ok(first) => {
                    let group = self.gather(first);
                    self.commit(group);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        if self.outage.is_none() && self.save().is_ok() {
            self.wal.tidy();
        }
    }

    fn gather(&self, first: Submitted) -> Vec<Submitted> {
        let mut bytes = first.bytes;
        let mut group = vec![first];
        while group.len() < GROUP && bytes < GROUP_BYTES {
            let Ok(next) = self.waiting.try_recv() else {
                break;
            };
            bytes += next.bytes;
            group.push(next);
        }
        // IDs of new records are in order of time, but concurrent requests submit them out of order. Rows that are
        // added in order fill the pages at the end of a table; otherwise a third of the file would stay empty.
        group.sort_by(|one, other| record(&one.change).cmp(&record(&other.change)));
        group
    }

    /// How long to wait for changes before something else is due.
    fn patience(&self) -> Duration {
        let due = match &self.outage {
            Some(outage) => outage.retry_at.saturating_duration_since(Instant::now()),
            None => self.unsaved_since.map_or(ROUND, |since| {
                self.options.save_after.saturating_sub(since.elapsed())
            }),
        };
        due.min(ROUND)
    }

    fn tend(&mut self) {
        if let Some(outage) = self
            .outage
            .take_if(|outage| outage.retry_at <= Instant::now())
        {
            self.recover(outage);
        } else if self.outage.is_none() {
            let is_due = |since: Instant| since.elapsed() >= self.options.save_after;
            if let Some(failure) = self.shield.failure() {
                self.fail(failure);
            } else if self.unsaved_since.is_some_and(is_due) {
                // A failure was already recorded.
                let _ = self.save();
            } else if self.unsaved_since.is_none() && self.saved_at.elapsed() >= QUIET {
                self.wal.tidy();
            }
        }
    }

    /// Applies a group and answers each change. If a requester is gone, its answer is dropped.
    fn commit(&mut self, group: Vec<Submitted>) {
        let (changes, answers): (Vec<_>, Vec<_>) = group
            .into_iter()
            .map(|one| (one.change, one.answer))
            .unzip();
        let applied = self.apply(&changes);
        self.shared.tally.answered(changes.len(), applied.is_err());
        match applied {
            Ok((sequence, outcomes)) => {
                for (answer, outcome) in answers.into_iter().zip(outcomes) {
                    let _ = answer.send(outcome.map(|()| sequence));
                }
            }
            Err(error) => {
                for answer in answers {
                    let _ = answer.send(Err(CommitError::Store(error.clone())));
                }
            }
        }
    }

    fn apply(&mut self, changes: &[Change]) -> Result<(u64, Outcomes), StoreError> {
        if let Some(outage) = &self.outage {
            return Err(outage.refusal());
        }
        let mut tried = self.attempt(changes);
        if matches!(tried, Err(Stop::NoRoom(_))) {
            self.save()?;
            tried = self.attempt(changes);
        }
        tried.map_err(|stop| {
            // A row that cannot be read says nothing about the disk.
            if let Stop::Refused(error @ StoreError::Corrupt(_)) = stop {
                tracing::error!(%error, "could not write changes");
                return error;
            }
            let failure = match &stop {
                Stop::NoRoom(Some(error)) => Failure::of(error),
                Stop::NoRoom(None) => Failure::other("the write-ahead log is full"),
                Stop::Refused(error) => Failure::other(error),
                Stop::Unknown(text) => Failure::other(text),
            };
            let refusal = self.fail(failure);
            match stop {
                Stop::Unknown(text) => StoreError::Unknown(text),
                Stop::NoRoom(_) | Stop::Refused(_) => refusal,
            }
        })
    }

    fn attempt(&mut self, changes: &[Change]) -> Result<(u64, Outcomes), Stop> {
        let live = self.shared.live();
        let live = live.as_ref().ok_or_else(super::closed)?;
        let transaction = opened::begin(live.to_write())?;
        let mut sequence = *self.shared.sequence.borrow();
        let mut outcomes = Vec::with_capacity(changes.len());
        {
            let mut tables = Tables::of(&transaction);
            for change in changes {
                let outcome = rows::judge(&mut tables, change)?;
                if outcome.is_ok() {
                    rows::write(&mut tables, change, &mut sequence)?;
                }
                outcomes.push(outcome);
            }
        }
        if outcomes.iter().all(Result::is_err) {
            transaction.abort().map_err(unavailable)?;
            return Ok((sequence, outcomes));
        }
        opened::set_place(&transaction, self.wal.salt(), self.wal.number() + 1)?;
        let accepted = changes.iter().zip(&outcomes);
        let accepted = accepted.filter_map(|(change, outcome)| outcome.is_ok().then_some(change));
        self.wal
            .append(&encode(accepted))
            .map_err(|error| match error {
                AppendError::Full(error) => Stop::NoRoom(error),
                AppendError::Failed(error) => Stop::Unknown(error.to_string()),
            })?;
        self.unsaved_since.get_or_insert_with(Instant::now);
        transaction
            .commit()
            .map_err(|error| Stop::Unknown(error.to_string()))?;
        live.drop_snapshot();
        self.shared.set_sequence(sequence);
        Ok((sequence, outcomes))
    }

    /// Makes the store's own file durable, so that the log can start over.
    fn save(&mut self) -> Result<(), StoreError> {
        if self.unsaved_since.is_none() {
            return Ok(());
        }
        let saved = match self.shared.live().as_ref() {
            Some(live) => opened::checkpoint(live.to_write(), &self.shield, &mut self.wal),
            None => Err(super::closed()),
        };
        if let Some(failure) = self.shield.failure() {
            return Err(self.fail(failure));
        }
        saved.map_err(|error| self.fail(Failure::other(error)))?;
        self.unsaved_since = None;
        self.saved_at = Instant::now();
        Ok(())
    }

    /// Stops writing until the files are reopened. Returns the error for new changes.
    fn fail(&mut self, failure: Failure) -> StoreError {
        // redb only says that it failed; the shield knows why.
        let failure = self.shield.failure().unwrap_or(failure);
        tracing::error!(
            error = failure.text,
            "the store does not accept writes right now; it will try again"
        );
        self.shared.tally.set_trouble(Some(failure.trouble));
        let pause = self.options.retry_after;
        self.outage
            .insert(Outage {
                failure,
                retry_at: Instant::now() + pause,
                pause,
            })
            .refusal()
    }

    /// Reopens the files if they accept writes. Everything acknowledged is in the log or in the store's own file.
    fn recover(&mut self, outage: Outage) {
        match self.reopen() {
            Ok(()) => {
                tracing::info!("the store accepts writes again");
                self.shared.tally.set_trouble(None);
            }
            Err(failure) => {
                let pause = match failure.trouble {
                    Trouble::DiskFull => self.options.retry_after,
                    Trouble::Failing => (outage.pause * 2).min(MAX_PAUSE),
                };
                self.shared.tally.set_trouble(Some(failure.trouble));
                self.outage = Some(Outage {
                    failure,
                    retry_at: Instant::now() + pause,
                    pause,
                });
            }
        }
    }

    fn reopen(&mut self) -> Result<(), Failure> {
        let bytes = self.shield.kept_bytes() + ROOM_BYTES;
        self.media
            .try_room(bytes)
            .map_err(|error| Failure::of(&error))?;
        let shared = self.shared.clone();
        // Readers wait for this lock. Their snapshots end with the old database.
        let mut live = shared.live_mut();
        self.shield.freeze();
        self.shield.settle().map_err(|error| Failure::of(&error))?;
        *live = None;
        let opened = opened::open(&*self.media, &self.options).map_err(Failure::other)?;
        let Opened {
            database,
            shield,
            wal,
            sequence,
        } = opened;
        *live = Some(Live::new(database));
        (self.shield, self.wal) = (shield, wal);
        self.unsaved_since = None;
        shared.set_sequence(sequence);
        self.shield.failure().map_or(Ok(()), Err)
    }
}

/// The first record that a change writes.
fn record(change: &Change) -> Option<&Key> {
    let mut keys = change.writes.iter().map(|(key, _)| key);
    keys.find(|key| key.as_bytes().first() == Some(&b'R'))
}

impl Outage {
    fn refusal(&self) -> StoreError {
        match self.failure.trouble {
            Trouble::DiskFull => StoreError::DiskFull,
            Trouble::Failing => StoreError::Unavailable(self.failure.text.clone()),
        }
    }
}
