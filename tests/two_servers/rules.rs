//! Campus rules: each server compiles what the database has, and both ask the same modules.

use corkboard::model::Role;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Place, text};
use crate::rules_support::edition;
use crate::support::process::Process;
use crate::support::{Person, Reply, job, send, until};

const OFFICE: &str = "office@example.edu";
const EMPLOYER: &str = "library@example.edu";
const ANN: &str = "ann@example.edu";
const CAMPUS: &[u8] = include_bytes!("../../rules/campus-eligibility/campus-eligibility.wasm");

async fn upload(server: &Process, admin: &Person, bytes: Vec<u8>) -> Reply {
    let request = server.request(Method::POST, "admin/rules?name=strict");
    let request = request.bearer_auth(&admin.token);
    let request = request
        .header("content-type", "application/wasm")
        .body(bytes);
    send(request).await.unwrap()
}

async fn outcome(server: &Process, student: &Person, job: &str) -> String {
    let verdict = server
        .get(Some(student), &format!("jobs/{job}/eligibility"))
        .await;
    text(&verdict.expect(200).json(), "outcome").to_owned()
}

#[tokio::test]
async fn two_starts_make_one_set_of_rules() {
    for _ in 0..3 {
        let place = Place::new();
        let [one, other] = place.serve_both();
        place.account(Role::Admin, OFFICE).await;
        let admin = one.login(OFFICE).await;
        for server in [&one, &other] {
            let rules = server.list(&admin, "admin/rules").await;
            let mut rules: Vec<_> = rules
                .iter()
                .map(|rule| (text(rule, "name"), text(rule, "state")))
                .collect();
            rules.sort_unstable();
            assert_eq!(
                rules,
                [
                    ("campus-eligibility", "active"),
                    ("campus-notification", "active")
                ]
            );
        }
        let installed = one.list(&admin, "admin/audit").await;
        let installed = installed
            .iter()
            .filter(|entry| entry["action"] == "ruleChanged");
        assert_eq!(installed.count(), 2);
        assert!(place.done(&["check"]).ends_with(" No problems found.\n"));
    }
}

#[tokio::test]
async fn a_rule_that_one_server_took_in_counts_on_the_other() {
    let place = Place::new();
    let [one, other] = place.serve_both();
    for (role, email) in [
        (Role::Admin, OFFICE),
        (Role::Employer, EMPLOYER),
        (Role::Student, ANN),
    ] {
        place.account(role, email).await;
    }
    let (admin, employer) = (one.login(OFFICE).await, one.login(EMPLOYER).await);
    let ann = other.login(ANN).await;
    let posted = one.post(Some(&employer), "jobs", job(json!({}))).await;
    let job = text(&posted.expect(201).json(), "jobId").to_owned();
    for (round, (here, there)) in [(&one, &other), (&other, &one)].into_iter().enumerate() {
        let change = async |server: &Process, rule: &str, change: Value| {
            let path = format!("admin/rules/{rule}");
            server.patch(&admin, &path, change).await.expect(200).json()
        };
        for server in [here, there] {
            assert_eq!(outcome(server, &ann, &job).await, "eligible");
        }
        let module = edition(CAMPUS, round as u8);
        let uploaded = upload(here, &admin, module.clone())
            .await
            .expect(201)
            .json();
        let rule = text(&uploaded, "ruleId").to_owned();
        let again = upload(there, &admin, module.clone()).await.expect(409);
        assert_eq!(again.code(), "already_uploaded");
        // Only the other server has not compiled it yet.
        change(
            there,
            &rule,
            json!({"parameters": {"weeklyHoursInTerm": 5}}),
        )
        .await;
        let dry_run = format!("admin/rules/{rule}/dry-run");
        let seen = there
            .post(Some(&admin), &dry_run, json!({}))
            .await
            .expect(200)
            .json();
        assert_eq!((&seen["faults"], &seen["changed"]), (&json!(0), &json!(1)));
        change(here, &rule, json!({"state": "active"})).await;
        for server in [there, here] {
            assert_eq!(outcome(server, &ann, &job).await, "ineligible");
        }
        for (hours, wanted) in [(20, "eligible"), (9, "ineligible")] {
            change(
                here,
                &rule,
                json!({"parameters": {"weeklyHoursInTerm": hours}}),
            )
            .await;
            for server in [there, here] {
                assert_eq!(outcome(server, &ann, &job).await, wanted);
            }
        }
        let refused = there
            .post(Some(&ann), "applications", json!({"jobId": job}))
            .await;
        assert_eq!(refused.expect(422).code(), "ineligible");
        change(there, &rule, json!({"state": "retired"})).await;
        for server in [here, there] {
            assert_eq!(outcome(server, &ann, &job).await, "eligible");
        }
        let path = format!("admin/rules/{rule}");
        there.delete(&admin, &path).await.expect(204);
        for server in [here, there] {
            server.get(Some(&admin), &path).await.expect(404);
        }
        // Here, the module's code is still there.
        let uploaded = upload(here, &admin, module).await.expect(201).json();
        let path = format!("admin/rules/{}", text(&uploaded, "ruleId"));
        here.delete(&admin, &path).await.expect(204);
    }
}

#[tokio::test]
async fn lists_of_suitable_jobs_know_what_the_other_server_changed() {
    let place = Place::new();
    let [one, other] = place.serve_both();
    for (role, email) in [(Role::Employer, EMPLOYER), (Role::Student, ANN)] {
        place.account(role, email).await;
    }
    let (employer, ann) = (one.login(EMPLOYER).await, one.login(ANN).await);
    let suitable = async |server: &Process| {
        let list = server
            .get(Some(&ann), "jobs?eligible=true")
            .await
            .expect(200)
            .json();
        let items = list["items"].as_array().unwrap();
        items
            .iter()
            .map(|job| text(job, "jobId").to_owned())
            .collect::<Vec<_>>()
    };
    for (here, there) in [(&one, &other), (&other, &one)].repeat(3) {
        let posted = here.post(Some(&employer), "jobs", job(json!({}))).await;
        let job = text(&posted.expect(201).json(), "jobId").to_owned();
        for server in [here, there] {
            until("both list the new job", async || {
                suitable(server).await == [job.clone()]
            })
            .await;
        }
        let path = format!("jobs/{job}");
        for hours in [25, 10, 30] {
            let change = json!({"hoursPerWeek": hours});
            here.patch(&employer, &path, change).await.expect(200);
            for server in [there, here] {
                assert_eq!(suitable(server).await.len(), usize::from(hours < 20));
            }
        }
        there.delete(&employer, &path).await.expect(204);
    }
}
