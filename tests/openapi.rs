//! Compares the API's description with the running server: answers have exactly the described members, and the
//! described input is what the server accepts.

use crate::support::{Board, PASSWORD, Person, Reply, job};
use jsonschema::Validator;
use reqwest::Method;
use serde_json::{Map, Value, json};

/// The description, without other members allowed in answers.
struct Contract {
    paths: Value,
    components: Value,
}

impl Contract {
    async fn of(board: &Board) -> Self {
        let mut document = board
            .get(None, "/api/openapi.json")
            .await
            .expect(200)
            .json();
        let schemas = document["components"]["schemas"].clone();
        let mut closed = Map::new();
        for (name, schema) in schemas.as_object().unwrap() {
            let mut schema = schema.clone();
            close(&mut schema, &schemas);
            closed.insert(name.clone(), schema);
        }
        Self {
            paths: document["paths"].take(),
            components: json!({ "schemas": closed }),
        }
    }

    fn operation(&self, method: &str, path: &str) -> &Value {
        let operation = &self.paths[path][method.to_lowercase()];
        assert!(operation.is_object(), "{method} {path} is not described");
        operation
    }

    fn validator(&self, schema: &Value) -> Validator {
        let mut schema = schema.clone();
        close(&mut schema, &self.components["schemas"]);
        let root = json!({ "allOf": [schema], "components": self.components });
        jsonschema::options()
            .should_validate_formats(true)
            .build(&root)
            .unwrap()
    }

    #[track_caller]
    fn check_answer(&self, method: &str, path: &str, reply: &Reply) {
        let responses = &self.operation(method, path)["responses"];
        let status = reply.status.as_str();
        let answer = match &responses[status] {
            Value::Null if status.starts_with('5') => &responses["5XX"],
            answer => answer,
        };
        assert!(
            answer.is_object(),
            "{method} {path} answers {status}, which is not described: {}",
            reply.text
        );
        let Some(content) = answer["content"].as_object() else {
            assert_eq!(reply.text, "", "{method} {path} {status} has a body");
            return;
        };
        let kind = reply
            .header("content-type")
            .split(';')
            .next()
            .unwrap_or_default();
        let schema = content
            .get(kind)
            .unwrap_or_else(|| panic!("{method} {path} {status} is {kind}"));
        if !kind.ends_with("json") {
            return;
        }
        let errors: Vec<String> = self
            .validator(&schema["schema"])
            .iter_errors(&reply.json())
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(
            errors.is_empty(),
            "{method} {path} {status}: {errors:#?} in {}",
            reply.text
        );
    }

    #[track_caller]
    fn check_body(&self, method: &str, path: &str, body: &Value) {
        let content = &self.operation(method, path)["requestBody"]["content"];
        let validator = self.validator(&content["application/json"]["schema"]);
        let errors: Vec<String> = validator
            .iter_errors(body)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(
            errors.is_empty(),
            "{method} {path} took {body}, which is described otherwise: {errors:#?}"
        );
    }
}

/// Allows an object its described members and no others.
fn close(schema: &mut Value, schemas: &Value) {
    if let Some(parts) = schema.get_mut("allOf").and_then(Value::as_array_mut) {
        for part in parts {
            if let Some(reference) = part["$ref"].as_str() {
                let name = reference.rsplit('/').next().unwrap();
                *part = schemas[name].clone();
                // A part that was closed before is opened again: the combined schema closes it.
                part.as_object_mut().unwrap().remove("additionalProperties");
            }
        }
        schema["unevaluatedProperties"] = false.into();
    } else if schema["properties"].is_object() {
        schema["additionalProperties"] = false.into();
    }
    for several in ["oneOf", "anyOf"] {
        if let Some(parts) = schema.get_mut(several).and_then(Value::as_array_mut) {
            parts.iter_mut().for_each(|part| close(part, schemas));
        }
    }
}

/// A walk through the API that compares every step with the description.
struct Walk {
    board: Board,
    contract: Contract,
}

impl Walk {
    async fn start() -> Self {
        let board = Board::start();
        let contract = Contract::of(&board).await;
        Self { board, contract }
    }

