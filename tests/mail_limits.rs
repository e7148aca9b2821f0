//! How much mail one mailbox gets, whoever causes it; and how long mail and unverified accounts are kept.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::support::{Board, PASSWORD, Person, Reply, people, until};
use corkboard::clock::Clock;
use corkboard::model::{AddressRange, Role, Timestamp};
use corkboard::store::check;
use reqwest::Method;
use serde_json::{Value, json};

const VICTIM: &str = "victim@example.edu";
/// How many of each kind to try.
const MANY: usize = 15;

fn start() -> Board {
    let clock = Clock::fixed(Timestamp::from_millis(1_800_000_000_000));
    Board::start_with(clock, behind_a_proxy)
}

/// Lets a test send requests from many networks.
fn behind_a_proxy(config: &mut corkboard::config::Config) {
    config.server.trusted_proxies = vec![[127, 0, 0, 1].into()];
}

fn pass(board: &Board, span: Duration) {
    let Clock::Fixed(at) = &board.clock else {
        panic!("the clock runs")
    };
    at.fetch_add(span.as_millis() as i64, Ordering::AcqRel);
}

/// Registers an address from a network.
async fn register(board: &Board, email: &str, network: &str) -> Reply {
    let body = json!({"email": email, "password": PASSWORD, "name": "Eve", "role": "student"});
    let request = board.request(Method::POST, "auth/register").json(&body);
    board
        .send(request.header("X-Forwarded-For", network))
        .await
        .expect(202)
}

/// All rows in the outbox for one mailbox.
async fn rows(board: &Board, admin: &Person, to: &str) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("admin/outbox?limit=100{cursor}");
        let page = board.get(Some(admin), &path).await.expect(200).json();
        rows.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    rows.retain(|mail| mail["to"] == to);
    rows
}

async fn sent(board: &Board, admin: &Person, to: &str) -> usize {
    let rows = rows(board, admin, to).await;
    rows.iter().filter(|mail| mail["state"] == "sent").count()
}

/// Waits until all mail that may be sent now was sent, and returns how many mails a mailbox got.
async fn settled(board: &Board, admin: &Person, to: &str) -> usize {
    let now = board.clock.now().to_string();
    until("all mail that is due has left", async || {
        let rows = rows(board, admin, to).await;
        !rows.iter().any(|mail| {
            mail["state"] == "waiting" && mail["nextAttemptAt"].as_str().unwrap() <= now.as_str()
        })
    })
    .await;
    sent(board, admin, to).await
}

async fn is_whole(board: &Board) {
    let reader = board.store.read().unwrap();
    let checked = check(&reader, &mut |wrong| panic!("{wrong}")).await;
    assert_eq!(checked.unwrap().wrong, 0);
}

/// A10: mails that a stranger can cause.
#[actix_web::test]
async fn strangers_cannot_flood_a_mailbox() {
    let board = start();
    let mut admin = board.admin().await;
    let first = register(&board, VICTIM, "203.0.113.1").await.text;
    for _ in 0..9 {
        let again = register(&board, VICTIM, "203.0.113.1").await;
        assert_eq!(again.text, first);
    }
    assert_eq!(rows(&board, &admin, VICTIM).await.len(), 5);
    // A label after `+` is the same mailbox.
    register(&board, "victim+more@example.edu", "203.0.113.1").await;
    assert_eq!(
        rows(&board, &admin, "victim+more@example.edu").await.len(),
        0
    );
    register(&board, "other@example.edu", "203.0.113.1").await;
    assert_eq!(rows(&board, &admin, "other@example.edu").await.len(), 1);
    // Another address of the same IPv6 subscriber is the same network.
    for host in 1..=7 {
        register(&board, VICTIM, &format!("2001:db8::{host}")).await;
    }
    assert_eq!(rows(&board, &admin, VICTIM).await.len(), 10);
    for network in 2..=5 {
        for _ in 0..4 {
            register(&board, VICTIM, &format!("203.0.113.{network}")).await;
        }
    }
    assert_eq!(rows(&board, &admin, VICTIM).await.len(), 20);

    // A restart does not reset the limits.
    let clock = board.clock.clone();
    let board = Board::start_in(board.stop().await, clock, behind_a_proxy);
    register(&board, VICTIM, "203.0.113.9").await;
    assert_eq!(rows(&board, &admin, VICTIM).await.len(), 20);
    pass(&board, Duration::from_mins(61));
    admin = board.login(&admin.email).await;
    register(&board, VICTIM, "203.0.113.1").await;
    assert_eq!(rows(&board, &admin, VICTIM).await.len(), 21);
    is_whole(&board).await;
    board.stop().await;
}

