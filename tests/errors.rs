//! An error is data: a stable code, the values in its sentence, and a text for it in every language of the pages.

use std::collections::BTreeSet;
use std::fs;

use crate::support::{Board, Reply, job};
use corkboard::http::openapi_document;
use reqwest::Method;
use serde_json::{Value, json};

/// Errors of the pages themselves, when there was no answer or not one of ours.
const OF_THE_PAGES: [&str; 2] = ["offline", "unknown"];

/// The codes in a schema of the API's description.
fn codes(schema: &str) -> BTreeSet<String> {
    let names = openapi_document()["components"]["schemas"][schema]["enum"].clone();
    serde_json::from_value(names).unwrap()
}

/// The codes that a language's catalog has texts for.
fn worded(language: &str, prefix: &str) -> BTreeSet<String> {
    let path = format!("{}/web/i18n/{language}.json", env!("CARGO_MANIFEST_DIR"));
    let catalog = fs::read_to_string(path).unwrap();
    let names = catalog
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"')?.split_once("\":"));
    let codes = names.filter_map(|(name, _)| name.strip_prefix(prefix));
    codes.map(str::to_owned).collect()
}

/// STYLE 19: every code has a text in every language's catalog.
#[test]
fn every_code_has_words_in_each_language_and_no_others_do() {
    for (schema, prefix) in [("FieldCode", "invalid."), ("ProblemCode", "problem.")] {
        let mut codes = codes(schema);
        assert!(codes.len() > 20, "{codes:?}");
        if schema == "ProblemCode" {
            codes.extend(OF_THE_PAGES.map(str::to_owned));
        }
        for language in ["en", "es"] {
            let worded = worded(language, prefix);
            let missing: Vec<_> = codes.difference(&worded).collect();
            let unknown: Vec<_> = worded.difference(&codes).collect();
            assert!(
                missing.is_empty(),
                "{language}.json lacks {prefix}{missing:?}"
            );
            assert!(
                unknown.is_empty(),
                "{language}.json has {prefix}{unknown:?}, which is no code"
            );
        }
    }
}

fn error(field: &str, code: &str, message: &str, params: Value) -> Value {
    json!({"field": field, "code": code, "message": message, "params": params})
}

#[actix_web::test]
async fn a_field_error_has_a_code_and_the_values_of_its_sentence() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    for (change, wanted) in [
        (
            json!({"jobPayRate": 1_001}),
            error(
                "jobPayRate",
                "out_of_range",
                "must be from 0 to 1000",
                json!({"min": 0, "max": 1_000}),
            ),
        ),
        (
            json!({"hoursPerWeek": 0}),
            error(
                "hoursPerWeek",
                "out_of_open_range",
                "must be more than 0 and at most 60",
                json!({"above": 0, "max": 60}),
            ),
        ),
        (
            json!({"jobTitle": "x".repeat(201)}),
            error(
                "jobTitle",
                "too_long",
                "must have at most 200 characters, but has 201",
                json!({"max": 200, "actual": 201}),
            ),
        ),
        (
            json!({"deadline": "2000-01-01"}),
            error(
                "deadline",
                "in_the_past",
                "must be in the future",
                json!({}),
            ),
        ),
        (
            json!({"jobTitle": null}),
            error("jobTitle", "required", "is required", json!({})),
        ),
        (
            json!({"jobPayRate": "17"}),
            error("jobPayRate", "not_a_number", "must be a number", json!({})),
        ),
        (
            json!({"positions": 1.5}),
            error(
                "positions",
                "not_a_whole_number",
                "must be a whole number",
                json!({}),
            ),
        ),
        (
            json!({"workStudyRequired": "yes"}),
            error(
                "workStudyRequired",
                "not_a_boolean",
                "must be true or false",
                json!({}),
            ),
        ),
        (
            json!({"startDate": "soon"}),
            error(
                "startDate",
                "not_a_date",
                "must be a date, such as 2027-05-15",
                json!({}),
            ),
        ),
        (
            json!({"colour": "red"}),
            error(
                "colour",
                "unknown_member",
                "is not a known field",
                json!({}),
            ),
        ),
        (
            json!({"setting": "moon"}),
            error(
                "setting",
                "not_one_of",
                "must be one of: onCampus, offCampus, remote",
                json!({"allowed": ["onCampus", "offCampus", "remote"]}),
            ),
        ),
        (
            json!({"skillsRequired": ["Excel", ""]}),
            error(
                "skillsRequired",
                "entry_empty",
                "must not be empty in entry 2",
                json!({"position": 2}),
            ),
        ),
        (
            json!({"startDate": "2099-02-02", "endDate": "2099-02-01"}),
            error(
                "endDate",
                "before_start_date",
                "must not be before startDate",
                json!({}),
            ),
        ),
    ] {
        let reply = board.post(Some(&employer), "jobs", job(change)).await;
        let problem = reply.expect(422).json();
        assert_eq!(problem["code"], "invalid");
        assert_eq!(problem["errors"], json!([wanted]));
    }
    board.stop().await;
}

