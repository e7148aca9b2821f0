//! Keeps the search index up to date with the postings. Its cursor is stored in the index, in the same commit as the
//! documents. A lost or damaged index starts at 0 and is rebuilt while the server is already running.
//!
//! A large import must not delay a single posting. So each index commit takes only what fits in a fraction of a second
//! from the backlog, plus single changes from later in the log. When the backlog reaches those, they are indexed again.
//! That does no harm, since a document is always made from the current record.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::follower::{FollowError, Follower, Next, Place, Turn};
use crate::model::{Event, Job, JobId};
use crate::search::{Edit, SearchIndex};
use crate::store::{Direction, KeyRange, Logged, Reader, Store, StoreError, Stored, keys};

/// Log entries per index commit: most, least, and at the start.
const MOST_BATCH: usize = 5_000;
const LEAST_BATCH: usize = 500;
const FIRST_BATCH: usize = 500;
/// Commits should not take longer than this, since a single change may have to wait for one.
const COMMIT_GOAL: Duration = Duration::from_millis(400);
/// How many log entries beyond a batch to search for single changes. Each entry is searched once.
const LOOK_AHEAD: usize = 20_000;
/// This many changes at the same time by the same person are a bulk. Fewer are single changes, which do not wait behind
/// a bulk.
const BULK: usize = 32;
/// Jobs per step of a rebuild. A finished step is searchable.
const REBUILD_STEP: usize = 10_000;
/// Jobs per scan of a step, since a scan copies the rows.
const REBUILD_SCAN: usize = 1_000;
/// An index commit costs milliseconds, so changes that arrive close together share one. Far below the second within
/// which a posting must be found.
const GATHER: Duration = Duration::from_millis(100);

/// After this many log entries without a change of a job, the index saves its position. Until then, a start reads them
/// again, and the log cannot be trimmed beyond the saved position.
const UNSAVED: u64 = 1_000;

/// How often to check that the index's files exist while nothing changes.
const LOOK_AFTER: Duration = Duration::from_secs(2);

pub(super) struct IndexFollower {
    index: Arc<SearchIndex>,
    pace: Pace,
}

/// The batch size, and how far the log was searched for single changes.
struct Pace {
    batch: usize,
    looked: u64,
}

impl IndexFollower {
    pub(super) fn new(index: Arc<SearchIndex>) -> Self {
        Self {
            index,
            pace: Pace {
                batch: FIRST_BATCH,
                looked: 0,
            },
        }
    }

    /// Where to continue: the index's own position, or the position after a rebuild if it does not fit this store: it is of
    /// another one, or an old copy that needs log entries that were trimmed.
    async fn catch_up_or_rebuild(&self, store: &Store) -> Result<u64, FollowError> {
        let reader = store.read()?;
        let (position, end) = (self.index.position(), reader.log_end().await?);
        let is_known = position > 0 && position <= end && reader.has_log_after(position).await?;
        if is_known || end == 0 && position == 0 {
            return Ok(position);
        }
        drop(reader);
        tracing::info!(
            log_position = position,
            log_end = end,
            "building the search index"
        );
        self.rebuild(store).await
    }

    /// Rebuilds an index whose files were deleted. The old one still answers until then.
    async fn replace(&self, turn: &Turn) -> Result<u64, FollowError> {
        tracing::warn!("the search index's files are missing; rebuilding it");
        turn.status.reached(0);
        self.index.replace()?;
        self.rebuild(&turn.store).await
    }

    async fn rebuild(&self, store: &Store) -> Result<u64, FollowError> {
        let end = rebuild(store, &self.index, |_| {}).await?;
        tracing::info!("the search index is built");
        Ok(end)
    }

    async fn follow(&mut self, store: &Store, position: u64) -> Result<u64, FollowError> {
        let (edits, last) = self.read_on(store, position).await?;
        if !edits.is_empty() || last >= self.index.position() + UNSAVED {
            let start = Instant::now();
            self.index.apply(edits, last)?;
            self.pace.adjust(start.elapsed());
        }
        Ok(last)
    }

