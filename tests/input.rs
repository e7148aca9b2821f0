//! Bad input gets a 4xx that says what is wrong and where. Nothing panics, nothing is lost.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use crate::support::{self, Board, Person, Reply, job};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use reqwest::Method;
use serde_json::{Value, json};

#[track_caller]
fn assert_problem(reply: &Reply, status: u16) {
    assert_eq!(reply.status.as_u16(), status, "{}", reply.text);
    assert_eq!(
        reply.header("content-type"),
        "application/problem+json",
        "{}",
        reply.text
    );
    let problem = reply.json();
    assert_eq!(problem["status"], status);
    for member in ["type", "title", "detail", "code", "requestId"] {
        let text = problem[member].as_str().unwrap_or_default();
        assert!(!text.is_empty(), "{member} in {}", reply.text);
    }
    if status == 422 {
        let errors = problem["errors"]
            .as_array()
            .unwrap_or_else(|| panic!("{}", reply.text));
        for error in errors {
            for member in ["field", "code", "message"] {
                assert!(error[member].is_string(), "{member} in {error}");
            }
            assert!(error["params"].is_object(), "{error}");
        }
    }
}

async fn send(
    board: &Board,
    who: &Person,
    method: Method,
    path: &str,
    body: impl Into<Vec<u8>>,
) -> Reply {
    let request = board.request(method, path).bearer_auth(&who.token);
    let request = request
        .header("content-type", "application/json")
        .body(body.into());
    board.send(request).await
}

/// A posting with this JSON text as a member.
fn posting_with(member: &str, json: &str) -> String {
    let mut members: Vec<String> = job(json!({}))
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| *name != member)
        .map(|(name, value)| format!("{}: {value}", json!(name)))
        .collect();
    members.push(format!("{}: {json}", json!(member)));
    format!("{{{}}}", members.join(", "))
}

/// The routes that take a JSON body, and their methods.
fn bodies(job_id: &str) -> Vec<(Method, String)> {
    let path = format!("jobs/{job_id}");
    vec![
        (Method::POST, "auth/register".into()),
        (Method::POST, "auth/verify-email".into()),
        (Method::POST, "auth/login".into()),
        (Method::POST, "auth/refresh".into()),
        (Method::POST, "auth/logout".into()),
        (Method::POST, "auth/forgot-password".into()),
        (Method::POST, "auth/reset-password".into()),
        (Method::PATCH, "me".into()),
        (Method::DELETE, "me".into()),
        (Method::POST, "jobs".into()),
        (Method::PATCH, path),
        (Method::PATCH, "/update-application-status".into()),
        (Method::POST, "/job-post".into()),
        (Method::POST, "/authLogin".into()),
    ]
}

#[actix_web::test]
async fn a_body_that_is_not_a_json_object_is_refused() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let posted = board.post_job(&employer, json!({})).await;
    let job_id = posted["jobId"].as_str().unwrap();
    let deep = format!(
        r#"{{"name": {}1{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let open = "[".repeat(100_000);
    let malformed: [&[u8]; 14] = [
        b"{",
        b"{\"name\"",
        b"{\"name\": \"x\"} {}",
        b"{\"name\": \"x\",}",
        b"{name: 1}",
        b"{'name': 1}",
        b"{\"name\": 01}",
        b"{\"name\": NaN}",
        b"{\"email\": 5, ",
        b"{\"unknown\": 5, ]",
        b"{\"name\": \"\xff\xfe\"}",
        b"{\"name\": \"\\ud800\"}",
        deep.as_bytes(),
        open.as_bytes(),
    ];
    for (method, path) in bodies(job_id) {
        for body in malformed {
            let reply = send(&board, &employer, method.clone(), &path, body).await;
            let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
            assert_eq!(reply.status, 400, "{method} {path} {shown}: {}", reply.text);
            assert_problem(&reply, 400);
            assert_eq!(reply.code(), "malformed_json");
        }
        for body in ["[]", "7", "null", "\"x\"", "[{\"name\": \"x\"}]"] {
            let reply = send(&board, &employer, method.clone(), &path, body).await;
            assert_problem(&reply, 422);
            assert_eq!(reply.fields(), ["body"], "{method} {path} {body}");
        }
        let reply = send(
            &board,
            &employer,
            method.clone(),
            &path,
            r#"{"colour": "red", "colour": "blue"}"#,
        )
        .await;
        assert_problem(&reply, 422);
        assert_eq!(reply.fields(), ["colour"], "{method} {path}");
        assert_eq!(reply.json()["errors"][0]["code"], "repeated");
        let reply = send(
            &board,
            &employer,
            method.clone(),
            &path,
            r#"{"colour": "red"}"#,
        )
        .await;
        assert_problem(&reply, 422);
        assert!(
            reply.fields().contains(&"colour".to_owned()) || path == "auth/register",
            "{method} {path} {}",
            reply.text
        );

        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/jsonp",
            "",
        ] {
            let mut request = board
                .request(method.clone(), &path)
                .bearer_auth(&employer.token);
            if !kind.is_empty() {
                request = request.header("content-type", kind);
            }
            assert_problem(&board.send(request.body("{}")).await, 415);
        }
        let merge = board
            .request(method.clone(), &path)
            .bearer_auth(&employer.token);
        let merge = merge
            .header("content-type", "application/merge-patch+json")
            .body("{}");
        let status = board.send(merge).await.status;
        assert_eq!(
            status == 415,
            method != Method::PATCH,
            "{method} {path} {status}"
        );

        // D11: an empty body is not JSON. It is allowed only where a cookie can replace it.
        let mut empty = board.request(method.clone(), &path);
        if path != "auth/logout" {
            empty = empty.bearer_auth(&employer.token);
        }
        let reply = board.send(empty).await;
        match (method.as_str(), path.as_str()) {
            (_, "auth/logout") => assert_eq!(reply.status, 204),
            (_, "auth/refresh") => {
                assert_problem(&reply, 422);
                assert_eq!(reply.fields(), ["refreshToken"]);
            }
            _ => {
                assert_problem(&reply, 400);
                assert_eq!(reply.code(), "malformed_json");
            }
        }
    }
    board.stop().await;
}

