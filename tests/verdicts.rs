//! The language of verdicts.

use reqwest::Method;
use serde_json::{Value, json};

use crate::rules_support::guest::{Answer, Guest};
use crate::support::{Board, Person, Reply, until};

struct Campus {
    board: Board,
    admin: Person,
    employer: Person,
    student: Person,
}

impl Campus {
    async fn start() -> Self {
        let board = Board::start();
        let admin = board.admin().await;
        let employer = board.join("employer", "library@example.edu").await;
        let student = board.join("student", "ann@example.edu").await;
        Self {
            board,
            admin,
            employer,
            student,
        }
    }

    async fn job(&self, hours: f64) -> String {
        let job = json!({"hoursPerWeek": hours});
        let job = self.board.post_job(&self.employer, job).await;
        job["jobId"].as_str().unwrap().to_owned()
    }

    /// Asks as a browser with these languages.
    async fn ask(&self, method: Method, path: &str, languages: &str, body: Option<Value>) -> Reply {
        let mut request = self
            .board
            .request(method, path)
            .bearer_auth(&self.student.token);
        if !languages.is_empty() {
            request = request.header("Accept-Language", languages);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.board.send(request).await
    }

    async fn verdict(&self, job: &str, languages: &str) -> Reply {
        let path = format!("jobs/{job}/eligibility");
        self.ask(Method::GET, &path, languages, None)
            .await
            .expect(200)
    }

    async fn apply(&self, job: &str, languages: &str) -> Reply {
        let body = json!({"jobId": job});
        self.ask(Method::POST, "applications", languages, Some(body))
            .await
    }

    async fn set_language(&self, language: Value) {
        let change = json!({"preferences": {"language": language}});
        let changed = self.board.patch(Some(&self.student), "me", change);
        changed.await.expect(200);
    }

    /// Makes the office review students whose GPA is unknown.
    async fn review_unknown_gpa(&self) {
        let rules = self.board.get(Some(&self.admin), "admin/rules").await;
        let rules = rules.expect(200).json();
        let mut rules = rules["items"].as_array().unwrap().iter();
        let rule = rules.find(|rule| rule["name"] == "campus-eligibility");
        let path = format!("admin/rules/{}", rule.unwrap()["ruleId"].as_str().unwrap());
        let change = json!({"parameters": {"neededFacts": ["gpa"]}});
        let changed = self.board.patch(Some(&self.admin), &path, change);
        changed.await.expect(200);
    }
}

fn varies_by_language(reply: &Reply) -> bool {
    let mut names = reply.header("vary").split(", ");
    names.any(|name| name == "Accept-Language")
}

const ENGLISH: &str =
    "You can work at most 20 hours a week during the term; with this job you'd work 25.";
const SPANISH: &str = "Puedes trabajar como máximo 20 horas por semana en época de clases; con este empleo llegarías a 25.";

#[actix_web::test]
async fn a_verdict_is_in_the_readers_language() {
    let campus = Campus::start().await;
    let job = campus.job(25.0).await;
    for (languages, language, message) in [
        ("", "en", ENGLISH),
        ("es-MX,es;q=0.9,en;q=0.5", "es", SPANISH),
        ("fr-CA, ES;q=0.4, en;q=0.3", "es", SPANISH),
        ("fr", "en", ENGLISH),
        ("es;q=0, en;q=0.1", "en", ENGLISH),
        ("*", "en", ENGLISH),
        ("what is;this, ;;", "en", ENGLISH),
    ] {
        let reply = campus.verdict(&job, languages).await;
        assert_eq!(
            reply.json()["reasons"][0]["message"],
            message,
            "{languages}"
        );
        assert_eq!(reply.header("content-language"), language, "{languages}");
        assert!(varies_by_language(&reply));
    }
    // The profile's language has priority.
    campus.set_language(json!("es")).await;
    let reply = campus.verdict(&job, "en").await;
    assert_eq!(reply.json()["reasons"][0]["message"], SPANISH);
    campus.set_language(json!("en-US")).await;
    let reply = campus.verdict(&job, "es").await;
    assert_eq!(reply.json()["reasons"][0]["message"], ENGLISH);
    campus.set_language(Value::Null).await;
    let refused = campus.apply(&job, "es").await.expect(422);
    assert_eq!(refused.code(), "ineligible");
    assert_eq!(refused.json()["reasons"][0]["message"], SPANISH);
    campus.board.stop().await;
}

/// The student reads the stored verdict, so it stays in the student's language, and an accept asks again in it.
#[actix_web::test]
async fn a_stored_verdict_is_in_the_applicants_language() {
    let campus = Campus::start().await;
    campus.review_unknown_gpa().await;
    let job = campus.job(10.0).await;
    let filed = campus.apply(&job, "es").await.expect(201).json();
    let spanish = "No sabemos cuál es tu promedio (GPA), y este empleo requiere ese dato.";
    assert_eq!(filed["eligibility"]["reasons"][0]["message"], spanish);
    let path = format!("applications/{}", filed["applicationId"].as_str().unwrap());
    let accept = json!({"applicationStatus": "accepted"});
    let waits = campus.board.patch(Some(&campus.employer), &path, accept);
    assert_eq!(waits.await.expect(409).code(), "review_pending");
    for reader in [&campus.student, &campus.admin] {
        let read = campus.board.get(Some(reader), &path).await.expect(200);
        let verdict = &read.json()["eligibility"];
        assert_eq!(verdict["outcome"], "review");
        assert_eq!(verdict["reasons"][0]["message"], spanish);
    }
    campus.board.stop().await;
}

/// A rule may depend on the language, so verdicts are not cached across languages.
#[actix_web::test]
async fn an_eligible_list_depends_on_the_readers_language() {
    let campus = Campus::start().await;
    campus.job(10.0).await;
    // Argument 4 is the address of the language. An "s" in second place means "es".
    let check = format!(
        "(if (i32.eq (i32.load8_u offset=1 (local.get 4)) (i32.const 115)) (then {}) (else {})) i32.const 256",
        Answer::eligible().written(),
        Answer::ineligible(&[("language", "No")]).written(),
    );
    let module = Guest::new(&check).named("spanish", "{}").build();
    let upload = campus
        .board
        .request(Method::POST, "admin/rules?name=spanish")
        .bearer_auth(&campus.admin.token)
        .header("Content-Type", "application/wasm")
        .body(module);
    let draft = campus.board.send(upload).await.expect(201).json();
    let path = format!("admin/rules/{}", draft["ruleId"].as_str().unwrap());
    let dry_run = format!("{path}/dry-run");
    let tried = campus.board.post(Some(&campus.admin), &dry_run, json!({}));
    tried.await.expect(200);
    let active = json!({"state": "active"});
    let active = campus.board.patch(Some(&campus.admin), &path, active);
    active.await.expect(200);
    let listed = async || {
        let list = campus.ask(Method::GET, "jobs?eligible=true", "es", None);
        list.await.expect(200).json()["total"] == 1
    };
    until("the job is found", listed).await;
    for (languages, total) in [("es", 1), ("en", 0), ("es", 1), ("", 0)] {
        let list = campus.ask(Method::GET, "jobs?eligible=true", languages, None);
        let list = list.await.expect(200);
        assert_eq!(list.json()["total"], total, "{languages}");
        assert!(varies_by_language(&list));
    }
    campus.board.stop().await;
}
