//! Completions while typing: titles, skills and workplaces of open jobs. Words of drafts never show.

use std::collections::HashMap;

use serde::Serialize;
use tantivy::Term;
use tantivy::query::{BooleanQuery, EnableScoring, FuzzyTermQuery, Query};

use super::SearchError;
use super::correction::{begins_any, most_likely};
use super::facets::{Facet, FacetTally};
use super::filters::Conditions;
use super::rows::{Name, words_of};
use super::scan::{Candidates, scan};
use super::schema;
use super::tokens::fold_case;
use super::view::View;

/// Words and characters beyond these are ignored.
const MAX_WORDS: usize = 6;
const MAX_CHARS: usize = 200;
/// Most titles to check per segment, most frequent first. Several may differ only in case.
const TITLES_PER_HIT: usize = 4;
/// Most words to correct.
const MAX_CORRECTED: usize = 3;
/// Ranks a named skill above all that only start like it.
const NAMED_FIRST: u32 = 1 << 30;
/// Most completions in one answer, whatever the limit.
const MAX_SUGGESTIONS: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SuggestionKind {
    Title,
    Skill,
    WorkSpace,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    pub text: String,
    pub kind: SuggestionKind,
}

/// How many open jobs have each skill and workplace, by number.
pub struct OpenNames {
    skills: Vec<u32>,
    work_spaces: Vec<u32>,
}

/// A possible completion. Those that start as typed come first, then the most frequent.
struct Choice {
    text: String,
    begins: bool,
    count: u32,
}

pub fn suggest(view: &View, text: &str, limit: usize) -> Result<Vec<Suggestion>, SearchError> {
    let limit = limit.min(MAX_SUGGESTIONS);
    let typed: String = text.chars().take(MAX_CHARS).collect();
    let folded = words_of(&typed);
    let words: Vec<&str> = folded.split_whitespace().take(MAX_WORDS).collect();
    if words.is_empty() || limit == 0 {
        return Ok(Vec::new());
    }
    let mut found = choices(view, &words, limit)?;
    if found.iter().all(Vec::is_empty) {
        // Nothing starts like this, so a word probably has a typo.
        let meant = meant(view, &words)?;
        let meant: Vec<&str> = meant.iter().map(String::as_str).collect();
        if meant != words {
            found = choices(view, &meant, limit)?;
        }
    }
    let kinds = [
        SuggestionKind::Title,
        SuggestionKind::Skill,
        SuggestionKind::WorkSpace,
    ];
    let mut kinds: Vec<_> = (kinds.into_iter().zip(found))
        .map(|(kind, choices)| (kind, best(choices, limit).into_iter()))
        .collect();
    // Takes turns between kinds, so that none hides another.
    let mut suggestions = Vec::with_capacity(limit);
    while suggestions.len() < limit {
        let before = suggestions.len();
        for (kind, choices) in &mut kinds {
            let next = choices.next().map(|choice| Suggestion {
                text: choice.text,
                kind: *kind,
            });
            suggestions.extend(next);
        }
        if suggestions.len() == before {
            break;
        }
    }
    suggestions.truncate(limit);
    Ok(suggestions)
}

/// Completions of words as typed: titles, skills, workplaces.
fn choices(view: &View, words: &[&str], limit: usize) -> Result<[Vec<Choice>; 3], SearchError> {
    let folded: String = words.iter().flat_map(|word| [" ", *word]).collect();
    let open = open_names(view)?;
    let mut skills = names(&view.skills, &open.skills, words, &folded);
    if let Some(label) = view.vocabulary.label_of_folded(folded.trim_start()) {
        add_named_skill(view, &open.skills, label, &mut skills);
    }
    Ok([
        titles(view, words, &folded, limit)?,
        skills,
        names(&view.work_spaces, &open.work_spaces, words, &folded),
    ])
}

/// Adds the skill that was typed by another of its names, before all others.
fn add_named_skill(view: &View, counts: &[u32], label: &str, skills: &mut Vec<Choice>) {
    let label = fold_case(label);
    let named = view.skills.iter().zip(counts);
    let named = named.filter(|(name, count)| **count > 0 && fold_case(&name.text) == label);
    for (name, count) in named {
        skills.retain(|choice| choice.text != *name.text);
        skills.push(Choice {
            text: name.text.to_string(),
            begins: true,
            count: count.saturating_add(NAMED_FIRST),
        });
    }
}