/// Independent faults are reported together, so that a person can mend all of them at once.
#[actix_web::test]
async fn a_body_with_several_faults_names_all_of_them() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let student = board.join("student", "ann@example.edu").await;
    let faults = |reply: Reply| {
        let errors = reply.expect(422).json()["errors"].clone();
        let errors = errors.as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut faults: Vec<_> = errors
            .map(|error| format!("{} {}", text(&error["field"]), text(&error["code"])))
            .collect();
        faults.sort();
        faults
    };
    // Wrong types, wrong values and unknown members. A wrong member is not missing too.
    let body = json!({"jobTitle": " ", "jobPayRate": "17", "hoursPerWeek": 99, "colour": "red", "jobStatus": "asleep",
        "skillsRequired": ["a", 7], "jobDescription": "x", "positions": 0});
    let reply = board.post(Some(&employer), "jobs", body).await;
    let wanted = [
        "colour unknown_member",
        "deadline required",
        "hoursPerWeek out_of_open_range",
        "jobPayRate not_a_number",
        "jobStatus not_one_of",
        "jobTitle empty",
        "positions out_of_range",
        "skillsRequired[1] not_text",
    ];
    assert_eq!(faults(reply), wanted);

    let body = json!({"email": 7, "password": "short", "role": "student", "gpa": "good", "visa": "x".repeat(21)});
    let reply = board.post(None, "auth/register", body).await;
    let wanted = [
        "email not_text",
        "gpa not_a_number",
        "name required",
        "password too_short",
        "visa too_long",
    ];
    assert_eq!(faults(reply), wanted);

    let body = json!({"name": 7, "password": "short", "gpa": "good", "summary": []});
    let reply = board.patch(Some(&student), "me", body).await;
    let wanted = [
        "gpa not_a_number",
        "name not_text",
        "password too_short",
        "summary not_text",
    ];
    assert_eq!(faults(reply), wanted);

    let body = json!({"jobId": "7", "coverNote": 7, "resumeId": "x"});
    let reply = board.post(Some(&student), "applications", body).await;
    let wanted = [
        "coverNote not_text",
        "jobId not_an_id",
        "resumeId not_an_id",
    ];
    assert_eq!(faults(reply), wanted);

    let posted = board.post_job(&employer, json!({})).await;
    let path = format!("jobs/{}", posted["jobId"].as_str().unwrap());
    let body = json!({"jobStatus": "asleep", "reason": 7, "positions": "two"});
    let reply = board.patch(Some(&employer), &path, body).await;
    let wanted = [
        "jobStatus not_one_of",
        "positions not_a_whole_number",
        "reason not_text",
    ];
    assert_eq!(faults(reply), wanted);
    board.stop().await;
}

