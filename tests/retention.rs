//! How long the change log is kept, and that nothing notices when its old entries are gone.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::support::process::corkboard;
use crate::support::{Board, Person, until};
use corkboard::clock::Clock;
use corkboard::model::Timestamp;
use corkboard::store::check;
use serde_json::{Value, json};

const DAY: Duration = Duration::from_hours(24);

fn pass(board: &Board, span: Duration) {
    let Clock::Fixed(at) = &board.clock else {
        panic!("the clock runs")
    };
    at.fetch_add(span.as_millis() as i64, Ordering::AcqRel);
}

/// The first and the last entry of the log.
async fn ends(board: &Board) -> (u64, u64) {
    let reader = board.store.read().unwrap();
    let checked = check(&reader, &mut |wrong| panic!("{wrong}")).await;
    checked.unwrap();
    let start = reader.log_start().await.unwrap();
    (start, reader.log_end().await.unwrap())
}

/// The audit, newest first, page by page.
async fn audit(board: &Board, limit: usize) -> Vec<Value> {
    let admin = board.login("office@example.edu").await;
    let (mut entries, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("admin/audit?limit={limit}{cursor}");
        let page = board.get(Some(&admin), &path).await.expect(200).json();
        let items = page["items"].as_array().unwrap();
        assert!(!items.is_empty(), "an empty page");
        entries.extend(items.iter().cloned());
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return entries,
        }
    }
}

/// The titles in a list of jobs, sorted.
async fn titles(board: &Board, who: &Person, path: &str) -> Vec<String> {
    let list = board.get(Some(who), path).await.expect(200).json();
    let jobs = list["items"].as_array().unwrap().iter();
    let mut titles: Vec<_> = jobs
        .map(|job| job["jobTitle"].as_str().unwrap().to_owned())
        .collect();
    titles.sort();
    titles
}

async fn post(board: &Board, title: &str) {
    let employer = board.login("library@example.edu").await;
    board.post_job(&employer, json!({"jobTitle": title})).await;
}

/// Waits until all followers have read the log, and the search finds all postings.
async fn settled(board: &Board, postings: usize) {
    until("all followers are done", async || {
        let found = board.get(None, "jobs?q=books").await.expect(200).json();
        let reader = board.store.read().unwrap();
        let noticed = reader.cursor("notify").await.unwrap();
        found["total"] == postings && noticed == reader.log_end().await.unwrap()
    })
    .await;
}

fn run(folder: &Path, arguments: &[&str]) {
    let output = corkboard(folder).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
}

async fn start() -> Board {
    let clock = Clock::fixed(Timestamp::from_millis(1_800_000_000_000));
    let board = Board::start_with(clock, |_| {});
    board.admin().await;
    board.join("employer", "library@example.edu").await;
    board.join("student", "ann@example.edu").await;
    board
}

#[actix_web::test]
async fn the_audit_ends_where_the_log_was_trimmed() {
    let board = start().await;
    post(&board, "First").await;
    let (_, old) = ends(&board).await;
    pass(&board, 400 * DAY);
    post(&board, "Second").await;
    settled(&board, 2).await;
    let (_, end) = ends(&board).await;
    pass(&board, 331 * DAY);
    // The clock follower runs every two seconds.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(ends(&board).await, (1, end), "731 days are not over");
    pass(&board, DAY);
    until("the old entries are gone", async || {
        ends(&board).await.0 > 1
    })
    .await;
    assert_eq!(ends(&board).await, (old + 1, end));
    for limit in [1, 2, 100] {
        let found = audit(&board, limit).await;
        // The login for this is an entry too.
        let kept: Vec<u64> = (old + 1..=ends(&board).await.1).rev().collect();
        let numbers = found
            .iter()
            .map(|entry| entry["sequence"].as_u64().unwrap());
        assert!(numbers.eq(kept.iter().copied()), "{found:?}");
    }
    board.stop().await;
}

#[actix_web::test]
async fn numbers_and_data_go_on_when_all_old_entries_are_gone() {
    let board = start().await;
    post(&board, "First").await;
    let student = board.login("ann@example.edu").await;
    let may_have = "jobs?eligible=true";
    until("the first is listed", async || {
        titles(&board, &student, may_have).await == ["First"]
    })
    .await;
    let all = ["First", "Second", "Third"];
    for title in &all[1..] {
        post(&board, title).await;
    }
    settled(&board, 3).await;
    let (_, end) = ends(&board).await;
    pass(&board, 800 * DAY);
    until("only the newest entry is left", async || {
        ends(&board).await == (end, end)
    })
    .await;
    // What was kept in memory since the first posting needs entries that are gone.
    let student = board.login("ann@example.edu").await;
    until("all are listed", async || {
        titles(&board, &student, may_have).await == all
    })
    .await;
    let (_, end) = ends(&board).await;
    let clock = board.clock.clone();
    let folder = board.stop().await;

    run(folder.path(), &["check"]);
    let site = tempfile::tempdir().unwrap();
    let file = site.path().join("saved");
    let file = file.to_str().unwrap();
    run(folder.path(), &["backup", file]);
    let restored = tempfile::tempdir().unwrap();
    run(restored.path(), &["restore", file]);
    run(restored.path(), &["check"]);

    // A start with the old index, and one with the restored data, where a restore was logged.
    for (folder, end) in [(folder, end), (restored, end + 1)] {
        let board = Board::start_in(folder, clock.clone(), |_| {});
        assert_eq!(ends(&board).await.1, end);
        // Each login is an entry.
        post(&board, "Fourth").await;
        assert_eq!(ends(&board).await.1, end + 2);
        let newest = audit(&board, 100).await.swap_remove(0);
        assert_eq!(newest["sequence"], end + 3);
        let student = board.login("ann@example.edu").await;
        let all = ["First", "Fourth", "Second", "Third"];
        until("all jobs are found", async || {
            titles(&board, &student, "jobs?q=books").await == all
        })
        .await;
        board.stop().await;
    }
}
