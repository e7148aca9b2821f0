//! Keeps the search index in step with the postings. Its cursor lies inside the index, in the same commit as the
//! documents; an index that was lost or damaged starts at 0 and is built anew while the server already serves.
//!
//! A large import must not keep a single posting waiting: each commit of the index takes a part of the backlog that fits in a
//! fraction of a second, and with it whatever single changes stand in the log beyond. Those come up again when the
//! backlog reaches them, which does no harm, since a document is always made of the record as it is now.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Progress, Tail, Woken};
use crate::model::{Event, Job, JobId};
use crate::search::{Edit, SearchError, SearchIndex};
use crate::store::{Logged, Reader, Store, StoreError, keys};

/// Log entries taken in one commit of the index: at most, at least, and at first.
const MOST_BATCH: usize = 5_000;
const LEAST_BATCH: usize = 500;
const FIRST_BATCH: usize = 500;
/// A commit should not take longer, since a single change may have to wait for one before its own.
const COMMIT_GOAL: Duration = Duration::from_millis(400);
/// Log entries beyond a batch in which single changes are looked for; each is looked at once.
const LOOK_AHEAD: usize = 20_000;
/// So many changes of one moment by one hand are a bulk; fewer are single ones, which do not wait behind a bulk.
const BULK: usize = 32;
/// Jobs per step of a rebuild; each step is searchable when it is done.
const REBUILD_STEP: usize = 10_000;
/// A commit of the index costs milliseconds, so changes that come close together share one. Well below the second in which
/// a posting must be findable.
const GATHER: Duration = Duration::from_millis(100);

/// While nothing changes, the index's files are looked after so often.
const LOOK_AFTER: Duration = Duration::from_secs(2);

pub(super) struct IndexFollower {
    store: Store,
    index: Arc<SearchIndex>,
    progress: Arc<Progress>,
    pace: Pace,
}

/// How much is taken at once, and how far the log was looked through for single changes.
struct Pace {
    batch: usize,
    looked: u64,
}

/// Why the index could not be fed.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Search(#[from] SearchError),
}

impl IndexFollower {
    pub(super) fn new(store: Store, index: Arc<SearchIndex>, progress: Arc<Progress>) -> Self {
        Self {
            store,
            index,
            progress,
            pace: Pace {
                batch: FIRST_BATCH,
                looked: 0,
            },
        }
    }

    pub(super) async fn run(mut self, mut tail: Tail) {
        let mut position = loop {
            match self.catch_up_or_rebuild() {
                Ok(position) => break position,
                Err(error) => tail.breathe("index", &error).await,
            }
            if tail.is_stopping() {
                return;
            }
        };
        Progress::set(&self.progress.index, position);
        loop {
            let done = match tail.grown_past_within(position, LOOK_AFTER).await {
                Woken::Stopping => break,
                _ if self.index.is_lost() => self.replace(),
                Woken::Grown => self.follow(position),
                Woken::Idle => continue,
            };
            match done {
                Ok(reached) => position = reached,
                Err(error) => tail.breathe("index", &error).await,
            }
            Progress::set(&self.progress.index, position);
            // With a backlog there is no need to wait for more.
            let is_behind = self.pace.looked > position;
            if !is_behind && !tail.pause(GATHER).await || tail.is_stopping() {
                break;
            }
        }
        // What was only read past is noted, so that the next start does not read it again.
        if self.index.position() < position
            && let Err(error) = self.index.apply(Vec::new(), position)
        {
            tracing::warn!(%error, "could not save the index's position; it will read part of the log again");
        }
    }

    /// Where to go on: the index's own position, after a rebuild if it has none that fits this store.
    fn catch_up_or_rebuild(&self) -> Result<u64, FollowError> {
        let reader = self.store.read()?;
        let (position, end) = (self.index.position(), reader.log_end()?);
        if position > 0 && position <= end || end == 0 && position == 0 {
            return Ok(position);
        }
        tracing::info!(position, end, "building the search index");
        rebuild(&reader, &self.index, |_| {})?;
        tracing::info!("the search index is built");
        Ok(end)
    }

