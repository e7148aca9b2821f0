//! The parts of a parsed query: what a posting should, must and must not contain.

use super::words::Word;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clause {
    Word(Word),
    /// In this order, next to each other.
    Phrase(Vec<Word>),
    /// All the words as typed, or the meaning as a phrase.
    Alias {
        typed: Vec<Word>,
        meant: Vec<Word>,
    },
    /// A skill name: as typed, its label, and the label folded as `tokens::WHOLE` does.
    Skill {
        typed: Vec<Word>,
        label: Vec<Word>,
        term: String,
    },
}

/// What a match must or must not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Restriction {
    /// Anywhere, next to each other.
    Words(Vec<Word>),
    /// A skill, by its folded label or its words.
    Skill {
        term: String,
        words: Vec<Word>,
    },
    Title(Vec<Word>),
    At(Vec<Word>),
}

impl Clause {
    /// Every posting is a job, even if it does not contain that word. So such a word affects the order and excludes
    /// nothing.
    pub fn is_optional(&self) -> bool {
        matches!(self, Self::Word(word) if word.stem == "job")
    }

    /// Its only word, which may still be unfinished.
    pub fn only_word(&self) -> Option<&Word> {
        match self {
            Self::Phrase(_) => None,
            _ => self.typed().first().filter(|_| self.typed().len() == 1),
        }
    }

    /// A two-letter name that is also an ordinary word. It counts only where names occur, not in descriptions.
    pub fn is_short_name(&self) -> bool {
        match self {
            Self::Word(word) => word.is_acronym && word.is_everyday(),
            Self::Alias { typed, .. } => matches!(&typed[..], [word] if word.is_everyday()),
            Self::Phrase(_) | Self::Skill { .. } => false,
        }
    }

    pub fn typed(&self) -> &[Word] {
        match self {
            Self::Word(word) => std::slice::from_ref(word),
            Self::Phrase(words)
            | Self::Alias { typed: words, .. }
            | Self::Skill { typed: words, .. } => words,
        }
    }
}

impl Restriction {
    pub fn words(&self) -> &[Word] {
        match self {
            Self::Words(words)
            | Self::Skill { words, .. }
            | Self::Title(words)
            | Self::At(words) => words,
        }
    }
}
