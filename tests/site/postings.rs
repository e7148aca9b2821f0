//! An employer's postings and their applicants, without a browser.

use super::Visitor;
use crate::support::{Board, Person};
use serde_json::{Value, json};

/// The value of a hidden field of the form that has a text.
fn hidden<'a>(html: &'a str, form_with: &str, name: &str) -> &'a str {
    let forms = html.split("<form");
    let form = forms.filter(|form| form.contains(form_with)).last();
    let form = form.unwrap_or_else(|| panic!("no form with {form_with}: {html}"));
    let field = form.split(&format!("name=\"{name}\" value=\"")).nth(1);
    field.unwrap().split('"').next().unwrap()
}

async fn apply(board: &Board, email: &str, job: &str) -> (Person, String) {
    let student = board.join("student", email).await;
    let body = json!({"jobId": job, "coverNote": "I know <b>Dewey</b>."});
    let sent = board.post(Some(&student), "applications", body).await;
    let id = sent.expect(201).json()["applicationId"].clone();
    (student, id.as_str().unwrap().to_owned())
}

async fn standing(board: &Board, who: &Person, id: &str) -> Value {
    let path = format!("applications/{id}");
    board.get(Some(who), &path).await.expect(200).json()
}

#[actix_web::test]
async fn postings_are_listed_by_status_with_what_waits() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let admin = board.admin().await;
    let mut owner = Visitor::of(&board);
    owner.log_in("library@example.edu").await;
    let none = owner.get("/postings").await.html;
    assert!(none.contains("No open postings"), "{none}");
    let draft = json!({"jobTitle": "A <b>draft</b>", "jobStatus": "draft"});
    let draft = board.post_job(&employer, draft).await;
    // The first tab with a posting opens.
    let drafts = owner.get("/postings").await.html;
    assert!(drafts.contains("A &lt;b&gt;draft&lt;") && !drafts.contains("<b>draft"));
    assert!(drafts.contains("Post job") && drafts.contains("Students haven&#39;t seen it."));

    let posted = board.post_job(&employer, json!({"positions": 2})).await;
    let job = posted["jobId"].as_str().unwrap();
    let (_, first) = apply(&board, "ann@example.edu", job).await;
    apply(&board, "bob@example.edu", job).await;
    let interview = json!({"applicationStatus": "interview"});
    let path = format!("applications/{first}");
    board
        .patch(Some(&employer), &path, interview)
        .await
        .expect(200);
    let open = owner.get("/postings").await.html;
    for text in [
        "1 new · 1 interview",
        "1 waits for you",
        "2 applicants",
        "/post?copy=",
    ] {
        assert!(open.contains(text), "{text}: {open}");
    }
    assert!(!open.contains("draft&lt;"));

    // Close and reopen. An old page closes nothing.
    let version = hidden(&open, job, "version").to_owned();
    let form = [("job", job), ("version", "0"), ("status", "closed")];
    let stale = owner.send("/postings", &form).await;
    assert_eq!(stale.status, 412);
    assert!(
        stale.html.contains("This posting has changed"),
        "{}",
        stale.html
    );
    let form = [("job", job), ("version", &version), ("status", "closed")];
    let closed = owner.send("/postings", &form).await;
    assert_eq!(
        (closed.status, &*closed.location),
        (303, "/postings?status=closed")
    );
    let shown = owner.get(&closed.location).await.html;
    assert!(shown.contains("Library assistant is closed."), "{shown}");

    // A declined posting says why, and goes to the office again.
    let reason = "Please name the <b>hours</b>.";
    let decline = json!({"jobStatus": "closed", "reason": reason});
    let path = format!("jobs/{job}");
    board.patch(Some(&admin), &path, decline).await.expect(200);
    let shown = owner.get("/postings?status=closed").await.html;
    assert!(shown.contains("Please name the &lt;b&gt;hours"), "{shown}");
    let version = hidden(&shown, job, "version").to_owned();
    let form = [("job", job), ("version", &version), ("status", "open")];
    let waits = owner.send("/postings", &form).await;
    assert_eq!(
        &*waits.location, "/postings?status=pending",
        "{}",
        waits.html
    );

    // One whose deadline has passed says what stands in its way.
    let drafted = draft["jobId"].as_str().unwrap();
    for (name, status) in [(drafted, "filled"), ("word", "closed")] {
        let form = [("job", name), ("version", "1"), ("status", status)];
        let refused = owner.send("/postings", &form).await;
        assert!(
            [404, 412, 422].contains(&refused.status),
            "{}",
            refused.html
        );
    }
    board.join("employer", "cafe@example.edu").await;
    let mut other = Visitor::of(&board);
    other.log_in("cafe@example.edu").await;
    for id in [job, drafted] {
        let form = [("job", id), ("version", "1"), ("status", "closed")];
        assert_eq!(other.send("/postings", &form).await.status, 404);
    }
    let mut office = Visitor::of(&board);
    office.log_in("office@example.edu").await;
    assert_eq!(&*office.get("/postings").await.location, "/office");
    board.stop().await;
}

