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

    // With a second one, it is not clear, and both are named.
    let second = "archive@example.edu";
    claim(&board, second, "main library").await;
    let two = [row("x1", "main library", ""), row("x2", "MAIN LIBRARY", "")];
    let report = jobs(&board, &admin, "?owner=library@example.edu", &two).await;
    assert_eq!(counts(&report), (0, 0, 1, 1), "{report}");
    let (field, message) = refusal(&report);
    assert_eq!(field, "workSpace");
    assert!(
        message.contains(second) && message.contains("library@example.edu"),
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

/// A6: what an employer from outside typed as its workplace names nobody, even if nobody else has it. The employer must
/// be named in another way.
#[actix_web::test]
async fn a_workplace_that_a_stranger_typed_names_nobody() {
    let board = Board::start();
    let admin = board.admin().await;
    let firm = "owner@cafe.example";
    claim(&board, firm, "Main Library").await;
    set_status(&board, &admin, firm, "active").await;
    let off_campus = claim(&board, "away@example.edu", "Main Library").await;
    let setting = json!({"setting": "offCampus"});
    board
        .patch(Some(&off_campus), "me", setting)
        .await
        .expect(200);
    let report = jobs(&board, &admin, "", &[row("x1", "Main Library", "")]).await;
    assert_eq!(counts(&report), (0, 0, 0, 1), "{report}");
    assert_eq!(report["rejected"][0]["code"], "unconfirmed_workplace");
    let (field, message) = refusal(&report);
    assert_eq!(field, "workSpace");
    assert!(
        message.contains(firm) && message.contains("away@example.edu"),
        "{message}"
    );

    // Whoever is named by address gets the job.
    let named = [row("x1", "Main Library", firm)];
    let report = jobs(&board, &admin, "", &named).await;
    assert_eq!(counts(&report), (1, 0, 0, 0), "{report}");
    let query = "?owner=away@example.edu";
    let report = jobs(&board, &admin, query, &[row("x2", "Main Library", "")]).await;
    assert_eq!(counts(&report), (1, 0, 0, 0), "{report}");

    // The department's own claim does not compete with theirs.
    claim(&board, "library@example.edu", "Main Library").await;
    let report = jobs(&board, &admin, "", &[row("x3", "Main Library", "")]).await;
    assert_eq!(counts(&report), (1, 0, 0, 0), "{report}");
    let open = board.get(None, "jobs").await.expect(200).json();
    assert_eq!(
        open["items"][0]["employerName"],
        "employer library@example.edu"
    );
    board.stop().await;
}

/// A6: a workplace from the office's file identifies the employer, wherever it is, until the employer changes it.
/// A student's address is a campus address too.
#[actix_web::test]
async fn a_student_of_the_roster_does_not_become_a_department() {
    let board = Board::start();
    let admin = board.admin().await;
    let roster = "name,email\nRo,ro@example.edu\n";
    import(&board, &admin, "students", roster).await;
    let student = claim(&board, "ro@example.edu", "Registrar").await;
    let me = board.get(Some(&student), "me").await.expect(200).json();
    assert_eq!(me["account"]["status"], "pending");
    let own = board.post_job(&student, json!({})).await;
    assert_eq!(own["jobStatus"], "pending");
    let report = jobs(&board, &admin, "", &[row("x1", "Registrar", "")]).await;
    assert_eq!(counts(&report), (0, 0, 0, 1));

    // A department whose address nobody else has.
    let office = claim(&board, "registrar@example.edu", "Registrar").await;
    let me = board.get(Some(&office), "me").await.expect(200).json();
    assert_eq!(me["account"]["status"], "active");
    board.stop().await;
}

#[actix_web::test]
async fn a_workplace_from_the_offices_file_names_its_employer() {
    let board = Board::start();
    let admin = board.admin().await;
    let email = "owner@cafe.example";
    let csv = format!("name,email,workSpace,setting\nCafé,{email},Corner Café,offCampus\n");
    import(&board, &admin, "employers", &csv).await;
    let report = jobs(&board, &admin, "", &[row("x1", "Corner Café", "")]).await;
    assert_eq!(counts(&report), (1, 0, 0, 0), "{report}");
    let cafe = board.join("employer", email).await;
    set_status(&board, &admin, email, "active").await;
    let report = jobs(&board, &admin, "", &[row("x2", "corner café", "")]).await;
    assert_eq!(counts(&report), (1, 0, 0, 0), "{report}");

    let typed = json!({"workSpace": "Main Library"});
    board.patch(Some(&cafe), "me", typed).await.expect(200);
    let report = jobs(&board, &admin, "", &[row("x3", "Main Library", "")]).await;
    assert_eq!(counts(&report), (0, 0, 0, 1), "{report}");
    // The office confirms it, or takes it back, with its file.
    let confirmed = csv.replace("Corner Café", "Main Library");
    import(&board, &admin, "employers", &confirmed).await;
    let report = jobs(&board, &admin, "", &[row("x3", "Main Library", "")]).await;
    assert_eq!(counts(&report), (1, 0, 0, 0), "{report}");
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
