//! Whole answers, kept within one generation of the index: whoever asks again what was asked a moment ago, as every
//! visitor of a first page does, gets it without a look at the index.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use super::facets::Validity;
use super::filters::Filters;
use super::{After, Found, JobQuery, SearchError, Snippeter, Sort};
use crate::model::Timestamp;

/// Most answers kept; one more and all are dropped. One of 20 hits takes about 1 KB, its facets are shared.
const MAX_ANSWERS: usize = 1024;
/// Most texts whose marking is kept, each with the snippets it made.
const MAX_SNIPPETERS: usize = 128;
/// How long an answer is used: the order by relevance moves with the days since a posting appeared.
const ANSWER_MILLIS: i64 = 60_000;

/// All that decides an answer but the time.
#[derive(PartialEq, Eq, Hash)]
pub struct Asked {
    q: Option<String>,
    filters: Filters,
    sort: Sort,
    limit: usize,
    after: Option<After>,
}

impl Asked {
    /// `None` for a search among a set of jobs: it is one person's and soon another, and keeping the answer would keep
    /// the set.
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

    /// Keeps what was found at a time and holds for a validity.
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
