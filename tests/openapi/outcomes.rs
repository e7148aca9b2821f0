//! Causes every status and code that the API's description lists, so that it lists none that the server never gives.
//! First the requests of the table in `access`, then the checks that all operations share, then the rest one by one.

mod causes;

use std::collections::{BTreeMap, BTreeSet};

use crate::access::{Line, PDF, World, table};
use crate::rules_support::guest::{Answer, Guest};
use crate::support::contract::Outcome;
use crate::support::{PASSWORD, Person, Reply};
use corkboard::http::openapi_document;
use reqwest::header::HeaderValue;
use reqwest::{Method, Request};
use serde_json::{Value, json};

/// Codes that a single request cannot cause, and what causes them.
const ACCIDENTS: [(&str, &str); 9] = [
    ("broken_body", "a connection that breaks"),
    ("request_timeout", "a body that stops: strangers::flooding"),
    ("too_many_attempts", "a flood: strangers::guessing"),
    ("contended", "many changes of one record at once"),
    ("in_progress", "a first request that takes ten seconds"),
    ("busy", "an overload: rules_busy"),
    ("store_unavailable", "a disk that fails"),
    ("disk_full", "a full disk: full_disk"),
    ("internal", "a bug"),
];

/// Needs a mail that cannot be sent, so `Tour::mail` does it.
const RETRY: &str = "POST /api/v1/admin/outbox/{id}/retry";

const POST: Method = Method::POST;
const PATCH: Method = Method::PATCH;
const DELETE: Method = Method::DELETE;

/// What the description lists.
fn described() -> BTreeSet<Outcome> {
    let mut outcomes = BTreeSet::new();
    for (path, item) in openapi_document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let operation_name = format!("{} {path}", method.to_uppercase());
            for (status, response) in operation["responses"].as_object().unwrap() {
                let schema = &response["content"]["application/problem+json"]["schema"];
                let codes = schema["properties"]["code"]["enum"].as_array();
                let no_problem = vec![json!("")];
                for code in codes.unwrap_or(&no_problem) {
                    outcomes.insert(Outcome {
                        operation: operation_name.clone(),
                        status: status.parse().unwrap(),
                        code: code.as_str().unwrap().to_owned(),
                    });
                }
            }
        }
    }
    outcomes
}

#[actix_web::test]
async fn the_server_gives_every_status_and_code_that_is_described() {
    let described = described();
    for (code, _) in ACCIDENTS {
        assert!(
            described.iter().any(|outcome| outcome.code == code),
            "{code}"
        );
    }
    let tour = Tour(World::new().await);
    tour.ask_as_the_access_table_does().await;
    let mut operations: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for Outcome {
        operation, code, ..
    } in &described
    {
        operations.entry(operation).or_default().push(code);
    }
    operations.remove(RETRY);
    for (operation, codes) in operations {
        tour.ask_as_for_any_operation(operation, &codes).await;
    }
    tour.accounts().await;
    tour.sessions().await;
    tour.jobs_and_files().await;
    tour.applications().await;
    tour.verdicts().await;
    tour.rules().await;
    tour.mail().await;
    let Tour(world) = tour;
    let had = std::mem::take(&mut *world.board.outcomes.lock().unwrap());
    let is_accident = |code: &str| ACCIDENTS.iter().any(|(accident, _)| *accident == code);
    let missing: Vec<String> = described
        .difference(&had)
        .filter(|outcome| !is_accident(&outcome.code))
        .map(|outcome| format!("{} {} {}", outcome.operation, outcome.status, outcome.code))
        .collect();
    assert!(
        missing.is_empty(),
        "described but never given: {missing:#?}"
    );
    world.board.stop().await;
}

struct Tour(World);

impl Tour {
    async fn ask(&self, who: Option<&Person>, method: Method, path: &str, body: Value) -> Reply {
        let request = self.0.board.request(method, path).json(&body);
        let request = match who {
            Some(person) => request.bearer_auth(&person.token),
            None => request,
        };
        self.0.board.send(request).await
    }

    async fn serial(&self) -> String {
        self.0.id("serial", true).await
    }

    async fn guest(&self, role: &str) -> Person {
        let email = format!("guest{}@example.edu", self.serial().await);
        self.0.board.join(role, &email).await
    }

    async fn account_of(&self, person: &Person) -> String {
        let me = self.0.board.get(Some(person), "me").await.expect(200);
        text(&me.json()["account"], "accountId")
    }

