//! Postings in memory, each with the JSON that the public gets. A cached posting is used only if the reader's snapshot
//! has the same version. Who may see it, and whether it is open, is checked every time.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::model::{Job, JobId};
use crate::store::{Reader, StoreError, Stored, keys};

/// Most bytes of cached postings.
const KEPT_BYTES: u64 = 48 * 1024 * 1024;
/// Least bytes of a posting without its texts, as JSON and as a record.
const SMALLEST_BYTES: usize = 1536;
/// Expected number of cached postings.
const EXPECTED: usize = 8 * 1024;

/// A posting at one version.
pub struct CachedJob {
    job: Stored<Job>,
    shown: OnceLock<Box<str>>,
}

impl Deref for CachedJob {
    type Target = Stored<Job>;
    fn deref(&self) -> &Stored<Job> {
        &self.job
    }
}

impl CachedJob {
    pub fn new(job: Stored<Job>) -> Self {
        let shown = OnceLock::new();
        Self { job, shown }
    }

    /// The public JSON, created by the first caller.
    pub fn shown<E>(
        &self,
        make: impl FnOnce(&Stored<Job>) -> Result<String, E>,
    ) -> Result<&str, E> {
        if let Some(shown) = self.shown.get() {
            return Ok(shown);
        }
        let made = make(&self.job)?.into_boxed_str();
        Ok(self.shown.get_or_init(|| made))
    }
}

pub struct CachedJobs(Cache<JobId, Arc<CachedJob>, ByBytes>);

#[derive(Clone)]
struct ByBytes;

impl Weighter<JobId, Arc<CachedJob>> for ByBytes {
    /// Texts count twice, since the JSON contains them too.
    fn weight(&self, _: &JobId, cached: &Arc<CachedJob>) -> u64 {
        let job = &cached.job.record;
        let skills = job.skills_required.iter().map(|skill| skill.len() + 24);
        let questions = job.questions.iter();
        let questions = questions.map(|question| question.prompt.len() + 64);
        let texts = job.job_description.len() + skills.sum::<usize>() + questions.sum::<usize>();
        (SMALLEST_BYTES + texts * 2) as u64
    }
}

impl Default for CachedJobs {
    fn default() -> Self {
        Self(Cache::with_weighter(EXPECTED, KEPT_BYTES, ByBytes))
    }
}

impl CachedJobs {
    /// The posting in the reader's view.
    pub async fn get(
        &self,
        reader: &Reader,
        id: JobId,
    ) -> Result<Option<Arc<CachedJob>>, StoreError> {
        let key = keys::job(id);
        let Some(version) = reader.version(&key).await? else {
            return Ok(None);
        };
        if let Some(cached) = self.cached(id, version) {
            return Ok(Some(cached));
        }
        let job = reader.get(&key).await?;
        Ok(job.map(|job| self.keep(id, job)))
    }

    /// The same of many, in the order of their IDs.
    pub async fn get_many(
        &self,
        reader: &Reader,
        ids: &[JobId],
    ) -> Result<Vec<Option<Arc<CachedJob>>>, StoreError> {
        let keys: Vec<_> = ids.iter().map(|id| keys::job(*id)).collect();
        let versions = reader.versions(&keys).await?;
        let cached = |(id, version): (&JobId, &Option<u64>)| self.cached(*id, (*version)?);
        let mut jobs: Vec<_> = ids.iter().zip(&versions).map(cached).collect();
        let is_missing = |place: &usize| jobs[*place].is_none() && versions[*place].is_some();
        let missing: Vec<usize> = (0..ids.len()).filter(is_missing).collect();
        if missing.is_empty() {
            return Ok(jobs);
        }
        let keys: Vec<_> = missing.iter().map(|place| keys::job(ids[*place])).collect();
        for (place, job) in missing.into_iter().zip(reader.get_many(&keys).await?) {
            jobs[place] = job.map(|job| self.keep(ids[place], job));
        }
        Ok(jobs)
    }

    fn cached(&self, id: JobId, version: u64) -> Option<Arc<CachedJob>> {
        self.0.get(&id).filter(|cached| cached.version == version)
    }

    fn keep(&self, id: JobId, job: Stored<Job>) -> Arc<CachedJob> {
        let job = Arc::new(CachedJob::new(job));
        self.0.insert(id, job.clone());
        job
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::Clock;
    use crate::store::Now as _;
    use crate::store::{MemoryEngine, Origin, Store};

    fn posting(title: &str) -> Job {
        let job = json!({
            "jobId": JobId::from_parts(0, 7), "jobTitle": title, "jobDescription": "", "jobPayRate": 1850,
            "currency": "USD", "skillsRequired": [], "employeeId": "E1", "employerName": "Library",
            "workSpace": null, "location": null, "setting": "onCampus", "hoursPerWeek": 10.0, "positions": 2,
            "positionsFilled": 0, "workStudyRequired": false, "startDate": null, "endDate": null, "deadline": "2026-12-01T17:00:00Z",
            "questions": [], "jobStatus": "open", "externalId": null, "postedAt": "2026-12-01T17:00:00Z", "updatedAt": "2026-12-01T17:00:00Z",
        });
        serde_json::from_value(job).unwrap()
    }

    fn title(cached_jobs: &CachedJobs, reader: &Reader) -> Option<String> {
        let cached = cached_jobs
            .get(reader, JobId::from_parts(0, 7))
            .now()
            .unwrap()?;
        let shown = cached.shown(|job| Ok::<_, StoreError>(job.job_title.clone()));
        assert_eq!(shown.unwrap(), cached.job_title);
        Some(cached.job_title.clone())
    }

    #[test]
    fn a_cached_posting_matches_the_readers_snapshot() {
        let store = Store::new(Arc::new(MemoryEngine::default()), Clock::System);
        let cached_jobs = CachedJobs::default();
        let empty = store.read().unwrap();
        let insert =
            |transaction: &mut crate::store::Transaction| transaction.insert(posting("old")).now();
        let old = store
            .run_now::<_, StoreError>(Origin::SYSTEM, insert)
            .unwrap();
        let before = store.read().unwrap();
        assert_eq!(title(&cached_jobs, &before).as_deref(), Some("old"));
        assert_eq!(title(&cached_jobs, &empty), None);
        store
            .run_now::<_, StoreError>(Origin::SYSTEM, |transaction| {
                transaction.update(&old, posting("new")).now()
            })
            .unwrap();
        let after = store.read().unwrap();
        for _ in 0..3 {
            assert_eq!(title(&cached_jobs, &after).as_deref(), Some("new"));
            assert_eq!(title(&cached_jobs, &before).as_deref(), Some("old"));
        }
    }
}