#[actix_web::test]
async fn a_posting_says_which_of_its_members_is_wrong() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let posted = board.post_job(&employer, json!({})).await;
    let path = format!("jobs/{}", posted["jobId"].as_str().unwrap());
    let long = |count: usize| json!("x".repeat(count)).to_string();
    let skills = json!(
        (0..1_000)
            .map(|number| format!("skill {number}"))
            .collect::<Vec<_>>()
    )
    .to_string();
    let many = json!(
        (0..51)
            .map(|number| format!("skill {number}"))
            .collect::<Vec<_>>()
    )
    .to_string();
    let questions = json!(
        (0..21)
            .map(|number| json!({"prompt": format!("{number}?")}))
            .collect::<Vec<_>>()
    )
    .to_string();
    let (title, description, place) = (long(201), long(20_001), long(201));
    let skill = format!("[{}]", long(81));
    #[rustfmt::skip]
    let wrong: Vec<(&str, &str, &str)> = vec![
        ("jobTitle", "\"\"", ""), ("jobTitle", "\"  \"", ""), ("jobTitle", "5", ""), ("jobTitle", &title, ""),
        ("jobTitle", "\"a\\u0000b\"", ""), ("jobTitle", "\"a\\nb\"", ""), ("jobTitle", "[\"x\"]", ""), ("jobTitle", "null", ""),
        ("jobDescription", "\"\"", ""), ("jobDescription", "\" \\n \"", ""), ("jobDescription", &description, ""), ("jobDescription", "\"\\u0000\"", ""), ("jobDescription", "{}", ""),
        ("jobPayRate", "-1", ""), ("jobPayRate", "-0.01", ""), ("jobPayRate", "17.505", ""), ("jobPayRate", "1000.01", ""), ("jobPayRate", "1e300", ""), ("jobPayRate", "1e400", ""),
        ("jobPayRate", "-1e400", ""), ("jobPayRate", "99999999999999999999", ""), ("jobPayRate", "1e-9", ""), ("jobPayRate", "\"17.50\"", ""), ("jobPayRate", "null", ""), ("jobPayRate", "true", ""),
        ("hoursPerWeek", "0", ""), ("hoursPerWeek", "-0", ""), ("hoursPerWeek", "-5", ""), ("hoursPerWeek", "60.5", ""), ("hoursPerWeek", "1e300", ""), ("hoursPerWeek", "\"ten\"", ""), ("hoursPerWeek", "[]", ""),
        ("deadline", "\"2020-01-01\"", ""), ("deadline", "\"2020-01-01T00:00:00Z\"", ""), ("deadline", "\"tomorrow\"", ""), ("deadline", "\"2099-02-30\"", ""), ("deadline", "4102444800", ""), ("deadline", "null", ""), ("deadline", "\"\"", ""),
        ("skillsRequired", &skills, ""), ("skillsRequired", &many, ""), ("skillsRequired", &skill, ""), ("skillsRequired", "[\"\"]", ""), ("skillsRequired", "\"Excel\"", ""),
        ("skillsRequired", "[5]", "skillsRequired[0]"), ("skillsRequired", "[\"a\\u0000\"]", ""),
        ("positions", "0", ""), ("positions", "-1", ""), ("positions", "1001", ""), ("positions", "1.5", ""), ("positions", "99999999999999999999", ""), ("positions", "\"2\"", ""),
        ("setting", "\"moon\"", ""), ("setting", "5", ""), ("workStudyRequired", "\"yes\"", ""), ("workStudyRequired", "1", ""),
        ("workSpace", &place, ""), ("location", &place, ""), ("location", "\"a\\u0007\"", ""),
        ("startDate", "\"soon\"", ""), ("startDate", "20990101", ""), ("endDate", "\"2099-13-01\"", ""),
        ("questions", &questions, ""), ("questions", "\"?\"", ""), ("questions", "[{}]", "questions[0].prompt"), ("questions", "[{\"prompt\": \"\"}]", "questions[0].prompt"),
        ("questions", "[{\"prompt\": \"a\", \"colour\": 1}]", "questions[0].colour"), ("questions", "[{\"prompt\": \"a\", \"prompt\": \"b\"}]", "questions[0].prompt"),
        ("questions", "[{\"prompt\": \"a\", \"questionId\": \"q\"}, {\"prompt\": \"b\", \"questionId\": \"q\"}]", "questions[1].questionId"),
        ("questions", "[{\"prompt\": \"a\", \"required\": \"yes\"}]", "questions[0].required"),
        ("jobStatus", "\"filled\"", ""), ("jobStatus", "\"expired\"", ""), ("jobStatus", "\"pending\"", ""), ("jobStatus", "\"gone\"", ""), ("jobStatus", "5", ""),
        ("jobId", "\"x\"", ""), ("version", "1", ""), ("postedAt", "\"2026-01-01T00:00:00Z\"", ""), ("positionsFilled", "1", ""), ("colour", "{}", ""),
    ];
    for (member, value, field) in wrong {
        let field = if field.is_empty() { member } else { field };
        let body = posting_with(member, value);
        let shown: String = value.chars().take(60).collect();
        let reply = send(&board, &employer, Method::POST, "jobs", body).await;
        assert_eq!(reply.status, 422, "POST {member} {shown}: {}", reply.text);
        assert_problem(&reply, 422);
        assert_eq!(
            reply.fields(),
            [field],
            "POST {member} {shown}: {}",
            reply.text
        );
        let body = format!("{{\"{member}\": {value}}}");
        let reply = send(&board, &employer, Method::PATCH, &path, body).await;
        assert_eq!(reply.status, 422, "PATCH {member} {shown}: {}", reply.text);
        assert_eq!(
            reply.fields(),
            [field],
            "PATCH {member} {shown}: {}",
            reply.text
        );
    }
    let reply = send(&board, &employer, Method::POST, "jobs", "{}").await;
    let mut missing = reply.expect(422).fields();
    missing.sort();
    assert_eq!(
        missing,
        [
            "deadline",
            "hoursPerWeek",
            "jobDescription",
            "jobPayRate",
            "jobTitle"
        ]
    );
    let ends_first = json!({"startDate": "2099-05-02", "endDate": "2099-05-01"});
    let reply = board
        .post(Some(&employer), "jobs", job(ends_first))
        .await
        .expect(422);
    assert_eq!(reply.fields(), ["endDate"]);
    assert_eq!(
        board.get(None, &path).await.expect(200).json(),
        without_management(posted)
    );

    // Values at the limits are accepted.
    let most: Vec<String> = (0..50).map(|number| format!("{number:080}")).collect();
    let full = json!({"jobTitle": "ж".repeat(200), "jobDescription": "ж".repeat(20_000), "jobPayRate": 1000, "hoursPerWeek": 60,
        "skillsRequired": most, "positions": 1000, "workSpace": "ж".repeat(200), "location": "ж".repeat(200)});
    let kept = board
        .post(Some(&employer), "jobs", job(full.clone()))
        .await
        .expect(201)
        .json();
    for (member, value) in full.as_object().unwrap() {
        assert!(
            kept[member] == *value || kept[member].as_f64() == value.as_f64(),
            "{member}: {}",
            kept[member]
        );
    }
    for pay in ["0", "-0", "0.1", "19.99", "1e1", "17.50"] {
        let reply = send(
            &board,
            &employer,
            Method::POST,
            "jobs",
            posting_with("jobPayRate", pay),
        )
        .await;
        let kept = reply.expect(201).json()["jobPayRate"].as_f64().unwrap();
        assert_eq!(kept, pay.parse::<f64>().unwrap());
    }
    board.stop().await;
}

