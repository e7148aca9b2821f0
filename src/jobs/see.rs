//! Reading one posting.

use std::sync::Arc;

use super::{Audience, CachedJob, CachedJobs, Refusal};
use crate::model::{Identity, Job, JobId};
use crate::store::{Reader, Stored, keys};

/// How much of a posting this reader may see. `None`: not even that it exists.
pub fn audience_of(job: &Job, reader: Option<&Identity>) -> Option<Audience> {
    let manages = reader.is_some_and(|identity| identity.party.may_manage(&job.employee_id));
    if manages {
        Some(Audience::Manager)
    } else {
        job.is_public().then_some(Audience::Public)
    }
}

pub async fn see(
    reader: &Reader,
    identity: Option<&Identity>,
    id: JobId,
) -> Result<(Stored<Job>, Audience), Refusal> {
    let stored: Option<Stored<Job>> = reader.get(&keys::job(id)).await?;
    let job = stored.ok_or(Refusal::NotFound)?;
    let view = audience_of(&job, identity).ok_or(Refusal::NotFound)?;
    Ok((job, view))
}

/// The same for a posting from the cache.
pub async fn see_cached(
    reader: &Reader,
    cached_jobs: &CachedJobs,
    identity: Option<&Identity>,
    id: JobId,
) -> Result<(Arc<CachedJob>, Audience), Refusal> {
    let job = cached_jobs
        .get(reader, id)
        .await?
        .ok_or(Refusal::NotFound)?;
    let view = audience_of(&job, identity).ok_or(Refusal::NotFound)?;
    Ok((job, view))
}
