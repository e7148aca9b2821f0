//! The parts of a text that was understood: what a posting should have, and what it must have or must not have.

use super::words::Word;

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
    /// What a skill is called: as typed, by its label, and the label folded as `tokens::WHOLE` does.
    Skill {
        typed: Vec<Word>,
        label: Vec<Word>,
        term: String,
    },
}

/// What a match must have, or must not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Restriction {
    /// Anywhere, side by side.
    Words(Vec<Word>),
    /// A skill, by its folded label or by its words.
    Skill {
        term: String,
        words: Vec<Word>,
    },
    Title(Vec<Word>),
    At(Vec<Word>),
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
            _ => self.typed().first().filter(|_| self.typed().len() == 1),
        }
    }

    /// A name of two letters that are a word of any text too: it counts where names stand, not in descriptions.
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
