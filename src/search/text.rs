//! What a person typed, taken apart. There is no syntax to get wrong: quotes make a phrase where they come in pairs, all
//! else is words.

use tantivy::tokenizer::{TextAnalyzer, TokenStream};

use super::aliases;
use super::tokens;

/// What lies beyond is not looked at.
const MAX_CHARS: usize = 1_000;
/// Words beyond are not looked for.
pub const MAX_WORDS: usize = 16;
/// Keywords are typed without so many of the `EMPTY_WORDS`.
const SENTENCE_EMPTY_WORDS: usize = 4;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// As typed, in lower case and without accents.
    pub plain: String,
    /// Without its English ending.
    pub stem: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clause {
    Word(Word),
    /// In this order, side by side.
    Phrase(Vec<Word>),
    /// All of what was typed, or, as a phrase, what it stands for.
    Alias {
        typed: Vec<Word>,
        meant: Vec<Word>,
    },
}

/// The clauses of a text. The last one may be unfinished if it is a word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    pub clauses: Vec<Clause>,
    /// It is written out, as to a person: hardly a posting has all its words.
    pub is_sentence: bool,
}

/// Words that are in every posting and tell nothing; dropped where others remain.
const EMPTY_WORDS: &[&str] = &[
    "a",
    "about",
    "am",
    "an",
    "and",
    "any",
    "are",
    "as",
    "at",
    "be",
    "by",
    "can",
    "d",
    "do",
    "for",
    "from",
    "get",
    "have",
    "i",
    "im",
    "in",
    "is",
    "it",
    "like",
    "looking",
    "m",
    "me",
    "my",
    "of",
    "on",
    "or",
    "some",
    "something",
    "that",
    "the",
    "there",
    "to",
    "want",
    "wants",
    "where",
    "who",
    "with",
    "would",
];

/// Takes a text apart; `None` if it is blank. Not blank and without a word in it gives no clauses.
pub fn parse(typed: &str) -> Option<Text> {
    let typed = typed.trim();
    if typed.is_empty() {
        return None;
    }
    let end = typed
        .char_indices()
        .nth(MAX_CHARS)
        .map_or(typed.len(), |(at, _)| at);
    let parts: Vec<&str> = typed[..end].split(['"', '“', '”', '„']).collect();
    let mut reader = WordReader::new();
    let mut text = Text::default();
    let mut left = MAX_WORDS;
    let last = parts.len() - 1;
    for (at, part) in parts.into_iter().enumerate() {
        let mut words = reader.words(part);
        words.truncate(left);
        left -= words.len();
        // A quote that nothing closes begins no phrase.
        if at % 2 == 1 && at < last && words.len() > 1 {
            text.clauses.push(Clause::Phrase(words));
        } else {
            add_words(&mut text.clauses, words, &mut reader);
        }
    }
    text.drop_idle();
    Some(text)
}

fn add_words(clauses: &mut Vec<Clause>, words: Vec<Word>, reader: &mut WordReader) {
    let mut words = words.as_slice();
    while !words.is_empty() {
        let alias = (1..=aliases::MAX_WORDS.min(words.len()))
            .rev()
            .find_map(|count| {
                let typed: Vec<&str> = words[..count]
                    .iter()
                    .map(|word| word.plain.as_str())
                    .collect();
                aliases::meaning(&typed.join(" ")).map(|meaning| (count, meaning))
            });
        let (count, clause) = match alias {
            Some((count, meaning)) => {
                let (typed, meant) = (words[..count].to_vec(), reader.words(meaning));
                (count, Clause::Alias { typed, meant })
            }
            None => (1, Clause::Word(words[0].clone())),
        };
        clauses.push(clause);
        words = &words[count..];
    }
}

impl Clause {
    /// Every posting is a job, whether or not it says so: such a word helps the order and excludes nothing.
    pub fn is_optional(&self) -> bool {
        matches!(self, Self::Word(word) if word.stem == "job")
    }

    /// Its only word, which the person may still be typing.
    pub fn only_word(&self) -> Option<&Word> {
        match self {
            Self::Phrase(_) => None,
            _ => self.words().first().filter(|_| self.words().len() == 1),
        }
    }