fn without_management(mut job: Value) -> Value {
    let members = job.as_object_mut().unwrap();
    members.remove("applicationCount");
    members.remove("declined");
    members.remove("externalId");
    job
}

#[actix_web::test]
async fn a_registration_error_names_the_wrong_member() {
    let board = Board::start();
    let student = board.join("student", "ann@example.edu").await;
    let employer = board.join("employer", "library@example.edu").await;
    let posted = board
        .post_job(
            &employer,
            json!({"questions": [{"questionId": "why", "prompt": "Why?", "required": true}]}),
        )
        .await;
    let job_id = posted["jobId"].as_str().unwrap();
    let register = |change: Value| {
        let mut body = json!({"email": "new@example.edu", "password": "long enough", "name": "New", "role": "student"});
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    #[rustfmt::skip]
    let registrations = [
        (json!({"email": "x"}), "email"), (json!({"email": "new@elsewhere.com"}), "email"), (json!({"email": 5}), "email"), (json!({"email": "a\u{0}@example.edu"}), "email"),
        (json!({"email": format!("{}@example.edu", "a".repeat(300))}), "email"), (json!({"email": null}), "email"),
        (json!({"password": "short"}), "password"), (json!({"password": "x".repeat(257)}), "password"), (json!({"password": null}), "password"),
        (json!({"name": ""}), "name"), (json!({"name": "a\u{0}"}), "name"), (json!({"name": "x".repeat(201)}), "name"), (json!({"name": []}), "name"),
        (json!({"role": "admin"}), "role"), (json!({"role": 1}), "role"), (json!({"colour": "red"}), "colour"),
        (json!({"gpa": "high"}), "gpa"), (json!({"gpa": -1}), "gpa"), (json!({"enrolledCredits": 1e300}), "enrolledCredits"), (json!({"graduationDate": "soon"}), "graduationDate"),
        (json!({"skills": "Excel"}), "skills"), (json!({"skills": vec!["x"; 1_000]}), "skills"), (json!({"studentId": "x".repeat(65)}), "studentId"), (json!({"studentId": ""}), "studentId"),
        (json!({"workStudyRemaining": -1}), "workStudyRemaining"), (json!({"workStudyRemaining": 1.005}), "workStudyRemaining"), (json!({"preferences": {"colour": 1}}), "preferences.colour"),
        (json!({"workSpace": "Library"}), "workSpace"), (json!({"trusted": true}), "trusted"), (json!({"status": "active"}), "status"),
    ];
    for (change, field) in registrations {
        let reply = board
            .post(None, "auth/register", register(change.clone()))
            .await;
        assert_problem(&reply, 422);
        assert_eq!(reply.fields(), [field], "{change}");
    }
    let all = board
        .post(None, "auth/register", json!({}))
        .await
        .expect(422)
        .fields();
    assert_eq!(all, ["email", "password", "name", "role"]);
    #[rustfmt::skip]
    let patches = [
        (json!({"gpa": "high"}), "gpa"), (json!({"gpa": 10.5}), "gpa"), (json!({"name": null}), "name"), (json!({"name": ""}), "name"), (json!({"studentId": "x"}), "studentId"),
        (json!({"studentId": null}), "studentId"), (json!({"weeklyHours": 1}), "weeklyHours"), (json!({"version": 9}), "version"), (json!({"role": "admin"}), "role"),
        (json!({"workSpace": "x"}), "workSpace"), (json!({"summary": "a\u{0}"}), "summary"), (json!({"skills": {"a": 1}}), "skills"), (json!({"preferences": []}), "preferences"),
        (json!({"password": "long enough"}), "currentPassword"), (json!({"email": "b@example.edu", "currentPassword": "wrong"}), "currentPassword"),
        (json!({"bogus": null}), "bogus"), (json!({"weeklyHours": null}), "weeklyHours"), (json!({"preferences": {"bogus": null}}), "preferences.bogus"), (json!({"version": null}), "version"),
    ];
    for (body, field) in patches {
        let reply = board.patch(Some(&student), "me", body.clone()).await;
        assert_problem(&reply, 422);
        assert_eq!(reply.fields(), [field], "{body}");
    }
    #[rustfmt::skip]
    let applications = [
        (json!({}), "jobId"), (json!({"jobId": 5}), "jobId"), (json!({"jobId": "x"}), "jobId"), (json!({"jobId": job_id.replace('-', "")}), "jobId"),
        (json!({"jobId": job_id, "colour": 1}), "colour"), (json!({"jobId": job_id, "coverNote": "a\u{0}"}), "coverNote"), (json!({"jobId": job_id, "coverNote": 5}), "coverNote"),
        (json!({"jobId": job_id, "answers": "yes"}), "answers"), (json!({"jobId": job_id, "answers": [5]}), "answers[0]"), (json!({"jobId": job_id, "answers": [{"questionId": "why"}]}), "answers[0].answer"),
        (json!({"jobId": job_id, "answers": [{"questionId": "why", "answer": "a", "x": 1}]}), "answers[0].x"), (json!({"jobId": job_id}), "answers"),
        (json!({"jobId": job_id, "answers": [{"questionId": "why", "answer": " "}]}), "answers"), (json!({"jobId": job_id, "resumeId": "x"}), "resumeId"),
    ];
    for (body, field) in applications {
        let body = if body["answers"].is_null() && !["jobId", "answers"].contains(&field) {
            let mut body = body;
            body["answers"] = json!([{"questionId": "why", "answer": "a"}]);
            body
        } else {
            body
        };
        let reply = board
            .post(Some(&student), "applications", body.clone())
            .await;
        assert_problem(&reply, 422);
        assert_eq!(reply.fields(), [field], "{body}");
    }
    let none = board
        .get(Some(&student), "applications")
        .await
        .expect(200)
        .json();
    assert_eq!(none, json!({"items": [], "nextCursor": null}));
    board.stop().await;
}

#[actix_web::test]
async fn a_cursor_works_only_with_its_own_list() {
    let board = Board::start();
    let admin = board.admin().await;
    let employer = board.join("employer", "library@example.edu").await;
    let student = board.join("student", "ann@example.edu").await;
    board.join("student", "bob@example.edu").await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let posted = board.post_job(&employer, json!({})).await;
        let id = posted["jobId"].as_str().unwrap().to_owned();
        let body = json!({"jobId": id});
        board
            .post(Some(&student), "applications", body)
            .await
            .expect(201);
        ids.push(id);
    }
    for _ in 0..2 {
        let draft = json!({"jobStatus": "draft"});
        board.post_job(&employer, draft).await;
    }
    support::until("all are found", async || {
        let page = board.get(None, "jobs?q=library").await.expect(200).json();
        page["total"] == 3
    })
    .await;
    let lists = [
        "jobs?",
        "jobs?status=draft&",
        "/get-jobs?",
        "jobs?q=library&",
        "jobs?q=assistant&",
        "jobs?q=library&sort=pay&",
        "jobs?skill=Spanish&setting=onCampus&",
        "admin/jobs?status=open&",
        "admin/accounts?",
        "admin/accounts?role=student&",
        "admin/outbox?",
        "admin/audit?",
        "applications?",
        "applications?status=submitted&",
        "/get-applications?",
    ];
    let ask = async |list: &str, rest: &str| {
        let path = format!("{list}{rest}");
        board.get(Some(&admin), &path).await
    };
    let mut cursors = Vec::new();
    for list in lists {
        let page = ask(list, "limit=1").await.expect(200).json();
        let next = page["nextCursor"].as_str();
        let next = next.unwrap_or_else(|| panic!("{list} gives no cursor"));
        cursors.push(next.to_owned());
    }
    for (at, list) in lists.iter().enumerate() {
        for (from, cursor) in cursors.iter().enumerate() {
            let reply = ask(list, &format!("cursor={cursor}")).await;
            if from == at {
                reply.expect(200);
            } else {
                assert_eq!(reply.status, 422, "{list} takes that of {}", lists[from]);
                assert_eq!(reply.fields(), ["cursor"]);
            }
        }
    }
    // The right ending does not make up for a wrong start.
    for (list, cursor) in lists.iter().zip(&cursors) {
        let ending = &cursor[cursor.len() - 6..];
        for garbage in [
            "", "!", "abc", "AAAA", "l", "s", "lAAAA", "sAAAA", "é", "-1",
        ] {
            let reply = ask(list, &format!("cursor={garbage}{ending}")).await;
            assert_problem(&reply, 422);
            assert_eq!(reply.fields(), ["cursor"], "{list} {garbage}");
        }
    }
    // The order of parameters does not matter, nor does an empty one.
    let turned = format!(
        "setting=onCampus&location=&cursor={}&skill=Spanish",
        cursors[6]
    );
    ask("jobs?", &turned).await.expect(200);
    board.stop().await;
}

