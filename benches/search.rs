//! The search index alone, over 100,000 jobs: what a page of results, a plain list and a completion cost.

mod support;

use std::time::{Duration, Instant};

use corkboard::model::{Job, JobStatus};
use corkboard::search::{Edit, JobQuery, SearchIndex, Sort};
use corkboard::store::{Store, StoreError, keys};

use support::{campus, millis};

const JOBS: usize = 100_000;
const SEARCHES: usize = 2_000;
/// Jobs per commit while the index is built.
const STEP: usize = 10_000;

const WORDS: &[&str] = &[
    "research assistant",
    "data analysis",
    "student aide",
    "community outreach",
    "office support",
    "public health",
    "project management",
    "social media",
    "reserch asistant",
    "develop prog",
];
const SKILLS: &[&str] = &[
    "Microsoft Office",
    "Microsoft Excel",
    "written communication",
    "computer science",
    "communication",
];
const TYPED: &[&str] = &["mic", "res", "data an", "comm", "py", "off", "pub", "soc"];

fn main() {
    if support::is_measured() {
        measure();
    }
}

fn measure() {
    let folder = campus::campus(JOBS);
    let store = campus::open(folder.path());
    let index = SearchIndex::open(&folder.path().join("index")).expect("the index opens");
    build(&store, &index);
    let now = store.clock().now();
    let open = |limit| JobQuery::open(now, limit);
    println!("{JOBS} jobs, {SEARCHES} searches each");
    println!("{:<58} {:>9} {:>9}", "", "p50 ms", "p99 ms");
    let searched = |at: usize, hours: Option<f64>| JobQuery {
        q: Some(WORDS[at % WORDS.len()].to_owned()),
        skills: vec![SKILLS[at / WORDS.len() % SKILLS.len()].to_owned()],
        max_hours: hours,
        ..open(20)
    };
    report("two words, a skill, facets, top 20", |at| {
        index.find(&searched(at, None)).expect("it is found").total
    });
    report("the same, no count known from before", |at| {
        let hours = 100.0 + at as f64 / 1_000_000.0;
        index
            .find(&searched(at, Some(hours)))
            .expect("it is found")
            .total
    });
    report(
        "two words, facets, top 20, no count known from before",
        |at| {
            let hours = 200.0 + at as f64 / 1_000_000.0;
            let query = JobQuery {
                skills: Vec::new(),
                ..searched(at, Some(hours))
            };
            index.find(&query).expect("it is found").total
        },
    );
    report("a skill, facets, the newest 20", |at| {
        let query = JobQuery {
            skills: vec![SKILLS[at % SKILLS.len()].to_owned()],
            sort: Sort::Newest,
            ..open(20)
        };
        index.find(&query).expect("it is found").total
    });
    report("all open jobs, facets, the newest 20", |_| {
        let query = JobQuery {
            sort: Sort::Newest,
            ..open(20)
        };
        index.find(&query).expect("it is found").total
    });
    report("completions", |at| {
        index
            .suggest(TYPED[at % TYPED.len()], 10)
            .expect("it answers")
            .len()
    });
    let reader = store.read().expect("a snapshot");
    let id = campus::some_jobs(&store, JOBS, 1)[0];
    let job = reader
        .get::<Job>(&keys::job(id))
        .expect("it is read")
        .expect("it is there");
    report("20 snippets", |at| {
        let snippeter = index
            .snippeter(WORDS[at % WORDS.len()])
            .expect("it is parsed");
        (0..20)
            .filter(|_| snippeter.snippet(&job.record).is_some())
            .count()
    });
    assert_eq!(job.job_status, JobStatus::Open);
}

/// A stored index of another version is made anew by whoever follows the log; here nobody does.
fn build(store: &Store, index: &SearchIndex) {
    if index.position() > 0 {
        return;
    }
    let reader = store.read().expect("a snapshot");
    let mut step = Vec::with_capacity(STEP);
    reader
        .each_key::<StoreError>(&keys::jobs(), |key| {
            if let Some(job) = reader.get::<Job>(&key)? {
                step.push(Edit::Upsert(Box::new(job.record)));
            }
            if step.len() == STEP {
                index
                    .apply(std::mem::take(&mut step), 0)
                    .expect("it is fed");
            }
            Ok(())
        })
        .expect("the jobs are read");
    let end = reader.log_end().expect("the log is read");
    index.apply(step, end).expect("it is fed");
}

fn report(name: &str, mut once: impl FnMut(usize) -> usize) {
    let mut spans: Vec<Duration> = (0..SEARCHES)
        .map(|at| {
            let started = Instant::now();
            std::hint::black_box(once(at));
            started.elapsed()
        })
        .collect();
    spans.sort_unstable();
    println!(
        "{name:<58} {:>9.3} {:>9.3}",
        millis(spans[SEARCHES / 2]),
        millis(spans[SEARCHES * 99 / 100])
    );
}
