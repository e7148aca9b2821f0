//! The cost of a search: at 100,000 jobs (`cargo bench --bench search`), and also at 1,000,000 with `-- --million`.
//! Jobs are made from the relevance suite's postings, cut to a campus's typical length. Every query differs, so that no
//! answer or count comes from a cache. `-- --hostile` runs 100,000 strange queries on 10,000 jobs instead, and fails if
//! one takes over 50 ms. One thread, warm. Prints medians and 99th percentiles next to their bounds, and the memory and
//! disk space of the index.

#[path = "../tests/relevance/suite.rs"]
mod suite;
#[path = "../tests/hostile/typed.rs"]
mod typed;

use std::path::Path;
use std::time::{Duration, Instant};

use corkboard::model::{Job, JobFields, JobId, Money};
use corkboard::search::{Edit, Interests, JobQuery, SearchIndex, Sort};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use suite::{Suite, now};

const DESCRIPTION_CHARS: usize = 900;
const QUERIES: usize = 1_000;
const WARM_UP: usize = 50;
const BATCH: usize = 5_000;
/// The bounds at 100,000 jobs. With ten times the jobs, six times as much is allowed.
const SEARCH: Bound = Some((Duration::from_millis(3), Duration::from_millis(10)));
const SUGGESTION: Bound = Some((Duration::from_millis(1), Duration::MAX));
const MILLION_TIMES: u32 = 6;

/// For the median and the 99th percentile.
type Bound = Option<(Duration, Duration)>;

/// Words that many postings contain, so that a search has many matches.
const FREQUENT: &[&str] = &[
    "research assistant",
    "data analysis",
    "student aide",
    "community outreach",
    "office support",
    "public health",
    "project management",
    "social media",
];
const SKILLS: &[&str] = &[
    "Microsoft Office",
    "Microsoft Excel",
    "written communication",
    "computer science",
    "communication",
];

fn main() {
    let has = |wanted: &str| std::env::args().any(|argument| argument == wanted);
    // `cargo test --benches` starts it without `--bench`.
    if !has("--bench") {
        return;
    }
    let suite = Suite::own();
    if has("--hostile") {
        return ask_hostile(&suite);
    }
    let small = measure(&suite, 100_000, 1);
    if has("--million") {
        let large = measure(&suite, 1_000_000, MILLION_TIMES);
        for ((name, few), (_, many)) in small.iter().zip(&large) {
            let ratio = many.as_secs_f64() / few.as_secs_f64();
            println!("{name}: {ratio:.1} times at ten times the jobs");
        }
    }
}

/// A fixed sequence, so that every run asks the same.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

fn made_job(originals: &[Job], number: usize, random: &mut Random) -> Job {
    let (head, body, asks) = (
        random.of(originals),
        random.of(originals),
        random.of(originals),
    );
    let text = &body.job_description;
    let start = random.below(text.len() / 2 + 1);
    let text = text.chars().skip(start).take(DESCRIPTION_CHARS);
    let description = text.collect();
    let pay = Money::from_cents(1_000 + random.below(2_500).cast_signed() as i64);
    let hours_per_week = random.below(39) as f64 / 2.0 + 1.0;
    let posted = now().minus(Duration::from_hours(random.below(2_000) as u64));
    let id = JobId::from_parts(7, number as u64);
    let mut job = Job::draft(id, head.employee_id.clone(), posted);
    job.apply(JobFields {
        job_title: head.job_title.clone(),
        job_description: description,
        job_pay_rate: pay,
        skills_required: asks.skills_required.clone(),
        work_space: head.work_space.clone(),
        location: head.location.clone(),
        setting: head.setting,
        hours_per_week,
        positions: head.positions,
        work_study_required: head.work_study_required,
        start_date: None,
        end_date: None,
        deadline: head.deadline,
        questions: Vec::new(),
    });
    job.currency.clone_from(&head.currency);
    job.employer_name.clone_from(&head.employer_name);
    job.approve(posted);
    job
}

fn fed(suite: &Suite, folder: &Path, count: usize, random: &mut Random) -> SearchIndex {
    let index = SearchIndex::open(folder).unwrap();
    let mut made = 0;
    while made < count {
        let batch = BATCH.min(count - made);
        let job = |number| made_job(suite.jobs(), number, random);
        let edits = (made..made + batch).map(job);
        let edits = edits.map(|job| Edit::Upsert(Box::new(job))).collect();
        made += batch;
        index.apply(edits, made as u64).unwrap();
    }
    index
}

