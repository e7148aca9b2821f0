//! The binary as a whole: size, start-up time, memory, import speed, and whether reads stay as fast with a hundred
//! times as many jobs.

mod support;

use std::path::Path;
use std::time::Duration;

use support::campus::{self, Descriptions};
use support::load::{self, Round};
use support::process::{CORKBOARD, Served};
use support::{median, mib, millis, verdict};

const MANY: usize = 100_000;
const FEW: usize = 1_000;
const IMPORTED: usize = 30_000;
const CONNECTIONS: usize = 16;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(1);
const STARTS: usize = 5;

const MOST_BINARY_MIB: f64 = 40.0;
const MOST_MEMORY_MIB: f64 = 300.0;
const MOST_START_MILLIS: f64 = 1_000.0;
const MOST_TIMES_SLOWER: f64 = 1.5;
const LEAST_IMPORTED_PER_SECOND: f64 = 5_000.0;

fn main() {
    if support::is_measured() {
        let size = std::fs::metadata(CORKBOARD).expect("the binary").len();
        say(
            "the binary",
            &format!("{:.1} MiB", mib(size)),
            &format!("< {MOST_BINARY_MIB} MiB"),
            mib(size) < MOST_BINARY_MIB,
        );
        imports();
        let (many, few) = (campus::campus(MANY), campus::campus(FEW));
        starts(many.path());
        reads(many.path(), few.path());
    }
}

fn say(what: &str, figure: &str, bound: &str, holds: bool) {
    println!("{what:<60} {figure:>22}   {bound:<14} {}", verdict(holds));
}

fn imports() {
    let kinds = [
        ("3 KB each, as posted", Descriptions::Real),
        ("300 characters each", Descriptions::Short),
    ];
    for (name, descriptions) in kinds {
        let folder = tempfile::tempdir_in(campus::room()).expect("target/ can be written");
        campus::fresh(folder.path());
        let file = folder.path().join("jobs.csv");
        campus::write_jobs(&file, IMPORTED, descriptions);
        let rate = IMPORTED as f64 / campus::import(folder.path(), "jobs", &file, IMPORTED);
        say(
            &format!("import of {IMPORTED} jobs, descriptions of {name}"),
            &format!("{rate:.0}/s"),
            &format!(">= {LEAST_IMPORTED_PER_SECOND}/s"),
            rate >= LEAST_IMPORTED_PER_SECOND,
        );
    }
}

fn starts(folder: &Path) {
    let mut spans = Vec::new();
    for _ in 0..STARTS {
        let board = Served::corkboard(folder);
        board.json("/api/v1/jobs?limit=20", None);
        spans.push(millis(board.started.elapsed()));
        board.stop();
    }
    let span = median(&mut spans);
    say(
        &format!("start to first answer, {MANY} jobs, the index present"),
        &format!("{span:.0} ms"),
        &format!("< {MOST_START_MILLIS} ms"),
        span < MOST_START_MILLIS,
    );
}

fn reads(many: &Path, few: &Path) {
    let prepare = |folder: &Path, count| {
        let store = campus::open(folder);
        let ids = campus::some_jobs(&store, count, FEW);
        let token = campus::sign_in_students(folder, &store, 1).remove(0);
        drop(store);
        let paths = ids.into_iter().map(|id| format!("/api/v1/jobs/{id}"));
        let reads: Vec<_> = paths.map(|path| load::get(&path, &token)).collect();
        let list = vec![load::get("/api/v1/jobs?limit=20", &token)];
        let search = vec![load::get(
            "/api/v1/jobs?q=research+assistant&skill=communication",
            &token,
        )];
        (Served::corkboard(folder), [reads, list, search])
    };
    let (many, of_many) = prepare(many, MANY);
    let (few, of_few) = prepare(few, FEW);
    many.wait_until_indexed(MANY);
    few.wait_until_indexed(FEW);
    let at_rest = many.memory();
    for (at, name) in ["one job by id", "list of 20"].into_iter().enumerate() {
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let few = round(&few, &of_few[at]).per_second;
            let many = round(&many, &of_many[at]).per_second;
            times.push(few / many);
        }
        let times = median(&mut times);
        say(
            &format!("{name}: how many times slower than with {FEW} jobs"),
            &format!("{times:.2}"),
            &format!("<= {MOST_TIMES_SLOWER}"),
            times <= MOST_TIMES_SLOWER,
        );
    }
    round(&many, &of_many[2]);
    let after = many.memory();
    for (when, memory) in [("at rest", at_rest), ("after lists and searches", after)] {
        let (all, own) = (mib(memory.resident), mib(memory.anonymous));
        say(
            &format!("resident memory, {MANY} jobs, {when}"),
            &format!("{all:.0} MiB ({own:.0} own)"),
            &format!("< {MOST_MEMORY_MIB} MiB"),
            all < MOST_MEMORY_MIB,
        );
    }
    many.stop();
    few.stop();
}

fn round(board: &Served, requests: &[Vec<u8>]) -> Round {
    let next = std::cell::Cell::new(0);
    let request = || {
        let at = next.get();
        next.set((at + 1) % requests.len());
        Some(requests[at].clone())
    };
    load::run(board.address, CONNECTIONS, ROUND, "200", request)
}
