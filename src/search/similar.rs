//! Similar postings: by distinctive words in title, skills and description (tantivy's more-like-this), and by skills
//! that are wanted anyway.

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
use super::weights::{self, AgeFactors};
use super::{Sort, tokens};
use crate::model::{Job, JobId, Timestamp};

/// What a person is probably looking for.
#[derive(Clone, Debug, Default)]
pub struct Interests {
    /// By any of their names. Those beyond `MAX_SKILLS` are ignored.
    pub skills: Vec<String>,
    /// Postings the person liked, newest first. Those beyond `MAX_LIKED` are ignored.
    pub liked: Vec<Job>,
}

const MAX_SKILLS: usize = 30;
const MAX_LIKED: usize = 5;
// Most words to take from a posting. More words are slower and less specific.
const TITLE_WORDS: usize = 8;
const BODY_WORDS: usize = 12;
/// A description's word counts if it occurs this often.
const BODY_TIMES: usize = 2;
/// A word or skill in more than one of this many postings says nothing.
const COMMON_ONE_IN: u64 = 5;
/// In so few postings, nothing counts as common.
const FEW: u64 = 50;

/// The open postings that match the interests best, except some. Empty interests match nothing.
pub fn similar(
    view: &View,
    interests: &Interests,
    but: &[JobId],
    now: Timestamp,
    limit: usize,
) -> Result<Vec<JobId>, SearchError> {
    let mut queries: Vec<Box<dyn Query>> = Vec::new();
    for skill in interests.skills.iter().take(MAX_SKILLS) {
        add_skill(view, skill, weights::INTEREST_SKILL, &mut queries)?;
    }
    for job in interests.liked.iter().take(MAX_LIKED) {
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
    let age_factors = AgeFactors::at(now.as_millis());
    let but: Vec<(u64, u64)> = but.iter().map(JobId::parts).collect();
    let mut top = Top::new(Sort::Relevance, false, limit, None);
    let conditions = Conditions::open_at(now);
    scan(view, &Candidates::Scored(weight), &conditions, |hit| {
        let (rows, at) = (hit.rows, hit.document);
        if !but.contains(&rows.ids[at]) {
            let factor = age_factors.factor(rows.posted_at[at], rows.deadline[at]);
            top.offer(score_key(hit.score * factor), rows.ids[at]);
        }
    })?;
    Ok(top.finish().hits)
}

fn live_documents(view: &View) -> u64 {
    let readers = view.searcher.segment_readers().iter();
    readers.map(|reader| u64::from(reader.num_docs())).sum()
}

/// The fewer postings ask for a skill, the more it counts.
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
        let all = live_documents(view).max(asked) as f32;
        let rarity = (1.0 + all / asked as f32).ln();
        let query = Box::new(TermQuery::new(term, IndexRecordOption::Basic));
        queries.push(Box::new(ConstScoreQuery::new(query, weight * rarity)));
    }
    Ok(())
}

fn add_words(view: &View, job: &Job, queries: &mut Vec<Box<dyn Query>>) {
    let live_documents = live_documents(view);
    let most = (live_documents / COMMON_ONE_IN)
        .max(FEW)
        .min(live_documents);
    let mut add = |field: Field, text: &str, times: usize, words: usize, weight: f32| {
        if !has_words(text) {
            return;
        }
        // Without this limit, words of deleted documents could outnumber the live documents, which tantivy does not
        // handle.
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
