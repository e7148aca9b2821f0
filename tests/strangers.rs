//! What strangers may try, and what must stay safe: registering other people's addresses, guessing, flooding.

mod flooding;
mod guessing;
mod office;
mod registrations;

use std::num::NonZeroU32;

use crate::support::{Board, Reply};
use corkboard::clock::Clock;
use reqwest::Method;
use serde_json::{Value, json};

async fn log_in(board: &Board, email: &str, password: &str) -> Reply {
    let body = json!({"email": email, "password": password});
    board.post(None, "auth/login", body).await
}

/// A board behind a proxy, so that a test can choose where each request comes from. Two logins per minute may fail, so
/// that no failure is forgiven while the test runs on a slow machine.
fn behind_a_proxy() -> Board {
    Board::start_with(Clock::System, |config| {
        config.accounts.failed_logins_per_account = NonZeroU32::new(2).unwrap();
        config.server.trusted_proxies = vec![[127, 0, 0, 1].into()];
        let range = corkboard::model::AddressRange::parse("198.51.100.0/24");
        config.accounts.campus_networks = vec![range.unwrap()];
    })
}

/// A request from an address, with extra headers.
async fn from(
    board: &Board,
    address: &str,
    path: &str,
    body: Value,
    headers: &[(&str, &str)],
) -> Reply {
    let mut request = board.request(Method::POST, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.header("x-forwarded-for", address);
    board.send(request.json(&body)).await
}

async fn log_in_from(board: &Board, address: &str, email: &str, password: &str) -> Reply {
    let body = json!({"email": email, "password": password});
    from(board, address, "auth/login", body, &[]).await
}
