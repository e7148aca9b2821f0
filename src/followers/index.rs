//! Keeps the search index in step with the postings. Its cursor lies inside the index, in the same commit as the
//! documents; an index that was lost or damaged starts at 0 and is built anew while the server already serves.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::{Progress, Tail};
use crate::model::{Event, Job, JobId};
use crate::search::{Edit, SearchError, SearchIndex};
use crate::store::{Reader, Store, StoreError, keys};

/// Log entries taken in one commit of the index.
const BATCH: usize = 5_000;
/// Jobs per step of a rebuild; each step is searchable when it is done.
const REBUILD_STEP: usize = 10_000;
/// A commit of the index costs milliseconds, so changes that come close together share one. Well below the second in which
/// a posting must be findable.
const GATHER: Duration = Duration::from_millis(100);

pub(super) struct IndexFollower {
    store: Store,
    index: Arc<SearchIndex>,
    progress: Arc<Progress>,
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
        }
    }

    pub(super) async fn run(self, mut tail: Tail) {
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
        while tail.grown_past(position).await {
            match self.follow(position) {
                Ok(reached) => position = reached,
                Err(error) => tail.breathe("index", &error).await,
            }
            Progress::set(&self.progress.index, position);
            if !tail.pause(GATHER).await {
                break;
            }
        }
        // What was only read past is noted, so that the next start does not read it again.
        if self.index.position() < position
            && let Err(error) = self.index.apply(Vec::new(), position)
        {
            tracing::warn!(%error, "the index could not note where it is; it will read some of the log again");
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

    fn follow(&self, position: u64) -> Result<u64, FollowError> {
        let reader = self.store.read()?;
        let entries = reader.log_after(position, BATCH)?;
        let Some(last) = entries.last().map(|logged| logged.sequence) else {
            return Ok(position);
        };
        let changed = entries
            .iter()
            .filter_map(|logged| match &logged.entry.event {
                Event::JobChanged { job_id, .. } => Some(*job_id),
                _ => None,
            });
        let changed: BTreeSet<JobId> = changed.collect();
        if changed.is_empty() {
            return Ok(last);
        }
        let edits = changed
            .into_iter()
            .map(|id| edit(&reader, id))
            .collect::<Result<Vec<_>, _>>()?;
        self.index.apply(edits, last)?;
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
        if let Some(job) = reader.get::<Job>(&key)? {
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

fn edit(reader: &Reader, id: JobId) -> Result<Edit, StoreError> {
    Ok(match reader.get::<Job>(&keys::job(id))? {
        Some(job) => Edit::Upsert(Box::new(job.record)),
        None => Edit::Remove(id),
    })
}