/// The sentence of a problem and those of its fields may be about the same thing.
#[actix_web::test]
async fn a_detail_says_nothing_twice() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let student = board.join("student", "ann@example.edu").await;
    let admin = board.admin().await;
    let posted = board.post_job(&employer, json!({})).await;
    let body = json!({"jobId": posted["jobId"]});
    board
        .post(Some(&student), "applications", body)
        .await
        .expect(201);
    let path = format!("jobs/{}", posted["jobId"].as_str().unwrap());
    let body = json!({"jobPayRate": 20, "hoursPerWeek": 12});
    let frozen = board.patch(Some(&employer), &path, body).await.expect(409);
    let wanted = "Some fields cannot change while applications are open: hoursPerWeek, jobPayRate.";
    assert_eq!(frozen.json()["detail"], wanted);
    assert_eq!(frozen.fields(), ["hoursPerWeek", "jobPayRate"]);

    let query = "jobs?colour=red&colour=blue&size=1";
    let unknown = board.get(None, query).await.expect(422);
    assert_eq!(unknown.fields(), ["colour", "size"]);
    let wanted = "Some fields are not valid. colour, size: each is not a known parameter.";
    assert_eq!(unknown.json()["detail"], wanted);

    let body = json!({"password": "another good one", "currentPassword": "not this"});
    let wrong = board.patch(Some(&student), "me", body).await.expect(422);
    assert_eq!(
        wrong.json()["detail"],
        "The current password is missing or wrong."
    );
    assert_eq!(wrong.fields(), ["currentPassword"]);

    let upload = board
        .request(Method::POST, "admin/rules?name=text")
        .bearer_auth(&admin.token)
        .header("content-type", "application/wasm")
        .body("no module");
    let refused = board.send(upload).await.expect(422).json();
    assert_eq!(refused["code"], "invalid_module");
    let detail = refused["detail"].as_str().unwrap();
    assert!(
        detail.starts_with("The module cannot be used: "),
        "{detail}"
    );
    assert_eq!(detail.matches("cannot be used").count(), 1, "{detail}");

    let body = json!({"email": "bob@example.edu", "password": "right and long", "name": "Bob", "role": "student"});
    board.post(None, "auth/register", body).await.expect(202);
    let token = board.mailed_token("bob@example.edu", "verify-email").await;
    let body = json!({"token": token, "password": "wrong and long"});
    let wrong = board
        .post(None, "auth/verify-email", body)
        .await
        .expect(422);
    assert_eq!(
        wrong.json()["detail"],
        "The password is not the one chosen when this link was sent."
    );
    board.stop().await;
}

#[actix_web::test]
async fn a_parameter_error_has_a_code_too() {
    let board = Board::start();
    for (query, field, code) in [
        ("limit=0", "limit", "out_of_range"),
        ("limit=many", "limit", "out_of_range"),
        ("colour=red", "colour", "unknown_parameter"),
        ("status=sleeping", "status", "not_one_of"),
        ("sort=best", "sort", "not_one_of"),
        ("minPay=much", "minPay", "not_an_amount"),
        ("workStudy=maybe", "workStudy", "not_a_boolean"),
        ("limit=1&limit=2", "limit", "repeated"),
        ("cursor=x", "cursor", "unknown_cursor"),
    ] {
        let reply = board.get(None, &format!("jobs?{query}")).await;
        let error = reply.expect(422).json()["errors"][0].clone();
        assert_eq!(
            (&error["field"], &error["code"]),
            (&json!(field), &json!(code)),
            "{query}"
        );
    }
    board.stop().await;
}

#[actix_web::test]
async fn a_student_learns_which_addresses_are_the_campuss_and_which_question_is_open() {
    let board = Board::start();
    let stranger = json!({"email": "ann@elsewhere.com", "password": "long enough", "name": "Ann", "role": "student"});
    let reply = board
        .post(None, "auth/register", stranger)
        .await
        .expect(422);
    let wanted = error(
        "email",
        "campus_domain",
        "must be a campus address (example.edu)",
        json!({"domains": ["example.edu"]}),
    );
    assert_eq!(reply.json()["errors"], json!([wanted]));

    let employer = board.join("employer", "library@example.edu").await;
    let student = board.join("student", "ann@example.edu").await;
    let change = json!({"questions": [{"questionId": "why", "prompt": "Why?", "required": true}]});
    let posted = board.post_job(&employer, change).await;
    let body = json!({"jobId": posted["jobId"]});
    let reply = board
        .post(Some(&student), "applications", body)
        .await
        .expect(422);
    let wanted = error(
        "answers",
        "unanswered",
        "must answer \"Why?\" (why)",
        json!({"questionId": "why", "prompt": "Why?"}),
    );
    assert_eq!(reply.json()["errors"], json!([wanted]));
    board.stop().await;
}

