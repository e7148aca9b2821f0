//! Every number that decides the order of a search by relevance, each with its reason. Tuned on one half of the relevance
//! suite (benches/relevance.rs) and checked on the other.

/// A word of the title against one of the description, which counts 1: the title says what the job is.
pub const TITLE: f32 = 4.0;
/// The title is what was typed, whole: it goes before titles that hold more than that.
pub const TITLE_SAME: f32 = 20.0;
/// The title begins as was typed.
pub const TITLE_BEGINS: f32 = 6.0;
/// A word of the title where that word is the name of a skill: the skill itself counts, a title may only sound like it.
pub const TITLE_OF_SKILL: f32 = 2.0;
/// The title holds a skill's name of several words: that is the job itself, which goes before a list of skills that holds it.
pub const TITLE_NAMES_SKILL: f32 = 36.0;
/// A word among the skills asked for: short and chosen, but a posting lists many.
pub const SKILL: f32 = 3.0;
/// A word of the work space's or the employer's name: tells where, not what.
pub const PLACE: f32 = 1.5;

/// The posting asks for exactly the skill that was typed, by whatever name: worth about as much as two ordinary words of
/// the title, so that it goes before every mention of the word, and behind a title that was typed whole.
pub const SKILL_EXACT: f32 = 24.0;
/// Its title or description names that skill too: it is meant, not just listed.
pub const SKILL_NAMED: f32 = 10.0;

/// A word of the title that begins as the unfinished last word does: less than the word itself would.
pub const TITLE_PREFIX: f32 = 6.0;
/// The same in skills, work space, employer and location.
pub const OTHER_PREFIX: f32 = 1.5;

/// What postings call what was typed in everyday words: a hint, in title and skills; in sentences in descriptions too.
pub const RELATED_TITLE: f32 = 2.0;
pub const RELATED_SKILL: f32 = 0.7;
pub const RELATED_TEXT: f32 = 0.5;

/// A sentence is about the work, which the description tells at length: there all places count nearly alike. Skills are
/// short lists of words that stand in any sentence ("write", "research"), so they count least.
pub const SENTENCE_TITLE: f32 = 1.5;
pub const SENTENCE_SKILL: f32 = 0.5;
pub const SENTENCE_PLACE: f32 = 0.7;
pub const SENTENCE_SKILL_EXACT: f32 = 2.0;
pub const SENTENCE_SKILL_NAMED: f32 = 2.0;

/// A skill of one's own profile against one of a posting one liked: what one can do matters most.
pub const TASTE_SKILL: f32 = 3.0;
pub const LIKE_SKILL: f32 = 1.0;
/// Words that tell a liked posting apart, by where they stand.
pub const LIKE_TITLE: f32 = 2.0;
pub const LIKE_BODY: f32 = 0.5;

/// What a posting gains on the day it appears; half of it a fortnight later. Mild: it orders what fits equally well.
const FRESH: f64 = 0.05;
const FRESH_HALF_DAYS: f64 = 14.0;
/// What it gains in its last days, the last chance to apply, from this many days before its deadline on.
const CLOSING: f64 = 0.02;
const CLOSING_DAYS: i64 = 3;

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;
/// Postings older than this gain nothing worth telling.
const FRESH_DAYS: usize = 120;

/// The factors for whole days, so that pages do not shift while a person reads them.
pub struct Season {
    now: i64,
    fresh: [f32; FRESH_DAYS],
}

impl Season {
    pub fn at(now: i64) -> Self {
        let gain = |day: usize| FRESH * 0.5f64.powf(day as f64 / FRESH_HALF_DAYS);
        Self {
            now,
            fresh: std::array::from_fn(|day| gain(day) as f32),
        }
    }

    /// What the score of a posting is multiplied with.
    #[inline]
    pub fn factor(&self, posted_at: i64, deadline: i64) -> f32 {
        let age = self.now.saturating_sub(posted_at).max(0) / DAY_MILLIS;
        let fresh = usize::try_from(age)
            .ok()
            .and_then(|age| self.fresh.get(age));
        let left = deadline.saturating_sub(self.now) / DAY_MILLIS;
        let closing = if (0..CLOSING_DAYS).contains(&left) {
            CLOSING as f32
        } else {
            0.0
        };
        1.0 + fresh.copied().unwrap_or_default() + closing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_season_is_mild() {
        let now = 1_000 * DAY_MILLIS;
        let season = Season::at(now);
        let far = now + 90 * DAY_MILLIS;
        let fresh = season.factor(now, far);
        let old = season.factor(now - 500 * DAY_MILLIS, far);
        let closing = season.factor(now - 500 * DAY_MILLIS, now + 1);
        assert!(fresh > closing && closing > old && old == 1.0 && fresh <= 1.1);
        for strange in [i64::MIN, i64::MAX, 0] {
            assert!((1.0..1.1).contains(&season.factor(strange, strange)));
        }
    }
}
