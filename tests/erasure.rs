//! Erasure: no name, address or text of an erased person stays in the store, and their address and number are free.

mod races;

use crate::support::smtp::{MailServer, outbox_has};
use crate::support::{self, Board, PASSWORD, Person};
use corkboard::clock::Clock;
use corkboard::store::{Key, check};
use reqwest::Method;
use serde_json::{Value, json};

async fn join(board: &Board, server: &MailServer, body: &Value) -> Person {
    let email = body["email"].as_str().unwrap();
    board
        .post(None, "auth/register", body.clone())
        .await
        .expect(202);
    let mail = server.mail(email, "Confirm your email").await;
    let text = mail["text"].as_str().unwrap();
    let rest = text.split("token=").nth(1).unwrap();
    let token: String = rest.chars().take_while(|c| !c.is_whitespace()).collect();
    let body = json!({"token": token, "password": PASSWORD});
    board
        .post(None, "auth/verify-email", body)
        .await
        .expect(200);
    board.login(email).await
}

async fn leave(board: &Board, who: &Person) {
    let request = board.request(Method::DELETE, "me").bearer_auth(&who.token);
    let request = request.json(&json!({"currentPassword": PASSWORD}));
    board.send(request).await.expect(204);
}

/// Fails if any key or value in the store contains one of these texts.
async fn nothing_holds(board: &Board, texts: &[&str]) {
    let reader = board.store.read().unwrap();
    let mut walk = reader.walk(&Key::from_bytes(b""));
    while let Some(rows) = walk.next().await.unwrap() {
        for (key, row) in rows {
            for text in texts {
                let holds = |bytes: &[u8]| {
                    bytes
                        .windows(text.len())
                        .any(|part| part == text.as_bytes())
                };
                assert!(
                    !holds(key.as_bytes()) && !holds(&row.value),
                    "{text}: {key:?} {}",
                    row.value.escape_ascii()
                );
            }
        }
    }
    let checked = check(&reader, &mut |wrong| panic!("{wrong}")).await;
    assert_eq!(checked.unwrap().wrong, 0);
}

/// D10 and B4: with waiting and sent mail, notes, reasons, and a campus number.
#[actix_web::test]
async fn nothing_of_a_person_stays_and_address_and_number_are_free() {
    let mut server = MailServer::start();
    let board = Board::start_with(Clock::System, server.settings());
    let admin = board.admin().await;
    let person = |role: &str, email: &str, name: &str, number: (&str, &str)| {
        let mut body = json!({"email": email, "password": PASSWORD, "name": name, "role": role});
        body[number.0] = number.1.into();
        body
    };
    let ines = person(
        "employer",
        "ines@example.edu",
        "Inés Güell",
        ("employeeId", "E-17"),
    );
    let zeb = person(
        "student",
        "zeb@example.edu",
        "Zebedee Quixote",
        ("studentId", "S-4711"),
    );
    let employer = join(&board, &server, &ines).await;
    let student = join(&board, &server, &zeb).await;
    let jobs = [
        board
            .post_job(&employer, json!({"jobTitle": "Reader"}))
            .await,
        board
            .post_job(&employer, json!({"jobTitle": "Writer"}))
            .await,
    ];
    let apply = async |job: &Value| {
        let body = json!({"jobId": job["jobId"], "coverNote": "I, Zebedee, can read."});
        let filed = board.post(Some(&student), "applications", body).await;
        let id = filed.expect(201).json()["applicationId"]
            .as_str()
            .unwrap()
            .to_owned();
        format!("applications/{id}")
    };
    let read = apply(&jobs[0]).await;
    outbox_has(&board, &admin, "sent", 4).await;
    server.down();
    let written = apply(&jobs[1]).await;
    for path in [&read, &written] {
        let note = json!({"applicationStatus": "interview", "note": "Dear Zebedee, Inés Güell"});
        board.patch(Some(&employer), path, note).await.expect(200);
    }
    outbox_has(&board, &admin, "waiting", 4).await;
    let override_path = format!("admin/{read}/eligibility");
    let word = json!({"outcome": "eligible", "reason": "Zebedee showed his card."});
    board
        .patch(Some(&admin), &override_path, word)
        .await
        .expect(200);

    leave(&board, &student).await;
    nothing_holds(&board, &["Zebedee", "zeb@example.edu"]).await;
    let seen = board.get(Some(&employer), &read).await.expect(200).json();
    assert_eq!(seen["applicationStatus"], "withdrawn");
    let export = board
        .get(Some(&employer), "me/export")
        .await
        .expect(200)
        .text;
    assert!(
        !export.contains("Zebedee") && export.contains("A student applied for"),
        "{export}"
    );
    server.up();
    let told = server.mail("ines@example.edu", "applied for Writer").await;
    assert_eq!(told["subject"], "A student applied for Writer");
    server
        .mail(
            "ines@example.edu",
            "A student withdrew their application for Writer",
        )
        .await;

    // Both are free: another person gets the number, and the address can register again.
    let next = person(
        "student",
        "next@example.edu",
        "Next",
        ("studentId", "S-4711"),
    );
    let next = join(&board, &server, &next).await;
    let me = board.get(Some(&next), "me").await.expect(200).json();
    assert_eq!(me["student"]["studentId"], "S-4711");
    let list = board
        .get(Some(&next), "applications")
        .await
        .expect(200)
        .json();
    assert_eq!(list["items"], json!([]));

    server.down();
    let body = json!({"jobId": jobs[0]["jobId"]});
    board
        .post(Some(&next), "applications", body)
        .await
        .expect(201);
    outbox_has(&board, &admin, "waiting", 2).await;
    leave(&board, &employer).await;
    nothing_holds(&board, &["Güell", "ines@example.edu", "Dear Zebedee"]).await;
    let path = format!("jobs/{}", jobs[0]["jobId"].as_str().unwrap());
    let job = board.get(None, &path).await.expect(200).json();
    assert_eq!(job["jobStatus"], "closed");
    server.up();
    let filed = server
        .mail("next@example.edu", "You applied for Reader")
        .await;
    assert!(
        filed["text"]
            .as_str()
            .unwrap()
            .contains("The employer has it now.")
    );
    let boss = person(
        "employer",
        "boss@example.edu",
        "Boss",
        ("employeeId", "E-17"),
    );
    let boss = join(&board, &server, &boss).await;
    let me = board.get(Some(&boss), "me").await.expect(200).json();
    assert_eq!(me["employer"]["employeeId"], "E-17");
    board.stop().await;
}

