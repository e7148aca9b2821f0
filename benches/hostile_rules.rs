//! How other requests are affected by a misbehaving campus rule: reads of jobs and lists over HTTP while students keep
//! asking for the verdict of a module that never ends, takes all memory, recurses endlessly or gives a million reasons,
//! and while one that never ends is uploaded. Rounds with and without it alternate, and the median of the rounds'
//! ratios counts.
//!
//! `cargo bench --bench hostile_rules`. The bound: the 99th percentile of the reads at most doubles.

#[path = "../tests/rules_support/guest.rs"]
mod guest;
mod support;

use std::cell::Cell;
use std::time::{Duration, Instant};

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;

use corkboard::model::Role;
use guest::{Answer, Guest};
use serde_json::{Value, json};
use support::load;
use support::process::Served;
use support::{campus, median, millis, verdict};

const JOBS: usize = 1_000;
const READERS: usize = 4;
const STUDENTS: usize = 8;
const ROUNDS: usize = 9;
const ROUND: Duration = Duration::from_secs(1);
/// A student's pause between two requests.
const PAUSE: Duration = Duration::from_millis(50);
const MOST_TIMES: f64 = 2.0;
/// The employer in the demo's list whose posting makes the module fail.
const EMPLOYER: &str = "SYN-E001";

fn main() {
    if !support::is_measured() {
        return;
    }
    let folder = campus::campus(JOBS);
    let store = campus::open(folder.path());
    let ids = campus::some_jobs(&store, JOBS, JOBS);
    let students = campus::sign_in(folder.path(), &store, Role::Student, STUDENTS);
    let office = campus::sign_in(folder.path(), &store, Role::Admin, 1).remove(0);
    drop(store);
    let board = Served::corkboard(folder.path());
    board.wait_until_indexed(JOBS);
    let office = Office::new(&board, office);
    let bad = office.post_job();
    let mut reads = vec![load::get("/api/v1/jobs?limit=20", &students[0])];
    let paths = ids.iter().map(|id| format!("/api/v1/jobs/{id}"));
    reads.extend(paths.map(|path| load::get(&path, &students[0])));
    println!(
        "{READERS} readers, {STUDENTS} students who ask the rule, {ROUNDS} rounds of {ROUND:?}"
    );
    println!(
        "{:<34} {:>9} {:>9} {:>9} {:>9} {:>7}",
        "", "alone/s", "beside/s", "p99 ms", "p99 ms", "times"
    );
    for (name, guest) in misbehaviours() {
        let rule = office.activate(name, &guest.build());
        compare(name, &board, &reads, || {
            std::thread::scope(|scope| {
                for student in &students {
                    scope.spawn(|| ask(&board, &bad, student));
                }
            });
        });
        office.change(&rule, &json!({"state": "retired"}));
    }
    let endless = Guest::new("(loop $on (br $on)) unreachable").build();
    compare("uploads that never end", &board, &reads, || {
        office.upload(&endless)
    });
    board.stop();
}

/// Modules that work, except for postings of more than fifteen hours per week. Otherwise the upload would be refused.
fn misbehaviours() -> Vec<(&'static str, Guest)> {
    // Argument 10 is the address of the jobs. A job's weekly hours follow the texts of its ID and title.
    let guest = |bad: &str| {
        let bad = format!(
            "(if (f32.gt (f32.load offset=16 (local.get 10)) (f32.const 15)) (then {bad}))"
        );
        Guest::new(&format!(
            "{bad} {} i32.const 256",
            Answer::eligible().written()
        ))
    };
    let many = Answer::reasons_at(131_072, 1_000_000);
    let reasons = format!(
        "(drop (memory.grow (i32.const 500))) {} (return (i32.const 256))",
        many.written()
    );
    let grow =
        "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 512)) (i32.const -1)))) unreachable";
    vec![
        ("endless", guest("(loop $on (br $on))")),
        ("greedy", guest(grow)),
        ("deep", guest("(call $deep)")),
        ("talkative", guest(&reasons)),
    ]
}

/// A student who opens the posting several times per second during a round.
fn ask(board: &Served, job: &str, student: &str) {
    let started = Instant::now();
    while started.elapsed() < ROUND {
        let verdict = board.json(&format!("/api/v1/jobs/{job}/eligibility"), Some(student));
        assert_eq!(verdict["outcome"], "review", "{verdict}");
        std::thread::sleep(PAUSE);
    }
}