    fn words(&self) -> &[Word] {
        match self {
            Self::Word(word) => std::slice::from_ref(word),
            Self::Phrase(words) | Self::Alias { typed: words, .. } => words,
        }
    }
}

impl Text {
    /// Texts with equal keys match the same.
    pub fn key(&self) -> String {
        let mut key = String::new();
        for clause in &self.clauses {
            key.push(if matches!(clause, Clause::Phrase(_)) {
                '"'
            } else {
                ','
            });
            for word in clause.words() {
                key.push_str(&word.plain);
                key.push(' ');
            }
        }
        key
    }

    /// Drops repeats, and empty words if others remain.
    fn drop_idle(&mut self) {
        let mut kept: Vec<Clause> = Vec::with_capacity(self.clauses.len());
        for clause in self.clauses.drain(..) {
            if !kept.contains(&clause) {
                kept.push(clause);
            }
        }
        let is_empty = |clause: &Clause| matches!(clause, Clause::Word(word) if word.is_empty());
        if !kept.iter().all(is_empty) {
            let before = kept.len();
            kept.retain(|clause| !is_empty(clause));
            self.is_sentence = before - kept.len() >= SENTENCE_EMPTY_WORDS;
        }
        self.clauses = kept;
    }
}

impl Word {
    fn is_empty(&self) -> bool {
        EMPTY_WORDS.binary_search(&self.plain.as_str()).is_ok()
    }
}

/// Makes words of text; keeps its analyzers, which are costly to make.
pub struct WordReader {
    plain: TextAnalyzer,
    stemmed: TextAnalyzer,
}

impl WordReader {
    pub fn new() -> Self {
        Self {
            plain: tokens::plain(),
            stemmed: tokens::stemmed(),
        }
    }

    pub fn words(&mut self, text: &str) -> Vec<Word> {
        // Both drop the same words, so they stay in step.
        let mut plain = self.plain.token_stream(text);
        let mut stemmed = self.stemmed.token_stream(text);
        let mut words = Vec::new();
        while plain.advance() && stemmed.advance() {
            words.push(Word {
                plain: plain.token().text.clone(),
                stem: stemmed.token().text.clone(),
            });
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(typed: &str) -> Vec<String> {
        let word = |word: &Word| word.plain.clone();
        let words = |words: &[Word]| words.iter().map(word).collect::<Vec<_>>().join(" ");
        let clause = |clause: &Clause| match clause {
            Clause::Word(word) => word.plain.clone(),
            Clause::Phrase(phrase) => format!("\"{}\"", words(phrase)),
            Clause::Alias { typed, meant } => format!("{}={}", words(typed), words(meant)),
        };
        parse(typed).unwrap().clauses.iter().map(clause).collect()
    }

    #[test]
    fn quotes_make_phrases_in_pairs() {
        assert_eq!(shown("\"Data Entry\" clerk"), ["\"data entry\"", "clerk"]);
        assert_eq!(shown("“data entry” clerk"), ["\"data entry\"", "clerk"]);
        assert_eq!(shown("clerk \"data entry"), ["clerk", "data", "entry"]);
        assert_eq!(shown("\"clerk\""), ["clerk"]);
        assert_eq!(shown("\"\"\""), [""; 0]);
    }

    #[test]
    fn words_that_tell_nothing_go() {
        assert_eq!(shown("I want a job in the library"), ["job", "library"]);
        assert_eq!(shown("to be or"), ["to", "be", "or"]);
        assert!(EMPTY_WORDS.is_sorted());
    }

    #[test]
    fn aliases_are_found_longest_first() {
        assert_eq!(shown("c plus plus tutor"), ["c plus plus=c++", "tutor"]);
        assert_eq!(shown("JS"), ["js=javascript"]);
    }

    #[test]
    fn the_hostile_is_cut() {
        assert_eq!(parse(" \u{a0}\n"), None);
        assert_eq!(shown("!?… \0 👍"), [""; 0]);
        assert_eq!(shown(&"ab cd ".repeat(5_000)).len(), 2);
        let numbers: Vec<_> = (0..5_000).map(|number| number.to_string()).collect();
        assert_eq!(shown(&numbers.join(" ")).len(), MAX_WORDS);
    }
}