    async fn set_account(&self, account_id: &str, status: &str) -> Reply {
        let path = format!("admin/accounts/{account_id}");
        let body = json!({ "status": status });
        self.ask(Some(&self.0.admin), PATCH, &path, body).await
    }

    /// Registers an address. Returns it with the token from its mail.
    async fn registered(&self) -> (String, String) {
        let email = format!("newcomer{}@example.edu", self.serial().await);
        let body = json!({"email": email, "password": PASSWORD, "name": "N", "role": "student"});
        self.ask(None, POST, "auth/register", body)
            .await
            .expect(202);
        let token = self.0.board.mailed_token(&email, "verify-email").await;
        (email, token)
    }

    async fn reset_token(&self) -> String {
        let email = self.guest("student").await.email;
        let body = json!({ "email": email });
        self.ask(None, POST, "auth/forgot-password", body)
            .await
            .expect(202);
        self.0.board.mailed_token(&email, "reset-password").await
    }

    /// A module that was not uploaded yet.
    async fn module(&self, schema: &str) -> Vec<u8> {
        let release = format!("1.0.{}", self.serial().await);
        let guest = Guest::answering(Answer::eligible()).named("own", schema);
        guest.released(&release).build()
    }

    async fn upload(&self, module: Vec<u8>) -> Reply {
        self.0.board.execute(self.uploading(module)).await
    }

    fn uploading(&self, module: Vec<u8>) -> Request {
        let request = self.0.board.request(POST, "admin/rules");
        let request = request.bearer_auth(&self.0.admin.token);
        let request = request.header("content-type", "application/wasm");
        request.body(module).build().unwrap()
    }

    async fn draft_rule(&self) -> String {
        let kept = self.upload(self.module("{}").await).await.expect(201);
        format!("admin/rules/{}", text(&kept.json(), "ruleId"))
    }

    async fn built_in_rule(&self) -> String {
        let rules = self
            .0
            .board
            .get(Some(&self.0.admin), "admin/rules?limit=100")
            .await;
        let rules = rules.expect(200).json();
        let mut rules = rules["items"].as_array().unwrap().iter();
        let rule = rules.find(|rule| rule["name"] == "campus-eligibility");
        format!("admin/rules/{}", text(rule.unwrap(), "ruleId"))
    }

    async fn job(&self, change: Value) -> String {
        text(
            &self.0.board.post_job(&self.0.employer, change).await,
            "jobId",
        )
    }

    async fn apply(&self, student: &Person, job_id: &str) -> String {
        let body = json!({ "jobId": job_id });
        let filed = self.ask(Some(student), POST, "applications", body).await;
        text(&filed.expect(201).json(), "applicationId")
    }

    /// Requests each line of the table, once for each of its statuses.
    async fn ask_as_the_access_table_does(&self) {
        for allowed in [false, true] {
            for line in table() {
                // An erased account cannot make the later requests.
                let leaves = allowed && line.0 == DELETE && line.1 == "/api/v1/me";
                let mut seen = BTreeSet::new();
                for ((_, who), status) in self.0.callers().into_iter().zip(line.4) {
                    if allowed == (status < 400) && !leaves && seen.insert(status) {
                        let request = self.0.request(who, &line, allowed).await;
                        self.0.board.send(request).await.expect(status);
                    }
                }
            }
        }
    }

    /// A new request that succeeds.
    async fn good_request(&self, method: &Method, path: &str) -> Request {
        let board = &self.0.board;
        let office = |path: &str| {
            let request = board.request(method.clone(), path);
            request.bearer_auth(&self.0.admin.token)
        };
        let open = |body: Value| board.request(method.clone(), path).json(&body);
        let request = match (method.as_str(), path) {
            ("DELETE", "/api/v1/me") => open(json!({ "currentPassword": PASSWORD }))
                .bearer_auth(self.guest("student").await.token),
            (_, "/api/v1/auth/verify-email") => {
                open(json!({ "token": self.registered().await.1, "password": PASSWORD }))
            }
            (_, "/api/v1/auth/reset-password") => {
                open(json!({ "token": self.reset_token().await, "password": PASSWORD }))
            }
            (_, "/api/v1/auth/refresh") => {
                let refresh = board.login(&self.0.student.email).await.refresh;
                open(json!({ "refreshToken": refresh }))
            }
            ("POST", "/api/v1/admin/rules") => return self.uploading(self.module("{}").await),
            ("GET", "/api/v1/admin/rules/{ruleId}") => office(&self.built_in_rule().await),
            ("DELETE", "/api/v1/admin/rules/{ruleId}") => office(&self.draft_rule().await),
            ("PATCH", "/api/v1/admin/rules/{ruleId}") => {
                office(&self.draft_rule().await).json(&json!({ "parameters": {} }))
            }
            (_, "/api/v1/admin/rules/{ruleId}/dry-run") => {
                office(&format!("{}/dry-run", self.draft_rule().await))
            }
            _ => return self.good_request_of_the_table(method, path).await,
        };
        request.build().unwrap()
    }

