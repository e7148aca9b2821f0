//! Guessing passwords. Only the guesser has to wait.

use super::{behind_a_proxy, from, log_in, log_in_from};
use crate::support::{Board, PASSWORD, Person};
use argon2::{Argon2, PasswordHasher as _};
use corkboard::accounts::{Refusal, create_account};
use corkboard::model::{Email, Role};
use corkboard::store::Origin;
use reqwest::Method;
use serde_json::json;

const GUESSER: &str = "203.0.113.5";
const ELSEWHERE: &str = "192.0.2.7";

async fn guess(board: &Board, address: &str, email: &str, times: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..times {
        let reply = log_in_from(board, address, email, "not the one").await;
        statuses.push(reply.status.as_u16());
    }
    statuses
}

/// A7: a stranger's wrong passwords block only the stranger. The right one works from elsewhere, for the office too.
#[actix_web::test]
async fn a_guessing_stranger_locks_nobody_out() {
    let board = behind_a_proxy();
    let admin = board.admin().await;
    let ann = board.join("student", "ann@example.edu").await;
    for email in [&admin.email, &ann.email] {
        let statuses = guess(&board, GUESSER, email, 4).await;
        assert_eq!(statuses, [401, 401, 429, 429]);
        let limited = log_in_from(&board, GUESSER, email, PASSWORD).await;
        let wait: u64 = limited.expect(429).header("retry-after").parse().unwrap();
        assert!((1..=30).contains(&wait), "{wait}");
        log_in_from(&board, ELSEWHERE, email, PASSWORD)
            .await
            .expect(200);
    }
    board.stop().await;
}

/// A7: next to the guesser, a device that has logged in before is not blocked; a device of another account is.
#[actix_web::test]
async fn a_known_device_is_not_blocked() {
    let board = behind_a_proxy();
    let ann = board.join("student", "ann@example.edu").await;
    let bob = board.join("student", "bob@example.edu").await;
    let login = json!({"email": ann.email, "password": PASSWORD});
    let page = [("origin", board.url.as_str())];
    let first = from(&board, GUESSER, "auth/login", login.clone(), &page).await;
    let first = first.expect(200);
    let cookies = first.headers.get_all("set-cookie").iter();
    let mut cookies = cookies.map(|cookie| cookie.to_str().unwrap());
    let mark = cookies.find(|cookie| cookie.starts_with("corkboard_device="));
    let mark = mark.unwrap().split(';').next().unwrap();
    guess(&board, GUESSER, &ann.email, 3).await;

    from(&board, GUESSER, "auth/login", login.clone(), &[])
        .await
        .expect(429);
    let cookie = [("cookie", mark)];
    from(&board, GUESSER, "auth/login", login.clone(), &cookie)
        .await
        .expect(200);
    for (person, status) in [(&ann, 200), (&bob, 429)] {
        let token = format!("Bearer {}", person.token);
        let token = [("authorization", token.as_str())];
        from(&board, GUESSER, "auth/login", login.clone(), &token)
            .await
            .expect(status);
    }
    // The mark gives no access, and its own guesses are limited.
    let me = board.request(Method::GET, "me").header("cookie", mark);
    board.send(me).await.expect(401);
    let wrong = json!({"email": ann.email, "password": "not the one"});
    for _ in 0..2 {
        from(&board, ELSEWHERE, "auth/login", wrong.clone(), &cookie)
            .await
            .expect(401);
    }
    from(&board, GUESSER, "auth/login", wrong, &cookie)
        .await
        .expect(429);
    board.stop().await;
}

/// A7: a password reset by mail works while others keep guessing from the same network.
#[actix_web::test]
async fn after_a_reset_the_new_password_gets_in() {
    let board = behind_a_proxy();
    let ann = board.join("student", "ann@example.edu").await;
    guess(&board, GUESSER, &ann.email, 3).await;
    let forgot = json!({"email": ann.email});
    board
        .post(None, "auth/forgot-password", forgot)
        .await
        .expect(202);
    let token = board.mailed_token(&ann.email, "reset-password").await;
    let reset = json!({"token": token, "password": "another long one"});
    board
        .post(None, "auth/reset-password", reset)
        .await
        .expect(204);
    // A wrong one gets the same answer as before, so that nobody learns about the reset.
    assert_eq!(guess(&board, GUESSER, &ann.email, 20).await, [429; 20]);
    log_in_from(&board, GUESSER, &ann.email, "another long one")
        .await
        .expect(200);
    board.stop().await;
}

