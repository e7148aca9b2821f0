//! No input makes a search fail, and all output is text with marks. PROPTEST_CASES sets the number of generated texts;
//! `tests/run --long` uses 100,000.

mod typed;

use std::sync::LazyLock;

use crate::relevance::suite::{Suite, now};
use corkboard::model::Job;
use corkboard::search::{JobQuery, SearchIndex};
use proptest::prelude::*;

/// Real postings, some with hostile words.
struct Sample {
    index: SearchIndex,
    jobs: Vec<Job>,
    _folder: tempfile::TempDir,
}

static SAMPLE: LazyLock<Sample> = LazyLock::new(|| {
    let mut suite = Suite::own();
    suite.keep(80);
    for (job, text) in suite.jobs_mut().iter_mut().zip(typed::naughty()) {
        job.job_description.push_str(&text);
        job.skills_required.push(text);
    }
    let folder = tempfile::tempdir().unwrap();
    Sample {
        index: suite.index(folder.path()),
        jobs: suite.jobs().to_vec(),
        _folder: folder,
    }
});

fn check(text: &str) {
    let Sample { index, jobs, .. } = &*SAMPLE;
    let query = JobQuery {
        q: Some(text.to_owned()),
        ..JobQuery::open(now(), 3)
    };
    let found = index.find(&query).unwrap();
    assert!(found.total >= found.hits.len());
    if let Some(after) = found.next {
        let page = JobQuery {
            after: Some(after),
            ..query
        };
        index.find(&page).unwrap();
    }
    let filters = JobQuery {
        skills: vec![text.to_owned()],
        work_space: Some(text.to_owned()),
        location: Some(text.to_owned()),
        ..JobQuery::open(now(), 3)
    };
    index.find(&filters).unwrap();
    assert!(index.suggest(text, 5).unwrap().len() <= 5);
    let snippeter = index.snippeter(text).unwrap();
    for job in &jobs[..2] {
        let snippet = snippeter.snippet(job);
        let bare = snippet.replace("<mark>", "").replace("</mark>", "");
        assert!(!bare.contains(['<', '>']), "{text:?}: {snippet:?}");
    }
}

#[test]
fn naughty_strings_do_no_harm() {
    for text in typed::naughty() {
        check(&text);
    }
}

/// For an ordinary run. A long run sets its own number.
const CASES: u32 = 64;

fn cases() -> u32 {
    let set = std::env::var("PROPTEST_CASES").ok();
    set.and_then(|cases| cases.parse().ok()).unwrap_or(CASES)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn every_query_is_answered(text in typed::typed()) {
        check(&text);
    }
}
