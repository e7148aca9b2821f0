//! What else clients rely on: retries, other origins, the classic names.

use super::{START_MILLIS, fixed_clock, job_path, set, set_clock, text, until};
use crate::support::{Board, PASSWORD, Person, Reply, job};
use corkboard::clock::Clock;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

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
    // Each account has its own keys.
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

    // A refused request changed nothing, so nothing is saved.
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
    let verify = json!({"token": token, "password": PASSWORD});
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

    // A login and a refresh: a retry must not open another session, nor count as a reuse.
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

    // A day later, the key is free again.
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
    let exposed = read.header("access-control-expose-headers");
    for header in ["Content-Disposition", "ETag", "Location", "Retry-After"] {
        assert!(exposed.contains(header), "{header}");
    }
    // A cache must know that the answer depends on the origin, even if it first asks without one.
    let varies = |reply: &Reply| {
        let values = reply.headers.get_all("vary").iter();
        let mut names = values.flat_map(|value| value.to_str().unwrap().split(", "));
        names.any(|name| name == "Origin")
    };
    assert!(varies(&yes) && varies(&read));
    assert!(varies(&open.get(None, "jobs").await.expect(200)));
    assert!(varies(&open.get(None, "me").await.expect(401)));
    assert!(!varies(&closed.get(None, "jobs").await.expect(200)));
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
