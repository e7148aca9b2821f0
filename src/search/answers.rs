//! Cache of whole answers within one generation of the index. A repeated query, such as every visitor's first page, is
//! answered without searching.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use super::facets::Validity;
use super::filters::Filters;
use super::{After, Found, JobQuery, SearchError, Snippeter, Sort};
use crate::model::Timestamp;

/// Most answers to cache. When full, all are dropped. An answer with 20 hits takes about 1 KB; facets are shared.
const MAX_ANSWERS: usize = 1024;
/// Most snippeters to cache, each with the snippets it made.
const MAX_SNIPPETERS: usize = 128;
/// How long an answer is used. The order by relevance depends on the age of postings in days.
const ANSWER_MILLIS: i64 = 60_000;

/// Everything that determines an answer except the time.
#[derive(PartialEq, Eq, Hash)]
pub struct Asked {
    q: Option<String>,
    filters: Filters,
    sort: Sort,
    limit: usize,
    after: Option<After>,
}

impl Asked {
    /// `None` for a search within a set of jobs. The set belongs to one person and changes soon, and a cached answer
    /// would keep it in memory.
    pub fn of(query: &JobQuery, filters: &Filters) -> Option<Self> {
        filters.only.is_none().then(|| Self {
            q: query.q.clone(),
            filters: filters.clone(),
            sort: query.sort,
            limit: query.limit,
            after: query.after,
        })
    }
}

#[derive(Default)]
pub struct Answers {
    found: Mutex<HashMap<Asked, (Validity, Found)>>,
    snippeters: Mutex<HashMap<String, Arc<Snippeter>>>,
}

impl Answers {
    pub fn get(&self, asked: &Asked, now: Timestamp) -> Option<Found> {
        let kept = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let (validity, found) = kept.get(asked)?;
        validity.covers(now).then(|| found.clone())
    }

    /// Caches an answer from a given time, which is valid within `validity`.
    pub fn keep(&self, asked: Asked, now: Timestamp, validity: Validity, found: Found) {
        let short = Validity {
            from: now.as_millis() - ANSWER_MILLIS,
            until: now.as_millis() + ANSWER_MILLIS,
        };
        let mut kept = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        insert(&mut kept, MAX_ANSWERS, asked, (validity.and(short), found));
    }

    pub fn snippeter(
        &self,
        q: &str,
        make: impl FnOnce() -> Result<Snippeter, SearchError>,
    ) -> Result<Arc<Snippeter>, SearchError> {
        let kept = || {
            self.snippeters
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(snippeter) = kept().get(q) {
            return Ok(snippeter.clone());
        }
        let made = Arc::new(make()?);
        insert(&mut kept(), MAX_SNIPPETERS, q.to_owned(), made.clone());
        Ok(made)
    }
}

fn insert<K: Eq + Hash, V>(kept: &mut HashMap<K, V>, most: usize, key: K, value: V) {
    if kept.len() >= most {
        kept.clear();
    }
    kept.insert(key, value);
}
