//! What happens beside the requests: mail, and the limits on guessing.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use corkboard::model::{Event, Role};
use reqwest::Method;
use serde_json::{Value, json};

use super::Place;
use crate::support::process::Process;
use crate::support::{PASSWORD, send, until};

const ANN: &str = "ann@example.edu";
/// A mail that a server had when it died goes out within this time.
const MAIL_TAKES: Duration = Duration::from_mins(1);

/// What a server says it does in the background.
async fn running(server: &Process) -> BTreeSet<String> {
    let ready = server.get(None, "/readyz").await.expect(200).json();
    let followers = ready["followers"].as_array().unwrap().clone();
    let is_running = |one: &&Value| one["state"] == "running";
    let names = followers.iter().filter(is_running).map(|one| &one["name"]);
    names
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

impl Place {
    /// The mails to an address that have left either server.
    fn mails_to(&self, address: &str) -> usize {
        let mails = self.folders.iter().flat_map(|folder| {
            let files = fs::read_dir(folder.path().join("mail/new")).unwrap();
            files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
        });
        let is_to = |mail: &String| {
            mail.lines()
                .any(|line| line.starts_with("To: ") && line.contains(address))
        };
        mails.filter(is_to).count()
    }
}

#[tokio::test]
async fn the_mail_of_a_server_that_dies_goes_out_from_the_other() {
    let place = Place::new();
    let mut one = place.serve(0);
    until("it does everything", async || {
        running(&one).await.len() == 6
    })
    .await;
    let other = place.serve(1);
    let everywhere = BTreeSet::from(["index".to_owned(), "log-ins".into()]);
    assert_eq!(running(&other).await, everywhere);
    place.account(Role::Student, ANN).await;
    let forgot = json!({"email": ANN});
    one.post(None, "auth/forgot-password", forgot.clone())
        .await
        .expect(202);
    until("the first mail leaves", async || place.mails_to(ANN) == 1).await;

    one.kill();
    other
        .post(None, "auth/forgot-password", forgot)
        .await
        .expect(202);
    let killed = Instant::now();
    while place.mails_to(ANN) < 2 {
        assert!(killed.elapsed() < MAIL_TAKES);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(running(&other).await.len(), 6);

    // One that stops hands over at once.
    let third = place.serve(0);
    assert_eq!(running(&third).await, everywhere);
    other.stop().await;
    until("the next takes over", async || {
        running(&third).await.len() == 6
    })
    .await;
    assert_eq!(place.mails_to(ANN), 2);
}

async fn guess(server: &Process, number: usize) -> u16 {
    let body = json!({"email": ANN, "password": format!("wrong guess {number}")});
    let request = server.request(Method::POST, "auth/login").json(&body);
    send(request).await.unwrap().status.as_u16()
}

#[tokio::test]
async fn guesses_on_both_servers_count_together() {
    let place = Place::new();
    let servers = place.serve_both();
    place.account(Role::Student, ANN).await;
    // Ten for each account and network.
    for number in 0..10 {
        assert_eq!(guess(&servers[number % 2], number).await, 401);
    }
    for server in &servers {
        until("each has heard of the other's", async || {
            guess(server, 0).await == 429
        })
        .await;
        let right = json!({"email": ANN, "password": PASSWORD});
        server.post(None, "auth/login", right).await.expect(429);
    }
    let reader = place.store.read().unwrap();
    let log = reader.log_after(0, 1_000).await.unwrap();
    let is_failure = |event: &Event| matches!(event, Event::LogInFailed { .. });
    let logged = log.iter().filter(|one| is_failure(&one.entry.event));
    assert_eq!(logged.count(), 1, "one for each minute");
}
