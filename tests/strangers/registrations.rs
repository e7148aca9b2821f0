//! Registering somebody else's address. A link opens only the account of the registration that sent it.

use super::log_in;
use crate::support::{Board, PASSWORD, Person, Reply, until};
use reqwest::Method;
use serde_json::{Value, json};

const STRANGERS: &str = "a stranger's password";

async fn register(board: &Board, email: &str, password: &str, role: &str, name: &str) {
    let body = json!({"email": email, "password": password, "name": name, "role": role});
    board.post(None, "auth/register", body).await.expect(202);
}

async fn verify(board: &Board, token: &str, password: &str) -> Reply {
    let body = json!({"token": token, "password": password});
    board.post(None, "auth/verify-email", body).await
}

/// Waits for the link of another registration of an address. `known`: the links so far.
async fn next_link(board: &Board, email: &str, known: &mut Vec<String>) -> String {
    let links = || board.mailed_tokens(email, "verify-email");
    until("the mail arrives", async || links().len() > known.len()).await;
    let newest = links().into_iter().find(|link| !known.contains(link));
    let newest = newest.unwrap();
    known.push(newest.clone());
    newest
}

async fn with_roster() -> Board {
    let board = Board::start();
    let admin = board.admin().await;
    let import = board
        .request(Method::POST, "admin/import/students")
        .bearer_auth(&admin.token)
        .body("studentId,name,email,gpa,visa\nS-17,Ann Roster,ann@example.edu,3.5,F-1\n");
    board.send(import).await.expect(200);
    board
}

/// A5: each link works only with the password of its own registration.
#[actix_web::test]
async fn a_link_verifies_only_its_own_registration() {
    let board = with_roster().await;
    let email = "ann@example.edu";
    let mut links = Vec::new();
    register(&board, email, STRANGERS, "student", "Mallory").await;
    let first = next_link(&board, email, &mut links).await;
    register(&board, email, PASSWORD, "student", "Ann").await;
    let own = next_link(&board, email, &mut links).await;
    register(&board, email, STRANGERS, "employer", "Mallory Inc").await;
    let newest = next_link(&board, email, &mut links).await;

    for link in [&first, &newest] {
        let refused = verify(&board, link, PASSWORD).await.expect(422);
        assert_eq!(refused.code(), "wrong_registration_password");
        assert_eq!(refused.fields(), ["password"]);
    }
    // The older link still works after a newer registration.
    let reply = verify(&board, &own, PASSWORD).await.expect(200).json();
    assert_eq!(reply["account"]["status"], "active");
    assert_eq!(reply["account"]["role"], "student");
    assert_eq!(reply["account"]["name"], "Ann");
    // It answers like a login, and the roster's facts stay.
    let ann = Person::of(&reply);
    let me = board.get(Some(&ann), "me").await.expect(200).json();
    assert_eq!(me["student"]["studentId"], "S-17");
    assert_eq!(
        (&me["student"]["gpa"], &me["student"]["visa"]),
        (&json!(3.5), &json!("F-1"))
    );

    // The strangers' links give no access now, and say that the address is verified.
    log_in(&board, email, STRANGERS).await.expect(401);
    log_in(&board, email, PASSWORD).await.expect(200);
    for (link, password) in [(&first, STRANGERS), (&newest, STRANGERS), (&own, PASSWORD)] {
        let ended = verify(&board, link, password).await.expect(422);
        assert_eq!(ended.code(), "invalid_token");
        assert!(
            ended.text.contains("the address is confirmed"),
            "{}",
            ended.text
        );
    }
    board.stop().await;
}

/// A5: a link allows ten password attempts, even concurrent ones.
#[actix_web::test]
async fn ten_passwords_may_be_tried_with_a_link() {
    let board = Board::start();
    let email = "ann@example.edu";
    let mut known = Vec::new();
    for at_once in [false, true] {
        register(&board, email, PASSWORD, "student", "Ann").await;
        let link = next_link(&board, email, &mut known).await;
        let guess = async || {
            verify(&board, &link, "not the one")
                .await
                .expect(422)
                .code()
        };
        let codes = if at_once {
            futures_util::future::join_all((0..20).map(|_| guess())).await
        } else {
            let mut codes = Vec::new();
            for _ in 0..12 {
                codes.push(guess().await);
            }
            codes
        };
        let tried = codes
            .iter()
            .filter(|code| *code == "wrong_registration_password");
        assert_eq!(tried.count(), 10, "{codes:?}");
        let ended = verify(&board, &link, PASSWORD).await.expect(422);
        assert_eq!(ended.code(), "invalid_token");
    }
    board.stop().await;
}

/// A5: verifying a new address needs the account's password, so that a link in a stranger's mailbox is useless there.
#[actix_web::test]
async fn a_new_address_is_confirmed_with_the_accounts_password() {
    let board = Board::start();
    let ann = board.join("student", "ann@example.edu").await;
    let wish = json!({"email": "new@example.edu", "currentPassword": PASSWORD});
    board.patch(Some(&ann), "me", wish).await.expect(200);
    let link = board.mailed_token("new@example.edu", "verify-email").await;
    for body in [
        json!({"token": link}),
        json!({"token": link, "password": null}),
    ] {
        let refused = board
            .post(None, "auth/verify-email", body)
            .await
            .expect(422);
        assert_eq!(refused.fields(), ["password"]);
    }
    let refused = verify(&board, &link, STRANGERS).await.expect(422);
    assert_eq!(refused.code(), "wrong_registration_password");
    let moved: Value = verify(&board, &link, PASSWORD).await.expect(200).json();
    assert_eq!(moved["account"]["email"], "new@example.edu");
    let moved = Person::of(&moved);
    board.get(Some(&moved), "me").await.expect(200);
    let again = verify(&board, &link, PASSWORD).await.expect(422);
    assert!(
        again.text.contains("the address is confirmed"),
        "{}",
        again.text
    );
    board.stop().await;
}
