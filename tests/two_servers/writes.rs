//! What one server acknowledged, the other shows at once, and races have one winner.

use std::collections::BTreeSet;

use corkboard::accounts::open_session;
use corkboard::app;
use corkboard::auth::{AccessKeys, AccessToken};
use corkboard::config::Config;
use corkboard::model::{Account, Email, Role};
use corkboard::store::{Origin, Transaction, keys};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Place, send_all, text};
use crate::support::process::Process;
use crate::support::{Person, job, people, send, until};

const EMPLOYER: &str = "library@example.edu";

impl Place {
    /// Students who are logged in, without the cost of as many passwords.
    async fn students(&self, count: usize) -> Vec<Person> {
        let emails: Vec<_> = (0..count).map(|at| format!("s{at}@example.edu")).collect();
        people::make(&self.store, Role::Student, &emails).await;
        let registrar = app::registrar(&Config::default(), "http://localhost".into());
        let folder = tempfile::tempdir().unwrap();
        let signing = AccessKeys::open(&self.store, folder.path()).await.unwrap();
        let now = self.store.clock().now();
        let open = async |transaction: &mut Transaction| {
            let mut people = Vec::new();
            for email in &emails {
                let unique = keys::account_email(&Email::parse(email).unwrap());
                let account = transaction.find::<Account>(&unique).await?.unwrap();
                let opened = open_session(&registrar, transaction, &account).await?;
                let token = AccessToken {
                    sub: account.account_id,
                    sid: opened.session.session_id,
                    exp: now.as_millis() / 1000 + 3600,
                };
                people.push(Person {
                    email: email.clone(),
                    token: signing.sign(&token, now).unwrap(),
                    refresh: opened.refresh_token,
                });
            }
            Ok::<_, corkboard::accounts::Refusal>(people)
        };
        self.store.run(Origin::OPERATOR, open).await.unwrap()
    }
}

async fn post_job(server: &Process, employer: &Person, change: Value) -> String {
    let posted = server.post(Some(employer), "jobs", job(change)).await;
    text(&posted.expect(201).json(), "jobId").to_owned()
}

#[tokio::test]
async fn one_place_has_one_winner_among_two_hundred() {
    let place = Place::new();
    let servers = place.serve_both();
    place.account(Role::Employer, EMPLOYER).await;
    let employer = servers[0].login(EMPLOYER).await;
    let students = place.students(200).await;
    for (places, racers) in [(1, 200), (40, 80)] {
        let change = json!({"positions": places, "hoursPerWeek": 0.5});
        let job = post_job(&servers[0], &employer, change).await;
        let apply = |(at, student): (usize, &Person)| {
            let request = servers[at % 2].request(Method::POST, "applications");
            let request = request.bearer_auth(&student.token);
            request.json(&json!({"jobId": job}))
        };
        let applied = students[..racers].iter().enumerate().map(apply);
        let applied = send_all(applied.collect()).await;
        let accept = |(at, filed): (usize, crate::support::Reply)| {
            let filed = filed.expect(201).json();
            let path = format!("applications/{}", text(&filed, "applicationId"));
            let request = servers[at / 2 % 2].request(Method::PATCH, &path);
            let request = request.bearer_auth(&employer.token);
            request.json(&json!({"applicationStatus": "accepted"}))
        };
        let replies = send_all(applied.into_iter().enumerate().map(accept).collect()).await;
        let (won, lost): (Vec<_>, Vec<_>) = replies
            .into_iter()
            .partition(|reply| reply.status.is_success());
        assert_eq!(won.len(), places, "{:?}", lost[0]);
        for reply in lost {
            assert_eq!(reply.expect(409).code(), "positions_filled");
        }
        for server in &servers {
            let job = server.get(Some(&employer), &format!("jobs/{job}")).await;
            let job = job.expect(200).json();
            assert_eq!(job["positionsFilled"], places);
            assert_eq!(job["jobStatus"], "filled");
        }
    }
    assert!(place.done(&["check"]).ends_with(" No problems found.\n"));
}