#[actix_web::test]
async fn a_query_is_read_strictly() {
    let board = Board::start();
    let admin = board.admin().await;
    let employer = board.join("employer", "library@example.edu").await;
    board.post_job(&employer, json!({})).await;
    let lists = [
        "jobs",
        "jobs?q=library",
        "applications",
        "admin/accounts",
        "admin/jobs",
        "admin/outbox",
        "jobs/suggest?q=li",
        "/get-jobs",
        "/get-applications",
    ];
    for list in lists {
        let with = |parameter: &str| {
            let between = if list.contains('?') { '&' } else { '?' };
            format!("{list}{between}{parameter}")
        };
        for wrong in [
            "limit=0",
            "limit=101",
            "limit=abc",
            "limit=-1",
            "limit=1.5",
            "limit=99999999999999999999",
            "limit=1&limit=2",
            "colour=red",
            "Limit=5",
        ] {
            let reply = board.get(Some(&admin), &with(wrong)).await;
            assert_problem(&reply, 422);
            assert_eq!(
                reply.fields(),
                [wrong.split('=').next().unwrap()],
                "{list} {wrong}"
            );
        }
        board.get(Some(&admin), &with("limit=1")).await.expect(200);
        board
            .get(Some(&admin), &with("limit=100"))
            .await
            .expect(200);
        if list.starts_with("jobs/suggest") {
            continue;
        }
        for cursor in [
            "garbage", "abc", "!", "%00", "s", "l", "lAAAA", "sAAAA", "ä", "AAAA",
        ] {
            let reply = board
                .get(Some(&admin), &with(&format!("cursor={cursor}")))
                .await;
            assert_problem(&reply, 422);
            assert_eq!(reply.fields(), ["cursor"], "{list} {cursor}");
        }
    }
    for wrong in [
        "minPay=abc",
        "minPay=1.005",
        "minPay=1e400",
        "minPay=NaN",
        "maxHours=abc",
        "maxHours=NaN",
        "maxHours=inf",
        "workStudy=1",
        "workStudy=TRUE",
        "setting=moon",
        "status=gone",
        "sort=best",
        "eligible=maybe",
        "q=a&q=b",
        "location=a&location=b",
        "jobId=x",
    ] {
        let reply = board.get(Some(&admin), &format!("jobs?{wrong}")).await;
        assert_problem(&reply, 422);
        assert_eq!(
            reply.fields(),
            [wrong.split('=').next().unwrap()],
            "{wrong}"
        );
    }
    for wrong in ["status=gone", "jobId=x"] {
        let reply = board
            .get(Some(&employer), &format!("applications?{wrong}"))
            .await;
        assert_problem(&reply, 422);
    }
    for fine in [
        "q=%FF%FE",
        "q=%00",
        "q=%22%28AND+OR+NOT+%5B%7B%2A%3F",
        "skill=%F0%9F%98%80",
        "q=&skill=&location=",
        "employeeId=nobody",
        "minPay=-5",
    ] {
        board.get(None, &format!("jobs?{fine}")).await.expect(200);
    }
    let long = "x".repeat(5_000);
    let reply = board.get(None, &format!("jobs?q={long}")).await;
    assert_problem(&reply, 422);
    board.stop().await;
}