    /// `path` has `{}` in place of an ID; `pattern` is the path in the table.
    async fn step(
        &self,
        who: Option<&Person>,
        method: Method,
        pattern: &str,
        path: &str,
        body: Option<Value>,
        status: u16,
    ) -> Reply {
        let mut request = self.board.request(method.clone(), path);
        if let Some(person) = who {
            request = request.bearer_auth(&person.token);
        }
        if let Some(body) = &body {
            request = request.json(body);
        }
        let reply = self.board.send(request).await.expect(status);
        self.contract.check_answer(method.as_str(), pattern, &reply);
        if let (Some(body), true) = (&body, reply.status.is_success()) {
            self.contract.check_body(method.as_str(), pattern, body);
        }
        reply
    }

    async fn get(&self, who: Option<&Person>, pattern: &str, path: &str, status: u16) -> Reply {
        self.step(who, Method::GET, pattern, path, None, status)
            .await
    }
}

#[actix_web::test]
async fn answers_match_the_description() {
    let walk = Walk::start().await;
    let (v1, board) = ("/api/v1", &walk.board);
    let at = |path: &str| format!("{v1}{path}");

    // Accounts.
    let registration = json!({"email": "ann@example.edu", "password": PASSWORD, "name": "Ann", "role": "student",
        "skills": ["Spanish"], "gpa": 3.5, "graduationDate": "2099-05-20"});
    let register = at("/auth/register");
    walk.step(
        None,
        Method::POST,
        &register,
        &register,
        Some(registration),
        202,
    )
    .await;
    let wrong = json!({"email": "no", "password": "x", "name": "", "role": "student"});
    walk.step(None, Method::POST, &register, &register, Some(wrong), 422)
        .await;
    let token = board.mailed_token("ann@example.edu", "verify-email").await;
    let verify = at("/auth/verify-email");
    walk.step(
        None,
        Method::POST,
        &verify,
        &verify,
        Some(json!({"token": token, "password": PASSWORD})),
        200,
    )
    .await;
    let login = at("/auth/login");
    let pair = json!({"email": "ann@example.edu", "password": PASSWORD});
    walk.step(None, Method::POST, &login, &login, Some(pair.clone()), 200)
        .await;
    walk.step(
        None,
        Method::POST,
        "/authLogin",
        "/authLogin",
        Some(pair),
        200,
    )
    .await;
    let wrong = json!({"email": "ann@example.edu", "password": "wrong password"});
    walk.step(None, Method::POST, &login, &login, Some(wrong), 401)
        .await;
    let student = board.login("ann@example.edu").await;
    let employer = board.join("employer", "library@example.edu").await;
    let admin = board.admin().await;
    let me = at("/me");
    for person in [&student, &employer, &admin] {
        walk.get(Some(person), &me, &me, 200).await;
    }
    walk.get(None, &me, &me, 401).await;
    let patch =
        json!({"summary": "I read a lot.", "visa": null, "preferences": {"language": "en"}});
    walk.step(Some(&student), Method::PATCH, &me, &me, Some(patch), 200)
        .await;
    let patch = json!({"designation": "Librarian", "workSpace": "Main library"});
    walk.step(Some(&employer), Method::PATCH, &me, &me, Some(patch), 200)
        .await;
    let refresh = at("/auth/refresh");
    let body = json!({"refreshToken": board.login("ann@example.edu").await.refresh});
    walk.step(
        None,
        Method::POST,
        &refresh,
        &refresh,
        Some(body.clone()),
        200,
    )
    .await;
    walk.step(None, Method::POST, &refresh, &refresh, Some(body), 401)
        .await;
    let student = board.login("ann@example.edu").await;

    // Postings.
    let jobs = at("/jobs");
    let questions = json!([{"prompt": "When can you start?", "required": true}]);
    let posting = job(
        json!({"questions": questions, "startDate": "2098-09-01", "workSpace": "Main library"}),
    );
    let posted = walk
        .step(
            Some(&employer),
            Method::POST,
            &jobs,
            &jobs,
            Some(posting),
            201,
        )
        .await;
    let job_id = posted.json()["jobId"].as_str().unwrap().to_owned();
    let question_id = posted.json()["questions"][0]["questionId"].clone();
    walk.step(
        Some(&student),
        Method::POST,
        &jobs,
        &jobs,
        Some(job(json!({}))),
        403,
    )
    .await;
    let one = at("/jobs/{jobId}");
    let path = at(&format!("/jobs/{job_id}"));
    walk.get(None, &one, &path, 200).await;
    walk.get(Some(&employer), &one, &path, 200).await;
    walk.get(None, &one, &at("/jobs/nothing"), 404).await;
    let patch = json!({"positions": 2, "endDate": null});
    walk.step(
        Some(&employer),
        Method::PATCH,
        &one,
        &path,
        Some(patch),
        200,
    )
    .await;
    walk.get(None, &jobs, &jobs, 200).await;
    walk.get(
        None,
        &jobs,
        &at("/jobs?q=library&skill=spanish&setting=onCampus"),
        200,
    )
    .await;
    walk.get(Some(&employer), &jobs, &at("/jobs?status=draft"), 200)
        .await;
    walk.get(None, &jobs, &at("/jobs?limit=1000"), 422).await;
    walk.get(None, &jobs, &at("/jobs?status=draft"), 403).await;
    walk.get(None, "/get-jobs", "/get-jobs", 200).await;
    let suggest = at("/jobs/suggest");
    walk.get(None, &suggest, &at("/jobs/suggest?q=lib"), 200)
        .await;

    let recommended = at("/jobs/recommended");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    loop {
        let fitting = walk
            .get(Some(&student), &recommended, &recommended, 200)
            .await;
        if fitting.json()["items"] != json!([]) {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "nothing is found");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let similar = at(&format!("/jobs/{job_id}/similar"));
    walk.get(None, &at("/jobs/{jobId}/similar"), &similar, 200)
        .await;

    // Résumé and application.
    let files = at("/files");
    let request = board
        .request(Method::POST, "files?name=ann.pdf")
        .bearer_auth(&student.token)
        .header("content-type", "application/pdf")
        .body("%PDF-1.7 Ann %%EOF");
    let kept = board.send(request).await.expect(201);
    walk.contract.check_answer("POST", &files, &kept);
    let file_id = kept.json()["fileId"].as_str().unwrap().to_owned();
    let file = at(&format!("/files/{file_id}"));
    walk.get(Some(&student), &at("/files/{fileId}"), &file, 200)
        .await;
    let applications = at("/applications");
    let body = json!({"jobId": job_id, "coverNote": "Hello", "resumeId": file_id,
        "answers": [{"questionId": question_id, "answer": "Tomorrow"}]});
    let filed = walk
        .step(
            Some(&student),
            Method::POST,
            &applications,
            &applications,
            Some(body.clone()),
            201,
        )
        .await;
    walk.step(
        Some(&student),
        Method::POST,
        "/apply-job",
        "/apply-job",
        Some(body),
        409,
    )
    .await;
    let id = filed.json()["applicationId"].as_str().unwrap().to_owned();
    let one = at("/applications/{id}");
    let path = at(&format!("/applications/{id}"));
    for person in [&student, &employer, &admin] {
        walk.get(Some(person), &one, &path, 200).await;
        walk.get(Some(person), &applications, &applications, 200)
            .await;
    }
    let of_job = at(&format!("/jobs/{job_id}/applications?status=submitted"));
    walk.get(
        Some(&employer),
        &at("/jobs/{jobId}/applications"),
        &of_job,
        200,
    )
    .await;
    let moved = json!({"applicationStatus": "interview", "note": "Monday?"});
    walk.step(
        Some(&employer),
        Method::PATCH,
        &one,
        &path,
        Some(moved),
        200,
    )
    .await;
    let again = json!({"applicationStatus": "submitted"});
    walk.step(
        Some(&employer),
        Method::PATCH,
        &one,
        &path,
        Some(again),
        409,
    )
    .await;
    let classic = "/update-application-status";
    let moved = json!({"applicationId": id, "applicationStatus": "offered"});
    walk.step(
        Some(&employer),
        Method::PATCH,
        classic,
        classic,
        Some(moved),
        200,
    )
    .await;
    walk.step(Some(&student), Method::DELETE, &one, &path, None, 204)
        .await;

    // The office.
    let accounts = at("/admin/accounts");
    let listed = walk.get(Some(&admin), &accounts, &accounts, 200).await;
    walk.get(Some(&student), &accounts, &accounts, 403).await;
    let first = listed.json()["items"][0].clone();
    let account = at(&format!(
        "/admin/accounts/{}",
        first["accountId"].as_str().unwrap()
    ));
    let body = json!({"status": first["status"], "trusted": true});
    let pattern = at("/admin/accounts/{id}");
    let reply = board.patch(Some(&admin), &account, body).await;
    walk.contract.check_answer("PATCH", &pattern, &reply);
    for path in ["/admin/jobs", "/admin/audit", "/admin/outbox"] {
        let path = at(path);
        walk.get(Some(&admin), &path, &path, 200).await;
    }
    let request = board
        .request(Method::POST, "admin/import/students?dryRun=true")
        .bearer_auth(&admin.token)
        .body("name,email\nBo,bo@example.edu\n,wrong\n");
    let reply = board.send(request).await.expect(200);
    walk.contract
        .check_answer("POST", &at("/admin/import/{kind}"), &reply);

    // The service, and deleting an account.
    for path in [
        "/healthz",
        "/readyz",
        "/metrics",
        "/api/openapi.json",
        "/api/docs",
    ] {
        walk.get(None, path, path, 200).await;
    }
    let export = at("/me/export");
    walk.get(Some(&student), &export, &export, 200).await;
    let proof = json!({"currentPassword": PASSWORD});
    walk.step(Some(&student), Method::DELETE, &me, &me, Some(proof), 204)
        .await;
    walk.board.stop().await;
}

/// Values just inside and just outside the limits of a schema.
fn edges(schema: &Value) -> (Vec<Value>, Vec<Value>) {
    let (mut inside, mut outside) = (Vec::new(), Vec::new());
    if let Some(several) = schema["anyOf"].as_array() {
        return edges(several.iter().find(|one| one["type"] != "null").unwrap());
    }
    let text = |length: u64| Value::from("a".repeat(length as usize));
    if let Some(most) = schema["maxLength"].as_u64() {
        inside.push(text(most));
        outside.push(text(most + 1));
    }
    if let Some(least) = schema["minLength"].as_u64() {
        inside.push(text(least));
        outside.push(text(least - 1));
    }
    if let Some(most) = schema["maximum"].as_f64() {
        inside.push(json!(most as i64));
        outside.push(json!(most as i64 + 1));
    }
    if let Some(least) = schema["minimum"].as_f64() {
        inside.push(json!(least as i64));
        outside.push(json!(least as i64 - 1));
    }
    if let Some(least) = schema["exclusiveMinimum"].as_f64() {
        outside.push(json!(least as i64));
    }
    if let Some(most) = schema["maxItems"].as_u64() {
        let item = |number: u64| match schema["items"]["type"].as_str() {
            Some("object") => json!({ "prompt": format!("{number}?") }),
            _ => json!(format!("skill {number}")),
        };
        inside.push((0..most).map(item).collect());
        outside.push((0..=most).map(item).collect());
    }
    if let Some(names) = schema["enum"].as_array() {
        inside.extend(names.iter().cloned());
        outside.push("another".into());
    }
    if schema["format"] == "date" {
        inside.push("2098-12-31".into());
        outside.push("31.12.2098".into());
    }
    if schema["type"] == "boolean" {
        inside.push(true.into());
        outside.push("yes".into());
    }
    (inside, outside)
}

#[actix_web::test]
async fn the_described_limits_are_enforced() {
    let board = Board::start();
    let document = board
        .get(None, "/api/openapi.json")
        .await
        .expect(200)
        .json();
    let schemas = &document["components"]["schemas"];
    let employer = board.join("employer", "library@example.edu").await;
    let mut looked_at = 0;
    for (name, schema) in schemas["JobBody"]["properties"].as_object().unwrap() {
        let (inside, outside) = edges(schema);
        looked_at += inside.len() + outside.len();
        for value in inside {
            // Keeps one date from being before the other.
            let change = match name.as_str() {
                "endDate" => json!({ name: value }),
                _ => json!({ name: value, "endDate": null }),
            };
            let reply = board.post(Some(&employer), "jobs", job(change)).await;
            assert_eq!(reply.status, 201, "{name}: {value} gave {}", reply.text);
        }
        for value in outside {
            let reply = board
                .post(Some(&employer), "jobs", job(json!({ name: value })))
                .await;
            assert_eq!(reply.status, 422, "{name}: {value} was taken");
            let named = reply.fields();
            assert!(named[0].starts_with(name.as_str()), "{named:?} for {name}");
        }
    }
    assert!(looked_at >= 40, "{looked_at}");
    let student = board.join("student", "ann@example.edu").await;
    let members = [
        "summary",
        "enrolledCredits",
        "gpa",
        "skills",
        "visa",
        "graduationDate",
    ];
    for name in members {
        let (inside, outside) = edges(&schemas["MePatchBody"]["properties"][name]);
        assert!(!inside.is_empty() && !outside.is_empty(), "{name}");
        for value in inside {
            let reply = board
                .patch(Some(&student), "me", json!({ name: value }))
                .await;
            assert_eq!(reply.status, 200, "{name}: {value} gave {}", reply.text);
        }
        for value in outside {
            let reply = board
                .patch(Some(&student), "me", json!({ name: value }))
                .await;
            assert_eq!(reply.status, 422, "{name}: {value} was taken");
        }
    }
    board.stop().await;
}

#[actix_web::test]
async fn the_described_parameters_and_members_are_accepted() {
    let board = Board::start();
    let document = board
        .get(None, "/api/openapi.json")
        .await
        .expect(200)
        .json();
    let people = [
        board.admin().await,
        board.join("student", "ann@example.edu").await,
        board.join("employer", "library@example.edu").await,
    ];
    let mut looked_at = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let place = path.replace("{kind}", "jobs");
            let place = place
                .split('/')
                .map(|part| {
                    if part.starts_with('{') {
                        "0190a1b2-0000-7000-8000-000000000000"
                    } else {
                        part
                    }
                })
                .collect::<Vec<_>>()
                .join("/");
            let method: Method = method.to_uppercase().parse().unwrap();
            let parameters = operation["parameters"].as_array().unwrap();
            let in_query = parameters.iter().filter(|one| one["in"] == "query");
            for parameter in in_query {
                let name = parameter["name"].as_str().unwrap();
                for person in &people {
                    let request = board
                        .request(method.clone(), &format!("{place}?{name}="))
                        .bearer_auth(&person.token);
                    let reply = board.send(request).await;
                    assert!(
                        !reply.text.contains("unknown_parameter"),
                        "{method} {path} takes no {name}"
                    );
                    looked_at += 1;
                }
            }
            let body = &operation["requestBody"]["content"]["application/json"];
            if body.is_object() {
                let mut refused = Vec::new();
                for person in &people {
                    let request = board
                        .request(method.clone(), &place)
                        .bearer_auth(&person.token)
                        .json(
                            &json!({"nobodyKnows": 1, "role": "student", "email": "x@example.edu",
                            "password": PASSWORD, "name": "X", "currentPassword": PASSWORD}),
                        );
                    let reply = board.send(request).await;
                    refused.push((reply.status.as_u16(), reply.text));
                }
                // A missing record is 404 before the body's members are checked.
                let is_sound = refused
                    .iter()
                    .all(|(status, _)| matches!(status, 403 | 404 | 422));
                assert!(is_sound, "{method} {path}: {refused:?}");
                looked_at += 1;
            }
        }
    }
    assert!(looked_at > 60, "{looked_at}");
    board.stop().await;
}

#[actix_web::test]
async fn the_page_needs_nothing_from_elsewhere() {
    let board = Board::start();
    let page = board.get(None, "/api/docs").await.expect(200);
    assert!(page.header("content-type").starts_with("text/html"));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'self'"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    for inline in [
        "<script",
        "<style",
        " style=",
        " onclick=",
        "http://",
        "https://",
    ] {
        assert!(!page.text.contains(inline), "{inline}");
    }
    assert!(page.text.contains("/api/v1/jobs/{jobId}"));
    let style = board.get(None, "/api-docs.css").await.expect(200);
    assert!(style.header("content-type").starts_with("text/css"));
    board.stop().await;
}
