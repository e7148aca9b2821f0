//! Two servers of one database against one, each held to half a core by a control group, so that the load and the database
//! have the rest of the machine. Needs root, and an empty database in `CORKBOARD__STORE__ENGINE` and
//! `CORKBOARD__STORE__URL`.

mod support;

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use support::load::{self, Round};
use support::process::Served;
use support::{campus, median, verdict};

const JOBS: usize = 10_000;
const READS: usize = 1_000;
const CONNECTIONS: usize = 16;
const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_secs(1);
const STUDENTS: usize = 20_000;
/// What two servers do, of what one does.
const BOUND: f64 = 1.7;
/// Half a core: microseconds of each period.
const PERIOD: u32 = 100_000;
const QUOTA: u32 = PERIOD / 2;

fn main() {
    if !support::is_measured() {
        return;
    }
    if !campus::is_on_database() {
        println!("skipped: the environment names no database");
        return;
    }
    let folder = campus::campus(JOBS);
    let store = campus::open(folder.path());
    let ids = campus::some_jobs(&store, JOBS, JOBS);
    let tokens = campus::sign_in_students(folder.path(), &store, STUDENTS);
    drop(store);
    let other = tempfile::tempdir_in(campus::room()).expect("target/ can be written");
    let nodes = [folder.path(), other.path()].map(Served::corkboard);
    for node in &nodes {
        node.wait_until_indexed(JOBS);
    }
    let groups: Vec<_> = nodes.iter().map(|node| HalfACore::of(node.id())).collect();

    println!("{JOBS} jobs, {CONNECTIONS} connections to each server, {ROUNDS} rounds of {ROUND:?}");
    let reads: Vec<_> = ids
        .iter()
        .take(READS)
        .map(|id| format!("/api/v1/jobs/{id}"))
        .collect();
    let (number, unused) = (Cell::new(0), Cell::new(tokens.len()));
    compare("one job by id", &nodes, "200", || {
        let next = number.replace(number.get() + 1);
        Some(load::get(&reads[next % reads.len()], &tokens[next % READS]))
    });
    compare("applications", &nodes, "201", || {
        // Each student applies once. When none is left, the round ends early.
        let next = unused.get().checked_sub(1)?;
        unused.set(next);
        let body = format!(r#"{{"jobId":"{}"}}"#, ids[next % ids.len()]);
        Some(load::post("/api/v1/applications", &tokens[next], &body))
    });
    drop(groups);
    for node in nodes {
        node.stop();
    }
}

fn compare(name: &str, nodes: &[Served; 2], status: &str, request: impl Fn() -> Option<Vec<u8>>) {
    let (mut ones, mut twos, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let one = run(&nodes[..1], status, &request);
        let two = run(nodes, status, &request);
        ones.push(one);
        twos.push(two);
        ratios.push(two / one);
    }
    let ratio = median(&mut ratios);
    println!(
        "{name:<20} one {:>7.0}/s, two {:>7.0}/s: {ratio:.2} times (>= {BOUND}, {})",
        median(&mut ones),
        median(&mut twos),
        verdict(ratio >= BOUND)
    );
}

/// Requests per second of all servers together.
fn run(nodes: &[Served], status: &str, request: &impl Fn() -> Option<Vec<u8>>) -> f64 {
    let targets: Vec<_> = nodes.iter().map(|node| node.address).collect();
    let round: Round = load::run_all(&targets, CONNECTIONS, ROUND, status, request);
    round.per_second
}

/// A control group with one process in it. Removed when dropped, once the process has ended or left.
struct HalfACore {
    root: PathBuf,
    folder: PathBuf,
    process: u32,
}

impl HalfACore {
    fn of(process: u32) -> Self {
        // Version 1 has a hierarchy for each controller.
        let first = Path::new("/sys/fs/cgroup/cpu");
        let is_first = first.join("cgroup.procs").exists();
        let root = if is_first {
            first
        } else {
            Path::new("/sys/fs/cgroup")
        }
        .to_owned();
        let folder = root.join(format!("corkboard-{process}"));
        fs::create_dir(&folder).expect("this needs root, and a control group for the CPU");
        let write = |file: &str, text: String| {
            fs::write(folder.join(file), text).expect("the control group can be written");
        };
        if is_first {
            write("cpu.cfs_period_us", PERIOD.to_string());
            write("cpu.cfs_quota_us", QUOTA.to_string());
        } else {
            write("cpu.max", format!("{QUOTA} {PERIOD}"));
        }
        write("cgroup.procs", process.to_string());
        Self {
            root,
            folder,
            process,
        }
    }
}

impl Drop for HalfACore {
    fn drop(&mut self) {
        let left = fs::write(self.root.join("cgroup.procs"), self.process.to_string());
        if let Err(error) = left.and_then(|()| fs::remove_dir(&self.folder)) {
            eprintln!("cannot remove {}: {error}", self.folder.display());
        }
    }
}