#[actix_web::test]
async fn a_wrong_method_or_path_says_so() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    for (method, path, allow) in [
        (Method::PUT, "jobs", "GET, POST, HEAD"),
        (Method::DELETE, "jobs", "GET, POST, HEAD"),
        (
            Method::PUT,
            "jobs/01935284-7a00-7000-8000-000000000000",
            "DELETE, GET, PATCH, HEAD",
        ),
        (Method::GET, "auth/login", "POST"),
        (Method::POST, "me", "DELETE, GET, PATCH, HEAD"),
        (Method::PATCH, "applications", "GET, POST, HEAD"),
        (Method::DELETE, "admin/outbox", "GET, HEAD"),
        (Method::GET, "/authLogin", "POST"),
        (Method::GET, "/job-post", "POST"),
        (Method::POST, "/get-jobs", "GET, HEAD"),
        (Method::GET, "/apply-job", "POST"),
        (Method::DELETE, "/get-applications", "GET, HEAD"),
        (Method::POST, "/update-application-jobs", "PATCH"),
        (Method::PUT, "/update-application-status", "PATCH"),
        (Method::GET, "/delete-service", "DELETE"),
        (Method::POST, "/healthz", "GET, HEAD"),
    ] {
        let reply = board.send(board.request(method.clone(), path)).await;
        assert_problem(&reply, 405);
        let sorted = |list: &str| {
            let mut names: Vec<String> =
                list.split(',').map(|name| name.trim().to_owned()).collect();
            names.sort();
            names
        };
        assert_eq!(
            sorted(reply.header("allow")),
            sorted(allow),
            "{method} {path}"
        );
    }
    for path in [
        "/api",
        "/api/",
        "/api/v1",
        "/api/v2/jobs",
        "nothing",
        "jobs/x/y",
        "jobs/",
        "jobs/%FF",
        "jobs/%00",
        "jobs/..%2f",
        "/api/v1//jobs",
    ] {
        for method in [Method::GET, Method::POST] {
            let request = board
                .request(method.clone(), path)
                .header("accept", "text/html");
            let reply = board.send(request).await;
            // One segment after "jobs" is a malformed ID; that path does not allow POST.
            let is_job =
                path.starts_with("jobs/") && path.matches('/').count() == 1 && path != "jobs/";
            assert_problem(
                &reply,
                if is_job && method == Method::POST {
                    405
                } else {
                    404
                },
            );
        }
    }
    assert_problem(
        &board
            .send(
                board
                    .request(Method::GET, "/nothing")
                    .header("accept", "application/json"),
            )
            .await,
        404,
    );
    // A browser that asks for a page gets the web app, which shows its own "page not found".
    for (path, status) in [("/", 200), ("/login", 200), ("/nothing", 404)] {
        let page = board
            .request(Method::GET, path)
            .header("accept", "text/html");
        let reply = board.send(page).await.expect(status);
        assert!(reply.header("content-type").starts_with("text/html"));
        assert!(!reply.header("content-security-policy").is_empty());
    }
    // HEAD is GET without the body.
    let posted = board.post_job(&employer, json!({})).await;
    let path = format!("jobs/{}", posted["jobId"].as_str().unwrap());
    for path in ["jobs", &path, "/healthz", "/get-jobs"] {
        let reply = board
            .send(board.request(Method::HEAD, path))
            .await
            .expect(200);
        assert_eq!(reply.text, "");
    }
    assert_eq!(
        board.send(board.request(Method::HEAD, "me")).await.status,
        401
    );
    board.stop().await;
}

