//! Who gets an imported posting.

use super::{counts, import};
use crate::support::{Board, Person};
use reqwest::Method;
use serde_json::{Value, json};

const HEADER: &str =
    "jobTitle,jobDescription,jobPayRate,hoursPerWeek,deadline,externalId,workSpace,employerEmail\n";

fn row(id: &str, work_space: &str, email: &str) -> String {
    format!("Shelver,Books.,15,10,2099-01-31,{id},{work_space},{email}\n")
}

async fn jobs(board: &Board, admin: &Person, query: &str, rows: &[String]) -> Value {
    let csv = format!("{HEADER}{}", rows.concat());
    import(board, admin, &format!("jobs{query}"), &csv).await
}

fn refusal(report: &Value) -> (&str, &str) {
    let only = &report["rejected"][0];
    (
        only["field"].as_str().unwrap(),
        only["message"].as_str().unwrap(),
    )
}

async fn set_status(board: &Board, admin: &Person, email: &str, status: &str) {
    let list = board.get(Some(admin), "admin/accounts?limit=100").await;
    let list = list.expect(200).json();
    let items = list["items"].as_array().unwrap().clone();
    let account = items.iter().find(|one| one["email"] == email);
    let account = account.unwrap_or_else(|| panic!("{email}: {list}"));
    let path = format!("admin/accounts/{}", account["accountId"].as_str().unwrap());
    board
        .patch(Some(admin), &path, json!({"status": status}))
        .await
        .expect(200);
}

/// An employer with a verified address who claims a workplace.
async fn claim(board: &Board, email: &str, work_space: &str) -> Person {
    let employer = board.join("employer", email).await;
    let workplace = json!({"workSpace": work_space});
    board
        .patch(Some(&employer), "me", workplace)
        .await
        .expect(200);
    employer
}

/// A6: somebody who registers with a workplace gets none of its postings before the office approves, and none if two
/// employers have it.
#[actix_web::test]
async fn a_posting_needs_one_clearly_named_active_employer() {
    let board = Board::start();
    let admin = board.admin().await;
    let stranger = "owner@cafe.example";
    claim(&board, stranger, "Main Library").await;
    let one = [row("x1", "main library", "")];

    // The only employer with that workplace, but not approved yet.
    let report = jobs(&board, &admin, "", &one).await;
    assert_eq!(counts(&report), (0, 0, 0, 1));
    let (field, message) = refusal(&report);
    assert_eq!(field, "workSpace");
    assert!(
        message.contains(stranger) && message.contains("is pending"),
        "{message}"
    );
    // Not by name either.
    let named = [row("x1", "", stranger)];
    let report = jobs(&board, &admin, "", &named).await;
    assert_eq!(refusal(&report).0, "employerEmail");
    let report = jobs(&board, &admin, &format!("?owner={stranger}"), &one).await;
    assert_eq!(refusal(&report).0, "owner");

    // With one active employer, it is clear who is meant.
    claim(&board, "library@example.edu", "Main Library").await;
    let report = jobs(&board, &admin, "", &one).await;
    assert_eq!(counts(&report), (1, 0, 0, 0), "{report}");
    let open = board.get(None, "jobs").await.expect(200).json();
    assert_eq!(
        open["items"][0]["employerName"],
        "employer library@example.edu"
    );

    // After the second is approved it is not clear, and both are named.
    set_status(&board, &admin, stranger, "active").await;
    let two = [row("x1", "main library", ""), row("x2", "MAIN LIBRARY", "")];
    let report = jobs(&board, &admin, "?owner=library@example.edu", &two).await;
    assert_eq!(counts(&report), (0, 0, 1, 1), "{report}");
    let (field, message) = refusal(&report);
    assert_eq!(field, "workSpace");
    assert!(
        message.contains(stranger) && message.contains("library@example.edu"),
        "{message}"
    );
    // The column decides.
    let named = [row("x2", "Main Library", "Library@example.edu")];
    let report = jobs(&board, &admin, "", &named).await;
    assert_eq!(counts(&report), (1, 0, 0, 0), "{report}");

    // A suspended employer gets nothing, even if named, and existing postings stay unchanged.
    set_status(&board, &admin, "library@example.edu", "suspended").await;
    for row in [
        row("x3", "", "library@example.edu"),
        row("x1", "Main Library", ""),
    ] {
        let report = jobs(&board, &admin, "", &[row]).await;
        assert_eq!(counts(&report), (0, 0, 0, 1), "{report}");
    }
    board.stop().await;
}

/// A6: an erased employer's workplace identifies nobody.
#[actix_web::test]
async fn an_erased_employers_workplace_identifies_nobody() {
    let board = Board::start();
    let admin = board.admin().await;
    let employer = claim(&board, "gym@example.edu", "Gym").await;
    let gone = json!({"currentPassword": crate::support::PASSWORD});
    let erased = board
        .request(Method::DELETE, "me")
        .bearer_auth(&employer.token)
        .json(&gone);
    board.send(erased).await.expect(204);
    let report = jobs(&board, &admin, "", &[row("x1", "Gym", "")]).await;
    assert_eq!(counts(&report), (0, 0, 0, 1), "{report}");
    // The office's own record is enough, before anybody has registered.
    let csv = "name,email,workSpace\nNew,sports@example.edu,Gym\n";
    import(&board, &admin, "employers", csv).await;
    let report = jobs(&board, &admin, "", &[row("x1", "Gym", "")]).await;
    assert_eq!(counts(&report), (1, 0, 0, 0), "{report}");
    board.stop().await;
}
