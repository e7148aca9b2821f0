//! Postings kept in memory as they were last read, each with the JSON that the public is given of it. A kept one is used
//! only where the reader's own snapshot has the same version of it; who may see it, and whether it is open, is decided
//! anew each time.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::model::{Job, JobId};
use crate::store::{Reader, StoreError, Stored, keys};

/// Most bytes of postings kept.
const KEPT_BYTES: u64 = 48 * 1024 * 1024;
/// What a posting takes at the least beside its texts, as JSON and as a record.
const SMALLEST_BYTES: usize = 1536;
/// How many postings are expected to find room.
const EXPECTED: usize = 8 * 1024;

/// A posting as it was at one version.
pub struct Card {
    job: Stored<Job>,
    shown: OnceLock<Box<str>>,
}

impl Deref for Card {
    type Target = Stored<Job>;
    fn deref(&self) -> &Stored<Job> {
        &self.job
    }
}

impl Card {
    pub fn new(job: Stored<Job>) -> Self {
        let shown = OnceLock::new();
        Self { job, shown }
    }

    /// What the public is shown of it, made by the first who asks.
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

pub struct Cards(Cache<JobId, Arc<Card>, ByBytes>);

#[derive(Clone)]
struct ByBytes;

impl Weighter<JobId, Arc<Card>> for ByBytes {
    /// The texts twice, since they will be shown too.
    fn weight(&self, _: &JobId, card: &Arc<Card>) -> u64 {
        let job = &card.job.record;
        let skills = job.skills_required.iter().map(|skill| skill.len() + 24);
        let questions = job.questions.iter();
        let questions = questions.map(|question| question.prompt.len() + 64);
        let texts = job.job_description.len() + skills.sum::<usize>() + questions.sum::<usize>();
        (SMALLEST_BYTES + texts * 2) as u64
    }
}

impl Default for Cards {
    fn default() -> Self {
        Self(Cache::with_weighter(EXPECTED, KEPT_BYTES, ByBytes))
    }
}

impl Cards {
    /// The posting as it is in the reader's snapshot.
    pub fn get(&self, reader: &Reader, id: JobId) -> Result<Option<Arc<Card>>, StoreError> {
        let key = keys::job(id);
        let Some(version) = reader.version(&key)? else {
            return Ok(None);
        };
        if let Some(card) = self.0.get(&id).filter(|card| card.version == version) {
            return Ok(Some(card));
        }
        let Some(job) = reader.get(&key)? else {
            return Ok(None);
        };
        let card = Arc::new(Card::new(job));
        self.0.insert(id, card.clone());
        Ok(Some(card))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::Clock;
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

    fn title(cards: &Cards, reader: &Reader) -> Option<String> {
        let card = cards.get(reader, JobId::from_parts(0, 7)).unwrap()?;
        let shown = card.shown(|job| Ok::<_, StoreError>(job.job_title.clone()));
        assert_eq!(shown.unwrap(), card.job_title);
        Some(card.job_title.clone())
    }

    #[test]
    fn a_kept_posting_is_that_of_the_readers_own_moment() {
        let store = Store::new(Arc::new(MemoryEngine::default()), Clock::System);
        let cards = Cards::default();
        let empty = store.read().unwrap();
        let insert =
            |transaction: &mut crate::store::Transaction| transaction.insert(posting("old"));
        let old = store
            .run_blocking::<_, StoreError>(Origin::SYSTEM, insert)
            .unwrap();
        let before = store.read().unwrap();
        assert_eq!(title(&cards, &before).as_deref(), Some("old"));
        assert_eq!(title(&cards, &empty), None);
        store
            .run_blocking::<_, StoreError>(Origin::SYSTEM, |transaction| {
                transaction.update(&old, posting("new"))
            })
            .unwrap();
        let after = store.read().unwrap();
        for _ in 0..3 {
            assert_eq!(title(&cards, &after).as_deref(), Some("new"));
            assert_eq!(title(&cards, &before).as_deref(), Some("old"));
        }
    }
}