#[actix_web::test]
async fn a_body_over_the_limit_is_refused_and_a_broken_one_does_no_harm() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let huge = json!({"jobDescription": "x".repeat(10 * 1024 * 1024)}).to_string();
    for (method, path) in [
        (Method::POST, "jobs"),
        (Method::PATCH, "me"),
        (Method::POST, "auth/login"),
        (Method::POST, "/job-post"),
    ] {
        let reply = send(&board, &employer, method.clone(), path, huge.clone()).await;
        assert_problem(&reply, 413);
        assert_eq!(reply.code(), "body_too_large");
        // Also without a Content-Length.
        let pieces = huge
            .as_bytes()
            .chunks(64 * 1024)
            .map(|piece| Ok::<_, std::io::Error>(piece.to_vec()))
            .collect::<Vec<_>>();
        let request = board
            .request(method, path)
            .bearer_auth(&employer.token)
            .header("content-type", "application/json");
        let body = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
        assert_problem(&board.send(request.body(body)).await, 413);
    }
    let unsigned = board
        .request(Method::POST, "jobs")
        .header("content-type", "application/json")
        .body(huge);
    assert_problem(&board.send(unsigned).await, 401);

    let address = board.url.trim_start_matches("http://").to_owned();
    let token = employer.token.clone();
    let broken = tokio::task::spawn_blocking(move || {
        let talk = |body: &str| {
            let mut stream = TcpStream::connect(&address).unwrap();
            stream
                .set_read_timeout(Some(Duration::from_secs(10)))
                .unwrap();
            write!(stream, "POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n{body}").unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            let mut answer = String::new();
            // The server may just close the connection.
            stream.read_to_string(&mut answer).ok();
            answer
        };
        let posting = job(json!({"jobTitle": "Never"})).to_string();
        let more = posting.len() + 5;
        [
            talk(&format!("Content-Length: {more}\r\n\r\n{posting}")),
            talk(&format!(
                "Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{posting}\r\n",
                posting.len()
            )),
            talk(&format!(
                "Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{posting}\r\nzz\r\n",
                posting.len()
            )),
            talk("Content-Length: many\r\n\r\n{}"),
        ]
    });
    for answer in broken.await.unwrap() {
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 400"),
            "{answer}"
        );
    }
    let jobs = board.get(None, "jobs").await.expect(200).json();
    assert_eq!(jobs["items"], json!([]), "half a body became a job");
    board.stop().await;
}