fn ask_hostile(suite: &Suite) {
    const TEXTS: usize = 100_000;
    const MOST: Duration = Duration::from_millis(50);
    let folder = tempfile::tempdir().unwrap();
    let index = fed(
        suite,
        folder.path(),
        10_000,
        &mut Random(0x2545_f491_4f6c_dd1d),
    );
    let mut runner = TestRunner::deterministic();
    let strategy = typed::typed();
    let ask = |text: &str| {
        let query = JobQuery {
            q: Some(text.to_owned()),
            ..JobQuery::open(now(), 20)
        };
        let start = Instant::now();
        index.find(&query).unwrap();
        index.suggest(text, 10).unwrap();
        start.elapsed()
    };
    let mut times = Vec::with_capacity(TEXTS);
    let naughty = typed::naughty();
    for at in 0..TEXTS {
        let text = match naughty.get(at) {
            Some(text) => text.clone(),
            None => strategy.new_tree(&mut runner).unwrap().current(),
        };
        let mut took = ask(&text);
        if took > MOST {
            // Another process may have used the CPU: a slow query is slow twice.
            took = took.min(ask(&text));
        }
        assert!(took <= MOST, "{took:?} for {text:?}");
        times.push(took);
    }
    times.sort_unstable();
    println!(
        "{TEXTS} strange texts at 10,000 jobs, search and suggestion: {:.2?} median, {:.2?} at most",
        times[TEXTS / 2],
        times[TEXTS - 1]
    );
}

fn measure(suite: &Suite, count: usize, times: u32) -> Vec<(&'static str, Duration)> {
    let folder = tempfile::tempdir().unwrap();
    let before = resident_mib();
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let start = Instant::now();
    let index = fed(suite, folder.path(), count, &mut random);
    let took = start.elapsed();
    println!(
        "{count} jobs: fed in {took:.1?} ({:.0} a second), {} MiB on disk, {} MiB resident more than before",
        count as f64 / took.as_secs_f64(),
        disk_mib(folder.path()),
        resident_mib().saturating_sub(before),
    );
    let originals = suite.jobs();
    let find = |query: JobQuery| Some(move |index: &SearchIndex| drop(index.find(&query).unwrap()));
    let asked = |q: String, skills: Vec<String>| JobQuery {
        q: Some(q),
        skills,
        ..JobQuery::open(now(), 20)
    };
    let mut report = Report {
        index: &index,
        times,
        medians: Vec::new(),
    };
    report.time("two words, a skill, facets, top 20", SEARCH, || {
        let q = two_words_of(random.of(originals), &mut random);
        find(asked(q, vec![skill_of(originals, &mut random)]))
    });
    let mut number = 0;
    report.time(
        "two frequent words, a skill, facets, top 20",
        SEARCH,
        || {
            let q = FREQUENT[number % FREQUENT.len()].to_owned();
            let skill = SKILLS[number / FREQUENT.len() % SKILLS.len()].to_owned();
            number += 1;
            // Excludes no job, but makes it a different search.
            let most = Some(100.0 + number as f64 / 1_000_000.0);
            find(JobQuery {
                max_hours: most,
                ..asked(q, vec![skill])
            })
        },
    );
    report.time("two words, facets, top 20", SEARCH, || {
        let q = two_words_of(random.of(originals), &mut random);
        find(asked(q, Vec::new()))
    });
    let mut texts = suite.queries.iter();
    report.time("the relevance suite's queries", None, || {
        find(asked(texts.next()?.text.clone(), Vec::new()))
    });
    report.time("a suggestion", SUGGESTION, || {
        let title = &random.of(originals).job_title;
        let length = 2 + random.below(9);
        let typed: String = title.chars().take(length).collect();
        Some(move |index: &SearchIndex| drop(index.suggest(&typed, 10).unwrap()))
    });
    report.time("a skill by pay, page 50", None, || {
        let mut query = JobQuery {
            skills: vec![skill_of(originals, &mut random)],
            sort: Sort::Pay,
            ..JobQuery::open(now(), 20)
        };
        for _ in 0..50 {
            let next = index.find(&query).unwrap().next;
            if next.is_none() {
                break;
            }
            query.after = next;
        }
        find(query)
    });
    report.time("postings like one", None, || {
        let interests = Interests {
            skills: Vec::new(),
            liked: vec![random.of(originals).clone()],
        };
        Some(move |index: &SearchIndex| drop(index.similar(&interests, &[], now(), 10).unwrap()))
    });
    let job = &originals[0];
    report.time("20 snippets", None, || {
        let q = two_words_of(random.of(originals), &mut random);
        Some(move |index: &SearchIndex| {
            let snippeter = index.snippeter(&q).unwrap();
            for _ in 0..20 {
                std::hint::black_box(snippeter.snippet(job));
            }
        })
    });
    let medians = report.medians;
    time_commits(&index, originals, count, &mut random);
    medians
}

