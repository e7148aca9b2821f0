//! The pages in a real browser with the real board: what students, employers and the office do, and accessibility.

mod asks;
mod browser;
mod declined;
mod files;
mod verdict;
mod words;

use crate::support::{Board, PASSWORD};
use browser::{Browser, ENTER, TAB};
use serde_json::json;

const RESUME: &str = "%PDF-1.7\n% Ann Student\n%%EOF\n";

async fn log_in(browser: &Browser, email: &str) {
    browser.go("/login").await;
    browser.fill("email", email).await;
    browser.fill("password", PASSWORD).await;
    browser.press("form button", "Log in").await;
    browser
        .until("return location.pathname !== '/login'", json!([]))
        .await;
}

async fn log_out(browser: &Browser) {
    browser.press("button", "Log out").await;
    browser.arrives("/").await;
    browser.shows("Sign up").await;
}

#[actix_web::test]
async fn a_visitor_finds_a_job_registers_applies_and_is_accepted() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let questions = json!([
        {"prompt": "Which evenings are free?", "required": true},
        {"prompt": "Anything else?", "required": false},
    ]);
    let change = json!({"questions": questions, "location": "Main Library", "positions": 2});
    let posted = board.post_job(&employer, change).await;
    let asked = posted["questions"][0]["questionId"].as_str().unwrap();
    let answer = format!("answer.{asked}");
    board
        .post_job(
            &employer,
            json!({"jobTitle": "Barista", "skillsRequired": ["coffee"]}),
        )
        .await;
    let browser = Browser::open(&board.url).await;

    // A visitor searches and reads.
    browser.go("/").await;
    browser.shows("2 jobs").await;
    browser.inspect().await;
    browser.fill("q", "assistant").await;
    browser.shows("1 job").await;
    browser.press("a", "Library assistant").await;
    browser.shows("Shelve books, help readers.").await;
    browser.shows("$17.50 per hour").await;
    browser.inspect().await;
    let job = browser.address().await;

    // The visitor registers, verifies the address with the mailed link, and the login leads back to the job.
    browser.press("a", "New here? Sign up").await;
    browser.fill("name", "Ann Student").await;
    browser.fill("email", "ann@example.edu").await;
    browser.fill("password", PASSWORD).await;
    browser.fill("skills", "shelving, Spanish").await;
    browser.inspect().await;
    browser.press("form button", "Sign up").await;
    browser.shows("We sent an email to ann@example.edu").await;
    browser.inspect().await;
    let token = board.mailed_token("ann@example.edu", "verify-email").await;
    browser.go(&format!("/verify-email?token={token}")).await;
    browser.fill("password", "not the one").await;
    browser.press("button", "Confirm my email").await;
    browser.shows("Please fix 1 error below.").await;
    assert!(
        browser
            .field_error("password")
            .await
            .starts_with("This isn't the password you chose"),
    );
    browser.inspect().await;
    browser.fill("password", PASSWORD).await;
    browser.press("button", "Confirm my email").await;
    browser.shows("ann@example.edu is confirmed.").await;
    browser.inspect().await;
    browser.press("main a", "Continue").await;
    browser.arrives(&job).await;

    // That was a login. Opening the link again says so, and a login leads back to the job.
    log_out(&browser).await;
    browser.go(&format!("/verify-email?token={token}")).await;
    browser.fill("password", PASSWORD).await;
    browser.press("button", "Confirm my email").await;
    browser
        .shows("If your email is already confirmed, log in.")
        .await;
    browser.inspect().await;
    browser.go(&job).await;
    browser.press("a", "Log in to apply").await;
    browser.inspect().await;
    browser.fill("email", "ann@example.edu").await;
    browser.fill("password", PASSWORD).await;
    browser.press("form button", "Log in").await;
    browser.arrives(&job).await;

    // The student applies on the job's page. A required question is marked at its field; a reload loses nothing.
    browser.press("a", "Apply").await;
    browser.fill("coverNote", "I know the Dewey system.").await;
    browser.press("button", "Submit application").await;
    browser.shows("Please fix 1 error below.").await;
    assert_eq!(
        browser.field_error(&answer).await,
        "Please answer this question."
    );
    browser.inspect().await;
    let notes = board.folder.path().join("notes.txt");
    std::fs::write(&notes, "no résumé").unwrap();
    browser.choose("resume", &notes).await;
    browser.press("button", "Submit application").await;
    browser.shows("Please fix 1 error below.").await;
    let no_pdf = browser.field_error("resume").await;
    assert!(no_pdf.starts_with("This file isn't a PDF."), "{no_pdf}");
    let resume = board.folder.path().join("ann.pdf");
    std::fs::write(&resume, RESUME).unwrap();
    browser.choose("resume", &resume).await;
    // The file is kept, although the question is still open.
    browser.press("button", "Submit application").await;
    browser.shows("Replace résumé").await;
    browser.shows("ann.pdf").await;
    browser.go(&job).await;
    browser.shows("Your application").await;
    assert_eq!(browser.value("coverNote").await, "I know the Dewey system.");
    browser.fill(&answer, "Monday and Friday.").await;
    browser.press("button", "Submit application").await;
    browser.shows("Application submitted.").await;
    browser.inspect().await;
    browser.press("a", "View my applications").await;
    browser.shows("Library assistant").await;
    browser.inspect().await;
    browser.go("/profile").await;
    browser.shows("Eligibility info").await;
    browser.inspect().await;
    log_out(&browser).await;

    // The employer sees the applicant and accepts. The browser shows nothing of the student, who used it before.
    log_in(&browser, "library@example.edu").await;
    browser.arrives("/postings").await;
    browser.press("a", "1 applicant Library assistant").await;
    browser.shows("Ann Student").await;
    browser.shows("Monday and Friday.").await;
    browser.shows("Résumé: ann.pdf").await;
    let download =
        "return fetch(document.querySelector('a[download]').href).then((file) => file.text())";
    assert_eq!(browser.run(download, json!([])).await, RESUME);
    browser.inspect().await;
    browser.fill("note", "See you on Monday.").await;
    // A reload loses nothing.
    browser.reload().await;
    browser.shows("Message to Ann Student").await;
    assert_eq!(browser.value("note").await, "See you on Monday.");
    browser.press("summary", "Hire now Ann Student").await;
    browser
        .shows("Hire Ann Student now? This fills one opening and can't be undone.")
        .await;
    browser.inspect().await;
    browser.press("summary", "No, go back").await;
    browser.press("summary", "Hire now Ann Student").await;
    browser.press("button", "Yes, hire now").await;
    browser
        .shows("You hired Ann Student. We'll email them.")
        .await;
    let focused = "return document.activeElement.matches('.told .note')";
    browser.until(focused, json!([])).await;
    browser.shows("Accepted").await;
    browser.shows("Openings filled: 1 of 2").await;
    browser.inspect().await;
    log_out(&browser).await;

    // The student sees it on the page and in the mail.
    log_in(&browser, "ann@example.edu").await;
    browser.go("/applications").await;
    browser.shows("See you on Monday.").await;
    browser
        .until(
            "return document.querySelector('.stages [aria-current=step]')?.innerText === 'Accepted'",
            json!([]),
        )
        .await;
    // Only what happened is marked as done.
    let done = "return [...document.querySelectorAll('.stages .past')].map((one) => one.innerText)";
    assert_eq!(browser.run(done, json!([])).await, json!(["Submitted"]));
    browser.inspect().await;
    board.mail("ann@example.edu", "See you on Monday.").await;
    browser.console_is_clean(&[415, 422]).await;
}

