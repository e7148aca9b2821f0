//! Who gets a campus number: a number from the office overrides one that somebody typed.

use super::{counts, import};
use crate::support::{Board, PASSWORD, Person};
use reqwest::Method;
use serde_json::{Value, json};

/// Registers with a number, verifies the address, logs in.
async fn join_as(board: &Board, role: &str, email: &str, member: &str, number: &str) -> Person {
    let mut body = json!({"email": email, "password": PASSWORD, "name": email, "role": role});
    body[member] = json!(number);
    board.post(None, "auth/register", body).await.expect(202);
    let token = board.mailed_token(email, "verify-email").await;
    let proof = json!({"token": token, "password": PASSWORD});
    board
        .post(None, "auth/verify-email", proof)
        .await
        .expect(200);
    board.login(email).await
}

async fn profile(board: &Board, who: &Person, role: &str) -> Value {
    board.get(Some(who), "me").await.expect(200).json()[role].clone()
}

async fn whole(board: &Board) {
    let mut wrong = Vec::new();
    let reader = board.store.read().unwrap();
    let checked = corkboard::store::check(&reader, &mut |what| wrong.push(what)).await;
    checked.unwrap();
    assert_eq!(wrong, [""; 0]);
}

/// B3: a later number from the office replaces its earlier one in all records.
#[actix_web::test]
async fn a_corrected_number_replaces_the_earlier_one() {
    let board = Board::start();
    let admin = board.admin().await;
    let students = |number: &str| format!("name,email,studentId\nAnn,ann@example.edu,{number}\n");
    let employers = |number: &str| format!("name,email,employeeId\nLib,lib@example.edu,{number}\n");
    import(&board, &admin, "students", &students("4711")).await;
    import(&board, &admin, "employers", &employers("17")).await;
    let student = board.join("student", "ann@example.edu").await;
    let employer = board.join("employer", "lib@example.edu").await;
    let job = board.post_job(&employer, json!({})).await;
    let body = json!({"jobId": job["jobId"]});
    let filed = board.post(Some(&student), "applications", body).await;
    let filed = filed.expect(201).json();
    for (path, file) in [
        ("students", students("004711")),
        ("employers", employers("017")),
    ] {
        let report = import(&board, &admin, path, &file).await;
        assert_eq!(counts(&report), (0, 1, 0, 0), "{report}");
        let report = import(&board, &admin, path, &file).await;
        assert_eq!(counts(&report), (0, 0, 1, 0), "{report}");
    }
    // Sessions stay open.
    assert_eq!(
        profile(&board, &student, "student").await["studentId"],
        "004711"
    );
    assert_eq!(
        profile(&board, &employer, "employer").await["employeeId"],
        "017"
    );
    let path = format!("applications/{}", filed["applicationId"].as_str().unwrap());
    for who in [&student, &employer] {
        let seen = board.get(Some(who), &path).await.expect(200).json();
        assert_eq!(seen["studentId"], "004711");
    }
    let title = json!({"jobTitle": "Another title"});
    let path = format!("jobs/{}", job["jobId"].as_str().unwrap());
    let edited = board.patch(Some(&employer), &path, title).await;
    assert_eq!(edited.expect(200).json()["employeeId"], "017");
    whole(&board).await;
    board.stop().await;
}

/// B4: the roster's owner gets a typed number, the former holder is told, and no answer says who has it.
#[actix_web::test]
async fn the_offices_number_overrides_a_typed_one() {
    let board = Board::start();
    let admin = board.admin().await;
    let student = join_as(&board, "student", "typist@example.edu", "studentId", "S-1").await;
    let employer = join_as(&board, "employer", "firm@example.edu", "employeeId", "E-1").await;
    let job = board.post_job(&employer, json!({})).await;
    let body = json!({"jobId": job["jobId"]});
    board
        .post(Some(&student), "applications", body)
        .await
        .expect(201);
    let me = profile(&board, &student, "student").await;
    assert_eq!(
        (&me["studentId"], me.get("numberCleared")),
        (&json!("S-1"), None)
    );

    let report = import(
        &board,
        &admin,
        "students",
        "name,email,studentId\nAnn,ann@example.edu,S-1\n",
    )
    .await;
    assert_eq!(counts(&report), (1, 0, 0, 0), "{report}");
    let report = import(
        &board,
        &admin,
        "employers",
        "name,email,employeeId\nLib,lib@example.edu,E-1\n",
    )
    .await;
    assert_eq!(counts(&report), (1, 0, 0, 0), "{report}");
    let me = profile(&board, &student, "student").await;
    assert_ne!(me["studentId"], "S-1");
    assert_eq!(me["numberCleared"], true);
    let firm = profile(&board, &employer, "employer").await;
    assert_ne!(firm["employeeId"], "E-1");
    assert_eq!(firm["numberCleared"], true);
    let mine = board
        .get(Some(&student), "applications")
        .await
        .expect(200)
        .json();
    assert_eq!(mine["items"][0]["studentId"], me["studentId"]);

    // Two rows of the same roster stay separate.
    let report = import(
        &board,
        &admin,
        "students",
        "name,email,studentId\nBob,bob@example.edu,S-1\n",
    )
    .await;
    assert_eq!(counts(&report), (0, 0, 0, 1));
    assert_eq!(report["rejected"][0]["code"], "taken");

    // No answer reveals whether somebody has a typed number.
    let late = join_as(&board, "student", "late@example.edu", "studentId", "S-1").await;
    let me = profile(&board, &late, "student").await;
    assert_ne!(me["studentId"], "S-1");
    let taken = board
        .patch(Some(&late), "me", json!({"studentId": "S-1"}))
        .await;
    let free = board
        .patch(Some(&late), "me", json!({"studentId": "S-2"}))
        .await;
    assert_eq!(
        taken.expect(422).json()["errors"],
        free.expect(422).json()["errors"]
    );
    whole(&board).await;
    board.stop().await;
}

/// B4: an erased person's number and address are free.
#[actix_web::test]
async fn erasure_frees_number_and_address() {
    let board = Board::start();
    let admin = board.admin().await;
    for (role, path, member) in [
        ("student", "students", "studentId"),
        ("employer", "employers", "employeeId"),
    ] {
        let email = format!("leaving.{role}@example.edu");
        let csv = format!("name,email,{member}\nAnn,{email},N-1\n");
        import(&board, &admin, path, &csv).await;
        let person = board.join(role, &email).await;
        assert_eq!(profile(&board, &person, role).await[member], "N-1");
        let gone = json!({"currentPassword": PASSWORD});
        let erased = board
            .request(Method::DELETE, "me")
            .bearer_auth(&person.token);
        board.send(erased.json(&gone)).await.expect(204);
        let other =
            format!("name,email,{member}\nBob,new.{role}@example.edu,N-1\nAnn,{email},N-2\n");
        let report = import(&board, &admin, path, &other).await;
        assert_eq!(counts(&report), (2, 0, 0, 0), "{report}");
    }
    whole(&board).await;
    board.stop().await;
}
