//! One generation of the index for readers: its segments, their rows, and cached counts. Never changes. Each commit
//! creates a new one, and a search keeps the one it started with.

use std::sync::{Arc, OnceLock};

use tantivy::query::Bm25StatisticsProvider;
use tantivy::schema::Field;
use tantivy::{Searcher, Term};

use super::SearchError;
use super::answers::Answers;
use super::facets::FacetCache;
use super::rows::{Name, RowCache, Rows};
use super::schema::Fields;
use super::suggest::OpenNames;
use crate::model::Vocabulary;

pub struct View {
    pub searcher: Searcher,
    pub vocabulary: Vocabulary,
    pub fields: Fields,
    /// In the order of the searcher's segments.
    pub segments: Vec<Arc<Rows>>,
    pub skills: Vec<Name>,
    pub work_spaces: Vec<Name>,
    pub facets: FacetCache,
    pub answers: Answers,
    pub open_names: OnceLock<OpenNames>,
}

impl View {
    pub fn load(
        searcher: Searcher,
        fields: Fields,
        rows: &mut RowCache,
        vocabulary: &Vocabulary,
    ) -> Result<Self, SearchError> {
        let loaded = rows.load(searcher.segment_readers())?;
        Ok(Self {
            segments: loaded.segments,
            skills: loaded.skills,
            work_spaces: loaded.work_spaces,
            searcher,
            vocabulary: vocabulary.clone(),
            fields,
            facets: FacetCache::default(),
            answers: Answers::default(),
            open_names: OnceLock::new(),
        })
    }
}

/// The numbers for weighting a word (BM25), rounded so that a new posting rarely changes a score. Otherwise pages would
/// shift while somebody reads them. Frequencies are rounded to a power of two; lengths are those of typical postings.
pub struct Statistics<'a>(pub &'a View);

const TITLE_WORDS: u64 = 4;
const PLACE_WORDS: u64 = 6;
const SKILL_WORDS: u64 = 12;
const TEXT_WORDS: u64 = 256;

impl Bm25StatisticsProvider for Statistics<'_> {
    fn total_num_tokens(&self, field: Field) -> tantivy::Result<u64> {
        let fields = &self.0.fields;
        let mean = match field {
            _ if field == fields.title => TITLE_WORDS,
            _ if field == fields.place => PLACE_WORDS,
            _ if field == fields.skill_text => SKILL_WORDS,
            _ => TEXT_WORDS,
        };
        Ok(mean * self.total_num_docs()?)
    }

    fn total_num_docs(&self) -> tantivy::Result<u64> {
        let count = self
            .0
            .segments
            .iter()
            .map(|rows| rows.count())
            .sum::<usize>();
        Ok(nearest_power(count as u64).max(1))
    }

    fn doc_freq(&self, term: &Term) -> tantivy::Result<u64> {
        let found = self.0.searcher.doc_freq(term)?;
        Ok(nearest_power(found).min(self.total_num_docs()?))
    }
}

fn nearest_power(number: u64) -> u64 {
    if number == 0 {
        return 0;
    }
    let below = 1 << number.ilog2();
    // The geometric mean of two powers: √2 is close to 1.4.
    if number * 5 >= below * 7 {
        below * 2
    } else {
        below
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequencies_keep_their_order() {
        assert_eq!(
            [0, 1, 2, 3, 5, 6, 100_000].map(nearest_power),
            [0, 1, 2, 4, 4, 8, 131_072]
        );
        assert!((0..10_000).map(nearest_power).is_sorted());
    }
}