/// The index's commits during an import: a single posting waits for at most two of them.
fn time_commits(index: &SearchIndex, originals: &[Job], count: usize, random: &mut Random) {
    const COMMITS: usize = 20;
    const JOBS: usize = 500;
    let mut times = Vec::with_capacity(COMMITS);
    for commit in 0..COMMITS {
        let first = count + commit * JOBS;
        let jobs = (first..first + JOBS).map(|number| made_job(originals, number, random));
        let edits = jobs.map(|job| Edit::Upsert(Box::new(job))).collect();
        let start = Instant::now();
        index.apply(edits, (first + JOBS) as u64).unwrap();
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let (median, most) = (times[COMMITS / 2], times[COMMITS - 1]);
    println!("  a commit of {JOBS} more jobs: {median:.1?} median, {most:.1?} at most");
}

/// Times one kind of request after another, and keeps the medians.
struct Report<'a> {
    index: &'a SearchIndex,
    /// The factor for the bounds.
    times: u32,
    medians: Vec<(&'static str, Duration)>,
}

impl Report<'_> {
    /// Prepares each request and then times it alone, for all requests up to `QUERIES`.
    fn time<Run: FnOnce(&SearchIndex)>(
        &mut self,
        name: &'static str,
        bound: Bound,
        prepare: impl FnMut() -> Option<Run>,
    ) {
        let mut times = Vec::with_capacity(QUERIES);
        let runs = std::iter::from_fn(prepare).take(QUERIES + WARM_UP);
        for (turn, run) in runs.enumerate() {
            let start = Instant::now();
            run(self.index);
            if turn >= WARM_UP {
                times.push(start.elapsed());
            }
        }
        times.sort_unstable();
        let at = |share: f64| times[(share * (times.len() - 1) as f64) as usize];
        let (median, late) = (at(0.5), at(0.99));
        let verdict = match bound {
            None => String::new(),
            Some((middle, end)) => {
                let (middle, end) = (middle * self.times, end.saturating_mul(self.times));
                let holds = median < middle && late < end;
                let end = match end {
                    Duration::MAX => String::new(),
                    end => format!(" and {end:?}"),
                };
                format!(
                    "   < {middle:?}{end} {}",
                    if holds { "holds" } else { "MISSED" }
                )
            }
        };
        println!("  {name:<44} {median:>9.2?} median {late:>9.2?} p99{verdict}");
        self.medians.push((name, median));
    }
}

fn two_words_of(job: &Job, random: &mut Random) -> String {
    let text = format!("{} {}", job.job_title, job.skills_required.join(" "));
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| word.chars().count() > 3).collect();
    if words.is_empty() {
        return job.job_title.clone();
    }
    format!("{} {}", random.of(&words), random.of(&words))
}

fn skill_of(originals: &[Job], random: &mut Random) -> String {
    loop {
        let skills = &random.of(originals).skills_required;
        if !skills.is_empty() {
            return random.of(skills).clone();
        }
    }
}

fn disk_mib(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).unwrap();
    let sizes = files.map(|file| file.unwrap().metadata().unwrap().len());
    sizes.sum::<u64>() >> 20
}

/// Memory of this process, on Linux.
fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("RssAnon"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number
        .and_then(|number| number.parse::<u64>().ok())
        .unwrap_or(0)
        >> 10
}
