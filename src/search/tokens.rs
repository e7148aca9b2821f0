//! Splits text into words, the same way for postings and queries: letters and digits, lower case, no accents, emoji as
//! separate words. English endings are removed in fields that are searched by meaning rather than spelling.

use tantivy::tokenizer::{
    AsciiFoldingFilter, Language, LowerCaser, RawTokenizer, RemoveLongFilter, Stemmer,
    TextAnalyzer, Token, TokenStream, Tokenizer, TokenizerManager,
};

/// Names by which the schema finds them. If what they do changes, increase `schema::VERSION`.
pub const STEMMED: &str = "stemmed";
pub const PLAIN: &str = "plain";
/// The whole text as one term, in lower case.
pub const WHOLE: &str = "whole";

/// Longer words are neither indexed nor searched: nobody types them.
const MAX_WORD_BYTES: usize = 40;
/// Names such as "C++", "C#", "F#" and "A+": signs count after at most this many letters.
const SIGNED_LETTERS: usize = 2;

pub fn plain() -> TextAnalyzer {
    TextAnalyzer::builder(Words)
        .filter(LowerCaser)
        .filter(AsciiFoldingFilter)
        .filter(RemoveLongFilter::limit(MAX_WORD_BYTES))
        .build()
}

pub fn stemmed() -> TextAnalyzer {
    TextAnalyzer::builder(Words)
        .filter(LowerCaser)
        .filter(AsciiFoldingFilter)
        .filter(RemoveLongFilter::limit(MAX_WORD_BYTES))
        .filter(Stemmer::new(Language::English))
        .build()
}

pub fn manager() -> TokenizerManager {
    let manager = TokenizerManager::default();
    manager.register(STEMMED, stemmed());
    manager.register(PLAIN, plain());
    let whole = TextAnalyzer::builder(RawTokenizer::default()).filter(LowerCaser);
    manager.register(WHOLE, whole.build());
    manager
}

/// The term that `WHOLE` makes of a text: lower case, letter by letter.
pub fn fold_case(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// Splits at everything that is not a letter or digit. Each Han or kana character is a word. A possessive 's, separate
/// accents and invisible characters are dropped.
#[derive(Clone)]
struct Words;

pub struct WordStream<'a> {
    text: &'a str,
    at: usize,
    token: Token,
}

impl Tokenizer for Words {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        raw_words(text)
    }
}

/// The words of a text as they are written.
pub fn raw_words(text: &str) -> WordStream<'_> {
    WordStream {
        text,
        at: 0,
        token: Token::default(),
    }
}

impl WordStream<'_> {
    /// Moves to the start of the next word. False at the end of the text.
    fn find_word(&mut self) -> bool {
        let rest = &self.text.as_bytes()[self.at..];
        // Most text is ASCII, where a word starts with a letter or a digit.
        let stop = |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
        self.at += rest.iter().position(stop).unwrap_or(rest.len());
        match self.text[self.at..].find(begins_word) {
            Some(start) => {
                self.at += start;
                true
            }
            None => {
                self.at = self.text.len();
                false
            }
        }
    }

    /// Reads a word of ASCII letters and digits that nothing special follows. If it is not one, returns false and reads
    /// nothing.
    fn read_plain_word(&mut self) -> bool {
        let rest = &self.text.as_bytes()[self.at..];
        let is_inside = |byte: &u8| byte.is_ascii_alphanumeric();
        let length = rest.iter().take_while(|byte| is_inside(byte)).count();
        let is_special = |byte: &u8| !byte.is_ascii() || matches!(byte, b'+' | b'#' | b'\'');
        if length == 0 || rest.get(length).is_some_and(is_special) {
            return false;
        }
        let end = self.at + length;
        self.token.text.push_str(&self.text[self.at..end]);
        self.at = end;
        self.token.offset_to = end;
        true
    }

    /// Reads the word at `self.at` into the token.
    fn read_word(&mut self) {
        let (text, word) = (self.text, &mut self.token.text);
        let mut letters = 0;
        let mut chars = text[self.at..].char_indices().peekable();
        let mut end = text.len() - self.at;
        while let Some((offset, c)) = chars.next() {
            if stands_alone(c) {
                end = offset;
                if letters == 0 {
                    word.push(c);
                    end = offset + c.len_utf8();
                }
                break;
            }
            if c.is_alphanumeric() {
                // Its lower case would be an i with a separate accent.
                word.push(if c == 'İ' { 'I' } else { c });
                letters += 1;
            } else if !is_dropped(c) {
                end = offset;
                if matches!(c, '+' | '#')
                    && letters <= SIGNED_LETTERS
                    && word.chars().all(char::is_alphabetic)
                {
                    word.push(c);
                    end = offset + 1;
                    if let Some((_, second)) = chars.next_if(|(_, second)| *second == c) {
                        word.push(second);
                        end += 1;
                    }
                } else if matches!(c, '\'' | '’')
                    && let Some((offset, s)) = chars.next_if(|(_, s)| matches!(s, 's' | 'S'))
                    && chars.peek().is_none_or(|(_, c)| !c.is_alphanumeric())
                {
                    end = offset + s.len_utf8();
                }
                break;
            }
        }
        self.at += end;
        self.token.offset_to = self.at;
    }
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        self.token.text.clear();
        self.token.position = self.token.position.wrapping_add(1);
        if !self.find_word() {
            return false;
        }
        self.token.offset_from = self.at;
        if !self.read_plain_word() {
            self.read_word();
        }
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

