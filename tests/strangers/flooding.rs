//! Too many or too slow requests. Other users are not affected.

use std::cell::Cell;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::num::NonZeroU32;
use std::time::Duration;

use super::{behind_a_proxy, from, log_in_from};
use crate::support::{Board, PASSWORD};
use corkboard::clock::Clock;
use corkboard::model::Email;
use corkboard::store::{Origin, Transaction, keys};
use futures_util::future::join_all;
use serde_json::{Value, json};

/// A8: requests without a password are limited by network before any work.
#[actix_web::test]
async fn a_flood_of_requests_is_limited_by_its_network() {
    let board = behind_a_proxy();
    let ask = |address: &'static str| {
        let body = json!({"email": "nobody@example.edu"});
        from(&board, address, "auth/forgot-password", body, &[])
    };
    let register = |address: &'static str| {
        let wish =
            json!({"email": "x@example.edu", "password": PASSWORD, "name": "X", "role": "student"});
        from(&board, address, "auth/register", wish, &[])
    };
    let replies = join_all((0..400).map(|_| ask("203.0.113.5"))).await;
    let limited = replies.iter().filter(|reply| reply.status == 429);
    for reply in limited.clone() {
        assert!(!reply.header("retry-after").is_empty());
        assert_eq!(reply.code(), "too_many_attempts");
    }
    assert!((1..=200).contains(&limited.count()));
    let (_, registered) = tokio::join!(
        join_all((0..50).map(|_| ask("203.0.113.5"))),
        join_all((0..50).map(|_| register("203.0.113.5"))),
    );
    assert!(registered.iter().any(|reply| reply.status == 429));
    register("203.0.113.6").await.expect(202);
    ask("203.0.113.6").await.expect(202);
    board.stop().await;
}

/// A8: logins are answered while somebody registers without end.
#[actix_web::test]
async fn registrations_do_not_block_log_ins() {
    let board = behind_a_proxy();
    let ann = board.join("student", "ann@example.edu").await;
    let register = async |number: usize| {
        let email = format!("new{number}@example.edu");
        let wish = json!({"email": email, "password": PASSWORD, "name": "N", "role": "student"});
        from(&board, "203.0.113.5", "auth/register", wish, &[]).await
    };
    let log_ins = async {
        for _ in 0..10 {
            log_in_from(&board, "192.0.2.7", &ann.email, PASSWORD)
                .await
                .expect(200);
        }
    };
    let ((), replies) = tokio::join!(log_ins, join_all((0..60).map(register)));
    assert!(
        replies.iter().all(|reply| reply.status == 202),
        "{replies:?}"
    );
    board.stop().await;
}

/// A8: logins are answered while somebody guesses without end from a few networks.
#[actix_web::test]
async fn failed_log_ins_do_not_block_log_ins_from_elsewhere() {
    let board = Board::start_with(Clock::System, |config| {
        config.accounts.failed_logins_per_address = NonZeroU32::new(1_000_000).unwrap();
        config.server.trusted_proxies = vec![[127, 0, 0, 1].into()];
    });
    let ann = board.join("student", "ann@example.edu").await;
    let is_over = Cell::new(false);
    // A few more at once than the queue has places for.
    let guess = async |number: usize| {
        let address = format!("203.0.113.{}", number % 3);
        let mut times = 0;
        while !is_over.get() {
            let email = format!("nobody{number}-{times}@example.edu");
            let reply = log_in_from(&board, &address, &email, "not the one").await;
            assert!([401, 503].contains(&reply.status.as_u16()), "{reply:?}");
            times += 1;
        }
        times
    };
    let log_ins = async {
        let mut statuses = Vec::new();
        for _ in 0..4 {
            let reply = log_in_from(&board, "192.0.2.7", &ann.email, PASSWORD).await;
            statuses.push(reply.status.as_u16());
        }
        is_over.set(true);
        statuses
    };
    let (statuses, guesses) = tokio::join!(log_ins, join_all((0..270).map(guess)));
    assert_eq!(statuses, [200; 4], "{guesses:?}");
    board.stop().await;
}

/// D6: a request for a reset or an account writes the same, whether or not the address has an account.
#[actix_web::test]
async fn a_request_writes_the_same_for_known_and_unknown_addresses() {
    let board = Board::start();
    board.join("student", "ann@example.edu").await;
    let written = async |email: &str| {
        let key = keys::asked_by_strangers(Email::parse(email).ok().as_ref());
        let read = async |transaction: &mut Transaction| transaction.row(&key).await;
        let row = board.store.preview(Origin::SYSTEM, read).await.unwrap();
        row.map_or(0, |row| row.version)
    };
    for email in ["ann@example.edu", "nobody@example.edu", "no address"] {
        let before = written(email).await;
        // Beyond the number of mails that an account gets, too.
        for asked in 1..=12 {
            let body = json!({"email": email});
            board
                .post(None, "auth/forgot-password", body)
                .await
                .expect(202);
            assert_eq!(written(email).await, before + asked, "{email}");
        }
    }
    for email in ["ann@example.edu", "new@example.edu"] {
        let before = written(email).await;
        let wish = json!({"email": email, "password": PASSWORD, "name": "N", "role": "student"});
        board.post(None, "auth/register", wish).await.expect(202);
        assert_eq!(written(email).await, before + 1, "{email}");
    }
    board.stop().await;
}

/// What a connection receives until the server closes it.
fn answer_to(address: &str, request: &str) -> String {
    let mut connection = TcpStream::connect(address).unwrap();
    connection
        .set_read_timeout(Some(Duration::from_mins(1)))
        .unwrap();
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

/// D3: a body that does not arrive cannot hold a connection, whether or not a handler reads it.
#[actix_web::test]
async fn a_slow_body_cannot_hold_a_connection() {
    let board = Board::start();
    let admin = board.admin().await;
    let address = board.url.strip_prefix("http://").unwrap().to_owned();
    let head = |path: &str, kind: &str, more: &str| {
        format!("POST /api/v1/{path} HTTP/1.1\r\nhost: x\r\ncontent-type: {kind}\r\n{more}\r\n\r\n")
    };
    let bearer = format!("authorization: Bearer {}", admin.token);
    let json = "application/json";
    let (chunked, piece) = ("transfer-encoding: chunked", "1\r\n{\r\n");
    let requests = [
        (408, head("auth/login", json, "content-length: 100") + "{"),
        (
            408,
            head(
                "admin/import/students",
                "text/csv",
                &format!("{bearer}\r\ncontent-length: 9"),
            ) + "name",
        ),
        (401, head("jobs", json, "content-length: 100") + "{"),
        (404, head("nothing", json, "content-length: 100") + "{"),
        (408, head("auth/login", json, chunked) + piece),
        (401, head("jobs", json, chunked) + piece),
        (404, head("nothing", json, chunked) + piece),
    ];
    let answers = requests.map(|(status, request)| {
        let address = address.clone();
        actix_web::rt::task::spawn_blocking(move || (status, answer_to(&address, &request)))
    });
    for answer in join_all(answers).await {
        let (status, answer) = answer.unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        let problem: Value = serde_json::from_str(body).unwrap();
        if status == 408 {
            assert_eq!(problem["code"], "request_timeout");
        }
    }
    board.stop().await;
}