    /// Builds the index again whose files somebody took away; what it found is found meanwhile.
    fn replace(&self) -> Result<u64, FollowError> {
        tracing::warn!("the search index's files are missing; rebuilding it");
        Progress::set(&self.progress.index, 0);
        self.index.replace()?;
        let reader = self.store.read()?;
        rebuild(&reader, &self.index, |_| {})?;
        tracing::info!("the search index is built");
        Ok(reader.log_end()?)
    }

    fn follow(&mut self, position: u64) -> Result<u64, FollowError> {
        let reader = self.store.read()?;
        let entries = reader.log_after(position, self.pace.batch)?;
        let Some(last) = entries.last().map(|logged| logged.sequence) else {
            return Ok(position);
        };
        let mut changed: BTreeSet<JobId> = entries.iter().filter_map(changed_job).collect();
        if entries.len() == self.pace.batch {
            let ahead = reader.log_after(self.pace.looked.max(last), LOOK_AHEAD)?;
            changed.extend(single_changes(&ahead));
            let end = ahead.last().map(|logged| logged.sequence);
            self.pace.looked = end.unwrap_or(self.pace.looked).max(last);
        }
        if changed.is_empty() {
            return Ok(last);
        }
        let edits = changed
            .into_iter()
            .map(|id| edit(&reader, id))
            .collect::<Result<Vec<_>, _>>()?;
        let start = Instant::now();
        self.index.apply(edits, last)?;
        self.pace.learn(start.elapsed());
        Ok(last)
    }
}

/// Writes every posting into the index; `told` gets how many, each time some more can be found.
pub fn rebuild(
    reader: &Reader,
    index: &SearchIndex,
    mut told: impl FnMut(usize),
) -> Result<(), FollowError> {
    let end = reader.log_end()?;
    let mut step: Vec<Edit> = Vec::with_capacity(REBUILD_STEP);
    let mut count = 0;
    reader.each_key(&keys::jobs(), |key| {
        if let Some(job) = reader.get::<Job>(&keys::indexed(&key)?)? {
            step.push(Edit::Upsert(Box::new(job.record)));
        }
        if step.len() == REBUILD_STEP {
            count += step.len();
            // Position 0: should this stop half-way, the next start begins again.
            index.apply(std::mem::take(&mut step), 0)?;
            told(count);
        }
        Ok::<(), FollowError>(())
    })?;
    count += step.len();
    index.apply(step, end)?;
    told(count);
    Ok(())
}

impl Pace {
    /// A smaller batch after a slow commit, a larger one after a quick one.
    fn learn(&mut self, took: Duration) {
        if took > COMMIT_GOAL {
            self.batch = (self.batch / 2).max(LEAST_BATCH);
        } else if took < COMMIT_GOAL / 3 {
            self.batch = (self.batch * 2).min(MOST_BATCH);
        }
    }
}

fn changed_job(logged: &Logged) -> Option<JobId> {
    match &logged.entry.event {
        Event::JobChanged { job_id, .. } => Some(*job_id),
        _ => None,
    }
}

/// Jobs whose change is not one of many that were made at once.
fn single_changes(entries: &[Logged]) -> impl Iterator<Item = JobId> {
    let same_hand = |one: &Logged, other: &Logged| {
        (one.entry.at, &one.entry.actor) == (other.entry.at, &other.entry.actor)
    };
    let groups = entries.chunk_by(same_hand);
    let single = groups.filter(|group| group.len() < BULK);
    single.flatten().filter_map(changed_job)
}

fn edit(reader: &Reader, id: JobId) -> Result<Edit, StoreError> {
    Ok(match reader.get::<Job>(&keys::job(id))? {
        Some(job) => Edit::Upsert(Box::new(job.record)),
        None => Edit::Remove(id),
    })
}
