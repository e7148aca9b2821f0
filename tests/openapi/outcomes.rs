//! Causes every status and code that the API's description lists, so that it lists none that the server never gives.
//! First the requests of the table in `access`, then the checks that all operations share, then the rest one by one.

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
    ("busy", "an overload"),
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
                    again(&|request| {
                        let token = request.headers_mut().remove("authorization");
                        let token = token
                            .as_ref()
                            .map_or("", |token| &token.to_str().unwrap()[7..]);
                        let cookies = format!("corkboard_access={token}; corkboard_refresh=x");
                        header("cookie", cookies)(request);
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

    async fn accounts(&self) {
        let (board, admin) = (&self.0.board, Some(&self.0.admin));
        // One account with an unverified address, and one that is suspended.
        let (unverified, token) = self.registered().await;
        let wrong = json!({ "token": token, "password": "not the one" });
        self.ask(None, POST, "auth/verify-email", wrong)
            .await
            .expect(422);
        let suspended = self.guest("student").await;
        let change = json!({ "email": "moved@example.edu", "currentPassword": PASSWORD });
        self.ask(Some(&suspended), PATCH, "me", change)
            .await
            .expect(200);
        let link = board
            .mailed_token("moved@example.edu", "verify-email")
            .await;
        let account_id = self.account_of(&suspended).await;
        self.set_account(&account_id, "suspended").await.expect(200);
        let link = json!({ "token": link, "password": PASSWORD });
        self.ask(None, POST, "auth/verify-email", link)
            .await
            .expect(403);
        for email in [&unverified, &suspended.email] {
            let body = json!({ "email": email, "password": PASSWORD });
            for path in ["auth/login", "/authLogin"] {
                self.ask(None, POST, path, body.clone()).await.expect(403);
            }
        }
        let listed = board.get(admin, "admin/accounts?status=unverified").await;
        let unverified = text(&listed.expect(200).json()["items"][0], "accountId");
        self.set_account(&unverified, "active").await.expect(409);
        let own = self.account_of(&self.0.admin).await;
        self.set_account(&own, "suspended").await.expect(409);
    }

    async fn sessions(&self) {
        let body = json!({ "email": self.0.student.email, "password": "wrong" });
        self.ask(None, POST, "/authLogin", body).await.expect(401);
        let mut wrong = self.0.student.clone();
        wrong.token = "wrong".into();
        self.ask(Some(&wrong), POST, "auth/logout", json!({}))
            .await
            .expect(401);
        let body = json!({ "password": "another long one", "currentPassword": "wrong" });
        self.ask(Some(&self.0.student), PATCH, "me", body)
            .await
            .expect(422);
        // Metrics are for callers on the same machine.
        let request = self.0.board.request(Method::GET, "/metrics");
        let request = request.header("x-forwarded-for", "203.0.113.9");
        self.0.board.send(request).await.expect(404);
    }

    async fn jobs_and_files(&self) {
        let (employer, student) = (Some(&self.0.employer), Some(&self.0.student));
        let waiting = self.0.board.join("employer", "kiosk@elsewhere.com").await;
        let pending = self.0.board.post_job(&waiting, json!({})).await;
        let path = format!("jobs/{}", text(&pending, "jobId"));
        let open = json!({ "jobStatus": "open" });
        self.ask(Some(&waiting), PATCH, &path, open)
            .await
            .expect(409);

        let job = self.job(json!({})).await;
        self.apply(&self.0.student, &job).await;
        let path = format!("jobs/{job}");
        let hours = json!({ "hoursPerWeek": 3 });
        self.ask(employer, PATCH, &path, hours).await.expect(409);
        let closed = self.job(json!({})).await;
        let path = format!("jobs/{closed}");
        self.0.board.delete(employer, &path).await.expect(204);
        let long = self.job(json!({ "hoursPerWeek": 25 })).await;
        for path in ["applications", "/apply-job"] {
            for (job, status) in [(&job, 409), (&closed, 409), (&long, 422)] {
                let body = json!({ "jobId": job });
                self.ask(student, POST, path, body).await.expect(status);
            }
            let missing = json!({ "jobId": self.0.id("missing", true).await });
            self.ask(student, POST, path, missing).await.expect(404);
        }

        let collector = self.guest("student").await;
        loop {
            let request = self.0.board.request(POST, "files?name=cv.pdf");
            let request = request.bearer_auth(&collector.token);
            let request = request.header("content-type", "application/pdf");
            if self.0.board.send(request.body(PDF)).await.status == 409 {
                break;
            }
        }
    }

    /// Accepts an application through each of the three routes that can.
    async fn accept(&self, application: &str) -> Vec<Reply> {
        let mut replies = Vec::new();
        let employer = Some(&self.0.employer);
        let mut body = json!({ "applicationStatus": "accepted" });
        let path = format!("applications/{application}");
        replies.push(self.ask(employer, PATCH, &path, body.clone()).await);
        body["applicationId"] = application.into();
        for path in ["/update-application-jobs", "/update-application-status"] {
            replies.push(self.ask(employer, PATCH, path, body.clone()).await);
        }
        replies
    }

    async fn applications(&self) {
        let (one, two) = (self.guest("student").await, self.guest("student").await);
        let scarce = self.job(json!({ "hoursPerWeek": 15 })).await;
        let other = self.job(json!({ "hoursPerWeek": 15 })).await;
        let (first, second) = (
            self.apply(&one, &scarce).await,
            self.apply(&two, &scarce).await,
        );
        let third = self.apply(&one, &other).await;
        for (application, codes) in [
            (&first, ["", "invalid_transition", "invalid_transition"]),
            (&second, ["positions_filled"; 3]),
            (&third, ["not_eligible"; 3]),
        ] {
            let replies = self.accept(application).await;
            let had: Vec<String> = replies.iter().map(Reply::problem_code).collect();
            assert_eq!(had, codes);
        }
        self.0
            .board
            .delete(Some(&two), &format!("applications/{second}"))
            .await
            .expect(204);
        for path in [
            format!("applications/{second}"),
            format!("/delete-service?applicationId={second}"),
        ] {
            self.0.board.delete(Some(&two), &path).await.expect(409);
        }
        let path = format!("admin/applications/{second}/eligibility");
        let word = json!({ "outcome": "eligible", "reason": "I looked." });
        self.ask(Some(&self.0.admin), PATCH, &path, word)
            .await
            .expect(409);
    }

    /// The rules send students without a GPA to the office.
    async fn verdicts(&self) {
        let rule = self.built_in_rule().await;
        let admin = Some(&self.0.admin);
        let needed = |facts: Value| json!({ "parameters": { "neededFacts": facts } });
        self.ask(admin, PATCH, &rule, needed(json!(["gpa"])))
            .await
            .expect(200);
        let (student, job) = (self.guest("student").await, self.job(json!({})).await);
        let application = self.apply(&student, &job).await;
        for reply in self.accept(&application).await {
            assert_eq!(reply.code(), "review_pending");
        }
    }

    async fn rules(&self) {
        let (board, admin) = (&self.0.board, Some(&self.0.admin));
        let module = self.module("{}").await;
        let kept = self.upload(module.clone()).await.expect(201).json();
        self.upload(module).await.expect(409);
        self.upload(b"no module".to_vec()).await.expect(422);
        let rule = format!("admin/rules/{}", text(&kept, "ruleId"));
        let to = |state: &str| json!({ "state": state });
        self.ask(admin, PATCH, &rule, to("active"))
            .await
            .expect(409);
        self.ask(admin, PATCH, &rule, to("shadow"))
            .await
            .expect(200);
        board.delete(admin, &rule).await.expect(409);
        let built_in = self.built_in_rule().await;
        self.ask(admin, PATCH, &built_in, to("draft"))
            .await
            .expect(409);
        self.ask(admin, PATCH, &built_in, to("retired"))
            .await
            .expect(200);
        board.delete(admin, &built_in).await.expect(409);
        let schema =
            r#"{"type":"object","properties":{"limit":{"type":"number"}},"required":["limit"]}"#;
        let unset = self
            .upload(self.module(schema).await)
            .await
            .expect(201)
            .json();
        let path = format!("admin/rules/{}/dry-run", text(&unset, "ruleId"));
        self.ask(admin, POST, &path, json!({})).await.expect(422);
    }

    /// No mail can be sent while its folder is a file.
    async fn mail(&self) {
        let (board, admin) = (&self.0.board, Some(&self.0.admin));
        let folder = board.folder.path().join("mail/new");
        std::fs::rename(&folder, folder.with_file_name("aside")).unwrap();
        std::fs::write(&folder, "").unwrap();
        let body = json!({ "email": self.0.student.email });
        self.ask(None, POST, "auth/forgot-password", body)
            .await
            .expect(202);
        let waiting = board.get(admin, "admin/outbox?state=waiting").await;
        let mail = text(&waiting.expect(200).json()["items"][0], "mailId");
        let path = format!("admin/outbox/{mail}/retry");
        self.ask(admin, POST, &path, json!({})).await.expect(200);
    }
}

fn text(record: &Value, member: &str) -> String {
    record[member].as_str().unwrap().to_owned()
}
