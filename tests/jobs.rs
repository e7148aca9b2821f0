//! Postings and applications from outside: life cycles, conditions, lists, retries, the classic routes.

mod support;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use corkboard::clock::Clock;
use corkboard::model::Timestamp;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use support::{Board, PASSWORD, Person, Reply, job};

fn text(record: &Value, member: &str) -> String {
    record[member]
        .as_str()
        .unwrap_or_else(|| panic!("no {member} in {record}"))
        .to_owned()
}

fn job_path(job: &Value) -> String {
    format!("jobs/{}", text(job, "jobId"))
}

async fn apply(board: &Board, student: &Person, job: &Value) -> String {
    let body = json!({"jobId": job["jobId"]});
    let filed = board
        .post(Some(student), "applications", body)
        .await
        .expect(201)
        .json();
    format!("applications/{}", text(&filed, "applicationId"))
}

async fn set(board: &Board, who: &Person, path: &str, status: &str) -> Reply {
    let member = if path.starts_with("jobs/") {
        "jobStatus"
    } else {
        "applicationStatus"
    };
    board.patch(Some(who), path, json!({member: status})).await
}

/// Asks until the answer is as it must become.
async fn until(
    board: &Board,
    who: Option<&Person>,
    path: &str,
    right: impl Fn(&Value) -> bool,
) -> Value {
    let deadline = Instant::now() + Duration::from_secs(12);
    loop {
        let answer = board.get(who, path).await.expect(200).json();
        if right(&answer) {
            return answer;
        }
        assert!(Instant::now() < deadline, "{path} still gives {answer}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn titles(page: &Value) -> Vec<&str> {
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["jobTitle"].as_str().unwrap())
        .collect()
}

fn is_count(page: &Value, count: u64) -> bool {
    page["total"] == count && page["items"].as_array().unwrap().len() as u64 == count
}

const START_MILLIS: i64 = 1_800_000_000_000;

fn fixed_clock() -> Clock {
    Clock::fixed(Timestamp::from_millis(START_MILLIS))
}

fn set_clock(board: &Board, millis: i64) {
    let Clock::Fixed(at) = &board.clock else {
        panic!("the clock runs")
    };
    at.store(millis, Ordering::Release);
}

#[actix_web::test]
async fn a_posting_has_all_its_members() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    board
        .patch(
            Some(&employer),
            "me",
            json!({"workSpace": "Main Library", "setting": "offCampus"}),
        )
        .await
        .expect(200);
    let reply = board
        .post(Some(&employer), "jobs", job(json!({"skillsRequired": []})))
        .await
        .expect(201);
    let plain = reply.json();
    assert_eq!(
        reply.header("location"),
        format!("/api/v1/{}", job_path(&plain))
    );
    assert_eq!(reply.header("etag"), "\"1\"");
    let defaults = json!({"skillsRequired": [], "positions": 1, "positionsFilled": 0, "setting": "onCampus", "workStudyRequired": false, "workSpace": null,
        "location": null, "startDate": null, "endDate": null, "questions": [], "currency": "USD", "jobStatus": "open", "version": 1,
        "applicationCount": 0, "externalId": null, "employerName": "employer library@example.edu"});
    for (member, value) in defaults.as_object().unwrap() {
        assert_eq!(plain[member], *value, "{member}");
    }
    let mut names: Vec<&String> = plain.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(
        names,
        [
            "applicationCount",
            "currency",
            "deadline",
            "employeeId",
            "employerName",
            "endDate",
            "externalId",
            "hoursPerWeek",
            "jobDescription",
            "jobId",
            "jobPayRate",
            "jobStatus",
            "jobTitle",
            "location",
            "positions",
            "positionsFilled",
            "postedAt",
            "questions",
            "setting",
            "skillsRequired",
            "startDate",
            "updatedAt",
            "version",
            "workSpace",
            "workStudyRequired"
        ]
    );

    let wish = json!({"jobTitle": "Night shift", "jobDescription": "Line one\r\n\tline two ☃\n", "jobPayRate": 19.25, "skillsRequired": ["C++", "Excel"],
        "workSpace": "Annex", "location": "2nd floor", "setting": "remote", "hoursPerWeek": 7.5, "positions": 3, "workStudyRequired": true,
        "startDate": "2099-01-10", "endDate": "2099-05-10", "deadline": "2098-12-31T23:00:00-05:00",
        "questions": [{"questionId": "why", "prompt": "Why?", "required": true}, {"prompt": "Else?"}]});
    let full = board
        .post(Some(&employer), "jobs", wish.clone())
        .await
        .expect(201)
        .json();
    let mut wanted = wish;
    wanted["deadline"] = json!("2099-01-01T04:00:00Z");
    wanted["questions"][1] = json!({"questionId": "q2", "prompt": "Else?", "required": false});
    for (member, value) in wanted.as_object().unwrap() {
        assert_eq!(full[member], *value, "{member}");
    }
    let read = board.get(None, &job_path(&full)).await.expect(200).json();
    assert_eq!(
        (read.get("applicationCount"), read.get("externalId")),
        (None, None)
    );
    assert_eq!(read["jobDescription"], "Line one\r\n\tline two ☃\n");
    // A day is the campus's own, and ends at its midnight.
    assert_eq!(plain["deadline"], "2099-02-01T04:59:59.999Z");
    board.stop().await;
}

