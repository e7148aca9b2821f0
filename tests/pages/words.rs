//! Texts about deadlines, empty fields, and empty results.

use serde_json::json;

use super::browser::Browser;
use crate::support::Board;

/// Pages-2, row 13: a deadline's date is visible, in the list and in the open job.
#[actix_web::test]
async fn a_deadline_says_its_date_and_the_days_left() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let browser = Browser::open(&board.url).await;
    browser.go("/login").await;
    let soon = "const at = new Date(Date.now() + 17.5 * 864e5);
        return [at.toISOString(), at.toLocaleDateString('en-US', {month: 'short', day: 'numeric', timeZone: 'America/New_York'})]";
    let soon = browser.run(soon, json!([])).await;
    let day = soon[1].as_str().unwrap();
    let posted = board
        .post_job(&employer, json!({"deadline": soon[0]}))
        .await;
    browser.go("/").await;
    browser
        .shows(&format!("Apply by {day} (17 days left)"))
        .await;
    browser
        .go(&format!("/jobs/{}", posted["jobId"].as_str().unwrap()))
        .await;
    browser.shows("Openings 1").await;
    browser
        .shows(&format!("Apply by {day} (17 days left)"))
        .await;
    browser.console_is_clean(&[]).await;
    board.stop().await;
}

/// A deadline is a day on the campus, wherever the browser is.
#[actix_web::test]
async fn a_deadline_is_shown_in_the_time_zone_of_the_campus() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let posted = board
        .post_job(&employer, json!({"deadline": "2099-01-31"}))
        .await;
    let tonight = "const at = new Date(Date.now() + 5.5 * 36e5);
        return [at.toISOString(), at.toLocaleString('en-US', {
            month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit',
            timeZone: 'America/New_York', timeZoneName: 'short'})]";
    let browser = Browser::open(&board.url).await;
    browser.go("/login").await;
    let tonight = browser.run(tonight, json!([])).await;
    board
        .post_job(&employer, json!({"deadline": tonight[0]}))
        .await;
    for zone in ["Asia/Tokyo", "Pacific/Honolulu"] {
        let zone = json!({ "timezoneId": zone });
        browser
            .devtools("Emulation.setTimezoneOverride", zone)
            .await;
        browser.go("/").await;
        browser.shows("Apply by Jan 31, 2099").await;
        let near = tonight[1].as_str().unwrap();
        browser
            .shows(&format!("Apply by {near} (5 hours left)"))
            .await;
    }
    super::log_in(&browser, "library@example.edu").await;
    let edit = format!("/postings/{}/edit", posted["jobId"].as_str().unwrap());
    browser.go(&edit).await;
    browser.shows("Edit posting").await;
    assert_eq!(browser.value("deadline").await, "2099-01-31");
    browser.console_is_clean(&[]).await;
    board.stop().await;
}

/// Pages-2, words: an error at an empty field names it.
#[actix_web::test]
async fn an_error_at_an_empty_field_names_it() {
    let board = Board::start();
    let browser = Browser::open(&board.url).await;
    for (page, button, wrong) in [
        ("/login", "Log in", "Please fix 2 errors below."),
        ("/register", "Sign up", "Please fix 3 errors below."),
        (
            "/forgot-password",
            "Email me a link",
            "Please fix 1 error below.",
        ),
    ] {
        browser.go(page).await;
        browser.press("form button", button).await;
        browser.shows(wrong).await;
        assert_eq!(browser.field_error("email").await, "Enter your email.");
    }
    browser.go("/?minPay=15").await;
    browser.shows("No jobs match").await;
    browser.shows("$15 per hour or more").await;
    browser.shows("Remove a filter to see more.").await;
    browser.console_is_clean(&[422]).await;
    board.stop().await;
}