#[actix_web::test]
async fn an_offer_is_accepted_and_an_application_withdrawn_after_asking() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let student = board.join("student", "ann@example.edu").await;
    let mut filed = Vec::new();
    for title in ["Archive aide", "Barista"] {
        let job = board.post_job(&employer, json!({"jobTitle": title})).await;
        let body = json!({"jobId": job["jobId"]});
        let reply = board.post(Some(&student), "applications", body).await;
        filed.push(
            reply.expect(201).json()["applicationId"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    let offer = json!({"applicationStatus": "offered", "note": "From September?"});
    let path = format!("applications/{}", filed[0]);
    board.patch(Some(&employer), &path, offer).await.expect(200);

    let browser = Browser::open(&board.url).await;
    log_in(&browser, "ann@example.edu").await;
    browser.go("/applications").await;
    browser.shows("From September?").await;
    let withdraws = "return [...document.querySelectorAll('summary')].filter((one) => one.innerText.startsWith('Withdraw')).length";
    assert_eq!(browser.run(withdraws, json!([])).await, 1);
    browser.press("summary", "Accept offer Archive aide").await;
    browser.shows("Accept this offer?").await;
    browser.inspect().await;
    browser.press("button", "Yes, accept").await;
    browser
        .shows("You accepted the offer for Archive aide.")
        .await;
    browser.shows("What happens next").await;
    browser.press("summary", "Withdraw Barista").await;
    browser.shows("Withdraw this application?").await;
    browser.inspect().await;
    browser.press("summary", "No, go back").await;
    let standing = board
        .get(Some(&student), &format!("applications/{}", filed[1]))
        .await;
    assert_eq!(standing.json()["applicationStatus"], "submitted");
    browser.press("summary", "Withdraw Barista").await;
    browser.press("button", "Yes, withdraw").await;
    browser
        .shows("You withdrew your application for Barista.")
        .await;
    let standing = board
        .get(Some(&student), &format!("applications/{}", filed[1]))
        .await;
    assert_eq!(standing.json()["applicationStatus"], "withdrawn");
    browser.console_is_clean(&[]).await;
}

#[actix_web::test]
async fn an_employer_posts_and_the_office_approves() {
    let board = Board::start();
    board.admin().await;
    let browser = Browser::open(&board.url).await;

    browser.go("/register").await;
    browser
        .press("a", "I'm hiring Post jobs and review applicants")
        .await;
    browser.fill("name", "Corner Café").await;
    browser.fill("email", "owner@cafe.example").await;
    browser.fill("password", PASSWORD).await;
    browser.fill("workSpace", "Corner Café").await;
    browser.inspect().await;
    browser.press("form button", "Sign up").await;
    browser
        .shows("We sent an email to owner@cafe.example")
        .await;
    let token = board
        .mailed_token("owner@cafe.example", "verify-email")
        .await;
    browser.go(&format!("/verify-email?token={token}")).await;
    browser.fill("password", PASSWORD).await;
    browser.press("button", "Confirm my email").await;
    browser
        .shows("The student employment office reviews new employers")
        .await;

    // Errors in a posting are shown at their fields, and no input is lost.
    browser.press("main a", "Continue").await;
    browser.shows("No open postings").await;
    browser.inspect().await;
    browser.press("main a", "Post a job").await;
    browser.fill("jobTitle", "Barista").await;
    browser.fill("jobPayRate", "much").await;
    browser.press("button", "Post job").await;
    browser.shows("Please fix 4 errors below.").await;
    assert_eq!(browser.field_error("jobPayRate").await, "Enter a number.");
    browser.fill("jobPayRate", "2000").await;
    browser.press("button", "Post job").await;
    browser
        .until(
            "return document.querySelector('#f-jobPayRate-error')?.innerText.includes('1,000')",
            json!([]),
        )
        .await;
    assert_eq!(
        browser.field_error("jobPayRate").await,
        "Enter a number from 0 to 1,000."
    );
    assert_eq!(
        browser.field_error("jobDescription").await,
        "Enter a description."
    );
    assert_eq!(browser.field_error("deadline").await, "Choose a date.");
    browser.inspect().await;
    // Another page loses nothing.
    browser.go("/postings").await;
    browser.go("/post").await;
    assert_eq!(browser.value("jobTitle").await, "Barista");
    browser
        .fill("jobDescription", "- Make coffee\n- Smile")
        .await;
    browser.fill("jobPayRate", "$16,50").await;
    browser.fill("hoursPerWeek", "8").await;
    browser.fill("skillsRequired", "coffee, Spanish").await;
    browser.pick_date("deadline", "2099-01-31").await;
    browser.press("button", "Add a question").await;
    // The server shows the form again, with a row more.
    browser
        .until("return location.hash === '#questions'", json!([]))
        .await;
    browser
        .fill("questions[0].prompt", "Can you start at 7?")
        .await;
    browser.inspect().await;
    browser.go("/postings").await;
    browser.go("/post").await;
    browser.shows("Question 1").await;
    assert_eq!(
        browser.value("questions[0].prompt").await,
        "Can you start at 7?"
    );
    browser.press("button", "Post job").await;
    browser.shows("Barista: Submitted for approval.").await;
    browser.arrives("/postings?status=pending").await;
    browser.inspect().await;
    browser.go("/post").await;
    assert_eq!(
        browser.value("jobTitle").await,
        "",
        "the draft was forgotten"
    );
    log_out(&browser).await;

    // The office approves the employer, and opens the posting.
    log_in(&browser, "office@example.edu").await;
    browser.arrives("/office").await;
    browser.shows("Employers to approve").await;
    browser.shows("owner@cafe.example").await;
    browser.inspect().await;
    browser.press("button", "Approve Corner Café").await;
    browser
        .shows("You approved Corner Café. We'll email them.")
        .await;
    browser.press("button", "Approve Barista").await;
    browser
        .shows("Barista was approved. We'll email the employer.")
        .await;
    board.mail("owner@cafe.example", "approved").await;
    browser.press("a", "People").await;
    browser.shows("owner@cafe.example").await;
    browser.inspect().await;
    browser.press("a", "Email").await;
    browser.shows("Tried once").await;
    browser.inspect().await;
    log_out(&browser).await;
    browser.go("/?q=coffee").await;
    browser.shows("1 job").await;
    browser.shows("$16.50 per hour").await;
    browser.console_is_clean(&[422]).await;

    // The employer edits, closes after a confirmation, and reopens.
    log_in(&browser, "owner@cafe.example").await;
    browser.press("a", "Edit Barista").await;
    browser.shows("Edit posting").await;
    browser
        .until(
            "return document.getElementsByName('jobTitle')[0]?.value === 'Barista'",
            json!([]),
        )
        .await;
    browser.inspect().await;
    browser.fill("jobTitle", "Barista at dawn").await;
    browser.press("button", "Save changes").await;
    browser.shows("Changes saved.").await;
    browser.press("summary", "Close job Barista at dawn").await;
    browser.press("button", "Yes, close").await;
    browser.shows("Barista at dawn is closed.").await;
    browser.press("button", "Reopen Barista at dawn").await;
    browser.shows("Barista at dawn is open.").await;
    browser.console_is_clean(&[]).await;
}

#[actix_web::test]
async fn wrong_input_is_marked_at_its_field_and_kept() {
    let board = Board::start();
    board.join("student", "ann@example.edu").await;
    let browser = Browser::open(&board.url).await;

    browser.go("/register").await;
    browser.fill("name", "Bob").await;
    browser.fill("email", "bob@elsewhere.example").await;
    browser.fill("password", "short").await;
    browser.press("form button", "Sign up").await;
    browser.shows("Please fix 2 errors below.").await;
    assert_eq!(
        browser.field_error("email").await,
        "Use your school email. It ends in example.edu."
    );
    assert_eq!(
        browser.field_error("password").await,
        "Use at least 8 characters."
    );
    assert_eq!(browser.value("email").await, "bob@elsewhere.example");
    let focused = browser
        .run("return document.activeElement.name", json!([]))
        .await;
    assert_eq!(focused, "email", "the first wrong field has the focus");
    browser.inspect().await;

    browser.go("/login").await;
    browser.fill("email", "ann@example.edu").await;
    browser.fill("password", "not this one").await;
    browser.press("form button", "Log in").await;
    browser.shows("Wrong email or password.").await;
    assert_eq!(browser.value("email").await, "ann@example.edu");
    browser.inspect().await;

    // A forgotten password: a mailed link, a new password, a login.
    browser.press("a", "Forgot your password?").await;
    browser.fill("email", "ann").await;
    browser.press("button", "Email me a link").await;
    browser.shows("Please fix 1 error below.").await;
    assert_eq!(
        browser.field_error("email").await,
        "Enter an email address, such as name@example.edu."
    );
    browser.fill("email", "ann@example.edu").await;
    browser.inspect().await;
    browser.press("button", "Email me a link").await;
    browser.shows("we've sent a link to it").await;
    let token = board
        .mailed_token("ann@example.edu", "reset-password")
        .await;
    browser.go(&format!("/reset-password?token={token}")).await;
    browser.fill("password", "battery horse").await;
    browser.inspect().await;
    browser.press("button", "Set password").await;
    browser.shows("Password changed").await;
    browser.go(&format!("/reset-password?token={token}")).await;
    browser.fill("password", "battery horse").await;
    browser.press("button", "Set password").await;
    browser
        .shows("This link has expired or was already used.")
        .await;
    browser.go("/login").await;
    browser.fill("email", "ann@example.edu").await;
    browser.fill("password", "battery horse").await;
    browser.press("form button", "Log in").await;
    browser.shows("My applications").await;
    browser.console_is_clean(&[401, 422]).await;
}

#[actix_web::test]
async fn the_url_has_the_whole_search_by_keyboard_and_on_a_phone() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    for number in 0..23 {
        let skill = if number < 3 { "coffee" } else { "shelving" };
        let change = json!({"jobTitle": format!("Job {number}"), "jobPayRate": 15 + number, "skillsRequired": [skill]});
        board.post_job(&employer, change).await;
    }
    let browser = Browser::open(&board.url).await;
    browser.go("/").await;
    browser.shows("23 jobs").await;

    // By keyboard only: the skip link first and visible, the search, a result.
    browser.run("document.body.focus()", json!([])).await;
    browser.keys(TAB).await;
    let skip = "const box = document.activeElement.getBoundingClientRect();
        return document.activeElement.matches('.skip') && box.top >= 0 && box.height > 20";
    browser.until(skip, json!([])).await;
    browser.keys(ENTER).await;
    browser.keys(TAB).await;
    browser.keys(&format!("job{ENTER}")).await;
    browser.arrives("/?q=job").await;
    browser
        .until(
            "return document.querySelector('.snippet, .job-card') && document.activeElement.name === 'q'",
            json!([]),
        )
        .await;

    // Filters narrow the list, the URL contains them, and Back and reload keep them.
    browser.go("/").await;
    browser.shows("23 jobs").await;
    browser.press("label.facet", "coffee 3").await;
    browser.arrives("/?skill=coffee").await;
    browser.shows("3 jobs").await;
    browser.fill("q", "job").await;
    browser.arrives("/?q=job&skill=coffee").await;
    browser.reload().await;
    browser.shows("3 jobs").await;
    assert_eq!(browser.value("q").await, "job");
    browser.inspect().await;
    browser.back().await;
    browser.arrives("/?skill=coffee").await;
    browser.back().await;
    browser.shows("23 jobs").await;

    // The button loads more of the list.
    let cards = "return document.querySelectorAll('.job-card').length === arguments[0]";
    browser.until(cards, json!([20])).await;
    browser.press("a", "Load more").await;
    browser.until(cards, json!([23])).await;
    let next = "const cards = [...document.querySelectorAll('.job-card')];
        return cards.indexOf(document.activeElement.closest('.job-card')) === 20";
    browser.until(next, json!([])).await;

    // On a phone, the list and the job are on separate screens.
    browser.view(375, 800, "light").await;
    browser.go("/?skill=coffee").await;
    browser.press("a", "Job 1").await;
    browser.shows("$16 per hour").await;
    browser
        .until(
            "return ![...document.querySelectorAll('.job-card')].some((card) => card.checkVisibility())",
            json!([]),
        )
        .await;
    browser.press("a", "← Back to results").await;
    browser.arrives("/?skill=coffee").await;
    browser.shows("3 jobs").await;

    // No results, unknown page, no network: each says what to do next.
    browser.go("/?q=zeppelin").await;
    browser.shows("No jobs match \"zeppelin\"").await;
    browser.inspect().await;
    browser.go("/no-such-page").await;
    browser.shows("Page not found").await;
    browser.inspect().await;
    browser.console_is_clean(&[404]).await;
    browser.go("/").await;
    browser.shows("23 jobs").await;
    let offline =
        json!({"offline": true, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
    browser.devtools("Network.enable", json!({})).await;
    browser
        .devtools("Network.emulateNetworkConditions", offline)
        .await;
    browser.fill("q", "coffee").await;
    browser.shows("Can't connect.").await;
    browser.inspect().await;
    let online =
        json!({"offline": false, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
    browser
        .devtools("Network.emulateNetworkConditions", online)
        .await;
    browser.press("button", "Try again").await;
    browser.shows("3 jobs").await;

    // The other language.
    browser
        .run(
            "document.cookie = 'corkboard_language=es; path=/'",
            json!([]),
        )
        .await;
    browser.go("/?skill=coffee").await;
    browser.shows("3 empleos").await;
    browser.shows("$15 por hora").await;
    let language = browser
        .run("return document.documentElement.lang", json!([]))
        .await;
    assert_eq!(language, "es");
}

#[actix_web::test]
async fn a_profile_is_saved_and_a_session_renews_itself() {
    let board = Board::start();
    let student = board.join("student", "ann@example.edu").await;
    let browser = Browser::open(&board.url).await;
    log_in(&browser, "ann@example.edu").await;
    browser.go("/profile").await;
    browser.fill("skills", "Spanish, shelving").await;
    browser.fill("summary", "I like quiet places.").await;
    browser.press("button", "Save").await;
    browser.shows("Saved.").await;
    browser.fill("gpa", "40").await;
    browser.press("button", "Save info").await;
    browser.shows("Enter a number from 0 to 10.").await;
    browser.fill("gpa", "3.5").await;
    browser.press("button", "Save info").await;
    browser.shows("3.5 (from you)").await;
    browser.fill("workStudyRemaining", "1500").await;
    browser.press("button", "Save info").await;
    browser.shows("$1,500 (from you)").await;
    browser.shows("Work-study award remaining ($)").await;
    let me = board.get(Some(&student), "me").await.expect(200).json();
    assert_eq!(me["student"]["skills"], json!(["Spanish", "shelving"]));
    assert_eq!(me["student"]["summary"], "I like quiet places.");
    assert_eq!(me["student"]["gpa"], 3.5);

    // A new password needs the old one, and keeps this session.
    browser.fill("currentPassword", "not this one").await;
    browser.fill("password", "battery horse").await;
    browser.press("button", "Change password").await;
    browser.shows("This isn't your current password.").await;
    browser.inspect().await;
    browser.fill("currentPassword", PASSWORD).await;
    browser.fill("password", "battery horse").await;
    browser.press("button", "Change password").await;
    browser.shows("Your new password is set.").await;
    browser.go("/applications").await;
    browser.shows("You haven't applied for any jobs yet").await;

    // When the session has ended, the login says so and leads back.
    let cookie = json!({"name": "corkboard", "value": "of-an-ended-session", "url": board.url});
    browser.devtools("Network.setCookie", cookie).await;
    browser.go("/applications").await;
    browser
        .shows("You've been logged out. Log in again to continue.")
        .await;
    browser.arrives("/login?next=%2Fapplications").await;
    browser.inspect().await;
    browser.fill("email", "ann@example.edu").await;
    browser.fill("password", "battery horse").await;
    browser.press("form button", "Log in").await;
    browser.arrives("/applications").await;
    browser.console_is_clean(&[401, 422]).await;
}
