//! Who may call what: every route × every role × own and other people's records, and what ends a session.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use crate::support::{Board, PASSWORD, Person, Reply, job};
use corkboard::clock::Clock;
use corkboard::http::{Access, Entry};
use corkboard::model::{Event, Role};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// Statuses for an anonymous caller, a student, an employer, an admin.
type Expected = [u16; 4];
/// Method, route as in `routes()`, the values for its `{…}` (or its query), body, expected statuses.
pub type Line = (Method, &'static str, &'static str, &'static str, Expected);

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PATCH: Method = Method::PATCH;
const DELETE: Method = Method::DELETE;

const ALL_200: Expected = [200; 4];
const SIGNED_IN: Expected = [401, 200, 200, 200];
const OFFICE: Expected = [401, 403, 403, 200];

pub const PDF: &str = "%PDF-1.4\n%%EOF\n";
const NEW_JOB: &str = r#""jobTitle": "T", "jobDescription": "D", "jobPayRate": 15, "hoursPerWeek": 5, "deadline": "2099-01-01""#;

/// `<name>` in a target, query or body is the ID of a record created below. `fresh` records are created for each
/// allowed call.
#[rustfmt::skip]
pub fn table() -> Vec<Line> {
    let me = "/api/v1/me";
    let jobs = "/api/v1/jobs";
    let job = "/api/v1/jobs/{jobId}";
    let applicants = "/api/v1/jobs/{jobId}/applications";
    let applications = "/api/v1/applications";
    let application = "/api/v1/applications/{id}";
    let file = "/api/v1/files/{fileId}";
    let account = "/api/v1/admin/accounts/{id}";
    let import = "/api/v1/admin/import/{kind}";
    let retry = "/api/v1/admin/outbox/{id}/retry";
    let similar = "/api/v1/jobs/{jobId}/similar";
    let eligibility = "/api/v1/jobs/{jobId}/eligibility";
    let verdict = "/api/v1/admin/applications/{id}/eligibility";
    let rule = "/api/v1/admin/rules/{ruleId}";
    let dry_run = "/api/v1/admin/rules/{ruleId}/dry-run";
    let mut lines = vec![
        (POST, "/api/v1/auth/register", "", "{}", [422; 4]),
        (POST, "/api/v1/auth/register", "", r#"{"email": "new<serial>@example.edu", "password": "long enough", "name": "N", "role": "student"}"#, [202; 4]),
        (POST, "/api/v1/auth/verify-email", "", r#"{"token": "x", "password": "long enough"}"#, [422; 4]),
        (POST, "/api/v1/auth/login", "", r#"{"email": "unknown@example.edu", "password": "x"}"#, [401; 4]),
        (POST, "/api/v1/auth/login", "", r#"{"email": "own.student@example.edu", "password": "correct horse battery"}"#, ALL_200),
        (POST, "/api/v1/auth/refresh", "", r#"{"refreshToken": "x"}"#, [401; 4]),
        (POST, "/api/v1/auth/logout", "", r#"{"refreshToken": "x"}"#, [204; 4]),
        (POST, "/api/v1/auth/forgot-password", "", r#"{"email": "unknown@example.edu"}"#, [202; 4]),
        (POST, "/api/v1/auth/reset-password", "", r#"{"token": "x", "password": "long enough"}"#, [422; 4]),

        (GET, me, "", "", SIGNED_IN),
        (PATCH, me, "", r#"{"name": "Renamed"}"#, SIGNED_IN),
        (DELETE, me, "", r#"{"currentPassword": "wrong"}"#, [401, 422, 422, 403]),
        (DELETE, me, "", r#"{"currentPassword": "correct horse battery"}"#, [401, 204, 204, 403]),
        (GET, "/api/v1/me/export", "", "", [401, 200, 200, 403]),

        (GET, jobs, "", "", ALL_200),
        (GET, jobs, "?limit=0", "", [422; 4]),
        (GET, jobs, "?status=closed", "", [403, 403, 200, 200]),
        (GET, jobs, "?status=draft&employeeId=<own employee>", "", [403, 403, 200, 200]),
        (GET, jobs, "?status=draft&employeeId=<other employee>", "", [403, 403, 403, 200]),
        (GET, jobs, "?eligible=true", "", [403, 200, 403, 403]),
        (GET, "/api/v1/jobs/suggest", "?q=li", "", ALL_200),
        (GET, "/api/v1/jobs/recommended", "", "", [401, 200, 403, 403]),
        (GET, similar, "own job", "", ALL_200),
        (GET, similar, "other draft", "", [404, 404, 404, 200]),
        (GET, eligibility, "own job", "", [401, 200, 403, 403]),
        (GET, eligibility, "other draft", "", [401, 404, 403, 403]),
        (POST, jobs, "", "{}", [401, 403, 422, 422]),
        (POST, jobs, "", r"{<new job>}", [401, 403, 201, 422]),
        (POST, jobs, "", r#"{<new job>, "employeeId": "<own employee>"}"#, [401, 403, 201, 201]),
        (POST, jobs, "", r#"{<new job>, "employeeId": "<other employee>"}"#, [401, 403, 422, 201]),
        (POST, jobs, "", r#"{<new job>, "employeeId": "nobody's"}"#, [401, 403, 422, 422]),

        (GET, job, "own job", "", ALL_200),
        (GET, job, "other job", "", ALL_200),
        (GET, job, "own draft", "", [404, 404, 200, 200]),
        (GET, job, "other draft", "", [404, 404, 404, 200]),
        (GET, job, "pending", "", [404, 404, 404, 200]),
        (GET, job, "refused", "", [404, 404, 404, 200]),
        (PATCH, job, "own job", r#"{"jobTitle": "New"}"#, [401, 403, 200, 200]),
        (PATCH, job, "own job", r#"{"jobStatus": "filled"}"#, [401, 403, 422, 422]),
        (PATCH, job, "other job", r#"{"jobTitle": "New"}"#, [401, 403, 403, 200]),
        (PATCH, job, "other draft", r#"{"jobTitle": "New"}"#, [401, 403, 404, 200]),
        (PATCH, job, "pending", r#"{"jobStatus": "open"}"#, [401, 403, 404, 200]),
        (DELETE, job, "fresh job", "", [401, 403, 204, 204]),
        (DELETE, job, "other spare", "", [401, 403, 403, 204]),
        (DELETE, job, "other draft", "", [401, 403, 404, 204]),
        (GET, applicants, "own job", "", [401, 403, 200, 200]),
        (GET, applicants, "other job", "", [401, 403, 403, 200]),
        (GET, applicants, "refused", "", [401, 403, 404, 200]),

        (POST, applications, "", r#"{"jobId": "<fresh job>"}"#, [401, 201, 403, 403]),
        (POST, applications, "", r#"{"jobId": "<own job>"}"#, [401, 409, 403, 403]),
        (POST, applications, "", r#"{"jobId": "<pending>"}"#, [401, 404, 403, 403]),
        (POST, applications, "", r#"{"jobId": "<other draft>"}"#, [401, 404, 403, 403]),
        (POST, applications, "", r#"{"jobId": "<missing>"}"#, [401, 404, 403, 403]),
        (POST, applications, "", r#"{"jobId": "word"}"#, [401, 422, 403, 403]),
        (GET, applications, "", "", SIGNED_IN),
        (GET, applications, "?jobId=<other job>", "", SIGNED_IN),
        (GET, application, "own application", "", SIGNED_IN),
        (GET, application, "other application", "", [401, 404, 404, 200]),
        (PATCH, application, "fresh application", r#"{"applicationStatus": "under_review"}"#, [401, 409, 200, 200]),
        (PATCH, application, "fresh application", r#"{"applicationStatus": "withdrawn"}"#, [401, 200, 409, 409]),
        (PATCH, application, "other application", r#"{"applicationStatus": "interview"}"#, [401, 404, 404, 200]),
        (DELETE, application, "fresh application", "", [401, 204, 403, 403]),
        (DELETE, application, "other application", "", [401, 404, 403, 403]),

        (POST, "/api/v1/files", "", "no file", [401, 415, 403, 403]),
        (POST, "/api/v1/files", "?name=cv.pdf", PDF, [401, 201, 403, 403]),
        (GET, file, "own file", "", [401, 200, 404, 200]),
        (GET, file, "sent file", "", SIGNED_IN),
        (GET, file, "other file", "", [401, 404, 404, 200]),
        (DELETE, file, "fresh file", "", [401, 204, 404, 204]),
        (DELETE, file, "fresh sent file", "", [401, 204, 403, 204]),

        (GET, "/api/v1/admin/accounts", "", "", OFFICE),
        (PATCH, account, "other account", r#"{"status": "active"}"#, OFFICE),
        (PATCH, account, "other account", r#"{"status": "erased"}"#, [401, 403, 403, 422]),
        (GET, "/api/v1/admin/jobs", "", "", OFFICE),
        (GET, "/api/v1/admin/audit", "", "", OFFICE),
        (PATCH, verdict, "fresh application", r#"{"outcome": "eligible", "reason": "I looked."}"#, OFFICE),
        (PATCH, verdict, "fresh application", r#"{"outcome": "eligible"}"#, [401, 403, 403, 422]),
        (GET, "/api/v1/admin/rules", "", "", OFFICE),
        (POST, "/api/v1/admin/rules", "", "no module", [401, 403, 403, 415]),
        (POST, "/api/v1/admin/backup", "", "", OFFICE),
        (POST, import, "students", "name,email\nN,roster<serial>@example.edu\n", OFFICE),
        (POST, import, "students", "colour\nred\n", [401, 403, 403, 422]),
        (POST, import, "word", "name,email\n", [401, 403, 403, 404]),
        (GET, "/api/v1/admin/outbox", "", "", OFFICE),
        (POST, retry, "sent mail", "", [401, 403, 403, 409]),

        (POST, "/authLogin", "", r#"{"email": "own.student@example.edu", "password": "correct horse battery"}"#, ALL_200),
        (POST, "/job-post", "", r"{<new job>}", [401, 403, 201, 422]),
        (GET, "/get-jobs", "", "", ALL_200),
        (GET, "/get-jobs", "?status=closed", "", [403, 403, 200, 200]),
        (POST, "/apply-job", "", r#"{"jobId": "<fresh job>"}"#, [401, 201, 403, 403]),
        (GET, "/get-applications", "", "", SIGNED_IN),
        (DELETE, "/delete-service", "", "", [401, 422, 422, 422]),
        (DELETE, "/delete-service", "?jobId=<own job>&applicationId=<own application>", "", [401, 422, 422, 422]),
        (DELETE, "/delete-service", "?jobId=word", "", [401, 403, 422, 422]),
        (DELETE, "/delete-service", "?applicationId=", "", [401, 422, 403, 403]),
        (DELETE, "/delete-service", "?jobId=<fresh job>", "", [401, 403, 204, 204]),
        (DELETE, "/delete-service", "?jobId=<other spare>", "", [401, 403, 403, 204]),
        (DELETE, "/delete-service", "?jobId=<other draft>", "", [401, 403, 404, 204]),
        (DELETE, "/delete-service", "?applicationId=<fresh application>", "", [401, 204, 403, 403]),
        (DELETE, "/delete-service", "?applicationId=<other application>", "", [401, 404, 403, 403]),

        (GET, "/healthz", "", "", ALL_200),
        (GET, "/readyz", "", "", ALL_200),
        (GET, "/metrics", "", "", ALL_200),
        (GET, "/api/openapi.json", "", "", ALL_200),
        (GET, "/api/docs", "", "", ALL_200),
    ];
    for classic in ["/update-application-jobs", "/update-application-status"] {
        lines.extend([
            (PATCH, classic, "", r#"{"applicationId": "<fresh application>", "applicationStatus": "under_review"}"#, [401, 409, 200, 200]),
            (PATCH, classic, "", r#"{"applicationId": "<other application>", "applicationStatus": "submitted"}"#, [401, 404, 404, 409]),
            (PATCH, classic, "", r#"{"applicationId": "word", "applicationStatus": "interview"}"#, [401, 422, 422, 422]),
            (PATCH, classic, "", r#"{"applicationStatus": "interview"}"#, [401, 422, 422, 422]),
        ]);
    }
    // An unknown ID and a malformed one get the same answer.
    for nothing in ["missing", "word"] {
        lines.extend([
            (GET, job, nothing, "", [404; 4]),
            (PATCH, job, nothing, r#"{"jobTitle": "New"}"#, [401, 403, 404, 404]),
            (DELETE, job, nothing, "", [401, 403, 404, 404]),
            (GET, applicants, nothing, "", [401, 403, 404, 404]),
            (GET, application, nothing, "", [401, 404, 404, 404]),
            (GET, file, nothing, "", [401, 404, 404, 404]),
            (DELETE, file, nothing, "", [401, 404, 404, 404]),
            (PATCH, application, nothing, r#"{"applicationStatus": "withdrawn"}"#, [401, 404, 404, 404]),
            (DELETE, application, nothing, "", [401, 404, 403, 403]),
            (PATCH, account, nothing, r#"{"status": "active"}"#, [401, 403, 403, 404]),
            (POST, retry, nothing, "", [401, 403, 403, 404]),
            (GET, similar, nothing, "", [404; 4]),
            (GET, eligibility, nothing, "", [401, 404, 403, 403]),
            (PATCH, verdict, nothing, r#"{"outcome": "eligible", "reason": "I looked."}"#, [401, 403, 403, 404]),
            (GET, rule, nothing, "", [401, 403, 403, 404]),
            (PATCH, rule, nothing, r#"{"state": "shadow"}"#, [401, 403, 403, 404]),
            (DELETE, rule, nothing, "", [401, 403, 403, 404]),
            (POST, dry_run, nothing, "", [401, 403, 403, 404]),
        ]);
    }
    lines
}

pub struct World {
    pub board: Board,
    pub student: Person,
    pub employer: Person,
    pub admin: Person,
    other_student: Person,
    other_employer: Person,
    ids: Vec<(&'static str, String)>,
    serial: AtomicUsize,
}

fn id(record: &Value, member: &str) -> String {
    record[member].as_str().unwrap().to_owned()
}

impl World {
    pub async fn new() -> Self {
        let board = Board::start();
        let admin = board.admin().await;
        let student = board.join("student", "own.student@example.edu").await;
        let employer = board.join("employer", "own.employer@example.edu").await;
        let other_student = board.join("student", "other.student@example.edu").await;
        let other_employer = board.join("employer", "other.employer@example.edu").await;
        let newcomer = board.join("employer", "shop@elsewhere.com").await;
        let post =
            async |who: &Person, change: Value| id(&board.post_job(who, change).await, "jobId");
        let keep = async |who: &Person| {
            let request = board
                .request(POST, "files?name=cv.pdf")
                .bearer_auth(&who.token)
                .header("content-type", "application/pdf");
            let reply = board.send(request.body(PDF)).await.expect(201);
            id(&reply.json(), "fileId")
        };
        let sent_file = keep(&student).await;
        let apply = async |who: &Person, job_id: &str, resume: Option<&str>| {
            let body = json!({"jobId": job_id, "resumeId": resume});
            let reply = board.post(Some(who), "applications", body).await;
            id(&reply.expect(201).json(), "applicationId")
        };
        let draft = json!({"jobStatus": "draft"});
        let own_job = post(&employer, json!({})).await;
        let other_job = post(&other_employer, json!({})).await;
        let refused = post(&newcomer, json!({"jobTitle": "Refused by the office"})).await;
        let close = json!({"jobStatus": "closed", "reason": "no such firm"});
        board
            .patch(Some(&admin), &format!("jobs/{refused}"), close)
            .await
            .expect(200);
        let employee = async |who: &Person| {
            let me = board.get(Some(who), "me").await.expect(200).json();
            id(&me["employer"], "employeeId")
        };
        let other = board
            .get(Some(&other_student), "me")
            .await
            .expect(200)
            .json();
        board.mail("own.student@example.edu", "verify-email").await;
        let ids = vec![
            ("new job", NEW_JOB.to_owned()),
            ("missing", "01935284-7a00-7000-8000-000000000000".to_owned()),
            ("word", "word".to_owned()),
            ("students", "students".to_owned()),
            ("own employee", employee(&employer).await),
            ("other employee", employee(&other_employer).await),
            ("other account", id(&other["account"], "accountId")),
            (
                "own application",
                apply(&student, &own_job, Some(&sent_file)).await,
            ),
            (
                "other application",
                apply(&other_student, &other_job, None).await,
            ),
            ("own file", keep(&student).await),
            ("other file", keep(&other_student).await),
            ("sent file", sent_file),
            ("own draft", post(&employer, draft.clone()).await),
            ("other draft", post(&other_employer, draft).await),
            ("other spare", post(&other_employer, json!({})).await),
            ("pending", post(&newcomer, json!({})).await),
            ("refused", refused),
            ("own job", own_job),
            ("other job", other_job),
            ("sent mail", sent_mail(&board, &admin).await),
        ];
        Self {
            board,
            student,
            employer,
            admin,
            other_student,
            other_employer,
            ids,
            serial: AtomicUsize::new(0),
        }
    }

    pub fn callers(&self) -> [(&'static str, Option<&Person>); 4] {
        [
            ("nobody", None),
            ("student", Some(&self.student)),
            ("employer", Some(&self.employer)),
            ("admin", Some(&self.admin)),
        ]
    }

    async fn fresh_job(&self) -> String {
        id(
            &self.board.post_job(&self.employer, json!({})).await,
            "jobId",
        )
    }

    async fn fresh_file(&self) -> String {
        let request = self.board.request(POST, "files?name=cv.pdf");
        let request = request.bearer_auth(&self.student.token);
        let request = request.header("content-type", "application/pdf").body(PDF);
        id(&self.board.send(request).await.expect(201).json(), "fileId")
    }

    pub async fn id(&self, name: &str, allowed: bool) -> String {
        let name = match name {
            "serial" => return self.serial.fetch_add(1, Ordering::Relaxed).to_string(),
            // A refused call must change nothing, so it does not need its own record.
            "fresh job" if !allowed => "own job",
            "fresh application" if !allowed => "own application",
            "fresh file" if !allowed => "own file",
            "fresh sent file" if !allowed => "sent file",
            "fresh file" => return self.fresh_file().await,
            "fresh sent file" => {
                let file = self.fresh_file().await;
                let body = json!({"jobId": self.fresh_job().await, "resumeId": file});
                let student = Some(&self.student);
                let reply = self.board.post(student, "applications", body).await;
                reply.expect(201);
                return file;
            }
            "fresh job" => return self.fresh_job().await,
            "fresh application" => {
                let body = json!({"jobId": self.fresh_job().await});
                let reply = self
                    .board
                    .post(Some(&self.student), "applications", body)
                    .await;
                return id(&reply.expect(201).json(), "applicationId");
            }
            name => name,
        };
        let found = self.ids.iter().find(|(known, _)| *known == name);
        found
            .unwrap_or_else(|| panic!("no {name} in this world"))
            .1
            .clone()
    }

    async fn filled_in(&self, text: &str, allowed: bool) -> String {
        let mut text = text.to_owned();
        while let Some((before, rest)) = text.split_once('<') {
            let (name, after) = rest.split_once('>').unwrap();
            text = format!("{before}{}{after}", self.id(name, allowed).await);
        }
        text
    }

    async fn call(&self, who: Option<&Person>, line: &Line, allowed: bool) -> Reply {
        self.board
            .send(self.request(who, line, allowed).await)
            .await
    }

    pub async fn request(
        &self,
        who: Option<&Person>,
        line: &Line,
        allowed: bool,
    ) -> RequestBuilder {
        let (method, route, target, body, _) = line;
        let path = match route.split_once('{') {
            Some((before, rest)) => {
                let after = rest.split_once('}').unwrap().1;
                format!("{before}{}{after}", self.id(target, allowed).await)
            }
            None => format!("{route}{}", self.filled_in(target, allowed).await),
        };
        let mut request = self.board.request(method.clone(), &path);
        if let Some(person) = who {
            request = request.bearer_auth(&person.token);
        }
        if !body.is_empty() {
            let body = self.filled_in(body, allowed).await;
            let kind = if body == PDF {
                "application/pdf"
            } else if route.contains("/import/") {
                "text/csv"
            } else {
                "application/json"
            };
            request = request.header("content-type", kind).body(body);
        }
        request
    }

    /// Everything that the office and each person can see, and the length of the change log.
    async fn everything(&self) -> Vec<Value> {
        let board = &self.board;
        let reader = board.store.read().unwrap();
        let mut log = reader.log_after(0, 10_000).await.unwrap();
        drop(reader);
        // Logging a failed login is not a change.
        log.retain(|logged| !matches!(logged.entry.event, Event::LogInFailed { .. }));
        let mut seen = vec![json!(log.len())];
        let statuses = ["draft", "pending", "open", "filled", "closed", "expired"];
        for status in statuses {
            let path = format!("admin/jobs?status={status}&limit=100");
            let page = board.get(Some(&self.admin), &path).await.expect(200).json();
            seen.push(page["items"].clone());
        }
        for list in [
            "applications?limit=100",
            "admin/accounts?limit=100",
            "admin/outbox?limit=100",
        ] {
            seen.push(board.get(Some(&self.admin), list).await.expect(200).json()["items"].clone());
        }
        for person in [
            &self.student,
            &self.employer,
            &self.other_student,
            &self.other_employer,
        ] {
            seen.push(board.get(Some(person), "me").await.expect(200).json());
        }
        seen
    }
}

/// A sent mail, once none is waiting.
async fn sent_mail(board: &Board, admin: &Person) -> String {
    loop {
        let waiting = board
            .get(Some(admin), "admin/outbox?state=waiting")
            .await
            .expect(200)
            .json();
        let sent = board
            .get(Some(admin), "admin/outbox?state=sent")
            .await
            .expect(200)
            .json();
        // Notices that are not written yet.
        let ready = board.get(None, "/readyz").await.expect(200).json();
        let mut followers = ready["followers"].as_array().unwrap().iter();
        let is_done = followers.all(|one| one["lag"].as_u64().unwrap_or(0) == 0);
        if is_done && waiting["items"] == json!([]) && sent["items"] != json!([]) {
            return id(&sent["items"][0], "mailId");
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Whether a line of the routes handles a target.
fn is_for(entry: &Entry, target: &str) -> bool {
    let has = |name: &str| target.contains(&format!("{name}="));
    match entry.only_with {
        Some(name) => has(name) && !(has("jobId") && has("applicationId")),
        None => entry.path != "/delete-service" || has("jobId") == has("applicationId"),
    }
}

#[actix_web::test]
async fn every_route_answers_every_role_as_the_table_says() {
    let table = table();
    let listed: HashSet<(&str, &str)> =
        table.iter().map(|line| (line.0.as_str(), line.1)).collect();
    for entry in corkboard::http::routes() {
        assert!(
            listed.contains(&(entry.method.as_str(), entry.path)),
            "{} {} has no line in this test's table",
            entry.method,
            entry.path
        );
        let named = table
            .iter()
            .filter(|line| line.0 == entry.method.as_str() && line.1 == entry.path);
        for (method, path, target, _, expected) in named {
            let open = expected[0] != 401 || entry.path.contains("/auth/");
            let needs_account = matches!(entry.access, Access::Roles(_));
            assert_eq!(needs_account, !open, "{method} {path}");
            // A role that the line does not name is refused, whatever the target.
            if let Access::Roles(roles) = entry.access
                && is_for(&entry, target)
            {
                let all = [Role::Student, Role::Employer, Role::Admin];
                for (role, status) in all.iter().zip(&expected[1..]) {
                    let refused = *status == 403;
                    assert!(
                        roles.contains(role) || refused,
                        "{method} {path}{target} {role:?}"
                    );
                }
            }
        }
    }

    let entries = corkboard::http::routes();
    let private: HashSet<(&str, &str)> = entries
        .iter()
        .filter(|entry| matches!(entry.access, Access::Roles(_)))
        .map(|entry| (entry.method.as_str(), entry.path))
        .collect();
    let world = World::new().await;
    let mut wrong = Vec::new();
    let before = {
        sent_mail(&world.board, &world.admin).await;
        world.everything().await
    };
    for allowed in [false, true] {
        for line in &table {
            for ((role, who), expected) in world.callers().into_iter().zip(line.4) {
                if allowed != (expected < 400) {
                    continue;
                }
                let parting = allowed && line.0 == DELETE && line.1 == "/api/v1/me";
                let guest = if parting {
                    Some(
                        world
                            .board
                            .join(role, &format!("leaving.{role}@example.edu"))
                            .await,
                    )
                } else {
                    None
                };
                let reply = world.call(guest.as_ref().or(who), line, allowed).await;
                let status = reply.status.as_u16();
                if status != expected {
                    wrong.push(format!(
                        "{} {} {} {} as {role}: {status}, not {expected}: {}",
                        line.0, line.1, line.2, line.3, reply.text
                    ));
                }
                if status >= 400 {
                    assert_problem(&reply);
                }
                // D11: browsers and proxies must not cache personal answers.
                if private.contains(&(line.0.as_str(), line.1)) {
                    let kept = reply.header("cache-control");
                    assert!(
                        kept.contains("no-store"),
                        "{} {} as {role}: {kept}",
                        line.0,
                        line.1
                    );
                }
            }
        }
        if !allowed {
            assert!(wrong.is_empty(), "{}", wrong.join("\n"));
            for (now, then) in world.everything().await.iter().zip(&before) {
                assert!(now == then, "a refused call made {now} of {then}");
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    world.board.stop().await;
}

#[track_caller]
fn assert_problem(reply: &Reply) {
    assert_eq!(
        reply.header("content-type"),
        "application/problem+json",
        "{}",
        reply.text
    );
    let problem = reply.json();
    for member in ["type", "title", "detail", "code", "requestId"] {
        let text = problem[member].as_str().unwrap_or_default();
        assert!(!text.is_empty(), "{member} in {}", reply.text);
    }
    assert_eq!(problem["status"], reply.status.as_u16());
    if reply.status == 401 {
        assert_eq!(reply.header("www-authenticate"), "Bearer");
    }
}

#[actix_web::test]
async fn a_session_ends_at_once() {
    let board = Board::start();
    let admin = board.admin().await;
    let email = "ann@example.edu";
    let first = board.join("student", email).await;
    let second = board.login(email).await;
    let me = board.get(Some(&first), "me").await.expect(200).json();
    let account = format!("admin/accounts/{}", id(&me["account"], "accountId"));

    // A log-out ends one session.
    let body = json!({"refreshToken": first.refresh});
    board
        .post(None, "auth/logout", body.clone())
        .await
        .expect(204);
    board.get(Some(&first), "me").await.expect(401);
    board.post(None, "auth/refresh", body).await.expect(401);
    board.get(Some(&second), "me").await.expect(200);

    // Suspension ends all sessions, and neither the password nor the refresh token opens another.
    let suspend = json!({"status": "suspended", "reason": "a test"});
    board
        .patch(Some(&admin), &account, suspend)
        .await
        .expect(200);
    board.get(Some(&second), "me").await.expect(401);
    board
        .post(Some(&second), "applications", json!({}))
        .await
        .expect(401);
    let body = json!({"refreshToken": second.refresh});
    board.post(None, "auth/refresh", body).await.expect(401);
    let login = json!({"email": email, "password": PASSWORD});
    let refused = board.post(None, "auth/login", login).await.expect(403);
    assert_eq!(refused.code(), "account_suspended");
    board
        .patch(Some(&admin), &account, json!({"status": "active"}))
        .await
        .expect(200);
    let third = board.login(email).await;

    // A reset ends all sessions.
    board
        .post(None, "auth/forgot-password", json!({"email": email}))
        .await
        .expect(202);
    let token = board.mailed_token(email, "reset-password").await;
    let reset = json!({"token": token, "password": "another long one"});
    board
        .post(None, "auth/reset-password", reset)
        .await
        .expect(204);
    board.get(Some(&third), "me").await.expect(401);
    // A public page works without a token, and an invalid token is an error.
    board.get(None, "jobs").await.expect(200);
    board.get(Some(&third), "jobs").await.expect(401);
    board.stop().await;
}

#[actix_web::test]
async fn a_cookie_works_only_from_our_own_pages() {
    let board = Board::start();
    board.join("employer", "library@example.edu").await;
    let login = json!({"email": "library@example.edu", "password": PASSWORD});
    let plain = board
        .post(None, "auth/login", login.clone())
        .await
        .expect(200);
    assert_eq!(
        plain.header("set-cookie"),
        "",
        "cookies for a client that is no page"
    );
    let foreign = board
        .request(POST, "auth/login")
        .header("origin", "https://evil.example");
    let foreign = board.send(foreign.json(&login)).await.expect(200);
    assert_eq!(foreign.header("set-cookie"), "");
    let own = board
        .request(POST, "auth/login")
        .header("origin", &board.url);
    let own = board.send(own.json(&login)).await.expect(200);
    let cookies: Vec<&str> = own
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|value| value.to_str().unwrap())
        .collect();
    assert_eq!(cookies.len(), 2, "{cookies:?}");
    for cookie in &cookies {
        assert!(
            cookie.contains("HttpOnly")
                && cookie.contains("SameSite=Lax")
                && cookie.contains("Path=/;"),
            "{cookie}"
        );
    }
    let session = cookies
        .iter()
        .find_map(|cookie| {
            Some(
                cookie
                    .starts_with("corkboard=")
                    .then(|| cookie.split_once(';'))??
                    .0,
            )
        })
        .unwrap();

    let me = board.request(GET, "me").header("cookie", session);
    board.send(me).await.expect(200);
    let post = async |headers: &[(&str, &str)]| {
        let mut request = board.request(POST, "jobs").header("cookie", session);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        board
            .send(request.json(&job(json!({}))))
            .await
            .status
            .as_u16()
    };
    let url = board.url.as_str();
    assert_eq!(post(&[]).await, 403);
    assert_eq!(post(&[("origin", "https://evil.example")]).await, 403);
    assert_eq!(post(&[("origin", "null")]).await, 403);
    assert_eq!(post(&[("sec-fetch-site", "cross-site")]).await, 403);
    assert_eq!(
        post(&[("sec-fetch-site", "same-site"), ("origin", url)]).await,
        403
    );
    assert_eq!(post(&[("origin", url)]).await, 201);
    assert_eq!(post(&[("sec-fetch-site", "same-origin")]).await, 201);
    // The header has priority over the cookie, which the browser sends automatically.
    let bearer = format!("Bearer {}", own.json()["accessToken"].as_str().unwrap());
    assert_eq!(post(&[("authorization", &bearer)]).await, 201);
    assert_eq!(
        post(&[("authorization", "Bearer x"), ("origin", url)]).await,
        401
    );

    let renew = async |headers: &[(&str, &str)]| {
        let mut request = board
            .request(POST, "auth/refresh")
            .header("cookie", session);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        board.send(request).await
    };
    renew(&[("origin", "https://evil.example")])
        .await
        .expect(403);
    renew(&[]).await.expect(403);
    let renewed = renew(&[("origin", url)]).await.expect(200);
    let renewed = renewed.json();
    let bearer = Person::of(&renewed);
    board.get(Some(&bearer), "me").await.expect(200);
    let refresh = json!({"refreshToken": renewed["refreshToken"]});
    board.post(None, "auth/refresh", refresh).await.expect(200);

    let with = |method, path: &str| board.request(method, path).header("cookie", session);
    let foreign = with(POST, "auth/logout").header("origin", "https://evil.example");
    board.send(foreign).await.expect(403);
    let log_out = with(POST, "auth/logout").header("origin", url);
    let logged_out = board.send(log_out).await.expect(204);
    let cookie = logged_out.header("set-cookie");
    assert!(
        cookie.starts_with("corkboard=;") && cookie.contains("Max-Age=0"),
        "{cookie}"
    );
    board.send(with(GET, "me")).await.expect(401);
    board.get(Some(&bearer), "me").await.expect(401);
    let refused = board
        .send(with(POST, "auth/refresh").header("origin", url))
        .await;
    assert_eq!(refused.expect(401).problem_code(), "invalid_token");
    // A browser sends an old cookie with every request.
    board.send(with(GET, "jobs")).await.expect(200);
    for other in ["corkboard=nonsense", "corkboard="] {
        let stale = board.request(GET, "jobs").header("cookie", other);
        board.send(stale).await.expect(200);
    }
    board.stop().await;
}

#[actix_web::test]
async fn each_use_keeps_a_page_logged_in() {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    let time = Arc::new(AtomicI64::new(Clock::System.now().as_millis()));
    let board = Board::start_with(Clock::Fixed(time.clone()), |_| {});
    board.join("student", "ann@example.edu").await;
    let used = board.log_in_on_a_page("ann@example.edu").await;
    let unused = board.log_in_on_a_page("ann@example.edu").await;
    let me = async |cookie: &str| {
        let me = board.request(GET, "me").header("cookie", cookie);
        board.send(me).await.status.as_u16()
    };
    for _ in 0..3 {
        time.fetch_add(29 * DAY, Ordering::Release);
        assert_eq!(me(&used).await, 200);
    }
    assert_eq!(me(&unused).await, 401);
    time.fetch_add(30 * DAY, Ordering::Release);
    assert_eq!(me(&used).await, 401);
    board.stop().await;
}

#[actix_web::test]
async fn a_cookie_of_a_tls_site_is_sent_only_over_tls() {
    let board = Board::start_with(corkboard::clock::Clock::System, |config| {
        config.server.public_url = "https://jobs.example.edu".into();
    });
    board.join("employer", "library@example.edu").await;
    let login = json!({"email": "library@example.edu", "password": PASSWORD});
    let request = board
        .request(POST, "auth/login")
        .header("origin", "https://jobs.example.edu");
    let reply = board.send(request.json(&login)).await.expect(200);
    let cookies = reply.headers.get_all("set-cookie");
    let secure = cookies
        .iter()
        .filter(|cookie| cookie.to_str().unwrap().contains("Secure"));
    assert_eq!(secure.count(), 2);
    let session = cookies.iter().map(|cookie| cookie.to_str().unwrap());
    assert!(
        session
            .into_iter()
            .any(|cookie| cookie.starts_with("__Host-corkboard="))
    );
    board.stop().await;
}

/// Whether a login with these headers gets cookies.
async fn gets_cookies(board: &Board, headers: &[(&str, &str)]) -> bool {
    let login = json!({"email": "library@example.edu", "password": PASSWORD});
    let mut request = board.request(POST, "auth/login").json(&login);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let reply = board.send(request).await.expect(200);
    reply.headers.contains_key("set-cookie")
}

#[actix_web::test]
async fn an_origin_must_match_in_scheme_host_and_port() {
    // Without a configured address, the address that the browser used counts, over plain HTTP.
    let board = Board::start();
    board.join("employer", "library@example.edu").await;
    let port = board.url.rsplit(':').next().unwrap();
    let here = format!("localhost:{port}");
    let (plain, tls) = (format!("http://{here}"), format!("https://{here}"));
    assert!(gets_cookies(&board, &[("origin", &board.url)]).await);
    assert!(gets_cookies(&board, &[("host", &here), ("origin", &plain)]).await);
    for (host, origin) in [
        (&*here, &*tls),
        (&here, "ftp://localhost"),
        (&here, "http://localhost"),
        (&here, "http://localhost:1"),
        (&here, &board.url),
        (&here, "null"),
        ("localhost", "http://localhost:8080"),
    ] {
        let headers = [("host", host), ("origin", origin)];
        assert!(!gets_cookies(&board, &headers).await, "{headers:?}");
    }
    for origin in ["http://LOCALHOST", "http://localhost:80"] {
        assert!(gets_cookies(&board, &[("host", "localhost"), ("origin", origin)]).await);
    }
    // Anybody can send this header, and no proxy is trusted here.
    let said = [
        ("x-forwarded-proto", "https"),
        ("host", &here),
        ("origin", &tls),
    ];
    assert!(!gets_cookies(&board, &said).await);
    board.stop().await;

    // A trusted proxy may have removed TLS.
    let board = Board::start_with(corkboard::clock::Clock::System, |config| {
        config.server.trusted_proxies = vec![[127, 0, 0, 1].into()];
    });
    board.join("employer", "library@example.edu").await;
    let host = ("host", "jobs.example.edu");
    for (origin, ours) in [
        ("https://jobs.example.edu", true),
        ("http://jobs.example.edu", true),
        ("https://jobs.example.edu:8443", false),
        ("ftp://jobs.example.edu", false),
        ("https://evil.example", false),
    ] {
        assert_eq!(
            gets_cookies(&board, &[host, ("origin", origin)]).await,
            ours,
            "{origin}"
        );
    }
    board.stop().await;

    // Under its host, only the configured address counts. It may have a path.
    let board = Board::start_with(corkboard::clock::Clock::System, |config| {
        config.server.public_url = "https://jobs.example.edu/board".into();
    });
    board.join("employer", "library@example.edu").await;
    for (origin, ours) in [
        ("https://jobs.example.edu", true),
        ("https://jobs.example.edu:443", true),
        ("http://jobs.example.edu", false),
        ("https://jobs.example.edu:8443", false),
        (&board.url, false),
    ] {
        assert_eq!(
            gets_cookies(&board, &[host, ("origin", origin)]).await,
            ours,
            "{origin}"
        );
    }
    // Under the machine's own name, as before a proxy is set up.
    let own = board.url.clone();
    for (origin, ours) in [(own.as_str(), true), ("http://jobs.example.edu", false)] {
        assert_eq!(
            gets_cookies(&board, &[("origin", origin)]).await,
            ours,
            "{origin}"
        );
    }
    board.stop().await;
}

#[actix_web::test]
async fn a_forged_token_is_refused() {
    let board = Board::start();
    let ann = board.join("student", "ann@example.edu").await;
    let parts: Vec<&str> = ann.token.split('.').collect();
    let none = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", parts[1]);
    let forged = format!("{}.{}.{}", parts[0], parts[1], "A".repeat(parts[2].len()));
    let cut = &ann.token[..ann.token.len() - 2];
    let long = "x".repeat(6_000);
    for value in [
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer x.y.z",
        "Basic YW5uOmFubg==",
        &format!("Bearer {none}"),
        &format!("Bearer {forged}"),
        &format!("Bearer {cut}"),
        &format!("Bearer {}", ann.refresh),
        &format!("Bearer {long}"),
        &ann.token,
    ] {
        let request = board.request(GET, "me").header("authorization", value);
        let reply = board.send(request).await;
        assert_eq!(reply.status, 401, "{value}");
        assert_problem(&reply);
    }
    let lower = board
        .request(GET, "me")
        .header("authorization", format!("bearer {}", ann.token));
    board.send(lower).await.expect(200);
    board.stop().await;
}
