//! One pass over the documents that match, in every segment. Knows rows and conditions, nothing of what is done with
//! a match.

use tantivy::query::Weight;

use super::SearchError;
use super::facets::Validity;
use super::filters::{Conditions, Fit};
use super::rows::Rows;
use super::view::View;

/// Where to look.
pub enum Candidates {
    All,
    Matching(Box<dyn Weight>),
    /// With the score of each.
    Scored(Box<dyn Weight>),
}

/// A match: its segment's rows, its number there, and its score, 0 where none was asked for. One that fails the filter of a
/// single facet is a match for that facet alone.
pub struct Match<'a> {
    pub segment: usize,
    pub rows: &'a Rows,
    pub document: usize,
    pub score: f32,
    pub fit: Fit,
}

/// Shows every living document that meets the conditions. Gives back the moments for which the same ones would.
pub fn scan(
    view: &View,
    candidates: &Candidates,
    conditions: &Conditions,
    mut visit: impl FnMut(Match<'_>),
) -> Result<Validity, SearchError> {
    let mut validity = Validity::ALWAYS;
    let readers = view.searcher.segment_readers();
    // The newest jobs stand last; whoever looks for the newest is done sooner.
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
    // Other statuses than open do not depend on the time.
    Ok(if conditions.passed == i64::MIN {
        Validity::ALWAYS
    } else {
        validity
    })
}