/// D1, D2: one subscriber is one client, in whatever form a proxy writes the address and whichever address is used.
#[actix_web::test]
async fn a_network_is_one_client() {
    let board = behind_a_proxy();
    let ann = board.join("student", "ann@example.edu").await;
    for number in 0..2 {
        let address = format!("\"[2001:db8:1:2::{number:x}]:{}\"", 40_000 + number);
        assert_eq!(guess(&board, &address, &ann.email, 1).await, [401]);
    }
    assert_eq!(
        guess(&board, "2001:db8:1:2:a:b:c:d", &ann.email, 1).await,
        [429]
    );
    assert_eq!(guess(&board, "2001:db8:1:3::1", &ann.email, 1).await, [401]);
    for number in 0..2 {
        let address = format!("203.0.113.20:{}", 40_000 + number);
        assert_eq!(guess(&board, &address, &ann.email, 1).await, [401]);
    }
    assert_eq!(
        guess(&board, "::ffff:203.0.113.20", &ann.email, 1).await,
        [429]
    );
    assert_eq!(
        guess(&board, "203.0.113.21:40000", &ann.email, 1).await,
        [401]
    );
    // A campus network is many people.
    assert_eq!(
        guess(&board, "198.51.100.9", &ann.email, 20).await,
        [401; 20]
    );
    board.stop().await;
}

/// A9: an address that is too long is refused before any work.
#[actix_web::test]
async fn an_address_that_is_too_long_is_refused_at_once() {
    let board = Board::start();
    let ann = board.join("student", "ann@example.edu").await;
    for length in [255, 250_000] {
        let email = format!("{}@example.edu", "x".repeat(length - 12));
        let wish = json!({"email": email, "password": PASSWORD, "name": "N", "role": "student"});
        let login = json!({"email": email, "password": PASSWORD});
        for (path, body) in [
            ("auth/register", wish),
            ("auth/login", login.clone()),
            ("/authLogin", login),
            ("auth/forgot-password", json!({"email": email})),
        ] {
            let refused = board.post(None, path, body).await.expect(422);
            assert_eq!(refused.fields(), ["email"], "{path}");
        }
        let wish = json!({"email": email, "currentPassword": PASSWORD});
        let refused = board.patch(Some(&ann), "me", wish).await.expect(422);
        assert_eq!(refused.fields(), ["email"]);
    }
    let longest = format!("{}@example.edu", "x".repeat(242));
    log_in(&board, &longest, PASSWORD).await.expect(401);
    board.stop().await;
}

/// C1: the same letters open the account, whatever the keyboard sends; so do passwords from before normalization.
#[actix_web::test]
async fn a_password_is_the_same_in_each_unicode_form() {
    const COMPOSED: &str = "caf\u{e9} au lait";
    const DECOMPOSED: &str = "cafe\u{301} au lait";
    let board = Board::start();
    let email = "ann@example.edu";
    let wish = json!({"email": email, "password": COMPOSED, "name": "Ann", "role": "student"});
    board.post(None, "auth/register", wish).await.expect(202);
    let token = board.mailed_token(email, "verify-email").await;
    let proof = json!({"token": token, "password": DECOMPOSED});
    let reply = board
        .post(None, "auth/verify-email", proof)
        .await
        .expect(200);
    let ann = Person::of(&reply.json());
    for password in [COMPOSED, DECOMPOSED] {
        log_in(&board, email, password).await.expect(200);
        let wish = json!({"email": "b@example.edu", "currentPassword": password});
        board.patch(Some(&ann), "me", wish).await.expect(200);
    }

    let old = Argon2::default().hash_password(DECOMPOSED.as_bytes());
    let old = old.unwrap().to_string();
    let address = Email::parse("old@example.edu").unwrap();
    let make = board.store.run(Origin::OPERATOR, async |transaction| {
        let (address, old) = (address.clone(), old.clone());
        create_account(transaction, Role::Admin, address, "Old", old).await
    });
    make.await
        .unwrap_or_else(|error: Refusal| panic!("{error}"));
    log_in(&board, "old@example.edu", COMPOSED)
        .await
        .expect(401);
    log_in(&board, "old@example.edu", DECOMPOSED)
        .await
        .expect(200);
    log_in(&board, "old@example.edu", COMPOSED)
        .await
        .expect(200);
    board.stop().await;
}
