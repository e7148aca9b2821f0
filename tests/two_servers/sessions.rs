//! Who is logged in, and who no longer is.

use corkboard::model::Role;
use reqwest::Method;
use serde_json::json;

use super::{Place, text};
use crate::support::process::Process;
use crate::support::{PASSWORD, Person, Reply, send};

const OFFICE: &str = "office@example.edu";
const ANN: &str = "ann@example.edu";

async fn renew(server: &Process, refresh: &str) -> Reply {
    let body = json!({"refreshToken": refresh});
    server.post(None, "auth/refresh", body).await
}

#[tokio::test]
async fn a_refresh_is_retried_on_the_other_server() {
    let place = Place::new();
    let [one, other] = place.serve_both();
    place.account(Role::Student, ANN).await;
    for (here, there) in [(&one, &other), (&other, &one)] {
        let first = here.login(ANN).await;
        let second = Person::of(&renew(here, &first.refresh).await.expect(200).json());
        // The answer was lost, say, and the load balancer chooses the other server.
        let again = Person::of(&renew(there, &first.refresh).await.expect(200).json());
        assert_eq!(again.refresh, second.refresh);
        for token in [&first, &second, &again] {
            for server in [here, there] {
                server.get(Some(token), "me").await.expect(200);
            }
        }
        // Whoever uses it after the next one was used may have stolen it.
        renew(there, &second.refresh).await.expect(200);
        renew(here, &first.refresh).await.expect(401);
        for token in [&first, &second, &again] {
            for server in [there, here] {
                server.get(Some(token), "me").await.expect(401);
            }
        }
    }
    // Both at the same time.
    for _ in 0..10 {
        let ann = one.login(ANN).await;
        let both = tokio::join!(renew(&one, &ann.refresh), renew(&other, &ann.refresh));
        let [a, b] = <[Reply; 2]>::from(both).map(|one| Person::of(&one.expect(200).json()));
        assert_eq!(a.refresh, b.refresh);
    }
}

#[tokio::test]
async fn a_session_that_ends_on_one_server_has_ended_on_the_other() {
    let place = Place::new();
    let [one, other] = place.serve_both();
    place.account(Role::Admin, OFFICE).await;
    place.account(Role::Student, ANN).await;
    let admin = one.login(OFFICE).await;
    let me = one.login(ANN).await;
    let me = one.get(Some(&me), "me").await.expect(200).json();
    let account = format!("admin/accounts/{}", text(&me["account"], "accountId"));
    for (here, there) in [(&one, &other), (&other, &one)].repeat(5) {
        // A log-out.
        let ann = here.login(ANN).await;
        there.get(Some(&ann), "me").await.expect(200);
        here.post(Some(&ann), "auth/logout", json!({}))
            .await
            .expect(204);
        there.get(Some(&ann), "me").await.expect(401);
        renew(there, &ann.refresh).await.expect(401);

        // A suspension.
        let ann = there.login(ANN).await;
        there.get(Some(&ann), "me").await.expect(200);
        let suspend = json!({"status": "suspended", "reason": "a test"});
        here.patch(&admin, &account, suspend).await.expect(200);
        there.get(Some(&ann), "me").await.expect(401);
        renew(there, &ann.refresh).await.expect(401);
        let login = json!({"email": ANN, "password": PASSWORD});
        let refused = there.post(None, "auth/login", login).await.expect(403);
        assert_eq!(refused.code(), "account_suspended");
        there
            .patch(&admin, &account, json!({"status": "active"}))
            .await
            .expect(200);
    }
}

/// The answers to logins stay in the memory of the server that gave them.
#[tokio::test]
async fn a_kept_answer_does_not_outlive_the_account() {
    let place = Place::new();
    let [one, other] = place.serve_both();
    place.account(Role::Student, ANN).await;
    let login = json!({"email": ANN, "password": PASSWORD});
    let log_in = async |server: &Process| {
        let request = server.request(Method::POST, "auth/login");
        let request = request.header("idempotency-key", "one log-in").json(&login);
        send(request).await.unwrap()
    };
    let first = log_in(&other).await.expect(200);
    assert_eq!(log_in(&other).await.expect(200).text, first.text);
    let ann = Person::of(&log_in(&one).await.expect(200).json());
    let leave = one.request(Method::DELETE, "me").bearer_auth(&ann.token);
    let leave = leave.json(&json!({"currentPassword": PASSWORD}));
    send(leave).await.unwrap().expect(204);
    for server in [&one, &other] {
        log_in(server).await.expect(401);
    }
}
