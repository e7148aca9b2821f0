//! What employers cannot do with their own postings: overrule the office, or change what a verdict depends on while
//! applications are open; and which fields are filled in for them.

use super::{apply, is_count, job_path, set, titles, until};
use crate::support::{Board, Person, job};
use reqwest::Method;
use serde_json::{Value, json};

const OUTSIDE: &str = "shop@elsewhere.com";

async fn change(board: &Board, who: &Person, path: &str, body: Value) -> Value {
    let reply = board.patch(Some(who), path, body).await;
    reply.expect(200).json()
}

async fn is_hidden(board: &Board, path: &str) {
    board.get(None, path).await.expect(404);
    let page = board.get(None, "jobs?status=open").await.expect(200).json();
    assert!(is_count(&page, 0), "{page}");
}

/// A15: a declined posting goes back to the office before the public sees it, whatever the employer does.
#[actix_web::test]
async fn a_declined_posting_needs_the_office_again() {
    let board = Board::start();
    let admin = board.admin().await;
    let shop = board.join("employer", OUTSIDE).await;
    let no = json!({"jobStatus": "closed", "reason": "Pay is below the minimum."});
    let mut paths = Vec::new();
    // Declined while pending; after its employer closed it; after closing it without a reason.
    for (number, closes_first) in [false, true, true].into_iter().enumerate() {
        let title = json!({"jobTitle": format!("Posting {number}")});
        let path = job_path(&board.post_job(&shop, title).await);
        if closes_first {
            set(&board, &shop, &path, "closed").await.expect(200);
        }
        if number == 2 {
            board.delete(Some(&admin), &path).await.expect(204);
        } else {
            change(&board, &admin, &path, no.clone()).await;
        }
        let seen = board.get(Some(&shop), &path).await.expect(200).json();
        assert_eq!(seen["jobStatus"], "closed");
        let reason = if number == 2 {
            Value::Null
        } else {
            no["reason"].clone()
        };
        assert_eq!(seen["declined"]["reason"], reason, "its employer sees why");
        assert!(seen["declined"]["at"].is_string());
        paths.push(path);
    }
    board.mail(OUTSIDE, "Posting 0 was not approved").await;
    board.mail(OUTSIDE, "Posting 2 was not approved").await;

    // The employer's new postings open at once now; these do not.
    let page = board
        .get(Some(&admin), "admin/accounts?role=employer")
        .await;
    let account = page.expect(200).json()["items"][0]["accountId"].clone();
    let account = format!("admin/accounts/{}", account.as_str().unwrap());
    let trusted = json!({"status": "active", "trusted": true});
    change(&board, &admin, &account, trusted).await;

    let waits = |job: &Value| {
        assert_eq!(job["jobStatus"], "pending", "{job}");
        assert!(job["declined"].is_object(), "{job}");
    };
    waits(
        &set(&board, &shop, &paths[0], "open")
            .await
            .expect(200)
            .json(),
    );
    let edited = json!({"jobTitle": "Better", "jobPayRate": 20});
    change(&board, &shop, &paths[1], edited.clone()).await;
    waits(
        &set(&board, &shop, &paths[1], "open")
            .await
            .expect(200)
            .json(),
    );
    board.delete(Some(&shop), &paths[2]).await.expect(204);
    let both = json!({"jobTitle": "Better still", "jobStatus": "open"});
    waits(&change(&board, &shop, &paths[2], both).await);
    for path in &paths {
        // Closed and reopened by the employer, or edited while pending: still pending.
        set(&board, &shop, path, "closed").await.expect(200);
        waits(&set(&board, &shop, path, "open").await.expect(200).json());
        waits(&change(&board, &shop, path, json!({"positions": 2})).await);
        assert_eq!(
            set(&board, &shop, path, "open").await.expect(409).code(),
            "invalid_transition"
        );
        is_hidden(&board, path).await;
    }
    let waiting = until(&board, Some(&admin), "admin/jobs", |page| is_count(page, 3)).await;
    assert!(waiting["items"][0]["declined"].is_object(), "{waiting}");

    // The office opens one, which cancels the decline, and the employer may change it freely again.
    let opened = set(&board, &admin, &paths[1], "open").await.expect(200);
    assert_eq!(opened.json()["declined"], Value::Null);
    for status in ["closed", "open"] {
        let now = set(&board, &shop, &paths[1], status).await.expect(200);
        assert_eq!(now.json()["jobStatus"], status);
    }
    let public = board.get(None, &paths[1]).await.expect(200).json();
    assert_eq!(public.get("declined"), None);
    let fresh = board.post_job(&shop, json!({})).await;
    assert_eq!(fresh["jobStatus"], "open");
    board.stop().await;
}

