//! What the pages ask before something that cannot be undone, and what they say afterwards.

use serde_json::json;

use super::browser::Browser;
use super::log_in;
use crate::support::Board;

#[actix_web::test]
async fn the_office_declines_a_new_employer_and_suspends_only_after_a_question() {
    let board = Board::start();
    board.admin().await;
    board.join("employer", "shop@elsewhere.com").await;
    board.join("employer", "library@example.edu").await;
    let browser = Browser::open(&board.url).await;
    log_in(&browser, "office@example.edu").await;
    browser.shows("shop@elsewhere.com").await;
    let name = browser.run(NAME_OF, json!(["shop@elsewhere.com"])).await;
    let name = name.as_str().unwrap();
    browser.shows(&format!("Message to {name}")).await;
    browser.press("button", &format!("Decline {name}")).await;
    let declined = format!("You declined {name}. We'll email them.");
    browser.shows(&declined).await;
    browser.shows("No employers to approve.").await;
    let mail = board.mail("shop@elsewhere.com", "did not approve").await;
    assert!(mail.contains("was not approved"), "{mail}");
    assert!(!mail.contains("suspended"), "{mail}");
    browser.press("a", "People").await;
    browser.fill("q", "SHOP@else").await;
    browser.press("button", "Find").await;
    browser.press("button", &format!("Reinstate {name}")).await;
    browser
        .shows(&format!("You reinstated {name}. We'll email them."))
        .await;

    browser.go("/office/people?role=employer").await;
    browser.shows("library@example.edu").await;
    let library = browser.run(NAME_OF, json!(["library@example.edu"])).await;
    let library = library.as_str().unwrap();
    browser
        .press("summary", &format!("Suspend {library}"))
        .await;
    browser
        .shows(&format!(
            "Suspend {library}? They'll be logged out and won't be able to log in. Their open postings will be closed."
        ))
        .await;
    browser.inspect().await;
    browser.press("button", "Suspend").await;
    browser
        .shows(&format!("You suspended {library}. We'll email them."))
        .await;
    browser.console_is_clean(&[]).await;
    board.stop().await;
}

/// The name on the card of an account.
const NAME_OF: &str = "return [...document.querySelectorAll('.account')]
    .find((card) => card.innerText.includes(arguments[0])).querySelector('h2, h3').innerText";

#[actix_web::test]
async fn closing_a_draft_says_that_nobody_saw_it_and_its_tab_opens_first() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    board
        .post_job(&employer, json!({"jobStatus": "draft"}))
        .await;
    let browser = Browser::open(&board.url).await;
    log_in(&browser, "library@example.edu").await;
    browser.arrives("/postings").await;
    browser
        .press("summary", "Close job Library assistant")
        .await;
    browser
        .shows("Close this draft? Students haven't seen it. You can reopen it later.")
        .await;
    browser.press("button", "Yes, close").await;
    browser.shows("Library assistant is closed.").await;
    browser.press("nav.tabs a", "Open 0").await;
    browser.shows("No open postings").await;
    browser.go("/post").await;
    browser.shows("Save as draft").await;
    browser.shows("Pay per hour ($)").await;
    browser.console_is_clean(&[]).await;
    board.stop().await;
}

#[actix_web::test]
async fn an_offer_for_a_closed_job_waits_for_the_student_and_can_be_withdrawn() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let student = board.join("student", "ann@example.edu").await;
    let posted = board.post_job(&employer, json!({})).await;
    let job = posted["jobId"].as_str().unwrap();
    let filed = board.post(Some(&student), "applications", json!({"jobId": job}));
    let filed = filed.await.expect(201).json();
    let path = format!("applications/{}", filed["applicationId"].as_str().unwrap());
    let offer = json!({"applicationStatus": "offered"});
    board.patch(Some(&employer), &path, offer).await.expect(200);
    let close = json!({"jobStatus": "closed"});
    let path = format!("jobs/{job}");
    let closed = board.patch(Some(&employer), &path, close);
    closed.await.expect(200);

    let browser = Browser::open(&board.url).await;
    log_in(&browser, "ann@example.edu").await;
    let closed = "This job is closed. The employer can still answer you.";
    browser.go("/applications").await;
    browser.shows(closed).await;
    browser.inspect().await;
    browser.go(&format!("/jobs/{job}")).await;
    browser.shows("You applied for this job.").await;
    browser.shows(closed).await;
    browser.inspect().await;
    browser
        .press("a", "You have an offer: accept or decline it")
        .await;
    browser.arrives("/applications").await;
    super::log_out(&browser).await;

    log_in(&browser, "library@example.edu").await;
    browser.go(&format!("/postings/{job}")).await;
    let name = "return document.querySelector('.applicant h3')?.innerText ?? ''";
    browser.shows("In progress").await;
    let name = browser.run(name, json!([])).await;
    let name = name.as_str().unwrap();
    browser
        .press("summary", &format!("Withdraw offer {name}"))
        .await;
    browser
        .shows(&format!(
            "Withdraw the offer to {name}? You can't undo this."
        ))
        .await;
    browser.press("button", "Yes, withdraw the offer").await;
    browser
        .shows(&format!(
            "You withdrew the offer to {name}. We'll email them."
        ))
        .await;
    browser.console_is_clean(&[]).await;
    board.stop().await;
}

/// One is singular.
#[actix_web::test]
async fn numbers_agree_with_their_words() {
    let board = Board::start();
    let browser = Browser::open(&board.url).await;
    browser.go("/?maxHours=1").await;
    browser.shows("Up to 1 hour/week").await;
    browser.shows("Only work-study jobs").await;
    browser.console_is_clean(&[]).await;
    board.stop().await;
}
