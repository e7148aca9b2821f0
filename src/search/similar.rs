//! Postings like others: by the words of title, skills and description that tell them apart (tantivy's more-like-this),
//! and by skills that are wanted anyway.

use tantivy::query::{
    BooleanQuery, BoostQuery, ConstScoreQuery, EnableScoring, MoreLikeThisQuery, Query, TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption, OwnedValue};
use tantivy::{Term, tokenizer::TokenStream as _};

use super::SearchError;
use super::filters::Conditions;
use super::scan::{Candidates, scan};
use super::tokens::fold_case;
use super::top::{Top, score_key};
use super::view::{Statistics, View};
use super::weights::{self, Season};
use super::{Sort, tokens};
use crate::model::{Job, JobId, Timestamp};

/// What somebody is taken to want.
#[derive(Clone, Debug, Default)]
pub struct Taste {
    /// By any of their names; those beyond `MAX_SKILLS` are not looked at.
    pub skills: Vec<String>,
    /// Postings that were to their liking, the latest first; those beyond `MAX_LIKED` are not looked at.
    pub liked: Vec<Job>,
}

const MAX_SKILLS: usize = 30;
const MAX_LIKED: usize = 5;
// Words taken from a posting: the more, the slower and the vaguer.
const TITLE_WORDS: usize = 8;
const BODY_WORDS: usize = 12;
/// Words of a description are taken if it uses them so often.
const BODY_TIMES: usize = 2;
/// A word or skill of more than one posting in so many tells nothing.
const COMMON_ONE_IN: u64 = 5;
/// In a handful of postings nothing is common.
const FEW: u64 = 50;

/// Open postings that come nearest to a taste, best first, but for some. A taste for nothing finds nothing.
pub fn similar(
    view: &View,
    taste: &Taste,
    but: &[JobId],
    now: Timestamp,
    limit: usize,
) -> Result<Vec<JobId>, SearchError> {
    let mut queries: Vec<Box<dyn Query>> = Vec::new();
    for skill in taste.skills.iter().take(MAX_SKILLS) {
        add_skill(view, skill, weights::TASTE_SKILL, &mut queries)?;
    }
    for job in taste.liked.iter().take(MAX_LIKED) {
        for skill in &job.skills_required {
            add_skill(view, skill, weights::LIKE_SKILL, &mut queries)?;
        }
        add_words(view, job, &mut queries);
    }
    if queries.is_empty() {
        return Ok(Vec::new());
    }
    let statistics = Statistics(view);
    let scoring = EnableScoring::enabled_from_statistics_provider(&statistics, &view.searcher);
    let weight = BooleanQuery::union(queries).weight(scoring)?;
    let season = Season::at(now.as_millis());
    let but: Vec<(u64, u64)> = but.iter().map(JobId::parts).collect();
    let mut top = Top::new(Sort::Relevance, false, limit, None);
    let conditions = Conditions::open_at(now);
    scan(view, &Candidates::Scored(weight), &conditions, |hit| {
        let (rows, at) = (hit.rows, hit.document);
        if !but.contains(&rows.ids[at]) {
            let factor = season.factor(rows.posted_at[at], rows.deadline[at]);
            top.offer(score_key(hit.score * factor), rows.ids[at]);
        }
    })?;
    Ok(top.finish().hits)
}

fn living(view: &View) -> u64 {
    let readers = view.searcher.segment_readers().iter();
    readers.map(|reader| u64::from(reader.num_docs())).sum()
}

/// A skill counts the more, the fewer postings ask for it.
fn add_skill(
    view: &View,
    skill: &str,
    weight: f32,
    queries: &mut Vec<Box<dyn Query>>,
) -> Result<(), SearchError> {
    let label = fold_case(view.vocabulary.canonical(skill));
    let term = Term::from_field_text(view.fields.skill, &label);
    let asked = view.searcher.doc_freq(&term)?;
    if asked > 0 {
        let all = living(view).max(asked) as f32;
        let rarity = (1.0 + all / asked as f32).ln();
        let query = Box::new(TermQuery::new(term, IndexRecordOption::Basic));
        queries.push(Box::new(ConstScoreQuery::new(query, weight * rarity)));
    }
    Ok(())
}

fn add_words(view: &View, job: &Job, queries: &mut Vec<Box<dyn Query>>) {
    let living = living(view);
    let most = (living / COMMON_ONE_IN).max(FEW).min(living);
    let mut add = |field: Field, text: &str, times: usize, words: usize, weight: f32| {
        if !has_words(text) {
            return;
        }
        // Without the limit above, words of deleted documents could outnumber the living ones, which tantivy takes amiss.
        let query = MoreLikeThisQuery::builder()
            .with_min_doc_frequency(1)
            .with_max_doc_frequency(most)
            .with_min_term_frequency(times)
            .with_max_query_terms(words)
            .with_document_fields(vec![(field, vec![OwnedValue::from(text)])]);
        queries.push(Box::new(BoostQuery::new(Box::new(query), weight)));
    };
    let fields = &view.fields;
    let body = &job.job_description;
    add(
        fields.title,
        &job.job_title,
        1,
        TITLE_WORDS,
        weights::LIKE_TITLE,
    );
    add(
        fields.text,
        body,
        BODY_TIMES,
        BODY_WORDS,
        weights::LIKE_BODY,
    );
}

fn has_words(text: &str) -> bool {
    tokens::raw_words(text).advance()
}