#[actix_web::test]
async fn a_problem_has_the_values_of_its_sentence() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let student = board.join("student", "ann@example.edu").await;
    let posted = board.post_job(&employer, json!({})).await;
    let body = json!({"jobId": posted["jobId"]});
    let sent = board
        .post(Some(&student), "applications", body)
        .await
        .expect(201)
        .json();
    let path = format!("applications/{}", sent["applicationId"].as_str().unwrap());
    board.delete(Some(&student), &path).await.expect(204);
    let reply = board
        .patch(
            Some(&employer),
            &path,
            json!({"applicationStatus": "interview"}),
        )
        .await;
    let problem = reply.expect(409).json();
    assert_eq!(problem["code"], "invalid_transition");
    assert_eq!(
        problem["detail"],
        "This cannot change from withdrawn to interview."
    );
    assert_eq!(
        problem["params"],
        json!({"from": "withdrawn", "to": "interview"})
    );

    let problem = board
        .get(Some(&student), "admin/accounts")
        .await
        .expect(403)
        .json();
    assert_eq!(problem["params"], json!({"because": "role"}));
    let problem = board.get(None, "me").await.expect(401).json();
    assert_eq!(
        problem["detail"],
        "The access token is missing, invalid, expired or revoked."
    );
    assert_eq!(problem.get("params"), None);
    board.stop().await;
}

/// D11: an empty value of a typed parameter is invalid. Free text may be empty.
#[actix_web::test]
async fn an_empty_value_of_a_typed_parameter_is_named() {
    let board = Board::start();
    let admin = board.admin().await;
    for (path, names) in [
        (
            "jobs",
            "limit cursor minPay maxHours workStudy eligible sort status setting employeeId",
        ),
        ("jobs/suggest", "limit"),
        ("applications", "limit cursor jobId status"),
        ("admin/accounts", "limit cursor status role"),
        ("admin/jobs", "limit cursor status"),
        ("admin/outbox", "limit cursor state"),
        ("admin/audit", "limit cursor"),
        ("admin/rules", "limit cursor"),
    ] {
        for name in names.split(' ') {
            for empty in ["", "%20"] {
                let reply = board
                    .get(Some(&admin), &format!("{path}?{name}={empty}"))
                    .await;
                assert_eq!(reply.status, 422, "{path}?{name}={empty}: {}", reply.text);
                assert_eq!(reply.fields(), [name]);
            }
        }
    }
    board
        .get(None, "jobs?q=&skill=&location=&workSpace=")
        .await
        .expect(200);
    board.stop().await;
}

/// D11: a path, including a page's, says which methods it allows.
#[actix_web::test]
async fn a_page_allows_no_other_method() {
    let board = Board::start();
    for method in [
        Method::PUT,
        Method::POST,
        Method::DELETE,
        Method::PATCH,
        Method::OPTIONS,
    ] {
        for path in ["/", "/modules/site.js", "/styles/tokens.css"] {
            let reply = board.send(board.request(method.clone(), path)).await;
            assert_eq!(reply.status, 405, "{method} {path}");
            assert_eq!(reply.header("allow"), "GET, HEAD", "{path}");
        }
        for path in ["/nowhere", "/api/v1/nowhere", "/index.html"] {
            let reply = board.send(board.request(method.clone(), path)).await;
            assert_eq!(reply.status, 404, "{method} {path}");
        }
    }
    board.stop().await;
}

/// The description names only existing codes.
#[test]
fn the_description_lists_codes_that_exist() {
    let codes = codes("ProblemCode");
    for (path, item) in openapi_document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                let what = response["description"].as_str().unwrap_or_default();
                let Some(listed) = what.strip_prefix("A problem; its code is ") else {
                    continue;
                };
                for code in listed.trim_end_matches('.').split(" or ") {
                    assert!(codes.contains(code), "{method} {path} {status}: {code}");
                }
            }
        }
    }
}