#[actix_web::test]
async fn naughty_strings_are_kept_as_they_are_or_refused() {
    let strings: Vec<String> = serde_json::from_str(include_str!("data/blns.json")).unwrap();
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let numbered: Vec<(usize, &String)> = strings.iter().enumerate().collect();
    let mut kept = 0;
    for some in numbered.chunks(32) {
        let trials = some
            .iter()
            .map(|(number, text)| try_naughty(&board, &employer, text, number % 8 == 0));
        let outcomes = futures_util::future::join_all(trials).await;
        kept += outcomes.into_iter().filter(|kept| *kept).count();
    }
    assert!(kept > 400, "{kept}");
    for text in strings.iter().step_by(7) {
        let body = json!({"name": text, "designation": text});
        let reply = board.patch(Some(&employer), "me", body).await;
        if reply.status == 200 {
            assert_eq!(reply.json()["employer"]["name"], undirected(text).trim());
        } else {
            assert_problem(&reply, 422);
        }
    }
    board.stop().await;
}

/// Whether a posting with this text was accepted. If so, it is read back unchanged.
async fn try_naughty(board: &Board, employer: &Person, text: &str, all_over: bool) -> bool {
    if all_over {
        let query: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        for path in ["jobs?q=", "jobs?skill=", "jobs/suggest?q="] {
            let path = format!("{path}{query}");
            board.get(None, &path).await.expect(200);
        }
        let login = json!({"email": text, "password": text});
        let status = board.post(None, "auth/login", login).await.status;
        // Text that is too long for an address is refused before any account is looked up.
        let fits = text.len() <= 254;
        assert!(
            status == 401 || status == 429 || !fits && status == 422,
            "{status}"
        );
    }
    let body = job(json!({"jobTitle": text, "jobDescription": text, "location": text}));
    let reply = board.post(Some(employer), "jobs", body).await;
    if reply.status != 201 {
        assert_problem(&reply, 422);
        // Text without visible characters counts as empty.
        let is_seen = |c: char| c.is_ascii_graphic() || c.is_alphanumeric();
        let harmless = text.chars().any(is_seen)
            && !text.chars().any(char::is_control)
            && text.chars().count() <= 200;
        assert!(!harmless, "{text:?}: {}", reply.text);
        return false;
    }
    let path = format!("jobs/{}", reply.json()["jobId"].as_str().unwrap());
    let read = board.get(None, &path).await.expect(200).json();
    let text = undirected(text);
    assert_eq!(read["jobDescription"], *text);
    // A single line is trimmed.
    assert_eq!(read["jobTitle"], text.trim());
    assert_eq!(read["location"], text.trim());
    true
}

