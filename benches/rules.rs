//! The cost of a verdict: the built-in eligibility module with single checks and batches, next to the same source
//! natively.
//!
//! `cargo bench --bench rules`. The last lines show the two bounds: a batch of 1,024 pairs within 40 times the native
//! run, and a single check (instance, call, verdict) within 100 µs at the median.

#[path = "../tests/rules_support/native.rs"]
mod native;

use std::hint::black_box;
use std::time::{Duration, Instant};

use corkboard::rules::{
    Attribute, BUILT_IN, Commitment, Context, Digest, Host, Job, Limits, Module, Period,
    PeriodKind, Schema, Student, Value,
};
use criterion::{Criterion, Throughput};

const COMPILER: &str = env!("CARGO_BIN_EXE_corkboard");
const PAIRS: u32 = 1024;
const TERM: i32 = 20_690;
const MOST_TIMES: f64 = 40.0;
const MOST_SINGLE: Duration = Duration::from_micros(100);

/// A typical campus: four periods, students with a job or two, all parameters set.
fn campus() -> (Context, Vec<Student>, Vec<Job>) {
    let period = |kind, start, end| Period {
        kind,
        start: TERM + start,
        end: TERM + end,
    };
    let context = Context {
        now_unix_seconds: i64::from(TERM) * 86_400,
        today: TERM,
        calendar: vec![
            period(PeriodKind::Term, 0, 110),
            period(PeriodKind::Recess, 90, 97),
            period(PeriodKind::Recess, 111, 140),
            period(PeriodKind::Term, 141, 250),
        ],
        language: "en".into(),
        parameters: Schema::parse(campus_eligibility::SCHEMA)
            .expect("the built-in module has a valid schema")
            .defaults(),
    };
    (
        context,
        (0..PAIRS).map(student).collect(),
        (0..8).map(job).collect(),
    )
}

fn student(place: u32) -> Student {
    let commitment = |_| Commitment {
        weekly_hours: (place % 15) as f32,
        hourly_rate_cents: 1500,
        start: TERM - 20,
        end: Some(TERM + 110),
        work_study: false,
    };
    Student {
        id: place.to_string(),
        gpa: Some(1.9 + (place % 20) as f32 / 10.0),
        enrolled_credits: Some(12.0),
        visa: place.is_multiple_of(8).then(|| "F-1".into()),
        work_study_remaining_cents: place.is_multiple_of(3).then_some(250_000),
        graduation: Some(TERM + 900),
        skills: vec!["Excel".into(), "customer service".into(), "Spanish".into()],
        commitments: (0..place % 3).map(commitment).collect(),
        attributes: vec![Attribute {
            name: "level".into(),
            value: Value::Text("undergraduate".into()),
        }],
    }
}

fn job(place: u32) -> Job {
    Job {
        id: place.to_string(),
        title: "Library circulation aide".into(),
        weekly_hours: 8.0 + place as f32,
        hourly_rate_cents: 1600,
        work_study: place.is_multiple_of(2),
        on_campus: true,
        posted: TERM - 3,
        start: Some(TERM + 7),
        end: Some(TERM + 110),
        skills: vec!["customer service".into(), "Excel".into()],
        attributes: vec![],
    }
}

struct Native {
    context: campus_eligibility::Context,
    settings: campus_eligibility::Settings,
    students: Vec<campus_eligibility::Student>,
    jobs: Vec<campus_eligibility::Job>,
}

impl Native {
    fn check(&self, pairs: &[(u32, u32)]) -> Vec<campus_eligibility::Verdict> {
        let check = |&(student, job): &(u32, u32)| {
            let (student, job) = (&self.students[student as usize], &self.jobs[job as usize]);
            campus_eligibility::check(student, job, &self.context, &self.settings)
        };
        pairs.iter().map(check).collect()
    }
}

