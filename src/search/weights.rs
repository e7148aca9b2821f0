//! All numbers that affect the order by relevance, each with its reason. Tuned on one half of the relevance suite
//! (benches/relevance.rs) and checked on the other half.

/// A title word, compared with 1 for a description word: the title says what the job is.
pub const TITLE: f32 = 4.0;
/// The whole title equals the query. It ranks before titles that contain more.
pub const TITLE_SAME: f32 = 20.0;
/// The title starts with the query.
pub const TITLE_BEGINS: f32 = 6.0;
/// A title word that is the name of a skill: the skill itself counts more, since a title may only sound like it.
pub const TITLE_OF_SKILL: f32 = 2.0;
/// The title contains a skill name of several words. That is the job itself, and ranks before a skill in a list.
pub const TITLE_NAMES_SKILL: f32 = 36.0;
/// A word of the required skills: they are short and chosen, but a posting lists many.
pub const SKILL: f32 = 3.0;
/// A word of the workplace's or the employer's name, which says where, not what.
pub const PLACE: f32 = 1.5;

/// The posting asks for exactly the typed skill, under any name. Worth about two ordinary title words, so that it ranks
/// before postings that only mention the word, and after a title that equals the query.
pub const SKILL_EXACT: f32 = 24.0;
/// The title or description mentions that skill too, so it matters and is not just listed.
pub const SKILL_NAMED: f32 = 10.0;

/// A title word that starts with the unfinished last word. Less than the word itself.
pub const TITLE_PREFIX: f32 = 6.0;
/// The same in skills, workplace, employer and location.
pub const OTHER_PREFIX: f32 = 1.5;

/// The postings' word for an everyday word: a hint, in title and skills, and for sentences also in descriptions.
pub const RELATED_TITLE: f32 = 2.0;
pub const RELATED_SKILL: f32 = 0.7;
pub const RELATED_TEXT: f32 = 0.5;

/// A sentence describes the work, as descriptions do, so all fields count nearly the same. Skills are short lists of
/// words that occur in any sentence ("write", "research"), so they count least.
pub const SENTENCE_TITLE: f32 = 1.5;
pub const SENTENCE_SKILL: f32 = 0.5;
pub const SENTENCE_PLACE: f32 = 0.7;
pub const SENTENCE_SKILL_EXACT: f32 = 2.0;
pub const SENTENCE_SKILL_NAMED: f32 = 2.0;

/// A skill in the person's profile, compared with one in a posting they liked. What a person can do matters most.
pub const INTEREST_SKILL: f32 = 3.0;
pub const LIKE_SKILL: f32 = 1.0;
/// Distinctive words of a liked posting, by field.
pub const LIKE_TITLE: f32 = 2.0;
pub const LIKE_BODY: f32 = 0.5;

/// A new posting's bonus on its first day. It halves after two weeks. Small, so that it only orders equally good
/// matches.
const FRESH: f64 = 0.05;
const FRESH_HALF_DAYS: f64 = 14.0;
/// The bonus in the last days, the last chance to apply, from this many days before the deadline.
const CLOSING: f64 = 0.02;
const CLOSING_DAYS: i64 = 3;

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;
/// Postings older than this get no noticeable bonus.
const FRESH_DAYS: usize = 120;

/// The factors by whole days, so that pages do not shift while somebody reads them.
pub struct AgeFactors {
    now: i64,
    fresh: [f32; FRESH_DAYS],
}

impl AgeFactors {
    pub fn at(now: i64) -> Self {
        let gain = |day: usize| FRESH * 0.5f64.powf(day as f64 / FRESH_HALF_DAYS);
        Self {
            now,
            fresh: std::array::from_fn(|day| gain(day) as f32),
        }
    }

    /// The factor for a posting's score.
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
    fn age_and_deadline_bonuses_are_small() {
        let now = 1_000 * DAY_MILLIS;
        let age_factors = AgeFactors::at(now);
        let far = now + 90 * DAY_MILLIS;
        let fresh = age_factors.factor(now, far);
        let old = age_factors.factor(now - 500 * DAY_MILLIS, far);
        let closing = age_factors.factor(now - 500 * DAY_MILLIS, now + 1);
        assert!(fresh > closing && closing > old && old == 1.0 && fresh <= 1.1);
        for strange in [i64::MIN, i64::MAX, 0] {
            assert!((1.0..1.1).contains(&age_factors.factor(strange, strange)));
        }
    }
}
