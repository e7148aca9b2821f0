//! Words that can be written as one or two ("healthcare", "health care", "health-care"). Each spelling also finds the
//! others, if any posting uses them.

use tantivy::query::{EnableScoring, PhraseQuery, Query};
use tantivy::{DocSet, TERMINATED, Term};

use super::SearchError;
use super::clause::Clause;
use super::correction::has_term;
use super::view::View;
use super::words::{Word, WordReader};

/// Shorter words are not split, and longer ones need too many look-ups.
const LETTERS: std::ops::RangeInclusive<usize> = 4..=24;
/// Most splits of one word.
const MAX_SPLITS: usize = 2;

/// Joins two words into one clause if a posting writes them as one.
pub fn join(view: &View, clauses: Vec<Clause>) -> Result<Vec<Clause>, SearchError> {
    let mut joined: Vec<Clause> = Vec::with_capacity(clauses.len());
    for clause in clauses {
        if let (Some(Clause::Word(first)), Clause::Word(second)) = (joined.last(), &clause)
            && let Some(whole) = whole(view, first, second)?
        {
            let typed = vec![first.clone(), second.clone()];
            joined.pop();
            joined.push(Clause::Alias {
                typed,
                meant: vec![whole],
            });
        } else {
            joined.push(clause);
        }
    }
    Ok(joined)
}

/// Other spellings of a clause's words. `beside` has words that lost a neighboring stop word, and the two joined.
pub fn others(
    view: &View,
    clause: &Clause,
    beside: &[(Word, Word)],
) -> Result<Vec<Vec<Word>>, SearchError> {
    let mut others = Vec::new();
    match (clause, clause.typed()) {
        (Clause::Phrase(_), _) => {}
        (_, [word]) if !word.is_acronym => {
            others = splits(view, word)?;
            for (_, whole) in beside.iter().filter(|(kept, _)| kept == word) {
                if is_written(view, whole)? {
                    others.push(vec![whole.clone()]);
                }
            }
        }
        (_, [first, second]) => {
            others.extend(whole(view, first, second)?.map(|whole| vec![whole]));
        }
        _ => {}
    }
    Ok(others)
}

fn whole(view: &View, first: &Word, second: &Word) -> Result<Option<Word>, SearchError> {
    let whole = WordReader::new().words(&format!("{}{}", first.plain, second.plain));
    match <[Word; 1]>::try_from(whole) {
        Ok([whole]) if is_written(view, &whole)? => Ok(Some(whole)),
        _ => Ok(None),
    }
}

fn is_written(view: &View, word: &Word) -> Result<bool, SearchError> {
    has_term(view, &Term::from_field_text(view.fields.text, &word.stem))
}

/// Splits of a word into two words that are next to each other in some posting.
fn splits(view: &View, word: &Word) -> Result<Vec<Vec<Word>>, SearchError> {
    let plain = &word.plain;
    let mut splits = Vec::new();
    if !LETTERS.contains(&plain.chars().count()) || !plain.chars().all(char::is_alphabetic) {
        return Ok(splits);
    }
    let mut reader = WordReader::new();
    for (at, _) in plain.char_indices().skip(1) {
        let (first, second) = plain.split_at(at);
        let mut known = Vec::with_capacity(2);
        for part in [first, second] {
            let part = reader.words(part).pop();
            let Some(part) = part else { break };
            if !is_written(view, &part)? {
                break;
            }
            known.push(part);
        }
        if known.len() == 2 && stand_together(view, &known)? {
            splits.push(known);
            if splits.len() == MAX_SPLITS {
                break;
            }
        }
    }
    Ok(splits)
}

fn stand_together(view: &View, words: &[Word]) -> Result<bool, SearchError> {
    let term = |word: &Word| Term::from_field_text(view.fields.text, &word.stem);
    let phrase = PhraseQuery::new(words.iter().map(term).collect());
    let weight = phrase.weight(EnableScoring::disabled_from_searcher(&view.searcher))?;
    for reader in view.searcher.segment_readers() {
        if weight.scorer(reader, 1.0)?.doc() != TERMINATED {
            return Ok(true);
        }
    }
    Ok(false)
}