/// The words with corrections for those that start nothing. The last one may be unfinished.
fn meant(view: &View, words: &[&str]) -> Result<Vec<String>, SearchError> {
    let last = words.len() - 1;
    let mut meant = Vec::with_capacity(words.len());
    for (at, word) in words.iter().enumerate() {
        let correction = if meant.len() < MAX_CORRECTED && !begins_any(view, word)? {
            most_likely(view, word, at == last)?
        } else {
            None
        };
        meant.push(correction.unwrap_or_else(|| (*word).to_owned()));
    }
    Ok(meant)
}

fn best(mut choices: Vec<Choice>, limit: usize) -> Vec<Choice> {
    let rank = |choice: &Choice| (!choice.begins, u32::MAX - choice.count);
    choices.sort_unstable_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.text.cmp(&b.text)));
    choices.truncate(limit);
    choices
}

fn open_names(view: &View) -> Result<&OpenNames, SearchError> {
    if let Some(open) = view.open_names.get() {
        return Ok(open);
    }
    let facets = [Facet::Skills, Facet::WorkSpace];
    let mut tally = FacetTally::new(&facets, view.skills.len(), view.work_spaces.len());
    scan(view, &Candidates::All, &Conditions::open(), |hit| {
        tally.add(hit.rows, hit.document)
    })?;
    let (skills, work_spaces) = tally.into_names();
    Ok(view.open_names.get_or_init(|| OpenNames {
        skills,
        work_spaces,
    }))
}

fn names(names: &[Name], counts: &[u32], words: &[&str], folded: &str) -> Vec<Choice> {
    let words: Vec<String> = words.iter().map(|word| format!(" {word}")).collect();
    let fits = |name: &Name| words.iter().all(|word| name.words.contains(word.as_str()));
    let counted = names.iter().zip(counts).filter(|(_, count)| **count > 0);
    let fitting = counted.filter(|(name, _)| fits(name));
    let choice = |(name, count): (&Name, &u32)| Choice {
        text: name.text.to_string(),
        begins: name.words.starts_with(folded),
        count: *count,
    };
    fitting.map(choice).collect()
}

fn titles(
    view: &View,
    words: &[&str],
    folded: &str,
    limit: usize,
) -> Result<Vec<Choice>, SearchError> {
    let prefix = |word: &&str| -> Box<dyn Query> {
        let term = Term::from_field_text(view.fields.title_words, word);
        Box::new(FuzzyTermQuery::new_prefix(term, 0, true))
    };
    let query = BooleanQuery::intersection(words.iter().map(prefix).collect());
    let scoring = EnableScoring::disabled_from_searcher(&view.searcher);
    let candidates = Candidates::Matching(query.weight(scoring)?);
    let mut found: HashMap<String, Choice> = HashMap::new();
    for (ordinals, count_of) in title_counts(view, &candidates)? {
        let mut counts: Vec<(u32, u64)> = count_of
            .into_iter()
            .map(|(title, count)| (count, title))
            .collect();
        let most = limit * TITLES_PER_HIT;
        if counts.len() > most {
            counts.select_nth_unstable_by(most, |a, b| b.cmp(a));
            counts.truncate(most);
        }
        let mut title = String::new();
        for (count, ordinal) in counts {
            if ordinals
                .ord_to_str(ordinal, &mut title)
                .map_err(tantivy::TantivyError::from)?
            {
                let choice = found.entry(fold_case(&title)).or_insert_with(|| Choice {
                    text: title.clone(),
                    begins: words_of(&title).starts_with(folded),
                    count: 0,
                });
                choice.count += count;
            }
        }
    }
    Ok(found.into_values().collect())
}

type TitleCounts = Vec<(tantivy::columnar::StrColumn, HashMap<u64, u32>)>;

/// How often each title occurs among the open candidates, by segment.
fn title_counts(view: &View, candidates: &Candidates) -> Result<TitleCounts, SearchError> {
    let mut columns = Vec::new();
    for reader in view.searcher.segment_readers() {
        columns.push(reader.fast_fields().str(schema::TITLE)?);
    }
    let mut counts: Vec<HashMap<u64, u32>> = vec![HashMap::new(); columns.len()];
    scan(view, candidates, &Conditions::open(), |hit| {
        let document = u32::try_from(hit.document).expect("made from a document's number");
        if let Some(column) = &columns[hit.segment]
            && let Some(title) = column.ords().first(document)
        {
            *counts[hit.segment].entry(title).or_default() += 1;
        }
    })?;
    let counted = columns.into_iter().zip(counts);
    Ok(counted
        .filter_map(|(column, counts)| Some((column?, counts)))
        .collect())
}
