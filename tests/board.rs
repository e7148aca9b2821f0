//! The whole flow: post, find, apply, decide, and both sides get their mails.

use crate::support::{Board, until};
use serde_json::json;

#[actix_web::test]
async fn a_job_is_posted_found_applied_for_and_filled() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let student = board.join("student", "ann@example.edu").await;
    let job = board.post_job(&employer, json!({})).await;
    assert_eq!(job["jobStatus"], "open");
    let job_id = job["jobId"].as_str().unwrap();

    let asked = "jobs?q=library&skill=spanish";
    let find = async || board.get(None, asked).await.expect(200).json();
    until("the job is found", async || find().await["total"] == 1).await;
    let found = find().await;
    let first = &found["items"][0];
    assert_eq!(first["jobId"], job_id);
    assert!(first["snippet"].as_str().unwrap().contains("<mark>"));
    assert_eq!(found["facets"]["skills"][0]["count"], 1);

    let body = json!({"jobId": job_id, "coverNote": "I know the Dewey system."});
    let filed = board
        .post(Some(&student), "applications", body.clone())
        .await
        .expect(201);
    let application = filed.json()["applicationId"].as_str().unwrap().to_owned();
    assert_eq!(
        filed.header("location"),
        format!("/api/v1/applications/{application}")
    );
    let again = board
        .post(Some(&student), "applications", body)
        .await
        .expect(409);
    assert_eq!(again.code(), "already_applied");
    board
        .mail(
            "library@example.edu",
            "Subject: student ann@example.edu applied for Library assistant",
        )
        .await;
    board
        .mail(
            "ann@example.edu",
            "Subject: You applied for Library assistant",
        )
        .await;

    let path = format!("applications/{application}");
    let seen = board.get(Some(&employer), &path).await.expect(200).json();
    assert_eq!(seen["student"]["email"], "ann@example.edu");
    assert!(seen["student"].get("gpa").is_none());
    let accept = json!({"applicationStatus": "accepted", "note": "See you on Monday."});
    let moved = board
        .patch(Some(&employer), &path, accept)
        .await
        .expect(200)
        .json();
    assert_eq!(moved["applicationStatus"], "accepted");
    assert_eq!(moved["history"].as_array().unwrap().len(), 2);
    board.mail("ann@example.edu", "See you on Monday.").await;

    let job = board
        .get(None, &format!("jobs/{job_id}"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (job["jobStatus"].as_str(), job["positionsFilled"].as_u64()),
        (Some("filled"), Some(1))
    );
    let me = board.get(Some(&student), "me").await.expect(200).json();
    assert_eq!(me["student"]["weeklyHours"].as_f64(), Some(10.0));
    board.stop().await;
}

#[actix_web::test]
async fn the_audit_says_who_did_what_newest_first() {
    let board = Board::start();
    let admin = board.admin().await;
    let employer = board.join("employer", "library@example.edu").await;
    let job = board.post_job(&employer, json!({})).await;
    board.get(Some(&employer), "admin/audit").await.expect(403);
    let page = board
        .get(Some(&admin), "admin/audit?limit=1")
        .await
        .expect(200)
        .json();
    let newest = &page["items"][0];
    assert_eq!(newest["action"], "jobChanged");
    assert_eq!(newest["details"]["jobId"], job["jobId"]);
    assert_eq!(newest["actor"]["email"], "library@example.edu");
    assert_eq!(newest["address"], "127.0.0.1");
    let mut actions = Vec::new();
    let mut cursor = page["nextCursor"].as_str().map(str::to_owned);
    while let Some(next) = cursor {
        let path = format!("admin/audit?limit=1&cursor={next}");
        let page = board.get(Some(&admin), &path).await.expect(200).json();
        actions.push(page["items"][0]["action"].as_str().unwrap().to_owned());
        cursor = page["nextCursor"].as_str().map(str::to_owned);
    }
    assert!(actions.iter().any(|action| action == "accountRegistered"));
    assert_eq!(
        actions.last().unwrap(),
        "ruleChanged",
        "the built-in rules came first"
    );
    let board_log = board.store.read().unwrap().log_end().await.unwrap();
    assert_eq!(actions.len() as u64 + 1, board_log);
    board.stop().await;
}