fn begins_word(c: char) -> bool {
    c.is_alphanumeric() || is_picture(c)
}

/// Kana and Han have no spaces between words, and a picture is a word.
fn stands_alone(c: char) -> bool {
    is_picture(c)
        || matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
            && c.is_alphanumeric()
}

/// Emoji and similar signs, but not characters that only change their look.
fn is_picture(c: char) -> bool {
    matches!(c, '\u{2600}'..='\u{27bf}' | '\u{1f1e6}'..='\u{1f1ff}' | '\u{1f300}'..='\u{1f3fa}' | '\u{1f400}'..='\u{1faff}')
}

/// Characters within a word that are not part of it: a separate accent after its letter, a soft hyphen, zero-width
/// characters, and direction marks.
fn is_dropped(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(mut analyzer: TextAnalyzer, text: &str) -> Vec<String> {
        let mut words = Vec::new();
        let mut stream = analyzer.token_stream(text);
        stream.process(&mut |token| {
            assert!(text.is_char_boundary(token.offset_from));
            assert!(text.is_char_boundary(token.offset_to));
            words.push(token.text.clone());
        });
        words
    }

    #[test]
    fn words_are_what_people_type() {
        let plain = |text: &str| words(plain(), text);
        assert_eq!(plain("C++, C# & Node.js"), ["c++", "c#", "node", "js"]);
        assert_eq!(plain("a bachelor's degree"), ["a", "bachelor", "degree"]);
        assert_eq!(plain("Résumé re\u{301}sume\u{301}"), ["resume", "resume"]);
        assert_eq!(plain("日本語 tutor"), ["日", "本", "語", "tutor"]);
        assert_eq!(plain("日本tutor本"), ["日", "本", "tutor", "本"]);
        assert_eq!(plain("2+ years; notepad++"), ["2", "years", "notepad"]);
        assert_eq!(plain("İstanbul"), plain("Istanbul"));
        assert_eq!(plain("li\u{ad}brary e\u{200b}mail"), ["library", "email"]);
        assert_eq!(plain("\u{202e}\u{ad} aide\u{200b}"), ["aide"]);
        assert_eq!(plain(&"x".repeat(10_000)), [""; 0]);
        assert_eq!(plain("'s ''' ++ #"), ["s"]);
        assert_eq!(plain("☕️Barista 👍🏽!"), ["☕", "barista", "👍"]);
    }

    proptest! {
        /// The fast path and the general one read the same words at the same positions.
        #[test]
        fn the_fast_path_reads_the_same_words(text in "[a-c1 +#'’é日☕\u{301}\u{ad}s-]{0,40}") {
            let mut stream = raw_words(&text);
            while stream.advance() {
                let Token { offset_from, offset_to, ref text, .. } = *stream.token();
                let mut long = raw_words(stream.text);
                long.at = offset_from;
                long.read_word();
                prop_assert_eq!((&long.token.text, long.at), (text, offset_to));
            }
        }
    }

    #[test]
    fn endings_are_cut() {
        assert_eq!(
            words(stemmed(), "Libraries librarians"),
            ["librari", "librarian"]
        );
    }

    #[test]
    fn nothing_makes_it_panic() {
        for text in include_str!("tokens.rs")
            .split('\n')
            .chain(["\0", "👩‍🔬", "ﷺ", "İ", "ß'", "’s"])
        {
            words(plain(), text);
            words(stemmed(), text);
        }
    }
}
