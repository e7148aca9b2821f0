//! A student's applications and everybody's profile, without a browser.

use super::{Shown, Visitor, hidden};
use crate::support::{Board, PASSWORD, Person};
use serde_json::{Value, json};

async fn apply(board: &Board, student: &Person, job: &Value, note: &str) -> String {
    let body = json!({"jobId": job["jobId"], "coverNote": note});
    let reply = board.post(Some(student), "applications", body).await;
    let id = reply.expect(201).json()["applicationId"].clone();
    id.as_str().unwrap().to_owned()
}

async fn offer(board: &Board, employer: &Person, id: &str, note: &str) {
    let offer = json!({"applicationStatus": "offered", "note": note});
    let path = format!("applications/{id}");
    board.patch(Some(employer), &path, offer).await.expect(200);
}

fn pressed<'a>(id: &'a str, version: &'a str, button: &'a str) -> [(&'static str, &'a str); 3] {
    [("id", id), ("version", version), ("do", button)]
}

#[actix_web::test]
async fn a_student_decides_without_javascript() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let ann = board.join("student", "ann@example.edu").await;
    let bob = board.join("student", "bob@example.edu").await;
    let change = json!({"jobTitle": "Aide <b>&", "positions": 1, "hoursPerWeek": 12});
    let job = board.post_job(&employer, change).await;
    let note = "<img src=x onerror=alert(1)> \u{202e}evil";
    let mine = apply(&board, &ann, &job, note).await;
    let others = apply(&board, &bob, &job, "").await;
    offer(&board, &employer, &mine, "<script>alert(2)</script>").await;
    offer(&board, &employer, &others, "").await;

    let mut visitor = Visitor::of(&board);
    visitor.log_in("ann@example.edu").await;
    let page = visitor.get("/applications").await;
    assert_eq!(page.status, 200);
    for text in [
        "Aide &lt;b&gt;&amp;",
        "12 hours/week",
        "Accept offer",
        "Decline offer",
    ] {
        assert!(page.html.contains(text), "{text}: {}", page.html);
    }
    assert!(!page.html.contains("<img") && !page.html.contains("<script>alert"));
    assert!(!page.html.contains("Withdraw"), "not beside an offer");

    // Somebody else's application does not exist; unknown buttons do nothing.
    let (id, version) = hidden(&page, "class=\"card application\"");
    assert_eq!(id, mine);
    let foreign = visitor
        .send("/applications", &pressed(&others, "1", "accept"))
        .await;
    assert_eq!(foreign.status, 404);
    for button in ["", "offered", "submitted"] {
        let sent = visitor
            .send("/applications", &pressed(&id, &version, button))
            .await;
        assert_eq!(sent.status, 404, "{button}");
    }
    let stale = visitor
        .send("/applications", &pressed(&id, "1", "accept"))
        .await;
    assert_eq!(stale.status, 412);
    assert!(stale.html.contains("role=\"alert\""), "{}", stale.html);

    // Accepted: what comes next, and the hours.
    let done = visitor
        .send("/applications", &pressed(&id, &version, "accept"))
        .await;
    assert_eq!((done.status, &*done.location), (303, "/applications"));
    let page = visitor.get("/applications").await;
    for text in [
        "You accepted the offer for Aide &lt;b&gt;&amp;.",
        "What happens next",
        "Form I-9",
        "You work 12 hours/week in jobs found here.",
    ] {
        assert!(page.html.contains(text), "{text}: {}", page.html);
    }
    // Twice is refused in words.
    let (id, version) = (mine, "3".to_owned());
    let twice = visitor
        .send("/applications", &pressed(&id, &version, "accept"))
        .await;
    assert_eq!(twice.status, 409);

    // The job is full, so the other offer can only be declined.
    let mut other = Visitor::of(&board);
    other.log_in("bob@example.edu").await;
    let page = other.get("/applications").await;
    assert!(
        page.html.contains("All openings for this job are filled."),
        "{}",
        page.html
    );
    let (id, version) = hidden(&page, "class=\"card application\"");
    let full = other
        .send("/applications", &pressed(&id, &version, "accept"))
        .await;
    assert_eq!(full.status, 409);
    assert!(
        full.html
            .contains("Contact the employer if you have questions.")
    );
    let done = other
        .send("/applications", &pressed(&id, &version, "decline"))
        .await;
    assert_eq!(done.status, 303);
    let page = other.get("/applications").await;
    assert!(page.html.contains("You declined the offer for"));
    board.stop().await;
}

fn version(page: &Shown) -> String {
    let from = page.html.find("value=\"profile\"").unwrap();
    let found = page.html[from..].split("name=\"version\" value=\"").nth(1);
    found.unwrap().split('"').next().unwrap().to_owned()
}

fn profile<'a>(version: &'a str, name: &'a str, language: &'a str) -> [(&'static str, &'a str); 6] {
    [
        ("form", "profile"),
        ("version", version),
        ("name", name),
        ("skills", "Spanish; shelving,"),
        ("summary", "I like <quiet> places."),
        ("language", language),
    ]
}

