//! Which of a text's words the index knows, and what an unknown one was probably meant to be.

use std::collections::HashMap;
use std::sync::Arc;

use tantivy::Term;
use tantivy::query::FuzzyTermQuery;
use tantivy::schema::Field;

use super::SearchError;
use super::text::{Clause, Text};
use super::view::View;
use super::words::{Word, WordReader};

/// Shorter words are not corrected: too much lies near them.
const MIN_LETTERS: usize = 4;
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
    /// What was understood besides.
    pub text: Text,
}

pub struct SpelledClause {
    pub clause: Clause,
    /// Words to look for in its place.
    pub corrections: Vec<Word>,
    /// Words that begin so match as well.
    pub is_prefix: bool,
    /// Only a description has words that begin so.
    pub is_body_prefix: bool,
    /// Nothing can match it.
    pub is_unknown: bool,
}

impl Spelled {
    pub fn of(view: &View, mut text: Text) -> Result<Self, SearchError> {
        let last = text.clauses.len().saturating_sub(1);
        let mut left = MAX_CORRECTED;
        let mut clauses = Vec::with_capacity(text.clauses.len());
        for (at, clause) in std::mem::take(&mut text.clauses).into_iter().enumerate() {
            let mut spelled = SpelledClause {
                clause,
                corrections: Vec::new(),
                is_prefix: false,
                is_body_prefix: false,
                is_unknown: false,
            };
            let Some(word) = spelled.clause.only_word().cloned() else {
                clauses.push(spelled);
                continue;
            };
            if at == last && !text.is_sentence {
                spelled.is_prefix = begins_a_word(view, &title_and_other(view), &word.plain)?;
            }
            if !spelled.is_prefix && !is_known(view, &spelled.clause, &word)? {
                let is_typing = at == last && word.plain.chars().count() >= MIN_LETTERS;
                spelled.is_body_prefix =
                    is_typing && begins_a_word(view, &[view.fields.body_words], &word.plain)?;
                spelled.is_unknown = !spelled.is_body_prefix;
            }
            if spelled.is_unknown && left > 0 {
                left -= 1;
                spelled.corrections = corrections(view, &word, at == last)?;
                spelled.is_unknown = spelled.corrections.is_empty();
            }
            clauses.push(spelled);
        }
        Ok(Self { clauses, text })
    }
}

fn is_known(view: &View, clause: &Clause, word: &Word) -> Result<bool, SearchError> {
    let fields = &view.fields;
    let mut terms = vec![Term::from_field_text(fields.text, &word.stem)];
    match clause {
        Clause::Skill { term, .. } => {
            for field in [fields.skill, fields.named_skill] {
                terms.push(Term::from_field_text(field, term));
            }
        }
        Clause::Alias { meant, .. } => {
            let first = meant.first().map(|word| word.stem.as_str());
            terms.push(Term::from_field_text(
                fields.text,
                first.unwrap_or_default(),
            ));
        }
        _ => {}
    }
    for term in terms {
        for reader in view.searcher.segment_readers() {
            let index = reader.inverted_index(term.field())?;
            if index.get_term_info(&term)?.is_some() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn title_and_other(view: &View) -> [Field; 2] {
    [view.fields.title_words, view.fields.other_words]
}

fn begins_a_word(view: &View, fields: &[Field], prefix: &str) -> Result<bool, SearchError> {
    for reader in view.searcher.segment_readers() {
        for field in fields {
            let index = reader.inverted_index(*field)?;
            let mut terms = index.terms().range().ge(prefix).into_stream()?;
            if terms.advance() && terms.key().starts_with(prefix.as_bytes()) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The most frequent words within one slip (a letter wrong, missing, too much, or two swapped), else within two; those of
/// titles, skills and places before those of descriptions.
fn corrections(view: &View, word: &Word, is_last: bool) -> Result<Vec<Word>, SearchError> {
    let letters = word.plain.chars().count();
    if !(MIN_LETTERS..=MAX_LETTERS).contains(&letters) {
        return Ok(Vec::new());
    }
    let short = title_and_other(view);
    let body = [view.fields.body_words];
    let two = letters >= TWO_SLIPS_LETTERS;
    let tries: [(bool, &[Field], u8, bool); 5] = [
        (true, &short, 1, false),
        (true, &body, 1, false),
        (two, &short, 2, false),
        (two, &body, 2, false),
        (is_last && letters > MIN_LETTERS, &short, 1, true),
    ];
    let mut found = HashMap::new();
    for (is_wanted, fields, slips, is_prefix) in tries {
        if is_wanted && found.is_empty() {
            found = near(view, fields, &word.plain, slips, is_prefix)?;
        }
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
    fields: &[Field],
    word: &str,
    slips: u8,
    is_prefix: bool,
) -> Result<HashMap<Arc<str>, u32>, SearchError> {
    let mut found: HashMap<Arc<str>, u32> = HashMap::new();
    for field in fields {
        let term = Term::from_field_text(*field, word);
        let query = if is_prefix {
            FuzzyTermQuery::new_prefix(term, slips, true)
        } else {
            FuzzyTermQuery::new(term, slips, true)
        };
        for reader in view.searcher.segment_readers() {
            let index = reader.inverted_index(*field)?;
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