/// Alternates rounds with and without the misbehavior, which takes one round.
fn compare(name: &str, board: &Served, reads: &[Vec<u8>], misbehave: impl Fn() + Sync) {
    let read = || load::run(board.address, READERS, ROUND, "200", in_order(reads));
    let (mut alone, mut beside, mut times) = (Vec::new(), Vec::new(), Vec::new());
    let (mut few, mut many) = (Vec::new(), Vec::new());
    read();
    for _ in 0..ROUNDS {
        let quiet = read();
        let busy = std::thread::scope(|scope| {
            let misbehaving = scope.spawn(&misbehave);
            let busy = read();
            misbehaving.join().expect("it is answered");
            busy
        });
        let (before, after) = (quiet.percentile(99), busy.percentile(99));
        times.push(after.as_secs_f64() / before.as_secs_f64());
        alone.push(quiet.per_second);
        beside.push(busy.per_second);
        few.push(millis(before));
        many.push(millis(after));
    }
    let times = median(&mut times);
    println!(
        "{name:<34} {:>9.0} {:>9.0} {:>9.2} {:>9.2} {times:>7.2}   <= {MOST_TIMES} {}",
        median(&mut alone),
        median(&mut beside),
        median(&mut few),
        median(&mut many),
        verdict(times <= MOST_TIMES)
    );
}

fn in_order(requests: &[Vec<u8>]) -> impl Fn() -> Option<Vec<u8>> {
    let next = Cell::new(0);
    move || {
        let at = next.get();
        next.set((at + 1) % requests.len());
        Some(requests[at].clone())
    }
}

/// The office's requests.
struct Office {
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    base: String,
    token: String,
}

impl Office {
    fn new(board: &Served, token: String) -> Self {
        Self {
            // No connection is kept: the board closes those that are idle during a round.
            http: reqwest::Client::builder()
                .pool_max_idle_per_host(0)
                .build()
                .expect("a client"),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime"),
            base: format!("http://{}/api/v1", board.address),
            token,
        }
    }

    fn send(&self, method: Method, path: &str, kind: &str, body: Vec<u8>) -> Value {
        let request = self.http.request(method, format!("{}/{path}", self.base));
        let request = request.bearer_auth(&self.token).header(CONTENT_TYPE, kind);
        let answered = self.runtime.block_on(async {
            let answer = request.body(body).send().await?;
            answer.error_for_status()?.json().await
        });
        answered.expect("it is done")
    }

    fn json(&self, method: Method, path: &str, body: &Value) -> Value {
        self.send(method, path, "application/json", body.to_string().into())
    }

    fn post_job(&self) -> String {
        let body = json!({
            "jobTitle": "Night desk", "jobDescription": "Sits at the desk.", "jobPayRate": 16,
            "hoursPerWeek": 18, "deadline": "2099-01-31", "employeeId": EMPLOYER,
        });
        text(&self.json(Method::POST, "jobs", &body)["jobId"])
    }

    fn activate(&self, name: &str, module: &[u8]) -> String {
        let path = format!("admin/rules?name={name}");
        let rule = self.send(Method::POST, &path, "application/wasm", module.to_vec());
        let rule = text(&rule["ruleId"]);
        // A dry run would show that it fails.
        self.change(&rule, &json!({"state": "shadow"}));
        self.change(&rule, &json!({"state": "active"}));
        rule
    }

    fn change(&self, rule: &str, change: &Value) {
        self.json(Method::PATCH, &format!("admin/rules/{rule}"), change);
    }

    /// Uploads a module repeatedly during a round. It must be refused.
    fn upload(&self, module: &[u8]) {
        let started = Instant::now();
        while started.elapsed() < ROUND {
            let request = self
                .http
                .post(format!("{}/admin/rules?name=bad", self.base));
            let request = request.bearer_auth(&self.token);
            let request = request.header(CONTENT_TYPE, "application/wasm");
            let answer = self.runtime.block_on(request.body(module.to_vec()).send());
            assert_eq!(answer.expect("it answers").status(), 422);
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