    async fn good_request_of_the_table(&self, method: &Method, path: &str) -> Request {
        let table = table();
        let good =
            |line: &&Line| line.0 == method && line.1 == path && line.4.iter().any(|&s| s < 300);
        let line = table.iter().find(good);
        let line = line.unwrap_or_else(|| panic!("no good request of {method} {path}"));
        let at = line.4.iter().position(|&status| status < 300).unwrap();
        let (_, who) = self.0.callers()[at];
        self.0.request(who, line, true).await.build().unwrap()
    }

    /// Gets the codes that mean the same for every operation.
    async fn ask_as_for_any_operation(&self, operation: &str, codes: &[&str]) {
        let board = &self.0.board;
        let (method, path) = operation.split_once(' ').unwrap();
        let method: Method = method.parse().unwrap();
        let good = self.good_request(&method, path).await;
        let again = |change: &dyn Fn(&mut Request)| {
            let mut request = good.try_clone().unwrap();
            change(&mut request);
            board.execute(request)
        };
        let header = |name: &'static str, value: String| {
            move |request: &mut Request| {
                let value = HeaderValue::from_str(&value).unwrap();
                request.headers_mut().insert(name, value);
            }
        };
        let is_json = good
            .headers()
            .get("content-type")
            .is_some_and(|kind| kind == "application/json");
        for code in codes {
            match *code {
                "unauthenticated" => again(&header("authorization", "Bearer wrong".into())).await,
                "malformed_json" => again(&|request| *request.body_mut() = Some("{".into())).await,
                "unsupported_media_type" => {
                    again(&header("content-type", "image/png".into())).await
                }
                "body_too_large" => {
                    let size = if is_json { 300 * 1024 } else { 6 * 1024 * 1024 };
                    again(&|request| *request.body_mut() = Some(vec![b' '; size].into())).await
                }
                "stale" => again(&header("if-match", "\"999\"".into())).await,
                "invalid" if is_json => {
                    again(&|request| *request.body_mut() = Some(r#"{"nobodyKnows": 1}"#.into()))
                        .await
                }
                "invalid" => {
                    again(&|request| request.url_mut().set_query(Some("nobodyKnows=1"))).await
                }
                // With a cookie, from another site.
                "forbidden" => {
                    let cookie = board.log_in_on_a_page("office@example.edu").await;
                    again(&|request| {
                        request.headers_mut().remove("authorization");
                        header("cookie", cookie.clone())(request);
                        // A token in the body would be used instead of the cookie.
                        if path.starts_with("/api/v1/auth/") {
                            *request.body_mut() = Some("{}".into());
                        }
                    })
                    .await
                }
                _ => continue,
            };
        }
        let mut reply = again(&|_| {}).await;
        assert!(reply.status.is_success(), "{operation}: {}", reply.text);
        if method == Method::GET && !reply.header("etag").is_empty() {
            reply = again(&header("if-none-match", reply.header("etag").to_owned())).await;
            assert_eq!(reply.status, 304, "{operation}");
        }
        if codes.contains(&"idempotency_mismatch") {
            for end in ["", "\n"] {
                let mut keyed = self.good_request(&method, path).await;
                header("idempotency-key", method.to_string() + path)(&mut keyed);
                let body = keyed.body().unwrap().as_bytes().unwrap();
                // Each module is different already.
                if !body.starts_with(b"\0asm") {
                    *keyed.body_mut() = Some([body, end.as_bytes()].concat().into());
                }
                board.execute(keyed).await;
            }
        }
    }
}

fn text(record: &Value, member: &str) -> String {
    record[member].as_str().unwrap().to_owned()
}