/// Of answers that are kept for a retry: what the person sent, and the address that was registered.
#[actix_web::test]
async fn nothing_of_a_person_stays_in_the_answers_that_are_kept() {
    let board = Board::start();
    let keyed = async |who: Option<&Person>, path: &str, body: &Value| {
        let request = board.request(Method::POST, path);
        let request = request.header("idempotency-key", "once").json(body);
        let request = match who {
            Some(person) => request.bearer_auth(&person.token),
            None => request,
        };
        board.send(request).await
    };
    let join = async |role: &str, email: &str| {
        let body = json!({"email": email, "password": PASSWORD, "name": "Zebedee", "role": role});
        let first = keyed(None, "auth/register", &body).await.expect(202);
        let again = keyed(None, "auth/register", &body).await.expect(202);
        assert_eq!(first.json()["email"], email);
        assert_eq!(first.text, again.text);
        let token = board.mailed_token(email, "verify-email").await;
        let body = json!({"token": token, "password": PASSWORD});
        let reply = board.post(None, "auth/verify-email", body).await;
        Person::of(&reply.expect(200).json())
    };
    let student = join("student", "zeb@example.edu").await;
    let employer = board.join("employer", "ines@example.edu").await;
    let body = support::job(json!({"jobTitle": "Zebra keeper"}));
    let post = async || keyed(Some(&employer), "jobs", &body).await.expect(201);
    let posted = post().await.json();
    assert_eq!(posted["jobId"], post().await.json()["jobId"]);
    let body = json!({"jobId": posted["jobId"], "coverNote": "I, Zebedee, can read."});
    keyed(Some(&student), "applications", &body)
        .await
        .expect(201);
    // The answers of logins are kept in memory.
    let pair = json!({"email": "zeb@example.edu", "password": PASSWORD});
    let log_in = async || keyed(None, "auth/login", &pair).await;
    let first = log_in().await.expect(200).text;
    assert_eq!(first, log_in().await.expect(200).text);
    leave(&board, &student).await;
    log_in().await.expect(401);
    nothing_holds(&board, &["Zebedee", "zeb@example.edu"]).await;
    // The answers to others stay.
    assert_eq!(post().await.json()["jobId"], posted["jobId"]);
    board.stop().await;
}

/// An imported employer gets mail before there is an account.
#[actix_web::test]
async fn mail_from_before_the_account_is_erased() {
    let board = Board::start();
    let admin = board.admin().await;
    let import = async |kind: &str, csv: &str| {
        let path = format!("admin/import/{kind}");
        let request = board.request(Method::POST, &path).bearer_auth(&admin.token);
        let report = board.send(request.body(csv.to_owned())).await;
        assert_eq!(report.expect(200).json()["created"], 1);
    };
    let email = "ines@example.edu";
    import("employers", &format!("name,email\nInés Güell,{email}\n")).await;
    let job = format!(
        "jobTitle,jobDescription,jobPayRate,hoursPerWeek,deadline,externalId,employerEmail\n\
         Reader,Books.,15,10,2099-01-31,x1,{email}\n"
    );
    import("jobs", &job).await;
    let jobs = board.get(None, "jobs").await.expect(200).json();
    let student = board.join("student", "ann@example.edu").await;
    let body = json!({"jobId": jobs["items"][0]["jobId"]});
    let filed = board.post(Some(&student), "applications", body).await;
    filed.expect(201);
    board.mail(email, "applied for").await;
    let ines = board.join("employer", email).await;
    leave(&board, &ines).await;
    nothing_holds(&board, &["Güell", email]).await;
    board.stop().await;
}
