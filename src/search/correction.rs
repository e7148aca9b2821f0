//! Finds which words of a query the index does not know, and what they were probably meant to be.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use tantivy::Term;
use tantivy::query::FuzzyTermQuery;
use tantivy::schema::Field;

use super::SearchError;
use super::clause::Clause;
use super::compounds;
use super::everyday::related;
use super::text::Text;
use super::view::View;
use super::words::{Word, WordReader};

/// Shorter words are not corrected: too many words are similar.
const MIN_LETTERS: usize = 4;
/// Words of this length may have two typos.
const TWO_TYPOS_LETTERS: usize = 8;
/// The typed word has at least this length, since two letters may be missing.
const TWO_TYPOS_TYPED: usize = TWO_TYPOS_LETTERS - 2;
/// Longer words are not corrected: the automaton grows with the length.
const MAX_LETTERS: usize = 24;
/// Most words of a query to correct. The rest stay as they are.
const MAX_CORRECTED: usize = 4;
/// Most corrections of one unknown word.
const MAX_CORRECTIONS: usize = 1;

/// Most spellings of a whole query to try as a title.
const MAX_SPELLINGS: usize = 4;

/// Words without a match, and the words searched instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Corrected {
    pub from: String,
    pub to: String,
}

pub struct CorrectedText {
    pub clauses: Vec<CorrectedClause>,
    /// The parsed query.
    pub text: Text,
}

pub struct CorrectedClause {
    pub clause: Clause,
    /// Words to search for instead.
    pub corrections: Vec<Word>,
    /// Spellings as one or two words that some posting uses.
    pub compounds: Vec<Vec<Word>>,
    /// Words that postings may use for it.
    pub related: Vec<Word>,
    /// Words that start with it match too.
    pub is_prefix: bool,
    /// Words that start with it occur only in descriptions.
    pub is_body_prefix: bool,
    /// Nothing can match it.
    pub is_unknown: bool,
    /// Nothing matches it as typed, so its corrections are used.
    pub is_corrected: bool,
}

impl CorrectedText {
    pub fn of(view: &View, mut text: Text) -> Result<Self, SearchError> {
        let read = compounds::join(view, std::mem::take(&mut text.clauses))?;
        let last = read.len().saturating_sub(1);
        let mut left = MAX_CORRECTED;
        let mut clauses = Vec::with_capacity(read.len());
        for (at, clause) in read.into_iter().enumerate() {
            let mut corrected = CorrectedClause {
                compounds: compounds::others(view, &clause, &text.joined)?,
                clause,
                corrections: Vec::new(),
                related: Vec::new(),
                is_prefix: false,
                is_body_prefix: false,
                is_unknown: false,
                is_corrected: false,
            };
            let Some(word) = corrected.clause.only_word().cloned() else {
                clauses.push(corrected);
                continue;
            };
            if at == last && !text.is_sentence && !word.is_acronym {
                corrected.is_prefix = begins_a_word(view, &title_and_other(view), &word.plain)?;
            }
            let is_known = corrected.is_prefix
                || !corrected.compounds.is_empty()
                || is_known(view, &corrected.clause, &word)?;
            // A skill that some posting asks for needs no correction.
            if !is_known || matches!(corrected.clause, Clause::Word(_)) {
                let mut reader = WordReader::new();
                let words = related(&word.plain).filter(|other| *other != word.plain);
                corrected.related = words.flat_map(|word| reader.words(word)).collect();
            }
            if !is_known {
                let is_typing = at == last && word.plain.chars().count() >= MIN_LETTERS;
                corrected.is_body_prefix =
                    is_typing && begins_a_word(view, &[view.fields.body_words], &word.plain)?;
                corrected.is_unknown = !corrected.is_body_prefix && corrected.related.is_empty();
            }
            corrected.corrections.extend(other_number(view, &word)?);
            let begins = corrected.is_prefix || corrected.is_body_prefix;
            if corrected.is_unknown && left > 0 {
                left -= 1;
                corrected
                    .corrections
                    .extend(corrections(view, &word, at == last)?);
                corrected.is_unknown = corrected.corrections.is_empty();
                corrected.is_corrected = !corrected.is_unknown;
            } else if !begins && left > 0 && is_known_by_stem_alone(view, &word)? {
                left -= 1;
                corrected.corrections.extend(other_stems(view, &word)?);
            }
            clauses.push(corrected);
        }
        Ok(Self { clauses, text })
    }

