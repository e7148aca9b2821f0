//! What an employer reads about a posting that the office declined.

use serde_json::json;

use super::browser::Browser;
use super::log_in;
use crate::support::Board;

#[actix_web::test]
async fn a_declined_posting_says_so_and_why() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let admin = board.admin().await;
    let posted = board.post_job(&employer, json!({})).await;
    let job = posted["jobId"].as_str().unwrap();
    let declined = "The student employment office declined this posting on";
    let again = "To submit it again, edit the posting and reopen it.";
    let browser = Browser::open(&board.url).await;
    log_in(&browser, "library@example.edu").await;
    browser.go(&format!("/postings/{job}")).await;
    browser.shows("No applicants yet").await;
    assert!(!browser.text().await.contains(declined));

    let reason = "Please name the <b>hours</b>.";
    let close = json!({"jobStatus": "closed", "reason": reason});
    let path = format!("jobs/{job}");
    board.patch(Some(&admin), &path, close).await.expect(200);
    for page in [
        format!("/postings/{job}"),
        format!("/jobs/{job}"),
        "/postings?status=closed".to_owned(),
    ] {
        browser.go(&page).await;
        for text in [declined, reason, again] {
            browser.shows(text).await;
        }
        browser.inspect().await;
    }
    // Once it waits again, there is nothing to do but wait.
    browser.press("button", "Reopen Library assistant").await;
    browser.shows("Submitted for approval.").await;
    browser.go(&format!("/postings/{job}")).await;
    browser.shows(declined).await;
    assert!(!browser.text().await.contains(again));
    browser.console_is_clean(&[]).await;
    board.stop().await;
}