/// A campus network is many people, so only the mailbox's own limit applies.
#[actix_web::test]
async fn a_campus_network_may_send_one_mailbox_more() {
    let clock = Clock::fixed(Timestamp::from_millis(1_800_000_000_000));
    let board = Board::start_with(clock, |config| {
        behind_a_proxy(config);
        config.accounts.campus_networks = vec![AddressRange::parse("198.51.100.0/24").unwrap()];
    });
    let admin = board.admin().await;
    for _ in 0..MANY {
        register(&board, VICTIM, "198.51.100.7").await;
    }
    assert_eq!(rows(&board, &admin, VICTIM).await.len(), MANY);
    for _ in 0..MANY {
        register(&board, VICTIM, "198.51.100.8").await;
    }
    assert_eq!(rows(&board, &admin, VICTIM).await.len(), 20);
    for _ in 0..MANY {
        register(&board, "other@example.edu", "203.0.113.1").await;
    }
    assert_eq!(rows(&board, &admin, "other@example.edu").await.len(), 5);
    board.stop().await;
}

/// A10: reset links and address changes, whether or not the address has an account.
#[actix_web::test]
async fn no_kind_of_request_floods_a_mailbox() {
    let board = start();
    let admin = board.admin().await;
    let emails = ["ann@example.edu".to_owned(), "eve@example.edu".to_owned()];
    people::make(&board.store, Role::Student, &emails).await;
    let eve = board.login("eve@example.edu").await;
    for email in ["ann@example.edu", VICTIM] {
        for _ in 0..MANY {
            let wish = json!({"email": email, "currentPassword": PASSWORD});
            board.patch(Some(&eve), "me", wish).await.expect(200);
        }
        assert_eq!(rows(&board, &admin, email).await.len(), 5, "{email}");
    }
    for _ in 0..MANY {
        let body = json!({"email": "eve@example.edu"});
        board
            .post(None, "auth/forgot-password", body)
            .await
            .expect(202);
    }
    assert_eq!(rows(&board, &admin, "eve@example.edu").await.len(), 5);
    is_whole(&board).await;
    board.stop().await;
}