    /// What was corrected, to show to the user.
    pub fn corrected(&self) -> Option<Corrected> {
        let changed = || self.clauses.iter().filter(|clause| clause.is_corrected);
        let from = changed().flat_map(|clause| clause.clause.typed());
        let to = changed().filter_map(|clause| clause.corrections.first());
        let line = |words: Vec<&str>| words.join(" ");
        changed().next().map(|_| Corrected {
            from: line(from.map(|word| word.plain.as_str()).collect()),
            to: line(to.map(|word| word.plain.as_str()).collect()),
        })
    }

    /// The whole query with its unknown words corrected; the most likely few.
    pub fn spellings(&self) -> Vec<Vec<&Word>> {
        let mut spellings: Vec<Vec<&Word>> = vec![Vec::new()];
        for clause in &self.clauses {
            if clause.corrections.is_empty() {
                for spelling in &mut spellings {
                    spelling.extend(clause.clause.typed());
                }
                continue;
            }
            let with = |(spelling, word): (&Vec<_>, _)| {
                let mut longer = spelling.clone();
                longer.push(word);
                longer
            };
            let corrections = &clause.corrections;
            let every = corrections
                .iter()
                .flat_map(|word| spellings.iter().map(move |spelling| (spelling, word)));
            spellings = every.take(MAX_SPELLINGS).map(with).collect();
        }
        spellings
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
        if has_term(view, &term)? {
            return Ok(true);
        }
    }
    Ok(false)
}

