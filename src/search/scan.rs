//! One pass over the matching documents of all segments. Knows rows and conditions, but not what the matches are for.

use tantivy::query::Weight;

use super::SearchError;
use super::facets::Validity;
use super::filters::{Conditions, Fit};
use super::rows::Rows;
use super::view::View;

/// The documents to scan.
pub enum Candidates {
    All,
    Matching(Box<dyn Weight>),
    /// With the score of each.
    Scored(Box<dyn Weight>),
}

/// A match: its segment's rows, its document number, and its score (0 if not needed). A row that fails only one facet's
/// filter is a match for that facet only.
pub struct Match<'a> {
    pub segment: usize,
    pub rows: &'a Rows,
    pub document: usize,
    pub score: f32,
    pub fit: Fit,
}

/// Visits every document that is not deleted and meets the conditions. Returns the period in which the same documents
/// would match.
pub fn scan(
    view: &View,
    candidates: &Candidates,
    conditions: &Conditions,
    mut visit: impl FnMut(Match<'_>),
) -> Result<Validity, SearchError> {
    let mut validity = Validity::ALWAYS;
    let readers = view.searcher.segment_readers();
    // The newest jobs are in the last segments, so a search for the newest finishes sooner this way.
    for (segment, (reader, rows)) in readers.iter().zip(&view.segments).enumerate().rev() {
        let rows = &**rows;
        let alive = reader.alive_bitset();
        let mut check = |document: u32, score: f32| {
            let at = document as usize;
            let Some(fit) = conditions.fit(rows, at) else {
                return;
            };
            if alive.is_some_and(|alive| alive.is_deleted(document)) {
                return;
            }
            let deadline = rows.deadline[at];
            if deadline <= conditions.passed {
                validity.from = validity.from.max(deadline);
                return;
            }
            validity.until = validity.until.min(deadline);
            visit(Match {
                segment,
                rows,
                document: at,
                score,
                fit,
            });
        };
        match candidates {
            Candidates::All => (0..reader.max_doc())
                .rev()
                .for_each(|document| check(document, 0.0)),
            Candidates::Matching(weight) => weight.for_each_no_score(reader, &mut |documents| {
                documents.iter().for_each(|document| check(*document, 0.0));
            })?,
            Candidates::Scored(weight) => weight.for_each(reader, &mut check)?,
        }
    }
    // Only the status open depends on the time.
    Ok(if conditions.passed == i64::MIN {
        Validity::ALWAYS
    } else {
        validity
    })
}
