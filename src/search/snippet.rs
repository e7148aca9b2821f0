//! The part of a job that shows why it was found, with the words marked. The output is safe HTML: all characters of the
//! job are escaped, and `<mark>` is the only tag.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use tantivy::tokenizer::TokenStream;

use super::SearchError;
use super::clause::Clause;
use super::correction::CorrectedText;
use super::text::parse;
use super::tokens;
use super::view::View;
use super::words::{Word, WordReader};
use crate::model::{Job, JobId};

/// Longest snippet, in characters of the job.
const MAX_CHARS: usize = 200;
/// How far before its first match a snippet starts, to give context.
const LEAD_CHARS: usize = 60;

/// Most snippets to cache for one search: those of its first pages.
const MAX_MADE: usize = 100;

type Made = HashMap<(JobId, u64), Arc<str>>;

/// Marks the words of one search.
pub struct Snippeter {
    /// Sorted.
    stems: Vec<String>,
    /// Words that count only next to each other.
    phrases: Vec<Vec<String>>,
    prefix: Option<String>,
    /// The ASCII letters and digits that they start with. Most words of a job are skipped by this check alone.
    initials: [bool; 128],
    /// The snippets made so far, by job and version.
    made: Mutex<Made>,
}

/// A word of the job, and which of the query's words it is.
struct Seen {
    bytes: Range<usize>,
    position: usize,
    word: Word,
    wanted: Option<usize>,
}

/// A word of the job to mark.
struct Mark {
    bytes: Range<usize>,
    /// Which of the query's words it is.
    word: usize,
}

impl Snippeter {
    pub(super) fn new(view: &View, q: &str) -> Result<Self, SearchError> {
        let corrected = CorrectedText::of(view, parse(q, &view.vocabulary).unwrap_or_default())?;
        let mut reader = WordReader::new();
        let mut stems = Vec::new();
        let mut phrases: Vec<Vec<String>> = Vec::new();
        let mut prefix = None;
        let mut add_words = |words: &[Word]| {
            let telling = words
                .iter()
                .filter(|word| words.len() == 1 || !word.is_stop_word());
            stems.extend(telling.map(|word| word.stem.clone()));
        };
        let phrase = |words: &[Word]| words.iter().map(|word| word.stem.clone()).collect();
        for clause in corrected.clauses {
            let is_short_name = clause.clause.is_short_name();
            add_words(&clause.corrections);
            phrases.extend(clause.compounds.iter().map(|compound| phrase(compound)));
            if clause.is_prefix || clause.is_body_prefix {
                prefix = clause.clause.only_word().map(|word| word.plain.clone());
            }
            match clause.clause {
                // Descriptions contain it as an ordinary word.
                Clause::Word(_) if is_short_name => {}
                Clause::Word(word) => add_words(std::slice::from_ref(&word)),
                Clause::Phrase(words) => add_words(&words),
                Clause::Alias { typed, meant } => {
                    if !is_short_name {
                        add_words(&typed);
                    }
                    phrases.push(phrase(&meant));
                }
                Clause::Skill { typed, label, term } => {
                    add_words(&typed);
                    add_words(&label);
                    let names = view.vocabulary.names(&term);
                    for name in names.filter(|name| !name.contains(' ')) {
                        add_words(&reader.words(name));
                    }
                }
            }
        }
        for restriction in &corrected.text.within {
            stems.extend(restriction.words().iter().map(|word| word.stem.clone()));
        }
        stems.sort_unstable();
        stems.dedup();
        let mut initials = [false; 128];
        for text in stems.iter().chain(phrases.iter().flatten()).chain(&prefix) {
            let slot = text
                .bytes()
                .next()
                .and_then(|byte| initials.get_mut(usize::from(byte)));
            slot.into_iter().for_each(|slot| *slot = true);
        }
        Ok(Self {
            stems,
            phrases,
            prefix,
            initials,
            made: Mutex::default(),
        })
    }

    /// The snippet of a job's version, created once.
    pub fn snippet_of(&self, job: &Job, version: u64) -> Arc<str> {
        let made = || self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (job.job_id, version);
        if let Some(kept) = made().get(&key) {
            return kept.clone();
        }
        let snippet: Arc<str> = self.snippet(job).into();
        let mut made = made();
        if made.len() >= MAX_MADE {
            made.clear();
        }
        made.insert(key, snippet.clone());
        snippet
    }