pub fn has_term(view: &View, term: &Term) -> Result<bool, SearchError> {
    for reader in view.searcher.segment_readers() {
        let index = reader.inverted_index(term.field())?;
        if index.get_term_info(term)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether no posting has the word itself, only its stem. The word may be another form, or a typo that has the stem of
/// a different word by chance: "administative" has the stem of "administers". Too many words are similar to a short one
/// to decide this.
fn is_known_by_stem_alone(view: &View, word: &Word) -> Result<bool, SearchError> {
    if word.plain.chars().count() < TWO_TYPOS_LETTERS {
        return Ok(false);
    }
    for field in all_words(view) {
        if has_term(view, &Term::from_field_text(field, &word.plain))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The English stemmer leaves "bureaus" and "menus" unchanged. This is the other of "-u" and "-us", if it is known.
fn other_number(view: &View, word: &Word) -> Result<Option<Word>, SearchError> {
    let other = match word.plain.strip_suffix("us") {
        Some(_) => word.plain[..word.plain.len() - 1].to_owned(),
        None if word.plain.ends_with('u') => format!("{}s", word.plain),
        None => return Ok(None),
    };
    let Some(other) = WordReader::new().words(&other).pop() else {
        return Ok(None);
    };
    let is_known = is_known(view, &Clause::Word(other.clone()), &other)?;
    Ok(is_known.then_some(other))
}

/// Whether a title, skill or place has a word with this prefix.
pub fn begins_any(view: &View, prefix: &str) -> Result<bool, SearchError> {
    begins_a_word(view, &title_and_other(view), prefix)
}

/// The most likely correction of a word that starts no known word.
pub fn most_likely(view: &View, word: &str, is_last: bool) -> Result<Option<String>, SearchError> {
    let Some(word) = WordReader::new().words(word).pop() else {
        return Ok(None);
    };
    let found = corrections(view, &word, is_last)?;
    Ok(found.into_iter().next().map(|word| word.plain))
}

fn title_and_other(view: &View) -> [Field; 2] {
    [view.fields.title_words, view.fields.other_words]
}

fn all_words(view: &View) -> [Field; 3] {
    let [title, other] = title_and_other(view);
    [title, other, view.fields.body_words]
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

/// The most frequent words with one typo (a wrong, missing, extra or swapped letter), or else with two. Words in
/// titles, skills and places come before those in descriptions.
fn corrections(view: &View, word: &Word, is_last: bool) -> Result<Vec<Word>, SearchError> {
    let letters = word.plain.chars().count();
    if !(MIN_LETTERS..=MAX_LETTERS).contains(&letters) {
        return Ok(Vec::new());
    }
    let short = title_and_other(view);
    let body = [view.fields.body_words];
    let two = letters >= TWO_TYPOS_TYPED;
    let tries: [(bool, &[Field], u8, bool); 5] = [
        (true, &short, 1, false),
        (true, &body, 1, false),
        (two, &short, 2, false),
        (two, &body, 2, false),
        (is_last && letters > MIN_LETTERS, &short, 1, true),
    ];
    let mut found = HashMap::new();
    for (is_wanted, fields, typos, is_prefix) in tries {
        if is_wanted && found.is_empty() {
            found = near(view, fields, &word.plain, typos, is_prefix)?;
        }
    }
    let mut likely = most_frequent(found);
    likely.truncate(MAX_CORRECTIONS);
    Ok(likely)
}

/// Words with one typo that are not other forms of a word.
fn other_stems(view: &View, word: &Word) -> Result<Vec<Word>, SearchError> {
    let mut likely = most_frequent(near(view, &all_words(view), &word.plain, 1, false)?);
    likely.retain(|other| other.stem != word.stem);
    likely.truncate(MAX_CORRECTIONS);
    Ok(likely)
}

fn most_frequent(found: HashMap<Arc<str>, u32>) -> Vec<Word> {
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let mut reader = WordReader::new();
    found
        .iter()
        .flat_map(|(term, _)| reader.words(term))
        .collect()
}

/// Whether a typo is likely. The first letter is rarely wrong (in one of the relevance suite's 100 misspelled titles),
/// and changing it easily gives another word: "math" is not "oath", a lifeguard not a safeguard. Sound counts:
/// "fotography" starts like photography.
fn is_likely(typed: &str, meant: &str, typos: u8) -> bool {
    let starts = |word: &str| {
        let mut letters = word.chars();
        (letters.next(), letters.next())
    };
    let (typed_start, meant_start) = (starts(typed), starts(meant));
    let is_same = typed_start.0 == meant_start.0;
    if typos >= 2 {
        let is_heard = || typed.starts_with('f') && meant.starts_with("ph");
        return (is_same || is_heard()) && meant.chars().count() >= TWO_TYPOS_LETTERS;
    }
    let is_swapped = typed_start == (meant_start.1, meant_start.0);
    is_same || is_swapped || typed.chars().count() >= TWO_TYPOS_TYPED
}

fn near(
    view: &View,
    fields: &[Field],
    word: &str,
    typos: u8,
    is_prefix: bool,
) -> Result<HashMap<Arc<str>, u32>, SearchError> {
    let mut found: HashMap<Arc<str>, u32> = HashMap::new();
    for field in fields {
        let term = Term::from_field_text(*field, word);
        let query = if is_prefix {
            FuzzyTermQuery::new_prefix(term, typos, true)
        } else {
            FuzzyTermQuery::new(term, typos, true)
        };
        for reader in view.searcher.segment_readers() {
            let index = reader.inverted_index(*field)?;
            let mut terms = index.terms().search(query.automaton()?).into_stream()?;
            while terms.advance() {
                let text = std::str::from_utf8(terms.key()).ok();
                if let Some(term) = text.filter(|term| is_likely(word, term, typos)) {
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
