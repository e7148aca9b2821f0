//! Parses what a person typed: words, phrases, skill names, exclusions, and fields to search in. There are no errors:
//! what is not syntax is words.

use super::aliases;
use super::clause::{Clause, Restriction};
use super::spoken;
use super::syntax::{Limit, Piece, SearchField, pieces};
use super::words::{Word, WordReader};
use crate::model::{MAX_NAME_WORDS, Vocabulary, fold_name};

/// Characters beyond these are ignored.
const MAX_CHARS: usize = 1_000;
/// Words beyond these are not read.
const MAX_READ_WORDS: usize = 48;
/// Words beyond these are not searched, after stop words were dropped.
pub const MAX_WORDS: usize = 16;
/// Restrictions beyond these are ignored.
const MAX_RESTRICTIONS: usize = 8;
/// A query with this many stop words is a sentence, not keywords.
const SENTENCE_STOP_WORDS: usize = 4;

/// What people call Federal Work-Study. `Fields::document` adds the first to each work-study posting.
pub const WORK_STUDY: [&str; 5] = [
    "work study",
    "workstudy",
    "federal work study",
    "federal workstudy",
    "fws",
];

/// A parsed query. If its last clause is a word, it may be unfinished.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Text {
    pub clauses: Vec<Clause>,
    pub within: Vec<Restriction>,
    pub without: Vec<Restriction>,
    pub limits: Vec<Limit>,
    /// Words next to a stop word, and both joined: "check in", "checkin".
    pub joined: Vec<(Word, Word)>,
    /// It is a whole sentence, and hardly any posting has all its words.
    pub is_sentence: bool,
}

/// Parses a query. `None` if it is blank. A query that is not blank but has no words gives nothing to search for.
pub fn parse(typed: &str, vocabulary: &Vocabulary) -> Option<Text> {
    let typed = typed.trim();
    if typed.is_empty() {
        return None;
    }
    let end = typed
        .char_indices()
        .nth(MAX_CHARS)
        .map_or(typed.len(), |(at, _)| at);
    let mut reading = Reading {
        vocabulary,
        reader: WordReader::new(),
        text: Text::default(),
        left: MAX_READ_WORDS,
    };
    for piece in pieces(&typed[..end]) {
        reading.take(piece);
    }
    let mut text = reading.text;
    text.drop_stop_words();
    Some(text)
}

struct Reading<'a> {
    vocabulary: &'a Vocabulary,
    reader: WordReader,
    text: Text,
    /// Words still to read.
    left: usize,
}