    /// The best part of the description, or else the title. A job without any of the words there was found by skill,
    /// place or name, and shows the start of its description.
    pub fn snippet(&self, job: &Job) -> String {
        let mut reader = WordReader::new();
        let marked = [&job.job_description, &job.job_title]
            .into_iter()
            .find_map(|text| {
                let marks = self.marks(text, &mut reader);
                densest(&marks).map(|first| cut(text, &marks[first..]))
            });
        marked.unwrap_or_else(|| cut(&job.job_description, &[]))
    }

    fn marks(&self, text: &str, reader: &mut WordReader) -> Vec<Mark> {
        let mut seen = Vec::new();
        let mut stream = tokens::raw_words(text);
        while stream.advance() {
            let token = stream.token();
            let first = token.text.bytes().next().unwrap_or_default();
            // Stemming keeps the first letter.
            let initial = self.initials.get(usize::from(first.to_ascii_lowercase()));
            if initial.is_some_and(|wanted| !wanted) {
                continue;
            }
            if let Some(word) = reader.words(&token.text).pop() {
                seen.push(Seen {
                    bytes: token.offset_from..token.offset_to,
                    position: token.position,
                    wanted: self.index_of(&word),
                    word,
                });
            }
        }
        self.mark_phrases(&mut seen);
        let mark = |seen: Seen| {
            let word = seen.wanted?;
            let bytes = seen.bytes;
            Some(Mark { bytes, word })
        };
        seen.into_iter().filter_map(mark).collect()
    }

    fn mark_phrases(&self, seen: &mut [Seen]) {
        for (number, phrase) in self.phrases.iter().enumerate() {
            for at in 0..seen.len() {
                let Some(run) = seen.get_mut(at..at + phrase.len()) else {
                    break;
                };
                let start = run.first().map_or(0, |first| first.position);
                let is_phrase = (start..)
                    .zip(&*run)
                    .zip(phrase)
                    .all(|((place, seen), stem)| seen.position == place && seen.word.stem == *stem);
                if is_phrase {
                    for seen in run {
                        seen.wanted.get_or_insert(self.stems.len() + 1 + number);
                    }
                }
            }
        }
    }

    fn index_of(&self, word: &Word) -> Option<usize> {
        let stem = self.stems.binary_search(&word.stem).ok();
        stem.or_else(|| {
            let prefix = self.prefix.as_ref()?;
            word.plain
                .starts_with(prefix.as_str())
                .then_some(self.stems.len())
        })
    }
}

/// The mark from which the most query words are close together.
fn densest(marks: &[Mark]) -> Option<usize> {
    let mut best = None;
    for (at, first) in marks.iter().enumerate() {
        let end = first.bytes.start + MAX_CHARS - LEAD_CHARS;
        let near = || marks[at..].iter().take_while(|mark| mark.bytes.end <= end);
        let different = near()
            .fold(0u64, |seen, mark| seen | 1 << mark.word.min(63))
            .count_ones();
        let rank = (different, near().count());
        if best.is_none_or(|(most, _)| rank > most) {
            best = Some((rank, at));
        }
    }
    best.map(|(_, at)| at)
}

/// The text around the first of these marks, or its start if there is none, escaped and marked.
fn cut(text: &str, marks: &[Mark]) -> String {
    let first = marks.first().map_or(0..0, |mark| mark.bytes.clone());
    let before = &text[..first.start];
    let start = match before.char_indices().rev().nth(LEAD_CHARS) {
        None => 0,
        // Do not cut within a word.
        Some((at, _)) => {
            let space = before[at..].find(char::is_whitespace);
            space.map_or(first.start, |space| at + space)
        }
    };
    let rest = &text[start..];
    let end = match rest.char_indices().nth(MAX_CHARS) {
        None => text.len(),
        Some((at, _)) => {
            let space = rest[..at].rfind(char::is_whitespace);
            start
                + space
                    .filter(|space| start + space >= first.end)
                    .unwrap_or(at)
        }
    };
    let mut snippet = String::with_capacity(MAX_CHARS * 2);
    if start > 0 {
        snippet.push('…');
    }
    let mut at = start;
    for mark in marks.iter().filter(|mark| mark.bytes.end <= end) {
        escape(&text[at..mark.bytes.start], &mut snippet);
        snippet.push_str("<mark>");
        escape(&text[mark.bytes.clone()], &mut snippet);
        snippet.push_str("</mark>");
        at = mark.bytes.end;
    }
    escape(&text[at..end], &mut snippet);
    if end < text.len() {
        snippet.push('…');
    }
    snippet.trim().to_owned()
}

/// Appends text as HTML. Line breaks and runs of spaces become one space.
fn escape(text: &str, html: &mut String) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c if c.is_whitespace() => {
                if !html.ends_with(' ') {
                    html.push(' ');
                }
            }
            c => html.push(c),
        }
    }
}