#[actix_web::test]
async fn a_posting_goes_through_its_life() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let student = board.join("student", "ann@example.edu").await;
    let draft = board
        .post_job(&employer, json!({"jobStatus": "draft"}))
        .await;
    let path = job_path(&draft);
    board.get(None, &path).await.expect(404);
    for wrong in ["filled", "expired", "pending", "gone"] {
        assert_eq!(
            set(&board, &employer, &path, wrong)
                .await
                .expect(422)
                .fields(),
            ["jobStatus"]
        );
    }
    set(&board, &employer, &path, "open").await.expect(200);
    let open = board.get(None, &path).await.expect(200).json();
    assert!(
        text(&open, "postedAt") > text(&draft, "postedAt"),
        "it was posted when it opened"
    );
    assert_eq!(
        set(&board, &employer, &path, "draft")
            .await
            .expect(422)
            .fields(),
        ["jobStatus"]
    );

    let application = apply(&board, &student, &open).await;
    board.delete(Some(&employer), &path).await.expect(204);
    board
        .mail("ann@example.edu", "has been closed by its employer")
        .await;
    let closed = board.get(None, &path).await.expect(200).json();
    assert_eq!(closed["jobStatus"], "closed");
    let kept = board
        .get(Some(&student), &application)
        .await
        .expect(200)
        .json();
    assert_eq!(kept["applicationStatus"], "submitted");
    board.delete(Some(&employer), &path).await.expect(204);

    set(&board, &employer, &path, "open").await.expect(200);
    set(&board, &employer, &application, "accepted")
        .await
        .expect(200);
    let filled = board.get(None, &path).await.expect(200).json();
    assert_eq!(
        (&filled["jobStatus"], &filled["positionsFilled"]),
        (&json!("filled"), &json!(1))
    );
    // Set by hand they are refused even where nothing would change.
    assert_eq!(
        set(&board, &employer, &path, "filled")
            .await
            .expect(422)
            .fields(),
        ["jobStatus"]
    );
    assert_eq!(
        set(&board, &employer, &path, "open")
            .await
            .expect(422)
            .fields(),
        ["positions"]
    );
    let none = board
        .patch(Some(&employer), &path, json!({"positions": 0}))
        .await
        .expect(422);
    assert_eq!(none.fields(), ["positions"]);
    let wider = json!({"positions": 2, "jobStatus": "open"});
    let open = board
        .patch(Some(&employer), &path, wider)
        .await
        .expect(200)
        .json();
    assert_eq!(
        (
            &open["jobStatus"],
            &open["positions"],
            &open["positionsFilled"]
        ),
        (&json!("open"), &json!(2), &json!(1))
    );
    let fewer = board
        .patch(Some(&employer), &path, json!({"positions": 1}))
        .await
        .expect(200)
        .json();
    assert_eq!(fewer["jobStatus"], "filled");

    let secret = board
        .post_job(&employer, json!({"jobStatus": "draft"}))
        .await;
    board
        .delete(Some(&employer), &job_path(&secret))
        .await
        .expect(204);
    board.get(None, &job_path(&secret)).await.expect(404);
    board.stop().await;
}

#[actix_web::test]
async fn a_deadline_ends_a_posting() {
    let board = Board::start_with(fixed_clock(), |_| {});
    let employer = board.join("employer", "library@example.edu").await;
    let ann = board.join("student", "ann@example.edu").await;
    let bob = board.join("student", "bob@example.edu").await;
    // 2027-01-15 is the day of the clock; New York is five hours behind.
    let posted = board
        .post_job(&employer, json!({"deadline": "2027-01-15", "positions": 2}))
        .await;
    assert_eq!(posted["deadline"], "2027-01-16T04:59:59.999Z");
    let path = job_path(&posted);
    let application = apply(&board, &ann, &posted).await;
    let end = START_MILLIS
        + (START_MILLIS / 86_400_000 * 86_400_000 + 86_400_000 + 5 * 3_600_000 - 1 - START_MILLIS);
    set_clock(&board, end - 1);
    let (bob, ann) = (board.login(&bob.email).await, board.login(&ann.email).await);
    let employer = board.login(&employer.email).await;
    set_clock(&board, end);
    let late = json!({"jobId": posted["jobId"]});
    assert_eq!(
        board
            .post(Some(&bob), "applications", late)
            .await
            .expect(409)
            .code(),
        "job_not_open"
    );
    assert_eq!(
        board.get(None, "jobs").await.expect(200).json()["items"],
        json!([]),
        "over is over, whatever the status says"
    );
    set_clock(&board, end + 1);
    until(&board, None, &path, |job| job["jobStatus"] == "expired").await;
    board
        .mail("ann@example.edu", "its deadline has passed")
        .await;
    set(&board, &employer, &application, "accepted")
        .await
        .expect(200);
    let me = board.get(Some(&ann), "me").await.expect(200).json();
    assert_eq!(me["student"]["weeklyHours"].as_f64(), Some(10.0));
    assert_eq!(
        set(&board, &employer, &path, "open")
            .await
            .expect(422)
            .fields(),
        ["deadline"]
    );
    assert_eq!(
        set(&board, &employer, &path, "expired")
            .await
            .expect(422)
            .fields(),
        ["jobStatus"]
    );
    let again = json!({"deadline": "2027-03-01", "jobStatus": "open"});
    assert_eq!(
        board
            .patch(Some(&employer), &path, again)
            .await
            .expect(200)
            .json()["jobStatus"],
        "open"
    );
    apply(&board, &bob, &posted).await;
    board.stop().await;
}