impl Reading<'_> {
    fn take(&mut self, piece: Piece<'_>) {
        match piece {
            Piece::Plain(text) => {
                let (limits, rest) = spoken::limits(text);
                limits.into_iter().for_each(|limit| self.limit(limit));
                let words = self.words(&rest);
                self.join_at_stop_words(&words);
                self.add_words(&words);
            }
            Piece::Quoted(text) => {
                let words = self.words(text);
                if words.len() > 1 {
                    self.text.clauses.push(Clause::Phrase(words));
                } else {
                    self.add_words(&words);
                }
            }
            Piece::Without(value) => {
                let words = self.words(value);
                self.restrict(Restriction::Words(words), true);
            }
            Piece::Within {
                place,
                value,
                is_excluded,
            } => {
                let words = self.words(value);
                let restriction = match place {
                    SearchField::Title => Restriction::Title(words),
                    SearchField::At => Restriction::At(words),
                    SearchField::Skill => {
                        let term = super::tokens::fold_case(self.vocabulary.canonical(value));
                        Restriction::Skill { term, words }
                    }
                };
                self.restrict(restriction, is_excluded);
            }
            Piece::Limit(limit) => self.limit(limit),
        }
    }

    fn limit(&mut self, limit: Limit) {
        if self.text.limits.len() < MAX_RESTRICTIONS {
            self.text.limits.push(limit);
        }
    }

    /// Records words that lose a neighboring stop word.
    fn join_at_stop_words(&mut self, words: &[Word]) {
        for pair in words.windows(2) {
            let [first, second] = pair else { continue };
            let kept = match (first.is_stop_word(), second.is_stop_word()) {
                (false, true) => first,
                (true, false) => second,
                _ => continue,
            };
            if self.text.joined.len() < MAX_RESTRICTIONS {
                let whole = format!("{}{}", first.plain, second.plain);
                let whole = self.reader.words(&whole).pop();
                self.text
                    .joined
                    .extend(whole.map(|whole| (kept.clone(), whole)));
            }
        }
    }

    fn words(&mut self, text: &str) -> Vec<Word> {
        let mut words = self.reader.words(text);
        words.truncate(self.left);
        self.left -= words.len();
        words
    }

    fn restrict(&mut self, restriction: Restriction, is_excluded: bool) {
        let text = &mut self.text;
        let is_room = text.within.len() + text.without.len() < MAX_RESTRICTIONS;
        if is_room && !restriction.words().is_empty() {
            let list = if is_excluded {
                &mut text.without
            } else {
                &mut text.within
            };
            list.push(restriction);
        }
    }

    /// Finds the longest names first.
    fn add_words(&mut self, mut words: &[Word]) {
        while !words.is_empty() {
            let longest = MAX_NAME_WORDS.min(words.len());
            let named = (1..=longest)
                .rev()
                .find_map(|count| Some((count, self.name(&words[..count])?)));
            let (count, clause) = named.unwrap_or_else(|| (1, Clause::Word(words[0].clone())));
            self.text.clauses.push(clause);
            words = &words[count..];
        }
    }

    fn name(&mut self, typed: &[Word]) -> Option<Clause> {
        let plain: Vec<&str> = typed.iter().map(|word| word.plain.as_str()).collect();
        let plain = plain.join(" ");
        if WORK_STUDY.contains(&plain.as_str()) {
            return Some(Clause::Phrase(self.reader.words(WORK_STUDY[0])));
        }
        if let Some(meaning) = aliases::meaning(&plain) {
            let (typed, meant) = (typed.to_vec(), self.reader.words(meaning));
            return Some(Clause::Alias { typed, meant });
        }
        let label = self.vocabulary.label(&plain)?;
        Some(Clause::Skill {
            typed: typed.to_vec(),
            label: self.reader.words(&fold_name(label)),
            term: super::tokens::fold_case(label),
        })
    }
}

impl Text {
    /// There is nothing to search for, so nothing is found.
    pub fn is_void(&self) -> bool {
        self.clauses.is_empty()
            && self.within.is_empty()
            && self.without.is_empty()
            && self.limits.is_empty()
    }

    /// Queries with equal keys have the same matches.
    pub fn key(&self) -> String {
        let words = |key: &mut String, words: &[Word]| {
            for word in words {
                key.push_str(&word.plain);
                key.push(if word.is_acronym { '\'' } else { ' ' });
            }
        };
        let mut key = String::new();
        for clause in &self.clauses {
            key.push(if matches!(clause, Clause::Phrase(_)) {
                '"'
            } else {
                ','
            });
            words(&mut key, clause.typed());
        }
        for (sign, list) in [('+', &self.within), ('-', &self.without)] {
            for restriction in list {
                key.push(sign);
                key.push(match restriction {
                    Restriction::Words(_) => 'w',
                    Restriction::Skill { .. } => 's',
                    Restriction::Title(_) => 't',
                    Restriction::At(_) => 'a',
                });
                words(&mut key, restriction.words());
            }
        }
        for (_, whole) in &self.joined {
            key.push('&');
            key.push_str(&whole.plain);
        }
        if self.is_sentence {
            key.push('.');
        }
        for limit in &self.limits {
            key.push_str(&limit.key());
        }
        key
    }