/// The median of many runs.
fn median(runs: usize, mut run: impl FnMut()) -> Duration {
    let mut times: Vec<_> = (0..runs)
        .map(|_| {
            let started = Instant::now();
            run();
            started.elapsed()
        })
        .collect();
    times.sort();
    times[runs / 2]
}

fn main() {
    let folder = tempfile::tempdir().expect("a folder for compiled code");
    // This measures the cost, so a busy machine must not stop the run.
    let limits = Limits {
        batch: PAIRS as usize,
        deadline: Duration::from_secs(5),
        ..Limits::default()
    };
    let opened = Instant::now();
    let host = Host::open(folder.path(), limits, COMPILER.as_ref()).expect("the engine starts");
    let bytes = BUILT_IN[0].bytes;
    let load = |host: &Host| {
        host.module(Digest::of(bytes), bytes)
            .expect("the module is valid")
    };
    println!("engine started in {:?}", opened.elapsed());
    let compiled = Instant::now();
    let module = load(&host);
    println!("module compiled in {:?}", compiled.elapsed());
    let again = Host::open(folder.path(), limits, COMPILER.as_ref()).expect("the engine starts");
    let compiled = Instant::now();
    drop(load(&again));
    println!(
        "module compiled with its kept code in {:?}",
        compiled.elapsed()
    );

    let (context, students, jobs) = campus();
    let one_job: Vec<_> = (0..PAIRS).map(|student| (student, 0)).collect();
    let native = Native {
        context: native::context(&context),
        settings: campus_eligibility::Settings::of(native::settings(&context.parameters))
            .expect("the defaults fit"),
        students: students.iter().map(native::student).collect(),
        jobs: jobs.iter().map(native::job).collect(),
    };
    let check = |pairs: &[(u32, u32)]| {
        module
            .check(&context, &students, &jobs, pairs)
            .expect("the module answers")
    };
    let same: Vec<_> = native
        .check(&one_job)
        .into_iter()
        .map(native::verdict)
        .collect();
    assert_eq!(
        check(&one_job),
        same,
        "the module decides as its source does"
    );

    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("eligibility");
    group.bench_function("single", |bencher| {
        bencher.iter(|| check(black_box(&one_job[..1])))
    });
    group.throughput(Throughput::Elements(u64::from(PAIRS)));
    group.bench_function("batch of 1024", |bencher| {
        bencher.iter(|| check(black_box(&one_job)))
    });
    group.bench_function("batch of 1024, natively", |bencher| {
        bencher.iter(|| native.check(black_box(&one_job)));
    });
    group.finish();
    criterion.final_summary();
    hold(&module, &native, (&context, &students, &jobs), &one_job);
}

/// Checks the two bounds in this run.
fn hold(
    module: &Module,
    native: &Native,
    (context, students, jobs): (&Context, &[Student], &[Job]),
    pairs: &[(u32, u32)],
) {
    let check = |pairs: &[(u32, u32)]| {
        black_box(
            module
                .check(context, students, jobs, pairs)
                .expect("the module answers"),
        );
    };
    let single = median(2001, || check(&pairs[..1]));
    let batch = median(201, || check(pairs));
    let natively = median(201, || drop(black_box(native.check(pairs))));
    let times = batch.as_secs_f64() / natively.as_secs_f64();
    println!(
        "single check {single:?}; batch {:?} a pair, natively {:?} a pair: {times:.1} times",
        batch / PAIRS,
        natively / PAIRS
    );
    assert!(single < MOST_SINGLE, "a single check takes {single:?}");
    assert!(
        times < MOST_TIMES,
        "the module takes {times:.1} times the native run"
    );
    let many: Vec<_> = (0..10_000).map(|place| job(place % 64)).collect();
    let all: Vec<_> = (0..10_000).map(|job| (0, job)).collect();
    let student = &students[..1];
    let search = median(21, || {
        black_box(
            module
                .check(context, student, &many, &all)
                .expect("the module answers"),
        );
    });
    println!("one student against 10,000 jobs: {search:?}");
}
