//! Which of a text's words the index knows, and what an unknown one was probably meant to be.

use std::collections::HashMap;
use std::sync::Arc;

use tantivy::Term;
use tantivy::query::FuzzyTermQuery;
use tantivy::schema::Field;

use super::SearchError;
use super::text::{Clause, Text, Word, WordReader};
use super::view::View;

/// Shorter words are not corrected: too much lies near them.
const MIN_LETTERS: usize = 5;
/// Words this long may have two slips.
const TWO_SLIPS_LETTERS: usize = 8;
/// Longer words are not corrected: the automaton grows with the length.
const MAX_LETTERS: usize = 24;
/// Words of a text that are corrected; the rest stay as they are.
const MAX_CORRECTED: usize = 4;
/// What one unknown word may turn into.
const MAX_CORRECTIONS: usize = 3;

pub struct Spelled {
    pub clauses: Vec<SpelledClause>,
}

pub struct SpelledClause {
    pub clause: Clause,
    /// Words to look for in its place.
    pub corrections: Vec<Word>,
    /// Words that begin so match as well.
    pub is_prefix: bool,
    /// Nothing can match it.
    pub is_unknown: bool,
}

impl Spelled {
    pub fn of(view: &View, text: Text) -> Result<Self, SearchError> {
        let last = text.clauses.len().saturating_sub(1);
        let mut left = MAX_CORRECTED;
        let mut clauses = Vec::with_capacity(text.clauses.len());
        for (at, clause) in text.clauses.into_iter().enumerate() {
            let mut spelled = SpelledClause {
                clause,
                corrections: Vec::new(),
                is_prefix: false,
                is_unknown: false,
            };
            if let Some(word) = spelled.clause.only_word().filter(|_| at == last) {
                spelled.is_prefix = begins_a_word(view, &word.plain)?;
            }
            if let Clause::Word(word) = &spelled.clause {
                spelled.is_unknown = !spelled.is_prefix && !is_known(view, word)?;
                if spelled.is_unknown && left > 0 {
                    left -= 1;
                    spelled.corrections = corrections(view, word, at == last)?;
                    spelled.is_unknown = spelled.corrections.is_empty();
                }
            }
            clauses.push(spelled);
        }
        Ok(Self { clauses })
    }
}

fn is_known(view: &View, word: &Word) -> Result<bool, SearchError> {
    let term = Term::from_field_text(view.fields.text, &word.stem);
    for reader in view.searcher.segment_readers() {
        if reader
            .inverted_index(term.field())?
            .get_term_info(&term)?
            .is_some()
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn word_fields(view: &View) -> [Field; 2] {
    [view.fields.title_words, view.fields.other_words]
}

fn begins_a_word(view: &View, prefix: &str) -> Result<bool, SearchError> {
    for reader in view.searcher.segment_readers() {
        for field in word_fields(view) {
            let index = reader.inverted_index(field)?;
            let mut terms = index.terms().range().ge(prefix).into_stream()?;
            if terms.advance() && terms.key().starts_with(prefix.as_bytes()) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The most frequent words within one slip (a letter wrong, missing, too much, or two swapped), else within two.
fn corrections(view: &View, word: &Word, is_last: bool) -> Result<Vec<Word>, SearchError> {
    let letters = word.plain.chars().count();
    if !(MIN_LETTERS..=MAX_LETTERS).contains(&letters) {
        return Ok(Vec::new());
    }
    let mut found = near(view, &word.plain, 1, false)?;
    if found.is_empty() && letters >= TWO_SLIPS_LETTERS {
        found = near(view, &word.plain, 2, false)?;
    }
    if found.is_empty() && is_last {
        found = near(view, &word.plain, 1, true)?;
    }
    let mut found: Vec<(u32, Arc<str>)> = found
        .into_iter()
        .map(|(term, count)| (count, term))
        .collect();
    found.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    found.truncate(MAX_CORRECTIONS);
    let mut reader = WordReader::new();
    Ok(found
        .iter()
        .flat_map(|(_, term)| reader.words(term))
        .collect())
}

fn near(
    view: &View,
    word: &str,
    slips: u8,
    is_prefix: bool,
) -> Result<HashMap<Arc<str>, u32>, SearchError> {
    let mut found: HashMap<Arc<str>, u32> = HashMap::new();
    for field in word_fields(view) {
        let term = Term::from_field_text(field, word);
        let query = if is_prefix {
            FuzzyTermQuery::new_prefix(term, slips, true)
        } else {
            FuzzyTermQuery::new(term, slips, true)
        };
        for reader in view.searcher.segment_readers() {
            let index = reader.inverted_index(field)?;
            let mut terms = index.terms().search(query.automaton()?).into_stream()?;
            while terms.advance() {
                if let Ok(term) = std::str::from_utf8(terms.key()) {
                    let count = terms.value().doc_freq;
                    match found.get_mut(term) {
                        Some(known) => *known += count,
                        None => drop(found.insert(term.into(), count)),
                    }
                }
            }
        }
    }
    Ok(found)
}
