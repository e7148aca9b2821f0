//! The cost of `eligible=true` with ten thousand open jobs: the store, the built-in module and the list of jobs a
//! student may have, combined as in the server, without the search.
//!
//! `cargo bench --bench eligible`. The bound: the jobs are checked in batches within 100 ms for a student who has not asked
//! before.

mod support;

use std::time::{Duration, Instant};

use corkboard::accounts::{Refusal, create_account};
use corkboard::app;
use corkboard::clock::Clock;
use corkboard::eligibility::OpenJobs;
use corkboard::model::{Email, Role, Student};
use corkboard::store::{Origin, Store, Stored, Transaction, keys, wait};
use support::campus::{self, Descriptions};
use support::{median, millis, verdict};

const JOBS: usize = 10_000;
const STUDENTS: usize = 21;
const MOST: Duration = Duration::from_millis(100);

fn main() {
    if !support::is_measured() {
        return;
    }
    let folder = tempfile::tempdir_in(campus::room()).expect("target/ can be written");
    campus::fresh(folder.path());
    let jobs = folder.path().join("jobs.csv");
    campus::write_jobs(&jobs, JOBS, Descriptions::Short);
    campus::import(folder.path(), "jobs", &jobs, JOBS);
    let config = campus::config(folder.path());
    let store = app::open_store(&config, Clock::System).expect("the store opens");
    let students = students(&store);
    let checker = wait(app::checker(&config, &store)).expect("the rules start");
    let reader = store.read().expect("a snapshot");
    let now = store.clock().now();
    let open = OpenJobs::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let ask = |student: &Student| {
        let started = Instant::now();
        let eligible = runtime.block_on(open.eligible(&checker, &reader, student, now, "en"));
        let eligible = eligible.expect("the rules answer").expect("they are asked");
        let eligible = eligible.len();
        assert!(
            eligible > 0,
            "a student without a job may have some of them"
        );
        (started.elapsed(), eligible)
    };
    // Reads all jobs, and compiles the module or loads its compiled code.
    let (first, eligible) = ask(&students[0]);
    let mut fresh: Vec<f64> = students[1..]
        .iter()
        .map(|student| millis(ask(student).0))
        .collect();
    let mut again: Vec<f64> = students[1..]
        .iter()
        .map(|student| millis(ask(student).0))
        .collect();
    let (fresh, again) = (median(&mut fresh), median(&mut again));
    let most = millis(MOST);
    println!("{JOBS} open jobs, {eligible} of them for a student without facts");
    println!(
        "the first student of all, jobs read   {:>9.2} ms",
        millis(first)
    );
    println!(
        "a student who asks for the first time {fresh:>9.2} ms   < {most} ms   {}",
        verdict(fresh < most)
    );
    println!("a student who asks again              {again:>9.2} ms");
    assert!(fresh < most, "{JOBS} jobs take {fresh:.1} ms");
}

fn students(store: &Store) -> Vec<Stored<Student>> {
    let make = async |transaction: &mut Transaction| {
        let mut made = Vec::new();
        for number in 0..STUDENTS {
            let email = format!("bench{number}@example.edu");
            let email = Email::parse(&email).expect("an address");
            let hash = "nobody signs in with this".into();
            made.push(create_account(transaction, Role::Student, email, "Student", hash).await?);
        }
        Ok::<_, Refusal>(made)
    };
    let accounts = wait(store.run(Origin::OPERATOR, make)).expect("students are made");
    let reader = store.read().expect("a snapshot");
    let record = |id| wait(reader.get(&keys::student(id))).expect("the store reads");
    let ids = accounts
        .iter()
        .filter_map(|account| account.student_id.as_ref());
    ids.map(|id| record(id).expect("the profile of an account"))
        .collect()
}