    /// The edits for the next log entries, and the position after these entries. Its snapshot ends here: the store
    /// keeps all pages that are replaced while a snapshot is open, and an index commit takes long.
    async fn read_on(
        &mut self,
        store: &Store,
        position: u64,
    ) -> Result<(Vec<Edit>, u64), StoreError> {
        let reader = store.read()?;
        let entries = reader.log_after(position, self.pace.batch).await?;
        let last = entries.last().map_or(position, |logged| logged.sequence);
        let mut changed: BTreeSet<JobId> = entries.iter().filter_map(changed_job).collect();
        if entries.len() == self.pace.batch {
            let ahead = reader
                .log_after(self.pace.looked.max(last), LOOK_AHEAD)
                .await?;
            changed.extend(single_changes(&ahead));
            let end = ahead.last().map(|logged| logged.sequence);
            self.pace.looked = end.unwrap_or(self.pace.looked).max(last);
        }
        Ok((edits(&reader, changed.into_iter().collect()).await?, last))
    }
}

impl Follower for IndexFollower {
    const NAME: &'static str = "index";
    const PLACE: Place = Place::EveryServer;

    async fn begin(&mut self, turn: &Turn) -> Result<u64, FollowError> {
        self.catch_up_or_rebuild(&turn.store).await
    }

    async fn step(&mut self, turn: &Turn) -> Result<Next, FollowError> {
        let position = if self.index.is_lost() {
            self.replace(turn).await?
        } else if turn.log_end() > turn.position {
            self.follow(&turn.store, turn.position).await?
        } else {
            turn.position
        };
        // With a backlog, there is no need to wait for more changes.
        let is_behind = self.pace.looked > position;
        Ok(Next::Log {
            position,
            pause: if is_behind { Duration::ZERO } else { GATHER },
            at_latest: Some(LOOK_AFTER),
        })
    }

    /// Saves the position even if no entry mattered, so that the next start does not read them again.
    async fn end(&mut self, turn: &Turn) {
        if self.index.position() < turn.position
            && let Err(error) = self.index.apply(Vec::new(), turn.position)
        {
            tracing::warn!(%error, "could not save the index's position; it will read part of the log again");
        }
    }
}

/// Writes all postings to the index. After each searchable step, calls `report` with the number so far. Returns the
/// position from which to follow the log.
pub async fn rebuild(
    store: &Store,
    index: &SearchIndex,
    mut report: impl FnMut(usize),
) -> Result<u64, FollowError> {
    // A posting that changes from here on is indexed again from the log, so each step can have a snapshot of its own.
    let end = store.read()?.log_end().await?;
    let mut rest = Some(KeyRange::prefix(&keys::jobs()));
    let mut count = 0;
    while let Some(range) = rest {
        let step;
        (step, rest) = read_step(&store.read()?, range).await?;
        count += step.len();
        // Position 0: if this stops half way, the next start begins again.
        index.apply(step, if rest.is_some() { 0 } else { end })?;
        report(count);
    }
    Ok(end)
}

/// The edits for the first postings of a range, and the range of the others if there may be more.
async fn read_step(
    reader: &Reader,
    mut range: KeyRange,
) -> Result<(Vec<Edit>, Option<KeyRange>), StoreError> {
    let mut step = Vec::with_capacity(REBUILD_STEP);
    while step.len() < REBUILD_STEP {
        let keys = reader
            .scan_keys(&range, Direction::Forward, REBUILD_SCAN)
            .await?;
        let Some(last) = keys.last().cloned() else {
            return Ok((step, None));
        };
        let ids = keys.iter().map(keys::indexed_id::<Job>);
        step.extend(edits(reader, ids.collect::<Result<_, _>>()?).await?);
        range = range.beyond(last, Direction::Forward);
    }
    Ok((step, Some(range)))
}

impl Pace {
    /// A smaller batch after a slow commit, a larger one after a fast one.
    fn adjust(&mut self, took: Duration) {
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

/// Jobs that were changed singly, not in a bulk.
fn single_changes(entries: &[Logged]) -> impl Iterator<Item = JobId> {
    let same_hand = |one: &Logged, other: &Logged| {
        (one.entry.at, &one.entry.actor) == (other.entry.at, &other.entry.actor)
    };
    let groups = entries.chunk_by(same_hand);
    let single = groups.filter(|group| group.len() < BULK);
    single.flatten().filter_map(changed_job)
}

async fn edits(reader: &Reader, ids: Vec<JobId>) -> Result<Vec<Edit>, StoreError> {
    let keys: Vec<_> = ids.iter().map(|id| keys::job(*id)).collect();
    let jobs = reader.get_many(&keys).await?;
    let edit = |(id, job): (JobId, Option<Stored<Job>>)| match job {
        Some(job) => Edit::Upsert(Box::new(job.record)),
        None => Edit::Remove(id),
    };
    Ok(ids.into_iter().zip(jobs).map(edit).collect())
}

#[cfg(test)]
mod tests;
