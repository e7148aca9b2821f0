//! Postings and applications from outside: life cycles, conditions, lists, retries, the classic routes.

mod applications;
mod clients;
mod limits;
mod lists;
mod postings;

use crate::support::{Board, Person, Reply};
use corkboard::clock::Clock;
use corkboard::model::Timestamp;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

fn text(record: &Value, member: &str) -> String {
    record[member]
        .as_str()
        .unwrap_or_else(|| panic!("no {member} in {record}"))
        .to_owned()
}

fn job_path(job: &Value) -> String {
    format!("jobs/{}", text(job, "jobId"))
}

async fn apply(board: &Board, student: &Person, job: &Value) -> String {
    let body = json!({"jobId": job["jobId"]});
    let filed = board
        .post(Some(student), "applications", body)
        .await
        .expect(201)
        .json();
    format!("applications/{}", text(&filed, "applicationId"))
}

async fn set(board: &Board, who: &Person, path: &str, status: &str) -> Reply {
    let member = if path.starts_with("jobs/") {
        "jobStatus"
    } else {
        "applicationStatus"
    };
    board.patch(Some(who), path, json!({member: status})).await
}

/// Asks until the answer is as expected.
async fn until(
    board: &Board,
    who: Option<&Person>,
    path: &str,
    right: impl Fn(&Value) -> bool,
) -> Value {
    let deadline = Instant::now() + Duration::from_secs(12);
    loop {
        let answer = board.get(who, path).await.expect(200).json();
        if right(&answer) {
            return answer;
        }
        assert!(Instant::now() < deadline, "{path} still gives {answer}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn titles(page: &Value) -> Vec<&str> {
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["jobTitle"].as_str().unwrap())
        .collect()
}

fn is_count(page: &Value, count: u64) -> bool {
    page["total"] == count && page["items"].as_array().unwrap().len() as u64 == count
}

const START_MILLIS: i64 = 1_800_000_000_000;

fn fixed_clock() -> Clock {
    Clock::fixed(Timestamp::from_millis(START_MILLIS))
}

fn set_clock(board: &Board, millis: i64) {
    let Clock::Fixed(at) = &board.clock else {
        panic!("the clock runs")
    };
    at.store(millis, Ordering::Release);
}
