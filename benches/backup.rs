//! A backup of a large campus while the board serves: how long it takes, and what it does to reads meanwhile.

mod support;

use std::cell::Cell;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use corkboard::model::{JobId, Role};

use support::load::{self, Round};
use support::process::{CORKBOARD, Served};
use support::{campus, median, mib, millis, verdict};

const JOBS: usize = 100_000;
const STUDENTS: usize = 20_000;
const APPLICATIONS: usize = 200_000;
const CONNECTIONS: usize = 16;
const IN_FLIGHT: usize = 64;
const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_secs(1);
/// Only a bound on the load, which ends by itself.
const LONG: Duration = Duration::from_mins(10);
const BACKUP_SECONDS: f64 = 60.0;
/// How much longer the slowest reads may take during a backup.
const SLOWER: f64 = 2.0;

fn main() {
    if support::is_measured() {
        measure();
    }
}

fn measure() {
    let folder = campus::campus(JOBS);
    let store = campus::open(folder.path());
    let ids = campus::some_jobs(&store, JOBS, JOBS);
    let students = campus::sign_in_students(folder.path(), &store, STUDENTS);
    let admin = campus::sign_in(folder.path(), &store, Role::Admin, 1).remove(0);
    drop(store);
    let board = Served::corkboard(folder.path());
    board.wait_until_indexed(JOBS);
    apply(&board, &ids, &students);
    println!("{JOBS} jobs, {APPLICATIONS} applications, {CONNECTIONS} connections that read");

    let read = reads(&ids, &students[0]);
    let one = || load::run(board.address, CONNECTIONS, ROUND, "200", &read);
    let quiet: Vec<Round> = (0..ROUNDS).map(|_| one()).collect();
    let file = campus::room().join("bench.backup");
    let ended = AtomicBool::new(false);
    let (seconds, busy) = std::thread::scope(|scope| {
        let saving = scope.spawn(|| {
            let seconds = download(&board, &admin, &file);
            ended.store(true, Ordering::Release);
            seconds
        });
        let mut busy = Vec::new();
        // A round that the backup did not last for does not count.
        loop {
            let round = one();
            if ended.load(Ordering::Acquire) {
                break;
            }
            busy.push(round);
        }
        (saving.join().expect("the backup is complete"), busy)
    });
    let (before, during) = (p99(&quiet), p99(&busy));
    println!(
        "one job by id: p99 {before:.2} ms, during a backup {during:.2} ms, {:.2} times (<= {SLOWER}, {})",
        during / before,
        verdict(during <= before * SLOWER)
    );
    println!(
        "  {:.0}/s, during a backup {:.0}/s",
        per_second(&quiet),
        per_second(&busy)
    );
    let bytes = file.metadata().expect("the backup").len();
    println!(
        "backup while serving: {seconds:.1} s (<= {BACKUP_SECONDS}, {}), {:.0} MiB",
        verdict(seconds <= BACKUP_SECONDS),
        mib(bytes)
    );
    board.stop();
    restore(&file);
    std::fs::remove_file(file).expect("target/ can be written");
}

/// Students go through the jobs, each on another one at the same time.
fn apply(board: &Served, ids: &[JobId], students: &[String]) {
    let next = Cell::new(0);
    let request = || {
        let pair = next.get();
        next.set(pair + 1);
        let (student, round) = (pair % students.len(), pair / students.len());
        let job = ids[(round + student) % ids.len()];
        let body = format!(r#"{{"jobId":"{job}","coverNote":"My afternoons are free."}}"#);
        let post = || load::post("/api/v1/applications", &students[student], &body);
        (pair < APPLICATIONS).then(post)
    };
    load::run(board.address, IN_FLIGHT, LONG, "201", request);
}

fn reads(ids: &[JobId], token: &str) -> impl Fn() -> Option<Vec<u8>> {
    let next = Cell::new(0);
    move || {
        let at = next.get();
        next.set((at + 1) % ids.len());
        Some(load::get(&format!("/api/v1/jobs/{}", ids[at]), token))
    }
}

/// The median of the rounds' 99th percentiles, in milliseconds.
fn p99(rounds: &[Round]) -> f64 {
    let mut all: Vec<f64> = rounds
        .iter()
        .map(|round| millis(round.percentile(99)))
        .collect();
    median(&mut all)
}

fn per_second(rounds: &[Round]) -> f64 {
    let mut all: Vec<f64> = rounds.iter().map(|round| round.per_second).collect();
    median(&mut all)
}

/// Saves a backup of a board that serves. Returns the seconds it took.
fn download(board: &Served, token: &str, to: &Path) -> f64 {
    let url = format!("http://{}/api/v1/admin/backup", board.address);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let started = Instant::now();
    runtime.block_on(async {
        let request = reqwest::Client::new().post(url).bearer_auth(token);
        let mut answer = request.send().await.expect("it answers");
        assert_eq!(answer.status(), 200);
        let mut file = std::fs::File::create(to).expect("target/ can be written");
        while let Some(part) = answer.chunk().await.expect("the rest of the backup") {
            file.write_all(&part).expect("target/ can be written");
        }
    });
    started.elapsed().as_secs_f64()
}

/// Restores the backup into a new data folder.
fn restore(file: &Path) {
    let folder = tempfile::tempdir_in(campus::room()).expect("target/ can be written");
    let started = Instant::now();
    let mut command = Command::new(CORKBOARD);
    command.arg("--data-dir").arg(folder.path()).arg("restore");
    let restored = command.arg(file).status().expect("the binary runs");
    assert!(restored.success());
    println!("restore: {:.1} s", started.elapsed().as_secs_f64());
}
