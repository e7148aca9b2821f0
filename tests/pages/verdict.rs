//! What a student reads above the apply button.

use serde_json::json;

use super::browser::Browser;
use super::log_in;
use crate::support::Board;

/// E9: a student with an unknown award is not promised a work-study job.
#[actix_web::test]
async fn a_student_with_an_unknown_award_is_asked_for_it() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let student = board.join("student", "ann@example.edu").await;
    let work_study = json!({"workStudyRequired": true});
    let posted = board.post_job(&employer, work_study).await;
    let browser = Browser::open(&board.url).await;
    log_in(&browser, "ann@example.edu").await;
    let job = format!("/jobs/{}", posted["jobId"].as_str().unwrap());
    browser.go(&job).await;
    let unknown = "this job is only for students with a work-study award and we don't have yours.";
    browser.shows(unknown).await;
    browser.inspect().await;
    assert!(!browser.text().await.contains("You're eligible"));
    let award = json!({"workStudyRemaining": 2000});
    let given = board.patch(Some(&student), "me", award);
    given.await.expect(200);
    browser.reload().await;
    browser.shows("You're eligible for this job.").await;
    assert!(!browser.text().await.contains(unknown));
    browser.console_is_clean(&[]).await;
    board.stop().await;
}
