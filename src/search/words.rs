//! Words, as typed and stemmed; and which are stop words.

use tantivy::tokenizer::{TextAnalyzer, TokenStream};

use super::tokens;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// As typed, in lower case and without accents.
    pub plain: String,
    /// Without its English ending.
    pub stem: String,
    /// Typed as two capital letters: a name ("IT", "OR"), not the ordinary word.
    pub is_acronym: bool,
}

impl Word {
    /// Says nothing in a sentence.
    pub fn is_filler(&self) -> bool {
        is_filler(&self.plain)
    }

    pub fn is_stop_word(&self) -> bool {
        !self.is_acronym && self.is_everyday()
    }

    /// Occurs in most descriptions, so it says nothing there.
    pub fn is_everyday(&self) -> bool {
        holds(STOP_WORDS, &self.plain)
    }
}

/// Stop words. Dropped if others remain.
const STOP_WORDS: &str = "a about am an and any are as at be by can d do for from get have i im in is it like looking m me my \
    of on or some something that the there to want wants where who with would";

/// Words in sentences about oneself and one's time rather than the work. Dropped from sentences if others remain.
const FILLER_WORDS: &str = "afternoon afternoons also am anything around between but class classes could day days during each \
    enjoy evening evenings every few find flexible friday good great help helping hour hours interested into job jobs ll love \
    monday morning mornings need night nights not one opportunity our part possible preferably really saturday schedule \
    semester so someone student students sunday than them they thing things this those thursday time tuesday us use using ve \
    want we wednesday week weekend weekends weekly what when which while will work working you your";

pub fn is_filler(word: &str) -> bool {
    holds(STOP_WORDS, word) || holds(FILLER_WORDS, word)
}

fn holds(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|listed| listed == word)
}

/// Splits text into words. Keeps its analyzers, which are expensive to create.
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
        // In a text in all capitals, capitals do not mark names.
        let is_shouted = text.contains(' ') && !text.chars().any(char::is_lowercase);
        while plain.advance() && stemmed.advance() {
            let token = plain.token();
            let typed = &text.as_bytes()[token.offset_from..token.offset_to];
            let is_capitals = typed.len() == 2 && typed.iter().all(u8::is_ascii_uppercase);
            words.push(Word {
                plain: token.text.clone(),
                stem: stemmed.token().text.clone(),
                is_acronym: is_capitals && !is_shouted,
            });
        }
        words
    }
}