#[actix_web::test]
async fn conditions_and_merge_patches_hold() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let student = board.join("student", "ann@example.edu").await;
    let posted = board
        .post_job(
            &employer,
            json!({"location": "Hall", "startDate": "2099-01-01"}),
        )
        .await;
    let path = job_path(&posted);
    let application = apply(&board, &student, &posted).await;
    let ask = async |who: Option<&Person>,
                     method: Method,
                     path: &str,
                     header: &str,
                     tag: &str,
                     body: Option<Value>| {
        let mut request = board.request(method, path).header(header, tag);
        if let Some(who) = who {
            request = request.bearer_auth(&who.token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        board.send(request).await
    };
    for (who, path) in [
        (None, &path),
        (Some(&employer), &path),
        (Some(&student), &application),
        (Some(&employer), &application),
    ] {
        let tag = board
            .get(who, path)
            .await
            .expect(200)
            .header("etag")
            .to_owned();
        assert_eq!(tag, "\"1\"");
        for known in ["\"1\"", "W/\"1\"", "\"0\", \"1\"", "*"] {
            let reply = ask(who, Method::GET, path, "if-none-match", known, None)
                .await
                .expect(304);
            assert_eq!((reply.text.as_str(), reply.header("etag")), ("", "\"1\""));
        }
        ask(who, Method::GET, path, "if-none-match", "\"0\"", None)
            .await
            .expect(200);
    }
    let body = json!({"jobTitle": "New title", "location": null, "skillsRequired": ["One"]});
    let stale = ask(
        Some(&employer),
        Method::PATCH,
        &path,
        "if-match",
        "\"7\"",
        Some(body.clone()),
    )
    .await
    .expect(412);
    assert_eq!(stale.code(), "stale");
    ask(
        Some(&employer),
        Method::PATCH,
        &path,
        "if-match",
        "W/\"1\"",
        Some(body.clone()),
    )
    .await
    .expect(412);
    ask(
        Some(&employer),
        Method::DELETE,
        &path,
        "if-match",
        "\"0\"",
        None,
    )
    .await
    .expect(412);
    let changed = ask(
        Some(&employer),
        Method::PATCH,
        &path,
        "if-match",
        "\"1\"",
        Some(body),
    )
    .await
    .expect(200);
    assert_eq!(changed.header("etag"), "\"2\"");
    let mut wanted = posted.clone();
    for (member, value) in [
        ("jobTitle", json!("New title")),
        ("location", Value::Null),
        ("skillsRequired", json!(["One"])),
        ("version", json!(2)),
        ("applicationCount", json!(1)),
    ] {
        wanted[member] = value;
    }
    let changed = changed.json();
    wanted["updatedAt"] = changed["updatedAt"].clone();
    assert_eq!(changed, wanted);
    let merge = board
        .request(Method::PATCH, &path)
        .bearer_auth(&employer.token)
        .header("content-type", "application/merge-patch+json");
    let merged = board
        .send(merge.body(r#"{"startDate": null, "skillsRequired": null}"#))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&merged["startDate"], &merged["skillsRequired"]),
        (&Value::Null, &json!([]))
    );
    let same = board
        .patch(Some(&employer), &path, json!({"jobTitle": "New title"}))
        .await
        .expect(200)
        .json();
    assert_eq!(same["version"], merged["version"], "nothing changed");
    assert_eq!(
        board
            .patch(Some(&employer), &path, json!({"jobTitle": null}))
            .await
            .expect(422)
            .fields(),
        ["jobTitle"]
    );

    let withdraw = json!({"applicationStatus": "withdrawn"});
    ask(
        Some(&student),
        Method::PATCH,
        &application,
        "if-match",
        "\"9\"",
        Some(withdraw),
    )
    .await
    .expect(412);
    ask(
        Some(&student),
        Method::DELETE,
        &application,
        "if-match",
        "\"9\"",
        None,
    )
    .await
    .expect(412);
    ask(
        Some(&student),
        Method::DELETE,
        &application,
        "if-match",
        "\"1\"",
        None,
    )
    .await
    .expect(204);
    board.stop().await;
}

#[actix_web::test]
async fn lists_are_filtered_counted_sorted_and_paged() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let other = board.join("employer", "gym@example.edu").await;
    #[rustfmt::skip]
    let jobs = [
        (&employer, json!({"jobTitle": "Desk clerk", "jobPayRate": 15, "hoursPerWeek": 5, "skillsRequired": ["Excel"], "workSpace": "Library", "location": "North", "deadline": "2099-03-01"})),
        (&employer, json!({"jobTitle": "Data clerk", "jobPayRate": 20, "hoursPerWeek": 15, "skillsRequired": ["Excel", "R"], "workSpace": "Library", "setting": "remote", "deadline": "2099-01-01", "workStudyRequired": true})),
        (&other, json!({"jobTitle": "Lifeguard", "jobPayRate": 18, "hoursPerWeek": 10, "skillsRequired": ["CPR"], "workSpace": "Gym", "setting": "offCampus", "deadline": "2099-02-01"})),
    ];
    for (who, change) in jobs {
        board.post_job(who, change).await;
    }
    let all = until(&board, None, "jobs", |page| is_count(page, 3)).await;
    assert_eq!(
        titles(&all),
        ["Lifeguard", "Data clerk", "Desk clerk"],
        "newest first"
    );
    let own = text(&all["items"][2], "employeeId");
    for (query, wanted) in [
        ("skill=excel", vec!["Data clerk", "Desk clerk"]),
        ("skill=excel&skill=R", vec!["Data clerk"]),
        ("setting=offCampus", vec!["Lifeguard"]),
        ("workSpace=Library", vec!["Data clerk", "Desk clerk"]),
        ("location=North", vec!["Desk clerk"]),
        ("minPay=18", vec!["Lifeguard", "Data clerk"]),
        ("maxHours=10", vec!["Lifeguard", "Desk clerk"]),
        ("workStudy=true", vec!["Data clerk"]),
        ("workStudy=false", vec!["Lifeguard", "Desk clerk"]),
        (
            &format!("employeeId={own}"),
            vec!["Data clerk", "Desk clerk"],
        ),
        ("status=open", vec!["Lifeguard", "Data clerk", "Desk clerk"]),
        ("sort=newest", vec!["Lifeguard", "Data clerk", "Desk clerk"]),
        ("sort=pay", vec!["Data clerk", "Lifeguard", "Desk clerk"]),
        (
            "sort=deadline",
            vec!["Data clerk", "Lifeguard", "Desk clerk"],
        ),
        ("q=clerk&sort=pay", vec!["Data clerk", "Desk clerk"]),
        (
            "skill=excel&minPay=16&maxHours=20&setting=remote",
            vec!["Data clerk"],
        ),
        ("skill=juggling", vec![]),
    ] {
        let page = board
            .get(None, &format!("jobs?{query}"))
            .await
            .expect(200)
            .json();
        assert_eq!(titles(&page), wanted, "{query}");
        assert_eq!(page["total"], wanted.len(), "{query}");
    }
    let facets = board.get(None, "jobs?skill=excel").await.expect(200).json()["facets"].clone();
    assert_eq!(
        facets["workSpace"],
        json!([{"value": "Library", "count": 2}])
    );
    // A facet's own filter does not count against it.
    let skills = facets["skills"].as_array().unwrap();
    assert!(
        skills.contains(&json!({"value": "CPR", "count": 1}))
            || skills.contains(&json!({"value": "R", "count": 1})),
        "{facets}"
    );
    let snippet = board.get(None, "jobs?q=books").await.expect(200).json();
    assert!(
        text(&snippet["items"][0], "snippet").contains("<mark>"),
        "{snippet}"
    );
    assert!(all["items"][0].get("snippet").is_none());

    // A page stays as it is while rows arrive.
    for base in [
        "jobs?limit=1",
        "jobs?limit=1&sort=pay",
        "jobs?limit=1&skill=excel",
    ] {
        let mut seen: Vec<String> = Vec::new();
        let whole = until(
            &board,
            None,
            &base.replace("limit=1", "limit=100"),
            |page| is_count(page, page["total"].as_u64().unwrap()),
        )
        .await;
        let mut cursor = String::new();
        loop {
            let page = board
                .get(None, &format!("{base}{cursor}"))
                .await
                .expect(200)
                .json();
            seen.extend(
                page["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|job| text(job, "jobId")),
            );
            let Some(next) = page["nextCursor"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
            let late = board
                .post_job(
                    &employer,
                    json!({"jobPayRate": 99, "skillsRequired": ["Excel"]}),
                )
                .await;
            until(
                &board,
                None,
                "jobs?limit=100&minPay=90&skill=excel",
                |page| {
                    page["items"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .any(|job| job["jobId"] == late["jobId"])
                },
            )
            .await;
        }
        let wanted: Vec<String> = whole["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|job| text(job, "jobId"))
            .collect();
        assert_eq!(seen, wanted, "{base}");
    }
    board.stop().await;
}

#[actix_web::test]
async fn other_statuses_and_counts_are_for_managers_and_the_office_moderates() {
    let board = Board::start();
    let admin = board.admin().await;
    let shop = board.join("employer", "shop@elsewhere.com").await;
    let library = board.join("employer", "library@example.edu").await;
    let student = board.join("student", "ann@example.edu").await;
    let good = board.post_job(&shop, json!({"jobTitle": "Good"})).await;
    let bad = board.post_job(&shop, json!({"jobTitle": "Bad"})).await;
    let waiting = until(&board, Some(&admin), "admin/jobs", |page| is_count(page, 2)).await;
    assert_eq!(titles(&waiting), ["Bad", "Good"]);
    let own = board
        .get(Some(&shop), "jobs?status=pending")
        .await
        .expect(200)
        .json();
    assert_eq!(titles(&own), ["Bad", "Good"]);
    assert_eq!(
        board
            .get(Some(&library), "jobs?status=pending")
            .await
            .expect(200)
            .json()["items"],
        json!([])
    );
    for who in [None, Some(&student)] {
        board.get(who, "jobs?status=pending").await.expect(403);
    }
    let refused = set(&board, &shop, &job_path(&good), "open")
        .await
        .expect(409);
    assert_eq!(refused.code(), "invalid_transition");
    assert!(
        refused.text.contains("from pending to open"),
        "{}",
        refused.text
    );
    let yes = json!({"jobStatus": "open", "reason": "welcome"});
    board
        .patch(Some(&admin), &job_path(&good), yes)
        .await
        .expect(200);
    let no = json!({"jobStatus": "closed", "reason": "asks for money"});
    board
        .patch(Some(&admin), &job_path(&bad), no)
        .await
        .expect(200);
    board.mail("shop@elsewhere.com", "asks for money").await;
    board.get(None, &job_path(&good)).await.expect(200);
    board.get(None, &job_path(&bad)).await.expect(404);
    // Reopening what was refused waits again.
    assert_eq!(
        set(&board, &shop, &job_path(&bad), "open")
            .await
            .expect(200)
            .json()["jobStatus"],
        "pending"
    );

    apply(&board, &student, &good).await;
    for (who, count) in [
        (Some(&shop), Some(1)),
        (Some(&admin), Some(1)),
        (Some(&library), None),
        (Some(&student), None),
        (None, None),
    ] {
        let read = board.get(who, &job_path(&good)).await.expect(200).json();
        assert_eq!(read.get("applicationCount").and_then(Value::as_u64), count);
        let list = board.get(who, "jobs").await.expect(200).json();
        assert_eq!(
            list["items"][0]
                .get("applicationCount")
                .and_then(Value::as_u64),
            count
        );
    }
    let by_admin = job(json!({"employeeId": good["employeeId"]}));
    let posted = board
        .post(Some(&admin), "jobs", by_admin)
        .await
        .expect(201)
        .json();
    assert_eq!(
        (&posted["jobStatus"], &posted["employeeId"]),
        (&json!("open"), &good["employeeId"])
    );
    board.stop().await;
}

const STATUSES: [&str; 8] = [
    "submitted",
    "under_review",
    "interview",
    "offered",
    "accepted",
    "rejected",
    "declined",
    "withdrawn",
];

/// The table of API.md, written out.
fn may(by: &str, from: &str) -> &'static [&'static str] {
    match (by, from) {
        ("student", "submitted" | "under_review" | "interview") => &["withdrawn"],
        ("student", "offered") => &["accepted", "declined", "withdrawn"],
        ("student", _) => &[],
        (_, "submitted") => &[
            "under_review",
            "interview",
            "offered",
            "accepted",
            "rejected",
        ],
        (_, "under_review") => &["interview", "offered", "accepted", "rejected"],
        (_, "interview") => &["offered", "accepted", "rejected"],
        (_, "offered") => &["rejected"],
        _ => &[],
    }
}

#[actix_web::test]
async fn an_application_moves_as_the_table_says_and_no_other_way() {
    let board = Board::start();
    let admin = board.admin().await;
    let employer = board.join("employer", "library@example.edu").await;
    let student = board.join("student", "ann@example.edu").await;
    let brought_to = async |status: &str| {
        let posted = board.post_job(&employer, json!({})).await;
        let path = apply(&board, &student, &posted).await;
        let moves: &[(&Person, &str)] = match status {
            "submitted" => &[],
            "declined" => &[(&employer, "offered"), (&student, "declined")],
            "withdrawn" => &[(&student, "withdrawn")],
            other => &[(&employer, other)],
        };
        for (who, to) in moves {
            set(&board, who, &path, to).await.expect(200);
        }
        path
    };
    for from in STATUSES {
        let fixed = brought_to(from).await;
        for (by, who) in [
            ("student", &student),
            ("employer", &employer),
            ("admin", &admin),
        ] {
            for to in STATUSES {
                if !may(by, from).contains(&to) {
                    let refused = set(&board, who, &fixed, to).await.expect(409);
                    assert_eq!(refused.code(), "invalid_transition", "{by}: {from} to {to}");
                    let detail = text(&refused.json(), "detail");
                    assert!(detail.contains(from) && detail.contains(to), "{detail}");
                    continue;
                }
                let path = brought_to(from).await;
                let moved = set(&board, who, &path, to).await.expect(200).json();
                assert_eq!(moved["applicationStatus"], to);
                let last = moved["history"].as_array().unwrap().last().unwrap().clone();
                assert_eq!(
                    (&last["by"], &last["from"], &last["to"]),
                    (&json!(by), &json!(from), &json!(to))
                );
            }
        }
    }
    board.stop().await;
}

#[actix_web::test]
async fn places_and_applications_are_given_once() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let students = [
        board.join("student", "ann@example.edu").await,
        board.join("student", "bob@example.edu").await,
    ];
    let posted = board.post_job(&employer, json!({})).await;
    let first = apply(&board, &students[0], &posted).await;
    let second = apply(&board, &students[1], &posted).await;
    let (a, b) = tokio::join!(
        set(&board, &employer, &first, "accepted"),
        set(&board, &employer, &second, "accepted")
    );
    let mut codes = [(a.status.as_u16(), a.code()), (b.status.as_u16(), b.code())];
    codes.sort();
    assert_eq!(
        codes,
        [(200, String::new()), (409, "positions_filled".to_owned())]
    );
    let body = json!({"jobId": posted["jobId"]});
    board
        .mail("@example.edu", "Library assistant has been filled")
        .await;
    let again = board
        .post(Some(&students[0]), "applications", body.clone())
        .await
        .expect(409);
    assert_eq!(again.code(), "already_applied");
    let late = board.join("student", "cat@example.edu").await;
    assert_eq!(
        board
            .post(Some(&late), "applications", body)
            .await
            .expect(409)
            .code(),
        "job_not_open"
    );

    let open = board.post_job(&employer, json!({})).await;
    let body = json!({"jobId": open["jobId"]});
    let tries =
        join_all((0..4).map(|_| board.post(Some(&late), "applications", body.clone()))).await;
    let mut statuses: Vec<u16> = tries.iter().map(|reply| reply.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409]);
    let filed = tries
        .iter()
        .find(|reply| reply.status == 201)
        .unwrap()
        .json();
    let path = format!("applications/{}", text(&filed, "applicationId"));
    board.delete(Some(&late), &path).await.expect(204);
    assert_eq!(
        board.delete(Some(&late), &path).await.expect(409).code(),
        "invalid_transition"
    );
    let anew = apply(&board, &late, &open).await;
    assert_ne!(anew, path, "a new application");
    board
        .delete(Some(&employer), &job_path(&open))
        .await
        .expect(204);
    board.delete(Some(&late), &anew).await.expect(204);
    assert_eq!(
        board
            .post(Some(&late), "applications", body)
            .await
            .expect(409)
            .code(),
        "job_not_open"
    );
    board.stop().await;
}

#[actix_web::test]
async fn each_side_sees_its_view_of_an_application() {
    let board = Board::start();
    let admin = board.admin().await;
    let employer = board.join("employer", "library@example.edu").await;
    let student = board.join("student", "ann@example.edu").await;
    let facts = json!({"gpa": 3.9, "visa": "F-1-secret", "enrolledCredits": 13, "workStudyRemaining": 1234.5, "summary": "Night owl", "skills": ["R"], "graduationDate": "2099-05-01"});
    board.patch(Some(&student), "me", facts).await.expect(200);
    let posted = board.post_job(&employer, json!({"questions": [{"questionId": "why", "prompt": "Why?", "required": true}, {"questionId": "else", "prompt": "Else?"}]})).await;
    for (answers, field) in [
        (json!([]), "answers"),
        (json!([{"questionId": "else", "answer": "no"}]), "answers"),
        (
            json!([{"questionId": "what", "answer": "no"}]),
            "answers[0].questionId",
        ),
        (
            json!([{"questionId": "why", "answer": "a"}, {"questionId": "why", "answer": "b"}]),
            "answers[1].questionId",
        ),
    ] {
        let body = json!({"jobId": posted["jobId"], "answers": answers});
        let fields = board
            .post(Some(&student), "applications", body)
            .await
            .expect(422)
            .fields();
        assert!(fields.contains(&field.to_owned()), "{fields:?}");
    }
    let body = json!({"jobId": posted["jobId"], "coverNote": "Dear all,\n\nyes.\n", "answers": [{"questionId": "why", "answer": " Because. "}]});
    let filed = board
        .post(Some(&student), "applications", body)
        .await
        .expect(201);
    assert_eq!(filed.header("etag"), "\"1\"");
    let filed = filed.json();
    assert_eq!(filed["coverNote"], "Dear all,\n\nyes.\n");
    assert_eq!(
        filed["answers"],
        json!([{"questionId": "why", "answer": " Because. "}])
    );
    let mut names: Vec<&String> = filed.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(
        names,
        [
            "answers",
            "applicationId",
            "applicationStatus",
            "coverNote",
            "eligibility",
            "history",
            "jobId",
            "jobTitle",
            "resume",
            "studentId",
            "submittedAt",
            "updatedAt",
            "version"
        ]
    );
    assert_eq!(
        filed["eligibility"],
        json!({"outcome": "eligible", "reasons": []})
    );
    let path = format!("applications/{}", text(&filed, "applicationId"));
    let note = json!({"applicationStatus": "interview", "note": "Monday\n9 am"});
    let moved = board.patch(Some(&employer), &path, note).await.expect(200);
    assert_eq!(moved.header("etag"), "\"2\"");
    let own = board.get(Some(&student), &path).await.expect(200).json();
    assert_eq!(own["history"][1]["note"], "Monday\n9 am");
    assert!(own.get("student").is_none());
    for (who, path) in [
        (&employer, path.clone()),
        (&employer, format!("{}/applications", job_path(&posted))),
        (&employer, "applications".to_owned()),
        (&employer, "me/export".to_owned()),
    ] {
        let seen = board.get(Some(who), &path).await.expect(200);
        for secret in [
            "gpa",
            "F-1-secret",
            "1234.5",
            "enrolledCredits",
            "workStudyRemaining",
            "3.9",
        ] {
            assert!(
                !seen.text.contains(secret),
                "{secret} in {path}: {}",
                seen.text
            );
        }
    }
    let seen = board.get(Some(&employer), &path).await.expect(200).json();
    assert_eq!(
        seen["student"],
        json!({"studentId": filed["studentId"], "name": "student ann@example.edu", "email": "ann@example.edu", "graduationDate": "2099-05-01", "skills": ["R"], "summary": "Night owl"})
    );

    // Lists and their filters.
    let second = board
        .post_job(&employer, json!({"jobTitle": "Second"}))
        .await;
    apply(&board, &student, &second).await;
    for who in [&student, &employer, &admin] {
        let count = async |query: &str| {
            board.get(Some(who), query).await.expect(200).json()["items"]
                .as_array()
                .unwrap()
                .len()
        };
        assert_eq!(count("applications").await, 2);
        assert_eq!(count("applications?status=interview").await, 1);
        assert_eq!(count("applications?status=rejected").await, 0);
        assert_eq!(
            count(&format!("applications?jobId={}", text(&second, "jobId"))).await,
            1
        );
        assert_eq!(
            count(&format!(
                "applications?jobId={}&status=interview",
                text(&second, "jobId")
            ))
            .await,
            0
        );
        let page = board
            .get(Some(who), "applications?limit=1")
            .await
            .expect(200)
            .json();
        assert_eq!(page["items"][0]["jobTitle"], "Second");
        let next = format!("applications?limit=1&cursor={}", text(&page, "nextCursor"));
        let page = board.get(Some(who), &next).await.expect(200).json();
        assert_eq!(
            (&page["items"][0]["jobTitle"], &page["nextCursor"]),
            (&json!("Library assistant"), &Value::Null)
        );
    }
    let of_job = format!("{}/applications?status=interview", job_path(&posted));
    assert_eq!(
        board.get(Some(&employer), &of_job).await.expect(200).json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    board.stop().await;
}

async fn keyed(board: &Board, who: Option<&Person>, path: &str, key: &str, body: &Value) -> Reply {
    let mut request = board
        .request(Method::POST, path)
        .header("idempotency-key", key);
    if let Some(who) = who {
        request = request.bearer_auth(&who.token);
    }
    board.send(request.json(body)).await
}

#[actix_web::test]
async fn a_retry_gets_the_first_answer() {
    let board = Board::start_with(fixed_clock(), |_| {});
    let admin = board.admin().await;
    let employer = board.join("employer", "library@example.edu").await;
    let other = board.join("employer", "gym@example.edu").await;
    let student = board.join("student", "ann@example.edu").await;
    let body = job(json!({}));
    let first = keyed(&board, Some(&employer), "jobs", "k1", &body)
        .await
        .expect(201);
    let again = keyed(&board, Some(&employer), "jobs", "k1", &body)
        .await
        .expect(201);
    assert_eq!(
        (&again.text, again.header("location"), again.header("etag")),
        (&first.text, first.header("location"), first.header("etag"))
    );
    let mismatch = keyed(
        &board,
        Some(&employer),
        "jobs",
        "k1",
        &job(json!({"jobTitle": "Other"})),
    )
    .await
    .expect(422);
    assert_eq!(mismatch.code(), "idempotency_mismatch");
    // Keys are an account's own.
    let theirs = keyed(&board, Some(&other), "jobs", "k1", &body)
        .await
        .expect(201);
    assert_ne!(theirs.json()["jobId"], first.json()["jobId"]);
    let many = join_all((0..8).map(|_| keyed(&board, Some(&employer), "jobs", "k2", &body))).await;
    assert!(
        many.iter()
            .all(|reply| reply.status == 201 && reply.text == many[0].text)
    );
    assert_eq!(
        board.get(None, "jobs?limit=100").await.expect(200).json()["items"]
            .as_array()
            .unwrap()
            .len(),
        3
    );

    // What was refused has done nothing, so there is nothing to remember.
    let late = job(json!({"deadline": "2020-01-01"}));
    keyed(&board, Some(&employer), "jobs", "k3", &late)
        .await
        .expect(422);
    keyed(&board, Some(&employer), "jobs", "k3", &body)
        .await
        .expect(201);
    let closed = board.post_job(&employer, json!({})).await;
    set(&board, &employer, &job_path(&closed), "closed")
        .await
        .expect(200);
    let application = json!({"jobId": closed["jobId"]});
    keyed(&board, Some(&student), "applications", "k4", &application)
        .await
        .expect(409);
    set(&board, &employer, &job_path(&closed), "open")
        .await
        .expect(200);
    let filed = keyed(&board, Some(&student), "applications", "k4", &application)
        .await
        .expect(201);
    let again = keyed(&board, Some(&student), "applications", "k4", &application)
        .await
        .expect(201);
    assert_eq!(filed.text, again.text);
    for key in ["", &"x".repeat(256)] {
        let refused = keyed(&board, Some(&employer), "jobs", key, &body)
            .await
            .expect(422);
        assert_eq!(refused.fields(), ["Idempotency-Key"]);
    }

    let wish =
        json!({"email": "new@example.edu", "password": PASSWORD, "name": "New", "role": "student"});
    let before = board.mails().len();
    let first = keyed(&board, None, "auth/register", "k5", &wish)
        .await
        .expect(202);
    assert_eq!(
        keyed(&board, None, "auth/register", "k5", &wish)
            .await
            .expect(202)
            .text,
        first.text
    );
    let mut changed = wish.clone();
    changed["name"] = json!("Newer");
    assert_eq!(
        keyed(&board, None, "auth/register", "k5", &changed)
            .await
            .expect(422)
            .code(),
        "idempotency_mismatch"
    );
    let token = board.mailed_token("new@example.edu", "verify-email").await;
    let verify = json!({"token": token});
    let first = keyed(&board, None, "auth/verify-email", "k6", &verify)
        .await
        .expect(200);
    assert_eq!(
        keyed(&board, None, "auth/verify-email", "k6", &verify)
            .await
            .expect(200)
            .text,
        first.text
    );
    let new = board
        .mails()
        .into_iter()
        .filter(|mail| mail.contains("new@example.edu>"))
        .count();
    assert_eq!(new, 1, "one mail of {before} and more");

    // A log-in and a renewal: the second try of either must not open another session, nor count as a reuse.
    let login = json!({"email": "new@example.edu", "password": PASSWORD});
    let first = keyed(&board, None, "auth/login", "k7", &login)
        .await
        .expect(200);
    assert_eq!(
        keyed(&board, None, "auth/login", "k7", &login)
            .await
            .expect(200)
            .text,
        first.text
    );
    let wrong = json!({"email": "new@example.edu", "password": "another one"});
    assert_eq!(
        keyed(&board, None, "auth/login", "k7", &wrong)
            .await
            .expect(422)
            .code(),
        "idempotency_mismatch"
    );
    let refresh = json!({"refreshToken": first.json()["refreshToken"]});
    let renewed = keyed(&board, None, "auth/refresh", "k8", &refresh)
        .await
        .expect(200);
    assert_eq!(
        keyed(&board, None, "auth/refresh", "k8", &refresh)
            .await
            .expect(200)
            .text,
        renewed.text
    );
    let out = json!({"refreshToken": renewed.json()["refreshToken"]});
    keyed(&board, None, "auth/logout", "k9", &out)
        .await
        .expect(204);
    keyed(&board, None, "auth/logout", "k9", &out)
        .await
        .expect(204);
    assert_eq!(
        keyed(&board, None, "auth/logout", "k9", &json!({}))
            .await
            .expect(422)
            .code(),
        "idempotency_mismatch"
    );

    let sent = until(&board, Some(&admin), "admin/outbox?state=sent", |page| {
        page["items"] != json!([])
    })
    .await;
    let retry = format!("admin/outbox/{}/retry", text(&sent["items"][0], "mailId"));
    keyed(&board, Some(&admin), &retry, "k1", &Value::Null)
        .await
        .expect(409);

    // The day after, the key is free again.
    set_clock(&board, START_MILLIS + 24 * 3_600_000);
    let employer = board.login(&employer.email).await;
    let later = keyed(&board, Some(&employer), "jobs", "k2", &body)
        .await
        .expect(201);
    assert_ne!(later.json()["jobId"], many[0].json()["jobId"]);
    board.stop().await;
}

#[actix_web::test]
async fn an_import_is_answered_once_for_a_key() {
    let board = Board::start();
    let admin = board.admin().await;
    let import = async |csv: &str| {
        let request = board
            .request(Method::POST, "admin/import/students")
            .bearer_auth(&admin.token);
        board
            .send(
                request
                    .header("idempotency-key", "import")
                    .body(csv.to_owned()),
            )
            .await
    };
    let csv = "name,email\nAnn,ann@example.edu\nBob,nonsense\n";
    let first = import(csv).await.expect(200);
    assert_eq!(first.json()["created"], 1);
    assert_eq!(import(csv).await.expect(200).text, first.text);
    let other = import("name,email\nCat,cat@example.edu\n")
        .await
        .expect(422);
    assert_eq!(other.code(), "idempotency_mismatch");
    board.stop().await;
}

#[actix_web::test]
async fn other_origins_read_what_the_configuration_allows() {
    let closed = Board::start();
    let open = Board::start_with(Clock::System, |config| {
        config.server.allowed_origins = vec!["https://app.example".into()]
    });
    let ask = async |board: &Board, method: Method, origin: &str, preflight: bool| {
        let mut request = board.request(method, "jobs").header("origin", origin);
        if preflight {
            request = request
                .header("access-control-request-method", "POST")
                .header(
                    "access-control-request-headers",
                    "authorization, idempotency-key",
                );
        }
        board.send(request).await
    };
    let allow = "access-control-allow-origin";
    let yes = ask(&open, Method::OPTIONS, "https://app.example", true)
        .await
        .expect(204);
    assert_eq!(yes.header(allow), "https://app.example");
    assert!(yes.header("access-control-allow-methods").contains("PATCH"));
    for header in [
        "authorization",
        "idempotency-key",
        "if-match",
        "content-type",
    ] {
        assert!(
            yes.header("access-control-allow-headers")
                .to_lowercase()
                .contains(header),
            "{header}"
        );
    }
    let read = ask(&open, Method::GET, "https://app.example", false)
        .await
        .expect(200);
    assert_eq!(read.header(allow), "https://app.example");
    assert!(
        read.header("access-control-expose-headers")
            .contains("ETag")
    );
    assert_eq!(
        ask(&open, Method::OPTIONS, "https://evil.example", true)
            .await
            .header(allow),
        ""
    );
    assert_eq!(
        ask(&open, Method::GET, "https://evil.example", false)
            .await
            .expect(200)
            .header(allow),
        ""
    );
    let refused = open
        .request(Method::GET, "me")
        .header("origin", "https://app.example");
    assert_eq!(
        open.send(refused).await.expect(401).header(allow),
        "https://app.example"
    );
    assert_eq!(
        ask(&closed, Method::OPTIONS, "https://app.example", true)
            .await
            .header(allow),
        ""
    );
    assert_eq!(
        ask(&closed, Method::GET, "https://app.example", false)
            .await
            .expect(200)
            .header(allow),
        ""
    );
    closed.stop().await;
    open.stop().await;
}

#[actix_web::test]
async fn classic_routes_are_the_same_under_their_old_names() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let student = board.join("student", "ann@example.edu").await;
    let login = json!({"email": "ann@example.edu", "password": PASSWORD});
    let classic = board
        .post(None, "/authLogin", login)
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&classic["tokenType"], &classic["account"]["role"]),
        (&json!("Bearer"), &json!("student"))
    );
    let posted = board
        .post(Some(&employer), "/job-post", job(json!({})))
        .await
        .expect(201);
    assert_eq!(
        posted.header("location"),
        format!("/api/v1/{}", job_path(&posted.json()))
    );
    let posted = posted.json();
    let (old, new) = (
        board.get(None, "/get-jobs?limit=5").await.expect(200),
        board.get(None, "jobs?limit=5").await.expect(200),
    );
    assert_eq!(old.json()["items"], new.json()["items"]);
    board.get(None, "/get-jobs?colour=red").await.expect(422);
    let filed = board
        .post(
            Some(&student),
            "/apply-job",
            json!({"jobId": posted["jobId"]}),
        )
        .await
        .expect(201);
    let id = text(&filed.json(), "applicationId");
    assert_eq!(
        filed.header("location"),
        format!("/api/v1/applications/{id}")
    );
    let (old, new) = (
        board.get(Some(&student), "/get-applications").await,
        board.get(Some(&student), "applications").await,
    );
    assert_eq!(old.text, new.text);
    for (path, status) in [
        ("/update-application-jobs", "under_review"),
        ("/update-application-status", "interview"),
    ] {
        let body = json!({"applicationId": id, "applicationStatus": status, "note": "n"});
        let moved = board.patch(Some(&employer), path, body).await.expect(200);
        assert_eq!(
            (
                moved.json()["applicationStatus"].clone(),
                moved.header("etag").is_empty()
            ),
            (json!(status), false)
        );
    }
    let stale = board
        .request(Method::PATCH, "/update-application-status")
        .bearer_auth(&employer.token)
        .header("if-match", "\"1\"");
    board
        .send(stale.json(&json!({"applicationId": id, "applicationStatus": "offered"})))
        .await
        .expect(412);
    let unknown = json!({"applicationId": id, "applicationStatus": "offered", "status": "x"});
    assert_eq!(
        board
            .patch(Some(&employer), "/update-application-status", unknown)
            .await
            .expect(422)
            .fields(),
        ["status"]
    );
    let job_id = text(&posted, "jobId");
    for query in [
        "",
        "?jobId=&applicationId=",
        &format!("?jobId={job_id}&applicationId={id}"),
    ] {
        let refused = board
            .delete(Some(&employer), &format!("/delete-service{query}"))
            .await
            .expect(422);
        assert!(!refused.fields().is_empty());
    }
    board
        .delete(
            Some(&student),
            &format!("/delete-service?applicationId={id}"),
        )
        .await
        .expect(204);
    board
        .delete(Some(&employer), &format!("/delete-service?jobId={job_id}"))
        .await
        .expect(204);
    let read = board
        .get(Some(&student), &format!("applications/{id}"))
        .await
        .expect(200)
        .json();
    assert_eq!(read["applicationStatus"], "withdrawn");
    assert_eq!(
        board.get(None, &job_path(&posted)).await.expect(200).json()["jobStatus"],
        "closed"
    );
    board.stop().await;
}
