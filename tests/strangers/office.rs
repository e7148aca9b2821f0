//! What the office sees of logins, and that it cannot lock itself out.

use super::{behind_a_proxy, log_in_from};
use crate::support::{Board, PASSWORD, Person, people};
use corkboard::model::Role;
use serde_json::{Value, json};

async fn audit(board: &Board, admin: &Person, action: &str) -> Vec<Value> {
    let page = board.get(Some(admin), "admin/audit?limit=100").await;
    let mut items = page.expect(200).json()["items"].as_array().unwrap().clone();
    items.retain(|item| item["action"] == action);
    items
}

/// D9: the audit has logins and failed ones, with account and address, but never what a stranger typed. A flood is
/// merged.
#[actix_web::test]
async fn log_ins_are_in_the_audit() {
    let board = behind_a_proxy();
    let admin = board.admin().await;
    let ann = board.join("student", "ann@example.edu").await;
    let me = board.get(Some(&ann), "me").await.expect(200).json();
    let id = &me["account"]["accountId"];
    let of_ann = |item: &&Value| item["details"]["accountId"] == *id;
    let before = audit(&board, &admin, "loggedIn")
        .await
        .iter()
        .filter(of_ann)
        .count();
    log_in_from(&board, "203.0.113.5", &ann.email, PASSWORD)
        .await
        .expect(200);
    for _ in 0..2 {
        log_in_from(&board, "203.0.113.6", &ann.email, "not the one")
            .await
            .expect(401);
    }
    let secret = "typed-in-the-wrong-field@example.edu";
    log_in_from(&board, "203.0.113.6", secret, "not the one")
        .await
        .expect(401);

    let all = audit(&board, &admin, "loggedIn").await;
    assert_eq!(all.iter().filter(of_ann).count(), before + 1);
    assert_eq!(all[0]["address"], "203.0.113.5");
    let failed = audit(&board, &admin, "logInFailed").await;
    assert_eq!(failed.len(), 2, "{failed:#?}");
    assert_eq!(
        failed[1]["details"],
        json!({"accountId": id, "suppressed": 0})
    );
    assert_eq!(
        failed[0]["details"],
        json!({"accountId": null, "suppressed": 1})
    );
    assert_eq!(failed[0]["address"], "203.0.113.6");
    let page = board.get(Some(&admin), "admin/audit?limit=100").await;
    assert!(!page.text.contains("typed-in"), "{}", page.text);
    board.stop().await;
}

async fn suspend(board: &Board, by: &Person, whom: &Person) -> u16 {
    let me = board.get(Some(whom), "me").await.expect(200).json();
    let path = format!(
        "admin/accounts/{}",
        me["account"]["accountId"].as_str().unwrap()
    );
    let reply = board
        .patch(Some(by), &path, json!({"status": "suspended"}))
        .await;
    if reply.status == 409 {
        assert_eq!(reply.code(), "last_admin");
    }
    reply.status.as_u16()
}

/// D8: one active admin always remains.
#[actix_web::test]
async fn the_last_admin_cannot_be_suspended() {
    let board = Board::start();
    let office = board.admin().await;
    assert_eq!(suspend(&board, &office, &office).await, 409);
    board.get(Some(&office), "me").await.expect(200);
    people::make(&board.store, Role::Admin, &["second@example.edu".into()]).await;
    let second = board.login("second@example.edu").await;
    assert_eq!(suspend(&board, &office, &second).await, 200);
    assert_eq!(suspend(&board, &office, &office).await, 409);
    board.stop().await;
}

/// D8: of two admins who suspend each other at the same time, one remains.
#[actix_web::test]
async fn two_admins_cannot_suspend_each_other() {
    let board = Board::start();
    let mut office = board.admin().await;
    for round in 0..5 {
        let email = format!("second{round}@example.edu");
        people::make(&board.store, Role::Admin, std::slice::from_ref(&email)).await;
        let second = board.login(&email).await;
        let path = async |who: &Person| {
            let me = board.get(Some(who), "me").await.expect(200).json();
            format!(
                "admin/accounts/{}",
                me["account"]["accountId"].as_str().unwrap()
            )
        };
        let paths = [path(&office).await, path(&second).await];
        let body = || json!({"status": "suspended"});
        let (one, other) = tokio::join!(
            board.patch(Some(&office), &paths[1], body()),
            board.patch(Some(&second), &paths[0], body()),
        );
        let done = [&one, &other]
            .iter()
            .filter(|reply| reply.status == 200)
            .count();
        assert_eq!(done, 1, "{one:?} {other:?}");
        let left = if one.status == 200 { &office } else { &second };
        board.get(Some(left), "me").await.expect(200);
        // The remaining admin reinstates the other for the next round.
        let back = json!({"status": "active"});
        if one.status != 200 {
            board.patch(Some(left), &paths[0], back).await.expect(200);
            office = board.login(&office.email).await;
            assert_eq!(suspend(&board, &office, &second).await, 200);
        }
    }
    board.stop().await;
}
