//! Postings: fields, status changes, deadlines, conditions, and who sees which.

use super::{
    START_MILLIS, apply, fixed_clock, is_count, job_path, set, set_clock, text, titles, until,
};
use crate::support::{Board, Person, job};
use reqwest::Method;
use serde_json::{Value, json};

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
    let defaults = json!({"skillsRequired": [], "positions": 1, "positionsFilled": 0, "setting": "onCampus", "workStudyRequired": false, "workSpace": "Main Library", "declined": null,
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
            "declined",
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

    let wish = json!({"jobTitle": "Night shift", "jobDescription": "Line one\r\n\tline two ☃\n", "jobPayRate": 19.25, "skillsRequired": ["Juggling", "Knitting"],
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
    let given = question_ids(&full)[1].clone();
    assert_uuid7(&given);
    wanted["questions"][1] = json!({"questionId": given, "prompt": "Else?", "required": false});
    for (member, value) in wanted.as_object().unwrap() {
        assert_eq!(full[member], *value, "{member}");
    }
    let read = board.get(None, &job_path(&full)).await.expect(200).json();
    assert_eq!(
        (
            read.get("applicationCount"),
            read.get("externalId"),
            read.get("declined")
        ),
        (None, None, None)
    );
    assert_eq!(read["jobDescription"], "Line one\r\n\tline two ☃\n");
    // A date is in the campus's time zone, and ends at its midnight.
    assert_eq!(plain["deadline"], "2099-02-01T04:59:59.999Z");
    board.stop().await;
}

#[actix_web::test]
async fn a_posting_changes_its_status() {
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
    // Sorted as text, ".95Z" comes after ".951Z".
    assert_ne!(
        text(&open, "postedAt"),
        text(&draft, "postedAt"),
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
    board.mail("ann@example.edu", "has been closed").await;
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
    // Setting these statuses is refused even if nothing would change.
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
    // By the clock it is 2027-01-15 UTC. New York is five hours behind.
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
        .mail(
            "ann@example.edu",
            "The deadline for Library assistant has passed.",
        )
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
async fn hours_cannot_be_raised_after_the_verdict() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let student = board.join("student", "ann@example.edu").await;
    let posted = board
        .post_job(&employer, json!({"hoursPerWeek": 3, "positions": 2}))
        .await;
    let path = job_path(&posted);
    let raised = json!({"hoursPerWeek": 4});
    board
        .patch(Some(&employer), &path, raised)
        .await
        .expect(200);
    let application = apply(&board, &student, &posted).await;
    let accept = json!({"applicationStatus": "accepted"});
    board
        .patch(Some(&employer), &application, accept)
        .await
        .expect(200);
    let raised = json!({"hoursPerWeek": 40});
    let refused = board
        .patch(Some(&employer), &path, raised)
        .await
        .expect(422);
    assert_eq!(refused.fields(), ["hoursPerWeek"]);
    let lowered = json!({"hoursPerWeek": 2});
    board
        .patch(Some(&employer), &path, lowered)
        .await
        .expect(200);
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
            json!({"location": "Hall", "questions": [{"prompt": "Why?"}]}),
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
        .send(merge.body(r#"{"questions": null, "skillsRequired": null}"#))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&merged["questions"], &merged["skillsRequired"]),
        (&json!([]), &json!([]))
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
    // A declined posting is pending again when it is reopened.
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

fn question_ids(job: &Value) -> Vec<String> {
    let questions = job["questions"].as_array().unwrap().iter();
    questions
        .map(|question| text(question, "questionId"))
        .collect()
}

fn assert_uuid7(id: &str) {
    let version = uuid::Uuid::parse_str(id).unwrap().get_version_num();
    assert_eq!(version, 7, "{id}");
}

#[actix_web::test]
async fn a_question_keeps_its_id_when_others_come_before_it() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let questions = json!([{"prompt": "Why?"}, {"prompt": "When?"}]);
    let posted = board
        .post_job(&employer, json!({"questions": questions}))
        .await;
    let given = question_ids(&posted);
    for id in &given {
        assert_uuid7(id);
    }
    let more = json!({"questions": [
        {"prompt": "New"},
        {"questionId": given[0], "prompt": "Why?"},
        {"questionId": "q1", "prompt": "When?"},
        {"questionId": null, "prompt": "And?"},
    ]});
    let changed = board
        .patch(Some(&employer), &job_path(&posted), more)
        .await
        .expect(200)
        .json();
    let ids = question_ids(&changed);
    assert_eq!((&ids[1], ids[2].as_str()), (&given[0], "q1"));
    for id in [&ids[0], &ids[3]] {
        assert_uuid7(id);
        assert!(!given.contains(id), "{id}");
    }
    board.stop().await;
}

#[actix_web::test]
async fn a_null_status_counts_as_absent() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let posted = board.post_job(&employer, json!({"jobStatus": null})).await;
    assert_eq!(posted["jobStatus"], "open");
    board.stop().await;
}
