//! The store alone, on a real disk: durable commits one at a time and 64 in flight, reading one job, listing 20.

mod support;

use std::hint::black_box;
use std::time::{Duration, Instant};

use corkboard::model::{Job, JobId, JobStatus};
use corkboard::store::{
    Change, Check, Direction, Engine, Key, Page, Reader, RedbEngine, RedbOptions, Stored, Write,
    keys, wait,
};
use criterion::Criterion;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use support::{campus, median, verdict};

const IN_FLIGHT: usize = 64;
const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_millis(1_500);
/// 64 in flight must reach this many times the rate of one at a time.
const FACTOR: f64 = 5.0;

/// The size of a stored application with its cover note, and of its log entry.
const RECORD_BYTES: usize = 900;
const EVENT_BYTES: usize = 220;

const JOBS: usize = 100_000;
const READ: usize = 1_000;

fn main() {
    if support::is_measured() {
        commits();
        reads(&mut Criterion::default().configure_from_args());
    }
}

/// A change of an application's size: a record, three index keys, a log row.
fn change(number: u64) -> Change {
    let id = |space: u8| {
        let mut bytes = vec![space, b'b'];
        bytes.extend(number.to_be_bytes());
        Key::from_bytes(&bytes)
    };
    // The indexes of a real application are far apart, and only one of them grows at its end.
    let scattered = |index: u8| {
        let mut bytes = vec![b'X', index];
        bytes.extend(number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
        bytes.extend(number.to_be_bytes());
        Key::from_bytes(&bytes)
    };
    let put = |bytes| Write::Put {
        version: 1,
        value: vec![7; bytes],
    };
    Change {
        checks: vec![Check {
            key: id(b'R'),
            version: None,
        }],
        writes: vec![
            (id(b'R'), put(RECORD_BYTES)),
            (id(b'X'), put(0)),
            (scattered(b'1'), put(0)),
            (scattered(b'2'), put(0)),
        ],
        events: vec![vec![7; EVENT_BYTES]],
        ..Change::default()
    }
}

/// Commits for one round, with a number in flight. Returns commits per second.
fn round(engine: &RedbEngine, in_flight: usize, number: &mut u64) -> f64 {
    let mut submit = || {
        *number += 1;
        engine.submit(change(*number))
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let started = Instant::now();
        let mut committed = 0;
        let mut waiting: FuturesUnordered<_> = (0..in_flight).map(|_| submit()).collect();
        while let Some(answer) = waiting.next().await {
            answer.expect("the writer runs").expect("it is committed");
            committed += 1;
            if started.elapsed() < ROUND {
                waiting.push(submit());
            }
        }
        f64::from(committed) / started.elapsed().as_secs_f64()
    })
}

fn commits() {
    let folder = tempfile::tempdir_in(campus::room()).expect("target/ can be written");
    let file = folder.path().join("store.redb");
    let engine = RedbEngine::open(&file, RedbOptions::default()).expect("the store opens");
    let mut number = 0;
    round(&engine, IN_FLIGHT, &mut number);
    let (mut alone, mut together) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        alone.push(round(&engine, 1, &mut number));
        together.push(round(&engine, IN_FLIGHT, &mut number));
    }
    let mut factors: Vec<f64> = together
        .iter()
        .zip(&alone)
        .map(|(two, one)| two / one)
        .collect();
    let factor = median(&mut factors);
    println!(
        "durable commits: {:.0}/s one at a time, {:.0}/s at {IN_FLIGHT} in flight: {factor:.1} times (>= {FACTOR}, {})",
        median(&mut alone),
        median(&mut together),
        verdict(factor >= FACTOR)
    );
}

fn read(reader: &Reader, id: JobId) -> Option<Stored<Job>> {
    wait(reader.get(&keys::job(id))).expect("it is read")
}

/// As a request does it: its own snapshot, then the record.
fn reads(criterion: &mut Criterion) {
    let folder = campus::campus(JOBS);
    let store = campus::open(folder.path());
    let ids = campus::some_jobs(&store, JOBS, READ);
    let mut next = ids.iter().copied().cycle();
    criterion.bench_function("read one of 100,000 jobs", |bencher| {
        bencher.iter(|| {
            let reader = store.read().expect("a snapshot");
            black_box(read(&reader, next.next().expect("it goes round")))
        });
    });
    criterion.bench_function("list 20 of 100,000 jobs", |bencher| {
        bencher.iter(|| {
            let reader = store.read().expect("a snapshot");
            let open = keys::jobs_by_status(JobStatus::Open);
            let page = Page::new(open, Direction::Backward, 20, None);
            let page = wait(page.records::<Job>(&reader, |_| true));
            black_box(page.expect("it is read").items.len())
        });
    });
}