/// A15: a posting that the office closed stays closed, even if it was open and its employer is trusted.
#[actix_web::test]
async fn an_open_posting_that_the_office_closed_needs_the_office_again() {
    let board = Board::start();
    let admin = board.admin().await;
    let employer = board.join("employer", "library@example.edu").await;
    let posted = board.post_job(&employer, json!({})).await;
    let path = job_path(&posted);
    change(
        &board,
        &admin,
        &path,
        json!({"jobStatus": "closed", "reason": "It asks for money."}),
    )
    .await;
    board
        .mail("library@example.edu", "It asks for money.")
        .await;
    let again = set(&board, &employer, &path, "open")
        .await
        .expect(200)
        .json();
    assert_eq!(again["jobStatus"], "pending");
    assert_eq!(again["declined"]["reason"], "It asks for money.");
    board.get(None, &path).await.expect(404);
    // Declining twice changes nothing; another reason replaces the first.
    let first = set(&board, &admin, &path, "closed")
        .await
        .expect(200)
        .json();
    assert_eq!(first["declined"]["reason"], Value::Null);
    let second = set(&board, &admin, &path, "closed")
        .await
        .expect(200)
        .json();
    assert_eq!(first, second);
    let why = json!({"jobStatus": "closed", "reason": "It asks for money, still."});
    let third = change(&board, &admin, &path, why).await;
    assert_eq!(third["declined"]["reason"], "It asks for money, still.");
    board.stop().await;
}

/// D5: the fields that verdicts depend on are frozen for the employer while applications are open, and for nobody else.
#[actix_web::test]
async fn fields_behind_verdicts_are_frozen_while_applications_are_open() {
    let board = Board::start();
    let admin = board.admin().await;
    let employer = board.join("employer", "library@example.edu").await;
    let student = board.join("student", "ann@example.edu").await;
    let dates = json!({"startDate": "2099-02-10", "endDate": "2099-05-10", "positions": 3});
    let posted = board.post_job(&employer, dates).await;
    let path = job_path(&posted);
    let changes = json!({"hoursPerWeek": 9, "jobPayRate": 18, "workStudyRequired": true, "setting": "remote",
        "startDate": "2099-02-11", "endDate": null});
    // No applications yet: all fields may change.
    change(&board, &employer, &path, changes.clone()).await;
    let before = json!({"hoursPerWeek": 10, "jobPayRate": 17.5, "workStudyRequired": false, "setting": "onCampus",
        "startDate": "2099-02-10", "endDate": "2099-05-10"});
    change(&board, &employer, &path, before.clone()).await;

    let application = apply(&board, &student, &posted).await;
    for status in ["submitted", "under_review", "interview", "offered"] {
        if status != "submitted" {
            set(&board, &employer, &application, status)
                .await
                .expect(200);
        }
        for (member, value) in changes.as_object().unwrap() {
            let refused = board
                .patch(Some(&employer), &path, json!({member: value}))
                .await
                .expect(409);
            assert_eq!(refused.code(), "has_applications", "{member} {status}");
            assert_eq!(refused.fields(), [member.as_str()]);
            assert!(refused.text.contains(member.as_str()));
        }
    }
    let all = board
        .patch(Some(&employer), &path, changes.clone())
        .await
        .expect(409);
    let mut named = all.fields();
    named.sort();
    let mut wanted: Vec<&String> = changes.as_object().unwrap().keys().collect();
    wanted.sort();
    assert_eq!(named.iter().collect::<Vec<_>>(), wanted);
    let untouched = board.get(Some(&employer), &path).await.expect(200).json();
    assert_eq!(untouched["hoursPerWeek"], 10.0);
    // Equal values are not a change, other fields can change, and a refused patch changes nothing.
    let mut same = before.clone();
    same["jobTitle"] = json!("Another title");
    same["deadline"] = json!("2099-01-30");
    let now = change(&board, &employer, &path, same).await;
    assert_eq!(now["jobTitle"], "Another title");
    let mixed = json!({"jobTitle": "Third", "jobPayRate": 10});
    board.patch(Some(&employer), &path, mixed).await.expect(409);
    let still = board.get(None, &path).await.expect(200).json();
    assert_eq!(still["jobTitle"], "Another title");
    // Closed jobs are frozen too.
    set(&board, &employer, &path, "closed").await.expect(200);
    let lower = json!({"hoursPerWeek": 2, "jobStatus": "open"});
    board.patch(Some(&employer), &path, lower).await.expect(409);

    let by_office = json!({"hoursPerWeek": 9, "jobPayRate": 18});
    let by_office = change(&board, &admin, &path, by_office).await;
    assert_eq!(by_office["hoursPerWeek"], 9.0);
    set(&board, &student, &application, "declined")
        .await
        .expect(200);
    change(&board, &employer, &path, changes).await;
    board.stop().await;
}

