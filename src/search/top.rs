//! Selects the first hits of an order from a stream of all hits.

use super::cursor::After;
use super::{Found, Sort};
use crate::model::JobId;

/// A hit's position in its list. Greater keys come first, and for equal keys the greater ID, so no two positions are
/// equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rank {
    pub key: u64,
    pub id: (u64, u64),
}

/// Keeps the order of numbers.
pub fn ascending(number: i64) -> u64 {
    number.cast_unsigned() ^ (1 << 63)
}

/// Keeps the order of scores, which are never negative.
pub fn score_key(score: f32) -> u64 {
    u64::from(score.max(0.0).to_bits())
}

pub struct Top {
    sort: Sort,
    any_word: bool,
    limit: usize,
    after: Option<Rank>,
    /// The last hit of the previous page may have another score now, so its position is known only after all hits were
    /// seen.
    moves: bool,
    /// Hits below this cannot be among the first. The list is cut from time to time.
    least: Rank,
    kept: Vec<Rank>,
}

impl Top {
    pub fn new(sort: Sort, any_word: bool, limit: usize, after: Option<After>) -> Self {
        Self {
            sort,
            any_word,
            limit,
            after: after.map(|after| after.place),
            moves: sort == Sort::Relevance && after.is_some(),
            least: Rank { key: 0, id: (0, 0) },
            kept: Vec::with_capacity((limit + 1) * 2),
        }
    }

    #[inline]
    pub fn offer(&mut self, key: u64, id: (u64, u64)) {
        if key < self.least.key {
            return;
        }
        let place = Rank { key, id };
        if self.moves {
            self.kept.push(place);
        } else if place >= self.least && self.after.is_none_or(|after| place < after) {
            self.keep(place);
        }
    }

    fn keep(&mut self, place: Rank) {
        // One more than requested shows whether there is a next page.
        let enough = self.limit + 1;
        self.kept.push(place);
        if self.kept.len() >= enough * 2 {
            let (_, last, _) = self
                .kept
                .select_nth_unstable_by(enough - 1, |a, b| b.cmp(a));
            self.least = *last;
            self.kept.truncate(enough);
        }
    }

    /// The page, still without total and facets.
    pub fn finish(mut self) -> Found {
        if self.moves
            && let Some(stored) = self.after
        {
            let now = self.kept.iter().find(|place| place.id == stored.id);
            let after = now.copied().unwrap_or(stored);
            self.kept.retain(|place| *place < after);
        }
        let enough = self.limit + 1;
        if self.kept.len() > enough {
            self.kept
                .select_nth_unstable_by(enough - 1, |a, b| b.cmp(a));
            self.kept.truncate(enough);
        }
        self.kept.sort_unstable_by(|a, b| b.cmp(a));
        let more = self.kept.len() > self.limit;
        self.kept.truncate(self.limit);
        let next = self.kept.last().filter(|_| more).map(|place| After {
            sort: self.sort,
            any_word: self.any_word,
            place: *place,
        });
        let id = |place: &Rank| JobId::from_parts(place.id.0, place.id.1);
        Found {
            hits: self.kept.iter().map(id).collect(),
            next,
            ..Found::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pages_are_the_sorted_list(mut keys in prop::collection::vec(0u64..20, 0..200), limit in 1usize..9) {
            let mut listed = Vec::new();
            let mut after = None;
            loop {
                let mut top = Top::new(Sort::Newest, false, limit, after);
                for (id, key) in keys.iter().enumerate() {
                    top.offer(*key, (0, id as u64));
                }
                let page = top.finish();
                listed.extend(page.hits);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            let mut all: Vec<_> = keys.drain(..).enumerate().map(|(id, key)| (key, id as u64)).collect();
            all.sort_unstable_by(|a, b| b.cmp(a));
            let all: Vec<_> = all.into_iter().map(|(_, id)| JobId::from_parts(0, id)).collect();
            prop_assert_eq!(listed, all);
        }
    }

    #[test]
    fn keys_order_as_their_numbers() {
        let numbers = [i64::MIN, -1, 0, 1, i64::MAX];
        assert!(numbers.is_sorted_by_key(|number| ascending(*number)));
        assert!([0.0, 0.5, 1.0, 100.0].is_sorted_by_key(|score| score_key(*score)));
    }
}
