//! How soon a new posting is found and a closed one is gone, over HTTP, while 100,000 jobs are imported into the same
//! board.
//!
//! `cargo bench --bench freshness`. The bound: within a second, each time.

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use corkboard::model::Role;
use serde_json::{Value, json};
use support::campus::{self, Descriptions};
use support::process::Served;
use support::{median, millis, verdict};

const IMPORTED: usize = 100_000;
const MOST: Duration = Duration::from_secs(1);
/// Longer than this is a failure, not a figure.
const MAX_WAIT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(5);
/// The employer in the demo's list who posts the probes.
const EMPLOYER: &str = "SYN-E001";

fn main() {
    if !support::is_measured() {
        return;
    }
    let folder = tempfile::tempdir_in(campus::room()).expect("target/ can be written");
    campus::fresh(folder.path());
    let file = folder.path().join("jobs.csv");
    campus::write_jobs(&file, IMPORTED, Descriptions::Real);
    let store = campus::open(folder.path());
    let token = campus::sign_in(folder.path(), &store, Role::Admin, 1).remove(0);
    drop(store);
    let board = Served::corkboard(folder.path());
    let client = Client {
        http: reqwest::Client::new(),
        base: format!("http://{}/api/v1", board.address),
        token,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let (probes, took) = runtime.block_on(async {
        let done = AtomicBool::new(false);
        let import = async {
            let started = Instant::now();
            let rows = std::fs::read(&file).expect("the file was written");
            let report = client.import(rows).await;
            assert_eq!(report["created"], IMPORTED, "{report}");
            done.store(true, Ordering::Release);
            started.elapsed()
        };
        let probes = async {
            let mut probes = Vec::new();
            while !done.load(Ordering::Acquire) {
                probes.push(client.probe(probes.len()).await);
            }
            probes
        };
        tokio::join!(probes, import)
    });
    println!(
        "{IMPORTED} jobs imported over HTTP in {:.1} s, {} postings made, found, closed and gone meanwhile",
        took.as_secs_f64(),
        probes.len()
    );
    let (found, gone): (Vec<_>, Vec<_>) = probes.into_iter().unzip();
    tell("a new posting is found", found);
    tell("a closed one is gone", gone);
    board.stop();
}

fn tell(what: &str, mut spans: Vec<f64>) {
    let middle = median(&mut spans);
    let most = spans.last().copied().unwrap_or(f64::NAN);
    let bound = millis(MOST);
    println!(
        "{what:<24} {middle:>7.0} ms median {most:>7.0} ms at most   < {bound:.0} ms   {}",
        verdict(most < bound)
    );
}

struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Client {
    async fn send(&self, request: reqwest::RequestBuilder, status: u16) -> String {
        let answer = request.bearer_auth(&self.token).send().await;
        let answer = answer.expect("it answers");
        let (answered, text) = (answer.status(), answer.text().await.expect("a body"));
        assert_eq!(answered.as_u16(), status, "{text}");
        text
    }

    async fn import(&self, rows: Vec<u8>) -> Value {
        let request = self.http.post(format!("{}/admin/import/jobs", self.base));
        let request = request.header("content-type", "text/csv").body(rows);
        serde_json::from_str(&self.send(request, 200).await).expect("JSON")
    }

    /// Milliseconds from the answer to a posting until a search shows it, and from closing it until none does.
    async fn probe(&self, number: usize) -> (f64, f64) {
        let word = format!("probe{number}word");
        let body = json!({
            "jobTitle": format!("Night desk {word}"),
            "jobDescription": "Sits at the desk, answers what is asked.",
            "jobPayRate": 16, "hoursPerWeek": 8, "deadline": "2099-01-31", "employeeId": EMPLOYER,
        });
        let request = self.http.post(format!("{}/jobs", self.base)).json(&body);
        let job: Value = serde_json::from_str(&self.send(request, 201).await).expect("JSON");
        let found = self.until(&word, 1).await;
        let id = job["jobId"].as_str().expect("an id");
        let request = self.http.delete(format!("{}/jobs/{id}", self.base));
        self.send(request, 204).await;
        (found, self.until(&word, 0).await)
    }

    async fn until(&self, word: &str, total: u64) -> f64 {
        let start = Instant::now();
        loop {
            let request = self.http.get(format!("{}/jobs?q={word}", self.base));
            let page: Value = serde_json::from_str(&self.send(request, 200).await).expect("JSON");
            if page["total"] == total {
                return millis(start.elapsed());
            }
            assert!(start.elapsed() < MAX_WAIT, "{word}: {page}");
            tokio::time::sleep(POLL).await;
        }
    }
}