/// D5: an import that would change these fields is refused row by row.
#[actix_web::test]
async fn an_import_does_not_change_frozen_fields() {
    let board = Board::start();
    let admin = board.admin().await;
    let employer = board.join("employer", "library@example.edu").await;
    let student = board.join("student", "ann@example.edu").await;
    change(
        &board,
        &employer,
        "me",
        json!({"workSpace": "Main Library"}),
    )
    .await;
    let rows = |title: &str, hours: &str| {
        format!(
            "jobTitle,jobDescription,jobPayRate,hoursPerWeek,deadline,externalId,employerEmail\n\
             {title},Books.,15,{hours},2099-01-31,x1,library@example.edu\n\
             Other,Books.,15,{hours},2099-01-31,x2,library@example.edu\n"
        )
    };
    let import = async |csv: String| {
        let request = board.request(Method::POST, "admin/import/jobs");
        let request = request.bearer_auth(&admin.token).body(csv);
        board.send(request).await.expect(200).json()
    };
    assert_eq!(import(rows("Shelver", "10")).await["created"], 2);
    let found = until(&board, None, "jobs?q=shelver", |page| is_count(page, 1)).await;
    assert_eq!(found["items"][0]["workSpace"], "Main Library");
    apply(&board, &student, &found["items"][0]).await;
    let refused = import(rows("Shelver", "5")).await;
    assert_eq!(
        (&refused["updated"], &refused["rejected"]),
        (
            &json!(1),
            &json!([{"line": 2, "field": "hoursPerWeek", "code": "has_applications", "params": {},
                "message": "cannot change while applications are open"}])
        )
    );
    let fine = import(rows("Night shelver", "10")).await;
    assert_eq!(
        (&fine["updated"], &fine["rejected"]),
        (&json!(2), &json!([]))
    );
    board.stop().await;
}

/// D13: the form says that an empty workplace is taken from the profile.
#[actix_web::test]
async fn an_empty_workplace_is_filled_from_the_profile() {
    let board = Board::start();
    let admin = board.admin().await;
    let employer = board.join("employer", "library@example.edu").await;
    let bare = board.post_job(&employer, json!({})).await;
    assert_eq!(bare["workSpace"], Value::Null, "there is none to take");
    let profile = json!({"workSpace": "Main Library"});
    let me = change(&board, &employer, "me", profile).await;
    for (number, empty) in [
        json!({}),
        json!({"workSpace": null}),
        json!({"workSpace": ""}),
        json!({"workSpace": "  "}),
        json!({"jobStatus": "draft"}),
    ]
    .into_iter()
    .enumerate()
    {
        let posted = board.post_job(&employer, empty.clone()).await;
        assert_eq!(posted["workSpace"], "Main Library", "{empty}");
        if number == 0 {
            let path = job_path(&posted);
            let annex = json!({"workSpace": "Annex"});
            let moved = change(&board, &employer, &path, annex).await;
            assert_eq!(moved["workSpace"], "Annex");
            let back = change(&board, &employer, &path, json!({"workSpace": ""})).await;
            assert_eq!(back["workSpace"], "Main Library");
            let same = change(&board, &employer, &path, json!({"workSpace": null})).await;
            assert_eq!(same["version"], back["version"], "no change");
        }
    }
    let mut by_office = job(json!({"jobTitle": "By the office"}));
    by_office["employeeId"] = me["employer"]["employeeId"].clone();
    let by_office = board
        .post(Some(&admin), "jobs", by_office)
        .await
        .expect(201)
        .json();
    assert_eq!(by_office["workSpace"], "Main Library");
    let filled = change(&board, &employer, &job_path(&bare), json!({"positions": 2})).await;
    assert_eq!(filled["workSpace"], "Main Library");
    let counted = until(&board, None, "jobs?workSpace=Main%20Library", |page| {
        is_count(page, 6)
    })
    .await;
    assert_eq!(titles(&counted).len(), 6);
    assert_eq!(
        counted["facets"]["workSpace"],
        json!([{"value": "Main Library", "count": 6}])
    );
    board.stop().await;
}