#[actix_web::test]
async fn a_profile_is_saved_without_javascript() {
    let board = Board::start();
    let ann = board.join("student", "ann@example.edu").await;
    let mut visitor = Visitor::of(&board);
    visitor.log_in("ann@example.edu").await;
    let first = version(&visitor.get("/profile").await);
    let long = "x".repeat(201);
    let wrong = visitor
        .send("/profile", &profile(&first, &long, "en"))
        .await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.html.contains(&long) && wrong.html.contains("&lt;quiet&gt;"));
    let saved = visitor
        .send("/profile", &profile(&first, "Ann", "es"))
        .await;
    assert_eq!((saved.status, &*saved.location), (303, "/profile"));
    let page = visitor.get("/profile").await;
    assert!(
        page.html.contains("<html lang=\"es\">") && page.html.contains("Guardado."),
        "{}",
        page.html
    );
    let me = board.get(Some(&ann), "me").await.expect(200).json();
    assert_eq!(me["student"]["skills"], json!(["Spanish", "shelving"]));
    assert_eq!(me["student"]["preferences"]["language"], "es");
    // A page from before that change does not undo it, and keeps what was typed.
    let stale = visitor
        .send("/profile", &profile(&first, "Anne", "en"))
        .await;
    assert_eq!(stale.status, 412);
    assert!(stale.html.contains("value=\"Anne\""));

    // Facts: every fault at once, each at its field.
    let now = version(&visitor.get("/profile").await);
    let facts = |gpa, award| {
        [
            ("form", "facts"),
            ("version", &*now),
            ("gpa", gpa),
            ("workStudyRemaining", award),
            ("enrolledCredits", ""),
        ]
    };
    let wrong = visitor.send("/profile", &facts("forty", "lots")).await;
    assert_eq!(wrong.status, 422);
    for text in [
        "f-gpa-error",
        "f-workStudyRemaining-error",
        "value=\"forty\"",
    ] {
        assert!(wrong.html.contains(text), "{text}: {}", wrong.html);
    }
    let saved = visitor.send("/profile", &facts("3,5", "$1,500")).await;
    assert_eq!(saved.status, 303, "{}", saved.html);
    let me = board.get(Some(&ann), "me").await.expect(200).json();
    assert_eq!(me["student"]["gpa"], 3.5);
    assert_eq!(me["student"]["workStudyRemaining"], 1500.0);
    for form in [("form", ""), ("form", "other")] {
        assert_eq!(visitor.send("/profile", &[form]).await.status, 404);
    }
    board.stop().await;
}

#[actix_web::test]
async fn a_password_changes_and_an_account_ends_without_javascript() {
    let board = Board::start();
    board.join("student", "ann@example.edu").await;
    board.admin().await;
    let mut visitor = Visitor::of(&board);
    visitor.log_in("ann@example.edu").await;
    let change = |current, new| {
        [
            ("form", "password"),
            ("currentPassword", current),
            ("password", new),
        ]
    };
    let wrong = visitor
        .send("/profile", &change("not this one", "battery horse"))
        .await;
    assert!(
        wrong.html.contains("f-currentPassword-error"),
        "{}",
        wrong.html
    );
    assert!(!wrong.html.contains("not this one") && !wrong.html.contains("battery horse"));
    let empty = visitor.send("/profile", &change("", "")).await;
    assert!(empty.html.contains("Enter your current password."));
    let done = visitor
        .send("/profile", &change(PASSWORD, "battery horse"))
        .await;
    assert_eq!(done.status, 303);
    // This browser stays logged in.
    let page = visitor.get("/profile").await;
    assert!(
        page.html.contains("Your new password is set."),
        "{}",
        page.status
    );

    let erase = |password| [("form", "erase"), ("erasePassword", password)];
    for (password, text) in [
        ("", "Enter your current password."),
        (PASSWORD, "This isn't your current password."),
    ] {
        let refused = visitor.send("/profile", &erase(password)).await;
        assert!(refused.html.contains("f-erasePassword-error"));
        let text = text.replace('\'', "&#39;");
        assert!(refused.html.contains(&text), "{text}: {}", refused.html);
    }
    let export = visitor.get("/api/v1/me/export").await;
    assert!(export.html.contains("ann@example.edu"));
    let gone = visitor.send("/profile", &erase("battery horse")).await;
    assert_eq!((gone.status, &*gone.location), (303, "/"));
    let page = visitor.get("/").await;
    assert!(page.html.contains("Your account was deleted."));
    assert_eq!(visitor.get("/profile").await.status, 303);

    let mut office = Visitor::of(&board);
    office.log_in("office@example.edu").await;
    let page = office.get("/profile").await;
    assert!(page.status == 200 && !page.html.contains("erasePassword"));
    assert_eq!(office.send("/profile", &erase(PASSWORD)).await.status, 404);
    board.stop().await;
}