#[tokio::test]
async fn two_requests_with_one_key_create_one_thing() {
    let place = Place::new();
    let servers = place.serve_both();
    place.account(Role::Employer, EMPLOYER).await;
    let employer = servers[0].login(EMPLOYER).await;
    let keyed = |server: &Process, key: &str, body: &Value| {
        let request = server.request(Method::POST, "jobs");
        let request = request.bearer_auth(&employer.token);
        request.header("idempotency-key", key).json(body)
    };
    let mut made = BTreeSet::new();
    for round in 0..20 {
        let body = job(json!({"jobTitle": format!("Job {round}")}));
        let key = format!("key {round}");
        let both = servers.iter().map(|server| keyed(server, &key, &body));
        let replies = send_all(both.collect()).await;
        let [first, second] = <[_; 2]>::try_from(replies).unwrap();
        let (first, second) = (first.expect(201), second.expect(201));
        assert_eq!(first.text, second.text);
        for name in ["location", "etag"] {
            assert_eq!(first.header(name), second.header(name));
        }
        made.insert(text(&first.json(), "jobId").to_owned());
        let other = job(json!({"jobTitle": "Another"}));
        for server in &servers {
            let refused = send(keyed(server, &key, &other)).await.unwrap();
            assert_eq!(refused.expect(422).code(), "idempotency_mismatch");
        }
    }
    let all = servers[1].list(&employer, "jobs").await;
    let all: BTreeSet<_> = all
        .iter()
        .map(|job| text(job, "jobId").to_owned())
        .collect();
    assert_eq!(all, made);
    assert_eq!(made.len(), 20);
}

#[tokio::test]
async fn what_one_server_acknowledged_the_other_shows_at_once() {
    let place = Place::new();
    let [one, other] = place.serve_both();
    place.account(Role::Employer, EMPLOYER).await;
    let employer = one.login(EMPLOYER).await;
    let own = "jobs?status=closed";
    for (round, (here, there)) in [(&one, &other), (&other, &one)]
        .repeat(5)
        .into_iter()
        .enumerate()
    {
        let job = post_job(
            here,
            &employer,
            json!({"jobTitle": format!("First title {round}")}),
        )
        .await;
        let path = format!("jobs/{job}");
        let listed = there.get(None, "jobs").await.expect(200).json();
        assert_eq!(listed["items"][0]["jobId"], job.as_str());
        let first = there.get(None, &path).await.expect(200);
        // Both servers have the posting in their caches now.
        let here_too = here.get(None, &path).await.expect(200);
        assert_eq!(first.text, here_too.text);
        let tag = first.header("etag").to_owned();

        let title = format!("Quokka keeper {round}");
        let changed = here
            .patch(&employer, &path, json!({"jobTitle": title}))
            .await;
        let changed = changed.expect(200);
        for server in [there, here] {
            let request = server
                .request(Method::GET, &path)
                .header("if-none-match", &tag);
            let now = send(request).await.unwrap().expect(200);
            assert_eq!(now.json()["jobTitle"], title.as_str());
            assert_eq!(now.header("etag"), changed.header("etag"));
            let listed = server.get(None, "jobs").await.expect(200).json();
            assert_eq!(listed["items"][0]["jobTitle"], title.as_str());
        }
        let request = there.request(Method::PATCH, &path).header("if-match", &tag);
        let request = request.bearer_auth(&employer.token);
        let late = send(request.json(&json!({"jobTitle": "Late"})))
            .await
            .unwrap();
        assert_eq!(late.expect(412).code(), "stale");

        for server in [here, there] {
            until("it is found", async || {
                let found = server
                    .get(None, &format!("jobs?q=quokka%20{round}"))
                    .await
                    .expect(200);
                let found = found.json();
                let items = found["items"].as_array().unwrap();
                items.iter().any(|one| one["jobId"] == job.as_str())
            })
            .await;
        }
        there.delete(&employer, &path).await.expect(204);
        for server in [here, there] {
            let open = server.get(None, "jobs").await.expect(200).json();
            assert_eq!(open["items"].as_array().unwrap().len(), 0);
            // The index may be behind, but the record decides.
            let found = server.get(None, "jobs?q=quokka").await.expect(200).json();
            assert_eq!(found["items"].as_array().unwrap().len(), 0);
            let closed = server.get(Some(&employer), own).await.expect(200).json();
            assert_eq!(closed["items"][0]["jobId"], job.as_str());
        }
    }
}