#[actix_web::test]
async fn an_employer_decides_without_javascript() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let posted = board.post_job(&employer, json!({"positions": 2})).await;
    let job = posted["jobId"].as_str().unwrap();
    let path = format!("/postings/{job}");
    let mut owner = Visitor::of(&board);
    owner.log_in("library@example.edu").await;
    assert!(owner.get(&path).await.html.contains("No applicants yet"));
    let (ann, first) = apply(&board, "ann@example.edu", job).await;
    let (_, second) = apply(&board, "bob@example.edu", job).await;
    let page = owner.get(&path).await.html;
    for text in [
        "In progress",
        "ann@example.edu",
        "I know &lt;b&gt;Dewey",
        "Make an offer",
        "can say yes first",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("<b>Dewey") && !page.contains("Accepted</h2>"));
    let offer = page.find("value=\"offered\"").unwrap();
    assert!(offer < page.find("value=\"interview\"").unwrap());
    assert!(offer < page.find("value=\"accepted\"").unwrap());

    // A refusal keeps the message, in the applicant's card.
    let version = hidden(&page, &first, "version").to_owned();
    let mut form = [
        ("application", &*first),
        ("version", &version),
        ("note", "Come <b>Monday</b>"),
        ("to", "declined"),
    ];
    let refused = owner.send(&path, &form).await;
    assert_eq!(refused.status, 409);
    assert!(
        refused.html.contains("Come &lt;b&gt;Monday"),
        "{}",
        refused.html
    );
    form[3].1 = "nonsense";
    assert_eq!(owner.send(&path, &form).await.status, 422);
    let long = "x".repeat(5_001);
    let too_long = [form[0], form[1], ("note", &*long), ("to", "offered")];
    assert_eq!(owner.send(&path, &too_long).await.status, 422);

    form[3].1 = "interview";
    let here = format!("{path}?status=submitted");
    let moved = owner.send(&here, &form).await;
    assert_eq!(
        (moved.status, &*moved.location),
        (303, &*here),
        "{}",
        moved.html
    );
    let told = owner.get(&here).await.html;
    assert!(
        told.contains("to an interview. We&#39;ll email them."),
        "{told}"
    );
    assert!(told.contains(&format!("data-draft-done=\"decide.{first}\"")));
    assert!(!told.contains("mailto:ann@example.edu") && told.contains("mailto:bob@example.edu"));
    let page = owner.get(&format!("{path}?status=interview")).await.html;
    assert!(page.contains("Come &lt;b&gt;Monday") && page.contains("From the employer,"));

    // An old page: nothing is decided, and the page says how it stands now.
    form[3].1 = "offered";
    let stale = owner.send(&here, &form).await;
    assert_eq!(stale.status, 412);
    for text in [
        "now: Interview",
        "Come &lt;b&gt;Monday&lt;/b&gt;</textarea>",
    ] {
        assert!(stale.html.contains(text), "{text}: {}", stale.html);
    }
    assert_eq!(
        standing(&board, &ann, &first).await["applicationStatus"],
        "interview"
    );
    // One that was withdrawn meanwhile shows the message that was not sent.
    let gone = format!("applications/{first}");
    board.delete(Some(&ann), &gone).await.expect(204);
    let lost = owner.send(&here, &form).await;
    assert_eq!(lost.status, 412);
    assert!(
        lost.html.contains("Your message wasn&#39;t sent:"),
        "{}",
        lost.html
    );

    // Hiring at once, and the posting's own buttons.
    let page = owner.get(&path).await.html;
    let version = hidden(&page, &second, "version").to_owned();
    let hire = [
        ("application", &*second),
        ("version", &version),
        ("note", ""),
        ("to", "accepted"),
    ];
    let hired = owner.send(&path, &hire).await;
    assert_eq!(hired.status, 303, "{}", hired.html);
    let page = owner.get(&path).await.html;
    assert!(
        page.contains("Accepted</h2>") && page.contains("Openings filled: 1 of 2"),
        "{page}"
    );
    let version = hidden(&page, "name=\"status\"", "version").to_owned();
    let closed = owner
        .send(
            &path,
            &[("job", job), ("version", &version), ("status", "closed")],
        )
        .await;
    assert_eq!((closed.status, &*closed.location), (303, &*path));
    assert!(owner.get(&path).await.html.contains("is closed."));
    board.stop().await;
}

#[actix_web::test]
async fn applicants_are_only_for_the_employer_and_the_office() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let posted = board.post_job(&employer, json!({})).await;
    let job = posted["jobId"].as_str().unwrap();
    let (_, application) = apply(&board, "ann@example.edu", job).await;
    let cafe = board.join("employer", "cafe@example.edu").await;
    let own = board.post_job(&cafe, json!({})).await;
    let own = format!("/postings/{}", own["jobId"].as_str().unwrap());
    board.admin().await;
    let path = format!("/postings/{job}");
    let form = [
        ("application", &*application),
        ("version", "1"),
        ("note", ""),
        ("to", "offered"),
    ];
    let mut other = Visitor::of(&board);
    other.log_in("cafe@example.edu").await;
    assert_eq!(other.get(&path).await.status, 404);
    assert_eq!(other.send(&path, &form).await.status, 404);
    // Neither through an own posting, nor with a made-up ID.
    assert_eq!(other.send(&own, &form).await.status, 404);
    for id in ["word", "018f0000-0000-7000-8000-000000000000", ""] {
        let form = [("application", id), ("version", "1"), ("to", "offered")];
        assert_eq!(other.send(&own, &form).await.status, 404, "{id}");
        assert_eq!(other.get(&format!("/postings/{id}x")).await.status, 404);
    }
    let mut ann = Visitor::of(&board);
    ann.log_in("ann@example.edu").await;
    for page in [&*path, "/postings", "/post", &format!("{path}/edit")] {
        assert_eq!(ann.get(page).await.status, 403, "{page}");
    }
    assert_eq!(ann.send(&path, &form).await.status, 403);
    let mut office = Visitor::of(&board);
    office.log_in("office@example.edu").await;
    let shown = office.get(&path).await;
    assert!(shown.status == 200 && shown.html.contains("ann@example.edu"));
    board.stop().await;
}
