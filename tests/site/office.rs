//! The office's pages, without a browser.

use super::{Shown, Visitor, hidden};
use crate::support::{Board, until};
use serde_json::json;

#[actix_web::test]
async fn the_office_decides_without_javascript() {
    let board = Board::start();
    board.admin().await;
    let cafe = board.join("employer", "owner@cafe.example").await;
    let changes = json!({"jobTitle": "Barista <i>", "jobDescription": "Make coffee.\n- Early"});
    board.post_job(&cafe, changes).await;
    let mut office = Visitor::of(&board);
    office.log_in("office@example.edu").await;
    until("the posting is indexed", async || {
        office.get("/office").await.html.contains("Barista")
    })
    .await;
    let today = office.get("/office").await;
    for text in [
        "Everything is working.",
        "owner@cafe.example",
        "Barista &lt;i&gt;",
        "Make coffee.",
    ] {
        assert!(today.html.contains(text), "{text}: {}", today.html);
    }

    // A reason that is too long changes nothing, and stays.
    let (id, version) = hidden(&today, "owner@cafe.example");
    let long = "x".repeat(2_001);
    let mut form = vec![
        ("id", &*id),
        ("version", &*version),
        ("reason", &long),
        ("do", "approve"),
    ];
    let refused = office.send("/office", &form).await;
    assert_eq!(refused.status, 422);
    assert!(refused.html.contains(&long) && refused.html.contains("2,000"));
    form[2].1 = "Welcome to campus.";
    assert_eq!(office.send("/office", &form).await.status, 303);
    let today = office.get("/office").await;
    assert!(
        today.html.contains("You approved") && today.html.contains("No employers to approve."),
        "{}",
        today.html
    );
    let mail = board.mail("owner@cafe.example", "approved").await;
    assert!(mail.contains("Welcome to campus."), "{mail}");
    // What another admin decided meanwhile is not undone.
    form[3].1 = "decline";
    let stale = office.send("/office", &form).await;
    assert_eq!(stale.status, 412);
    assert!(stale.html.contains("Welcome to campus.") && stale.html.contains("role=\"alert\""));

    // The posting.
    let (id, version) = hidden(&today, "Barista");
    let form = [
        ("id", &*id),
        ("version", &*version),
        ("reason", ""),
        ("do", "open"),
    ];
    assert_eq!(office.send("/office", &form).await.status, 303);
    let today = office.get("/office").await;
    assert!(today.html.contains("Barista &lt;i&gt; was approved."));
    assert!(today.html.contains("No postings to review."));
    for unknown in ["", "delete", "x"] {
        let form = [("id", &*id), ("do", unknown)];
        assert_eq!(office.send("/office", &form).await.status, 404);
    }
    board.stop().await;
}

#[actix_web::test]
async fn the_office_finds_a_person() {
    let board = Board::start();
    board.admin().await;
    for number in 0..21 {
        let email = format!("student-{number}@example.edu");
        board.join("student", &email).await;
    }
    board.join("employer", "library@example.edu").await;
    let mut office = Visitor::of(&board);
    office.log_in("office@example.edu").await;
    let count = |page: &Shown| page.html.matches("class=\"card account\"").count();

    let all = office.get("/office/people?role=student").await;
    assert_eq!(count(&all), 20);
    let more = all.html.split("class=\"more\"><a class=\"button\" href=\"");
    let more = more.last().unwrap().split('"').next().unwrap();
    let more = more.replace("&amp;", "&");
    assert_eq!(count(&office.get(&more).await), 1, "{more}");

    let found = office
        .get("/office/people?q=STUDENT-7@&role=&status=")
        .await;
    assert_eq!(count(&found), 1);
    assert!(found.html.contains("value=\"STUDENT-7@\""));
    let none = office.get("/office/people?q=nobody").await;
    assert!(none.html.contains("No accounts match."));
    for bad in ["role=dean", "status=x", "cursor=x"] {
        let page = office.get(&format!("/office/people?{bad}")).await;
        assert_eq!(page.status, 422, "{bad}");
        assert!(page.html.starts_with("<!doctype html>"));
    }

    // Suspended, and told why.
    let found = office.get("/office/people?q=library").await;
    let (id, version) = hidden(&found, "library@example.edu");
    let form = [
        ("id", &*id),
        ("version", &*version),
        ("reason", "Moved away."),
        ("do", "suspend"),
    ];
    let done = office.send("/office/people?q=library", &form).await;
    assert_eq!(
        (done.status, &*done.location),
        (303, "/office/people?q=library")
    );
    let mail = board.mail("library@example.edu", "suspended").await;
    assert!(mail.contains("Moved away."), "{mail}");
    board.stop().await;
}

#[actix_web::test]
async fn the_office_sees_mail_and_downloads_a_backup() {
    let board = Board::start();
    board.admin().await;
    board.join("student", "ann@example.edu").await;
    let mut office = Visitor::of(&board);
    office.log_in("office@example.edu").await;
    board.mail("ann@example.edu", "Confirm").await;
    until("the mail is sent", async || {
        let page = office.get("/office/mail?state=sent").await;
        page.html.contains("ann@example.edu")
    })
    .await;
    let failed = office.get("/office/mail?state=failed").await;
    assert!(failed.html.contains("No emails match."));

    let page = office.get("/office/backup").await;
    assert!(page.html.contains("Download a backup"), "{}", page.html);
    let backup = office.send("/office/backup", &[]).await;
    assert_eq!(backup.status, 200);
    assert!(!backup.html.starts_with("<!doctype"));
    // Nobody else gets one.
    let mut ann = Visitor::of(&board);
    ann.log_in("ann@example.edu").await;
    assert_eq!(ann.send("/office/backup", &[]).await.status, 403);
    for page in [
        "/office",
        "/office/people",
        "/office/mail",
        "/office/backup",
    ] {
        assert_eq!(ann.get(page).await.status, 403, "{page}");
        let stranger = Visitor::of(&board).get(page).await;
        assert_eq!(stranger.status, 303, "{page}");
    }
    board.stop().await;
}