    /// Drops repeats, stop words if others remain, and what is beyond the limits.
    fn drop_stop_words(&mut self) {
        let mut kept: Vec<Clause> = Vec::with_capacity(self.clauses.len());
        for clause in self.clauses.drain(..) {
            if !kept.contains(&clause) {
                kept.push(clause);
            }
        }
        let only = |clause: &Clause, is: fn(&Word) -> bool| {
            !matches!(clause, Clause::Phrase(_)) && clause.only_word().is_some_and(is)
        };
        let is_stop_word =
            |clause: &Clause| matches!(clause, Clause::Word(_)) && only(clause, Word::is_stop_word);
        let stop_words = kept.iter().filter(|clause| is_stop_word(clause)).count();
        self.is_sentence = stop_words >= SENTENCE_STOP_WORDS && stop_words < kept.len();
        if stop_words < kept.len() {
            kept.retain(|clause| !is_stop_word(clause));
        }
        if self.is_sentence && !kept.iter().all(|clause| only(clause, Word::is_filler)) {
            kept.retain(|clause| !only(clause, Word::is_filler));
        }
        kept.truncate(MAX_WORDS);
        if self.is_sentence {
            self.joined.clear();
        }
        self.clauses = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(typed: &str) -> Option<Text> {
        parse(typed, &Vocabulary::default())
    }

    fn shown(typed: &str) -> Vec<String> {
        let word = |word: &Word| word.plain.clone();
        let words = |words: &[Word]| words.iter().map(word).collect::<Vec<_>>().join(" ");
        let clause = |clause: &Clause| match clause {
            Clause::Word(word) => word.plain.clone(),
            Clause::Phrase(phrase) => format!("\"{}\"", words(phrase)),
            Clause::Alias { typed, meant } => format!("{}={}", words(typed), words(meant)),
            Clause::Skill { typed, term, .. } => format!("{}:{term}", words(typed)),
        };
        read(typed).unwrap().clauses.iter().map(clause).collect()
    }

    #[test]
    fn quotes_make_phrases_in_pairs() {
        assert_eq!(shown("\"Front Door\" clerk"), ["\"front door\"", "clerk"]);
        assert_eq!(shown("clerk \"front door"), ["clerk", "front", "door"]);
        assert_eq!(shown("\"clerk\""), ["clerk"]);
        assert_eq!(shown("\"\"\""), [""; 0]);
    }

    #[test]
    fn stop_words_are_dropped() {
        assert_eq!(shown("I want a job in the library"), ["library"]);
        assert_eq!(shown("a job in the library"), ["job", "library"]);
        assert_eq!(shown("to be or"), ["to", "be", "or"]);
        let sentence = read("is it something where I can walk dogs on weekends").unwrap();
        assert!(sentence.is_sentence);
        assert_eq!(sentence.clauses.len(), 2, "{:?}", sentence.clauses);
    }

    #[test]
    fn names_are_found_longest_first() {
        assert_eq!(shown("c plus plus tutor"), ["c plus plus:c++", "tutor"]);
        assert_eq!(shown("JS"), ["js:javascript"]);
        assert_eq!(
            shown("ms excel clerk"),
            ["ms excel:microsoft excel", "clerk"]
        );
        assert_eq!(shown("ta"), ["ta=teaching assistant"]);
    }

    #[test]
    fn field_prefixes_are_not_words() {
        let text = read("tutor skill:js -night pay:>15 at:library").unwrap();
        assert_eq!(text.clauses.len(), 1);
        assert!(matches!(&text.within[0], Restriction::Skill { term, .. } if term == "javascript"));
        assert!(matches!(&text.within[1], Restriction::At(words) if words[0].plain == "library"));
        assert!(matches!(&text.without[0], Restriction::Words(words) if words[0].plain == "night"));
        assert_eq!(text.limits, [Limit::PayCents(1_501, i64::MAX)]);
        assert!(!read("-night").unwrap().is_void());
        assert_ne!(read("-night").unwrap().key(), read("night").unwrap().key());
        let said = read("is it something where I walk dogs").unwrap();
        assert_ne!(said.key(), read("walk dogs").unwrap().key());
    }

    #[test]
    fn long_queries_are_cut() {
        assert_eq!(read(" \u{a0}\n"), None);
        assert!(read("!?… \0 ©").unwrap().is_void());
        assert_eq!(shown(&"ab cd ".repeat(5_000)).len(), 2);
        let numbers: Vec<_> = (0..5_000).map(|number| number.to_string()).collect();
        assert_eq!(shown(&numbers.join(" ")).len(), MAX_WORDS);
        assert!(read(&"-a ".repeat(500)).unwrap().without.len() <= MAX_RESTRICTIONS);
    }
}