/// A10: events on the board are reported in a few mails, and none is left out.
#[actix_web::test]
async fn repeated_changes_are_reported_in_one_mail() {
    let board = start();
    let emails = ["library@example.edu", "ann@example.edu"].map(str::to_owned);
    people::make(&board.store, Role::Employer, &emails[..1]).await;
    people::make(&board.store, Role::Student, &emails[1..]).await;
    let [library, ann] = &emails;
    let mut admin = board.admin().await;
    let (mut employer, student) = (board.login(library).await, board.login(ann).await);
    let job = board
        .post_job(&employer, json!({"jobTitle": "Reader"}))
        .await;
    for _ in 0..MANY {
        let body = json!({"jobId": job["jobId"]});
        let filed = board.post(Some(&student), "applications", body).await;
        let filed = filed.expect(201).json();
        let path = format!("applications/{}", filed["applicationId"].as_str().unwrap());
        board.delete(Some(&student), &path).await.expect(204);
    }
    until("everything is noted", async || {
        rows(&board, &admin, library).await.len() == 2 * MANY
            && rows(&board, &admin, ann).await.len() == MANY
    })
    .await;
    assert_eq!(settled(&board, &admin, library).await, 5);
    assert_eq!(settled(&board, &admin, ann).await, 5);

    // Held mail survives a restart.
    let clock = board.clock.clone();
    let board = Board::start_in(board.stop().await, clock, behind_a_proxy);
    pass(&board, Duration::from_mins(61));
    let mail = board
        .mail(library, "25 updates from Example College jobs")
        .await;
    let told = mail.split("text/html").next().unwrap();
    assert_eq!(
        told.matches("ann@example.edu applied for").count()
            + told.matches("ann@example.edu withdrew").count(),
        25,
        "{told}"
    );
    board
        .mail(ann, "10 updates from Example College jobs")
        .await;
    admin = board.login(&admin.email).await;
    assert_eq!(settled(&board, &admin, library).await, 6);

    // Closed and reopened repeatedly while somebody waits for an answer.
    pass(&board, Duration::from_mins(61));
    admin = board.login(&admin.email).await;
    employer = board.login(library).await;
    let student = board.login(ann).await;
    let body = json!({"jobId": job["jobId"]});
    board
        .post(Some(&student), "applications", body)
        .await
        .expect(201);
    let path = format!("jobs/{}", job["jobId"].as_str().unwrap());
    for _ in 0..MANY {
        for status in ["closed", "open"] {
            let body = json!({"jobStatus": status});
            board.patch(Some(&employer), &path, body).await.expect(200);
        }
    }
    until("everything is noted", async || {
        rows(&board, &admin, ann).await.len() == 5 + 1 + 1 + MANY
    })
    .await;
    assert_eq!(settled(&board, &admin, ann).await, 6 + 5);
    // The password has its own topic.
    let body = json!({"password": "another long one", "currentPassword": PASSWORD});
    board.patch(Some(&student), "me", body).await.expect(200);
    assert_eq!(settled(&board, &admin, ann).await, 6 + 5 + 1);
    pass(&board, Duration::from_mins(61));
    board
        .mail(ann, "11 updates from Example College jobs")
        .await;
    is_whole(&board).await;
    board.stop().await;
}

/// D10: mail is deleted after `[retention] sent_mail_days`, an unverified account after `unverified_days`.
#[actix_web::test]
async fn old_mail_and_unverified_accounts_are_deleted() {
    let board = start();
    let admin = board.admin().await;
    register(&board, VICTIM, "203.0.113.1").await;
    let ann = board.join("student", "ann@example.edu").await;
    assert_eq!(settled(&board, &admin, VICTIM).await, 1);
    let accounts = async |status: &str| {
        let admin = board.login(&admin.email).await;
        let path = format!("admin/accounts?status={status}");
        let list = board.get(Some(&admin), &path).await.expect(200).json();
        list["items"].as_array().unwrap().len()
    };
    let day = Duration::from_hours(24);
    pass(&board, 6 * day);
    register(&board, VICTIM, "203.0.113.1").await;
    pass(&board, 6 * day);
    // The clock follower runs every two seconds. Anything deleted meanwhile was too old.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(
        accounts("unverified").await,
        1,
        "registered again six days ago"
    );
    pass(&board, 2 * day);
    until("the unverified account is gone", async || {
        accounts("unverified").await == 0
    })
    .await;
    assert_eq!(accounts("active").await, 2);
    is_whole(&board).await;

    let office = board.login(&admin.email).await;
    assert_eq!(rows(&board, &office, &ann.email).await.len(), 1);
    pass(&board, 17 * day);
    until("the mail is forgotten", async || {
        let admin = board.login(&admin.email).await;
        rows(&board, &admin, &ann.email).await.is_empty()
    })
    .await;
    is_whole(&board).await;
    register(&board, VICTIM, "203.0.113.1").await;
    assert_eq!(accounts("unverified").await, 1);
    board.stop().await;
}