/// Removes direction marks.
fn undirected(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().filter(|c| !turns(*c)).collect()
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec![
            "open",
            "draft",
            "student",
            "employer",
            "2099-01-01",
            "ann@example.edu",
            "accepted"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn any_object() -> impl Strategy<Value = Value> {
    let names = prop_oneof![
        9 => prop::sample::select(vec![
            "jobTitle", "jobDescription", "jobPayRate", "hoursPerWeek", "deadline", "skillsRequired", "questions", "positions", "setting", "startDate", "jobStatus", "employeeId",
            "jobId", "coverNote", "answers", "resumeId", "email", "password", "name", "role", "gpa", "skills", "preferences", "currentPassword", "graduationDate", "token",
        ]).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    prop::collection::hash_map(names, any_json(), 0..8)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

#[actix_web::test]
async fn any_request_gets_a_well_formed_answer() {
    let board = Board::start();
    let student = board.join("student", "ann@example.edu").await;
    let employer = board.join("employer", "library@example.edu").await;
    let posted = board.post_job(&employer, json!({})).await;
    let path = format!("jobs/{}", posted["jobId"].as_str().unwrap());
    let mut runner = TestRunner::deterministic();
    for _ in 0..40 {
        let body = any_object().new_tree(&mut runner).unwrap().current();
        let mut posting = job(json!({}));
        if let Some((name, value)) = body.as_object().unwrap().iter().next() {
            posting[name] = value.clone();
        }
        let replies = [
            board.post(Some(&employer), "jobs", body.clone()).await,
            board.post(Some(&employer), "jobs", posting).await,
            board.patch(Some(&employer), &path, body.clone()).await,
            board
                .post(Some(&student), "applications", body.clone())
                .await,
            board.patch(Some(&student), "me", body.clone()).await,
            board.post(None, "auth/register", body.clone()).await,
            board.post(None, "auth/refresh", body.clone()).await,
        ];
        for reply in replies {
            let status = reply.status.as_u16();
            assert!(status < 500, "{body} got {}", reply.text);
            if status >= 400 {
                assert_problem(&reply, status);
            }
        }
    }
    board.stop().await;
}
