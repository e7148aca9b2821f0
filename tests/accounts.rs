//! Accounts from outside: register, verify, log in, refresh, reset, change, leave; and the office's decisions.

use std::num::NonZeroU32;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::support::{self, Board, PASSWORD, Person, Reply, job};
use corkboard::clock::Clock;
use corkboard::model::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

fn registration(role: &str, email: &str) -> Value {
    json!({"email": email, "password": PASSWORD, "name": "Ann Example", "role": role})
}

async fn verify(board: &Board, token: &str) -> Reply {
    verify_with(board, token, PASSWORD).await
}

async fn verify_with(board: &Board, token: &str, password: &str) -> Reply {
    let body = json!({"token": token, "password": password});
    board.post(None, "auth/verify-email", body).await
}

async fn log_in(board: &Board, email: &str, password: &str) -> Reply {
    board
        .post(
            None,
            "auth/login",
            json!({"email": email, "password": password}),
        )
        .await
}

async fn renew(board: &Board, refresh: &str) -> Reply {
    board
        .post(None, "auth/refresh", json!({"refreshToken": refresh}))
        .await
}

fn fixed_clock() -> Clock {
    Clock::fixed(Timestamp::from_millis(1_800_000_000_000))
}

fn pass(board: &Board, span: Duration) {
    let Clock::Fixed(at) = &board.clock else {
        panic!("the clock runs")
    };
    at.fetch_add(i64::try_from(span.as_millis()).unwrap(), Ordering::AcqRel);
}

async fn account_path(board: &Board, admin: &Person, email: &str) -> String {
    let list = board
        .get(Some(admin), "admin/accounts?limit=100")
        .await
        .expect(200)
        .json();
    let all = list["items"].as_array().unwrap();
    let found = all
        .iter()
        .find(|account| account["email"] == email)
        .unwrap();
    format!("admin/accounts/{}", found["accountId"].as_str().unwrap())
}

fn members(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names
}

#[actix_web::test]
async fn a_person_registers_verifies_and_logs_in() {
    let board = Board::start();
    let mut wish = registration("student", " Ann@CS.Example.EDU ");
    wish["skills"] = json!(["Juggling", "juggling", "Spanish"]);
    wish["gpa"] = json!(3.4);
    let reply = board.post(None, "auth/register", wish).await.expect(202);
    let email = "ann@cs.example.edu";
    assert_eq!(
        reply.json(),
        json!({"email": email, "status": "verification_sent"})
    );
    assert_eq!(
        log_in(&board, email, PASSWORD).await.expect(403).code(),
        "email_unverified"
    );
    assert_eq!(
        log_in(&board, email, "wrong").await.expect(401).code(),
        "invalid_credentials"
    );

    let token = board.mailed_token(email, "verify-email").await;
    let verified = verify(&board, &token).await.expect(200).json();
    assert_eq!(verified["account"]["status"], "active");
    assert_eq!(
        verify(&board, &token).await.expect(422).code(),
        "invalid_token"
    );

    let reply = log_in(&board, "ANN@cs.example.edu", PASSWORD)
        .await
        .expect(200)
        .json();
    assert_eq!(
        members(&reply),
        [
            "accessToken",
            "account",
            "expiresIn",
            "refreshToken",
            "tokenType"
        ]
    );
    assert_eq!(
        (&reply["tokenType"], &reply["expiresIn"]),
        (&json!("Bearer"), &json!(900))
    );
    assert_eq!(
        members(&reply["account"]),
        ["accountId", "email", "name", "role", "status"]
    );
    assert_eq!(reply["account"]["role"], "student");
    assert_eq!(reply["accessToken"].as_str().unwrap().split('.').count(), 3);

    let ann = Person::of(&reply);
    let answer = board.get(Some(&ann), "me").await.expect(200);
    let tag = answer.header("etag").to_owned();
    let me = answer.json();
    assert_eq!(tag, format!("\"{}\"", me["version"]));
    let student = &me["student"];
    assert_eq!(student["skills"], json!(["Juggling", "Spanish"]));
    assert_eq!(student["gpa"], 3.4);
    assert_eq!(student["selfReported"], json!(["gpa"]));
    for member in [
        "studentId",
        "name",
        "email",
        "graduationDate",
        "summary",
        "enrolledCredits",
        "visa",
        "workStudyRemaining",
        "weeklyHours",
        "preferences",
        "version",
    ] {
        assert!(student.get(member).is_some(), "{member}");
    }
    assert_eq!(student["weeklyHours"].to_string(), "0.0");

    // Conditions apply to one's own record too.
    let known = board
        .request(Method::GET, "me")
        .bearer_auth(&ann.token)
        .header("if-none-match", &tag);
    board.send(known).await.expect(304);
    let patch = |tag: &str, body: Value| {
        board
            .request(Method::PATCH, "me")
            .bearer_auth(&ann.token)
            .header("if-match", tag)
            .json(&body)
    };
    let changed = board
        .send(patch(
            &tag,
            json!({"summary": "  Night owl.\n", "gpa": null, "skills": ["R"]}),
        ))
        .await
        .expect(200);
    assert_ne!(changed.header("etag"), tag);
    let changed = changed.json();
    assert_eq!(changed["student"]["summary"], "  Night owl.\n");
    assert_eq!(
        (&changed["student"]["gpa"], &changed["student"]["skills"]),
        (&Value::Null, &json!(["R"]))
    );
    board
        .send(patch(&tag, json!({"summary": "Late"})))
        .await
        .expect(412);

    let boss = board.join("employer", "boss@example.edu").await;
    let me = board.get(Some(&boss), "me").await.expect(200).json();
    assert_eq!(
        members(&me["employer"]),
        [
            "designation",
            "email",
            "employeeId",
            "name",
            "setting",
            "version",
            "workSpace"
        ]
    );
    assert_eq!(me["employer"]["setting"], "onCampus");
    let admin = board.admin().await;
    let me = board.get(Some(&admin), "me").await.expect(200).json();
    assert_eq!((me.get("student"), me.get("employer")), (None, None));
    let wrong = registration("student", "ann@elsewhere.com");
    assert_eq!(
        board
            .post(None, "auth/register", wrong)
            .await
            .expect(422)
            .fields(),
        ["email"]
    );
    board.stop().await;
}

#[actix_web::test]
async fn only_the_owner_learns_that_an_address_is_taken() {
    let board = Board::start();
    let ann = board.join("student", "ann@example.edu").await;
    let taken = board
        .post(
            None,
            "auth/register",
            registration("student", "ann@example.edu"),
        )
        .await
        .expect(202);
    let free = board
        .post(
            None,
            "auth/register",
            registration("student", "bob@example.edu"),
        )
        .await
        .expect(202);
    assert_eq!(taken.text, free.text.replace("bob@", "ann@"));
    let mail = board.mail("ann@example.edu", "has an account").await;
    assert!(!mail.contains("verify-email?token"), "{mail}");
    let me = board.get(Some(&ann), "me").await.expect(200).json();
    assert_eq!(me["account"]["name"], "student ann@example.edu");
    log_in(&board, "ann@example.edu", PASSWORD)
        .await
        .expect(200);

    // A new address that is taken: the caller sees and exports the same as if it were free.
    let eve = board.join("student", "eve@example.edu").await;
    let wish = |email: &str| json!({"email": email, "currentPassword": PASSWORD});
    let mut seen = Vec::new();
    for email in ["new@example.edu", "ann@example.edu"] {
        let mut reply = board
            .patch(Some(&eve), "me", wish(email))
            .await
            .expect(200)
            .json();
        assert_eq!(
            reply["account"]["email"], "eve@example.edu",
            "it counts once it is verified"
        );
        reply.as_object_mut().unwrap().remove("version");
        let mut export = board.get(Some(&eve), "me/export").await.expect(200).json();
        let count = export["mails"].as_array_mut().map(|mails| mails.len());
        seen.push((reply, count));
    }
    assert_eq!(seen[0], seen[1]);
    let mails = board
        .mails()
        .into_iter()
        .filter(|mail| mail.contains("ann@example.edu>") && mail.contains("has an account"));
    let mut newest: Vec<String> = mails.collect();
    let deadline = Instant::now() + Duration::from_secs(15);
    while newest.len() < 2 {
        assert!(Instant::now() < deadline, "the owner was not told");
        tokio::time::sleep(Duration::from_millis(20)).await;
        newest = board
            .mails()
            .into_iter()
            .filter(|mail| mail.contains("ann@example.edu>") && mail.contains("has an account"))
            .collect();
    }
    assert!(
        newest.iter().all(|mail| !mail.contains("eve@example.edu")),
        "{newest:?}"
    );
    board.stop().await;
}

#[actix_web::test]
async fn a_refresh_token_works_once_and_a_late_second_use_ends_its_family() {
    let board = Board::start_with(fixed_clock(), |_| {});
    let first = board.join("student", "ann@example.edu").await;
    let other = board.login("ann@example.edu").await;
    let second = Person::of(&renew(&board, &first.refresh).await.expect(200).json());
    assert_ne!(first.refresh, second.refresh);
    let third = Person::of(&renew(&board, &second.refresh).await.expect(200).json());
    board.get(Some(&third), "me").await.expect(200);

    renew(&board, &first.refresh).await.expect(401);
    for ended in [&first, &second, &third] {
        board.get(Some(ended), "me").await.expect(401);
    }
    renew(&board, &third.refresh).await.expect(401);
    board.get(Some(&other), "me").await.expect(200);

    // Two concurrent uses of one token, and a retry within half a minute, get the same next token.
    let (a, b) = tokio::join!(renew(&board, &other.refresh), renew(&board, &other.refresh));
    let a = Person::of(&a.expect(200).json());
    pass(&board, Duration::from_secs(29));
    let c = renew(&board, &other.refresh).await;
    for same in [b, c] {
        assert_eq!(Person::of(&same.expect(200).json()).refresh, a.refresh);
    }
    // A retry does not make this time longer.
    pass(&board, Duration::from_secs(1));
    renew(&board, &other.refresh).await.expect(401);
    board.get(Some(&other), "me").await.expect(401);
    renew(&board, &a.refresh).await.expect(401);

    // A log-out ends the session, with any token of the family.
    let again = board.login("ann@example.edu").await;
    let renewed = Person::of(&renew(&board, &again.refresh).await.expect(200).json());
    board
        .post(None, "auth/logout", json!({"refreshToken": again.refresh}))
        .await
        .expect(204);
    board.get(Some(&renewed), "me").await.expect(401);
    let bearer = board.login("ann@example.edu").await;
    board
        .post(Some(&bearer), "auth/logout", json!({}))
        .await
        .expect(204);
    board.get(Some(&bearer), "me").await.expect(401);
    renew(&board, &bearer.refresh).await.expect(401);
    for nonsense in ["", "x", &"A".repeat(64), &bearer.token] {
        renew(&board, nonsense).await.expect(401);
        board
            .post(None, "auth/logout", json!({"refreshToken": nonsense}))
            .await
            .expect(204);
    }
    board.stop().await;
}

#[actix_web::test]
async fn tokens_expire() {
    let board = Board::start_with(fixed_clock(), |_| {});
    let minute = Duration::from_mins(1);
    let ann = board.join("student", "ann@example.edu").await;
    pass(&board, Duration::from_secs(15 * 60 - 1));
    board.get(Some(&ann), "me").await.expect(200);
    pass(&board, Duration::from_secs(1));
    board.get(Some(&ann), "me").await.expect(401);
    let ann = Person::of(&renew(&board, &ann.refresh).await.expect(200).json());
    board.get(Some(&ann), "me").await.expect(200);
    // Within the same second.
    let again = Person::of(&renew(&board, &ann.refresh).await.expect(200).json());
    assert_ne!(again.token, ann.token, "two access tokens look alike");
    let ann = again;

    board
        .post(
            None,
            "auth/forgot-password",
            json!({"email": "ann@example.edu"}),
        )
        .await
        .expect(202);
    let token = board
        .mailed_token("ann@example.edu", "reset-password")
        .await;
    pass(&board, minute * 60);
    let reset = json!({"token": token, "password": "another long one"});
    assert_eq!(
        board
            .post(None, "auth/reset-password", reset)
            .await
            .expect(422)
            .code(),
        "invalid_token"
    );

    board
        .post(
            None,
            "auth/register",
            registration("student", "bob@example.edu"),
        )
        .await
        .expect(202);
    let token = board.mailed_token("bob@example.edu", "verify-email").await;
    pass(&board, minute * 60 * 24);
    verify(&board, &token).await.expect(422);
    pass(&board, minute * 60 * 24 * 30);
    renew(&board, &ann.refresh).await.expect(401);
    board.stop().await;
}

#[actix_web::test]
async fn a_forgotten_password_is_reset_once_by_mail() {
    let board = Board::start();
    let ann = board.join("student", "ann@example.edu").await;
    let forgot = async |email: &str| {
        board
            .post(None, "auth/forgot-password", json!({"email": email}))
            .await
    };
    let known = forgot("ann@example.edu").await.expect(202);
    let unknown = forgot("nobody@example.edu").await.expect(202);
    assert_eq!(known.text, unknown.text);
    let token = board
        .mailed_token("ann@example.edu", "reset-password")
        .await;
    let reset = async |token: &str, password: &str| {
        board
            .post(
                None,
                "auth/reset-password",
                json!({"token": token, "password": password}),
            )
            .await
    };
    // A refused password does not spend the token. A verification does not accept it.
    assert_eq!(
        reset(&token, "short").await.expect(422).fields(),
        ["password"]
    );
    verify(&board, &token).await.expect(422);
    reset(&token, "another long one").await.expect(204);
    assert_eq!(
        reset(&token, "a third long one").await.expect(422).code(),
        "invalid_token"
    );
    board.get(Some(&ann), "me").await.expect(401);
    renew(&board, &ann.refresh).await.expect(401);
    log_in(&board, "ann@example.edu", PASSWORD)
        .await
        .expect(401);
    log_in(&board, "ann@example.edu", "another long one")
        .await
        .expect(200);
    assert!(
        board
            .mails()
            .iter()
            .all(|mail| !mail.contains("nobody@example.edu"))
    );
    board.stop().await;
}

#[actix_web::test]
async fn address_and_password_change_with_the_current_password() {
    let board = Board::start();
    let ann = board.join("student", "ann@example.edu").await;
    let other = board.login("ann@example.edu").await;
    let patch = async |who: &Person, body: Value| board.patch(Some(who), "me", body).await;
    for body in [
        json!({"email": "new@example.edu"}),
        json!({"password": "another long one"}),
        json!({"password": "another long one", "currentPassword": "wrong"}),
    ] {
        let refused = patch(&ann, body).await.expect(422);
        assert_eq!(refused.fields(), ["currentPassword"]);
    }
    let same = json!({"email": "ANN@example.edu", "summary": "Sent back whole"});
    patch(&ann, same).await.expect(200);
    let off_campus = json!({"email": "new@elsewhere.com", "currentPassword": PASSWORD});
    assert_eq!(
        patch(&ann, off_campus).await.expect(422).fields(),
        ["email"]
    );
    let wish = json!({"email": "new@example.edu", "currentPassword": PASSWORD});
    patch(&ann, wish).await.expect(200);
    log_in(&board, "new@example.edu", PASSWORD)
        .await
        .expect(401);
    log_in(&board, "ann@example.edu", PASSWORD)
        .await
        .expect(200);
    let token = board.mailed_token("new@example.edu", "verify-email").await;
    verify(&board, &token).await.expect(200);
    log_in(&board, "ann@example.edu", PASSWORD)
        .await
        .expect(401);
    let me = board.get(Some(&ann), "me").await.expect(200).json();
    assert_eq!(
        (&me["account"]["email"], &me["student"]["email"]),
        (&json!("new@example.edu"), &json!("new@example.edu"))
    );

    let wish =
        json!({"password": "another long one", "currentPassword": PASSWORD, "name": "Ann N."});
    assert_eq!(
        patch(&ann, wish).await.expect(200).json()["account"]["name"],
        "Ann N."
    );
    for ended in [&ann, &other] {
        board.get(Some(ended), "me").await.expect(401);
        renew(&board, &ended.refresh).await.expect(401);
    }
    log_in(&board, "new@example.edu", PASSWORD)
        .await
        .expect(401);
    log_in(&board, "new@example.edu", "another long one")
        .await
        .expect(200);
    board.stop().await;
}

async fn forgot(board: &Board, email: &str) -> Reply {
    board
        .post(None, "auth/forgot-password", json!({"email": email}))
        .await
}

async fn reset(board: &Board, token: &str) -> Reply {
    let body = json!({"token": token, "password": "another long one"});
    board.post(None, "auth/reset-password", body).await
}

#[actix_web::test]
async fn a_new_password_or_address_ends_earlier_links() {
    let board = Board::start();
    let ann = board.join("student", "ann@example.edu").await;
    let wish = json!({"email": "thief@example.edu", "currentPassword": PASSWORD});
    board.patch(Some(&ann), "me", wish).await.expect(200);
    let moves = board
        .mailed_token("thief@example.edu", "verify-email")
        .await;
    forgot(&board, "ann@example.edu").await.expect(202);
    let resets = board
        .mailed_token("ann@example.edu", "reset-password")
        .await;
    reset(&board, &resets).await.expect(204);
    assert_eq!(
        verify(&board, &moves).await.expect(422).code(),
        "invalid_token"
    );
    log_in(&board, "ann@example.edu", "another long one")
        .await
        .expect(200);

    // The old mailbox may belong to somebody else by now.
    let bob = board.join("student", "bob@example.edu").await;
    forgot(&board, "bob@example.edu").await.expect(202);
    let resets = board
        .mailed_token("bob@example.edu", "reset-password")
        .await;
    // Both in one request: the password change does not cancel the new address.
    let wish = json!({"email": "rob@example.edu", "currentPassword": PASSWORD});
    board.patch(Some(&bob), "me", wish).await.expect(200);
    let moves = board.mailed_token("rob@example.edu", "verify-email").await;
    verify(&board, &moves).await.expect(200);
    assert_eq!(
        reset(&board, &resets).await.expect(422).code(),
        "invalid_token"
    );

    let cat = board.join("student", "cat@example.edu").await;
    let wish = json!({"email": "kat@example.edu", "password": "another long one", "currentPassword": PASSWORD});
    let changed = board.patch(Some(&cat), "me", wish).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let moves = board.mailed_token("kat@example.edu", "verify-email").await;
    verify_with(&board, &moves, "another long one")
        .await
        .expect(200);
    log_in(&board, "kat@example.edu", "another long one")
        .await
        .expect(200);
    board.stop().await;
}

#[actix_web::test]
async fn forgot_password_answers_the_same_for_any_text() {
    let board = Board::start();
    let ann = board.join("student", "ann@example.edu").await;
    let answer = forgot(&board, &ann.email).await.expect(202).text;
    for text in ["nope", "", " ", "a@b@c", "@", &"x".repeat(254)] {
        assert_eq!(
            forgot(&board, text).await.expect(202).text,
            answer,
            "{text}"
        );
    }
    for body in [json!({}), json!({"email": null}), json!({"email": 1})] {
        let refused = board.post(None, "auth/forgot-password", body).await;
        assert_eq!(refused.expect(422).fields(), ["email"]);
    }
    board.stop().await;
}

async fn reset_mails(board: &Board, admin: &Person, email: &str) -> usize {
    let list = board.get(Some(admin), "admin/outbox?limit=100").await;
    let list = list.expect(200).json();
    let resets = list["items"].as_array().unwrap().iter().filter(|mail| {
        let subject = mail["subject"].as_str().unwrap();
        mail["to"] == email && subject.contains("Reset your password")
    });
    resets.count()
}

#[actix_web::test]
async fn a_mailbox_is_not_flooded_with_reset_links() {
    let board = Board::start_with(fixed_clock(), |_| {});
    let admin = board.admin().await;
    let ann = board.join("student", "ann@example.edu").await;
    forgot(&board, &ann.email).await.expect(202);
    let first = board.mailed_token(&ann.email, "reset-password").await;
    pass(&board, Duration::from_mins(1));
    // The mail that verified the address counts too.
    for wanted in [2, 3, 4, 4, 4] {
        forgot(&board, &ann.email).await.expect(202);
        assert_eq!(reset_mails(&board, &admin, &ann.email).await, wanted);
    }
    // Only the newest link works.
    reset(&board, &first).await.expect(422);
    // Each mail counts for the hour in which its link worked.
    pass(&board, Duration::from_mins(59));
    let admin = board.login(&admin.email).await;
    for wanted in [5, 6, 6] {
        forgot(&board, &ann.email).await.expect(202);
        assert_eq!(reset_mails(&board, &admin, &ann.email).await, wanted);
    }
    board.stop().await;
}

#[actix_web::test]
async fn sending_back_an_unchanged_profile_changes_nothing() {
    let board = Board::start();
    let admin = board.admin().await;
    let ann = board.join("student", "ann@example.edu").await;
    let library = board.join("employer", "library@example.edu").await;
    for (who, part, other) in [
        (&ann, "student", json!({"summary": "Night owl"})),
        (&library, "employer", json!({"designation": "Dean"})),
    ] {
        let changed = board
            .patch(Some(who), "me", other.clone())
            .await
            .expect(200);
        let me = board.get(Some(who), "me").await.expect(200);
        let log = board
            .get(Some(&admin), "admin/audit")
            .await
            .expect(200)
            .text;
        let mut whole = me.json()[part].clone();
        for computed in ["version", "weeklyHours", "selfReported"] {
            whole.as_object_mut().unwrap().remove(computed);
        }
        for same in [
            json!({}),
            json!({"name": me.json()["account"]["name"]}),
            other,
            whole,
        ] {
            let answer = board.patch(Some(who), "me", same.clone()).await.expect(200);
            assert_eq!(answer.header("etag"), changed.header("etag"), "{same}");
            assert_eq!(answer.json(), me.json(), "{same}");
        }
        let after = board
            .get(Some(&admin), "admin/audit")
            .await
            .expect(200)
            .text;
        assert_eq!(after, log);
        let renamed = board.patch(Some(who), "me", json!({"name": "Other"})).await;
        assert_ne!(renamed.expect(200).header("etag"), changed.header("etag"));
    }
    board.stop().await;
}

#[actix_web::test]
async fn an_employers_new_name_appears_in_its_postings() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let other = board.join("employer", "gym@example.edu").await;
    let stranger = board.join("employer", "owner@cafe.example").await;
    let open = board.post_job(&employer, json!({})).await;
    let draft = board
        .post_job(&employer, json!({"jobStatus": "draft"}))
        .await;
    let pending = board.post_job(&stranger, json!({})).await;
    assert_eq!(pending["jobStatus"], "pending");
    let foreign = board.post_job(&other, json!({})).await;
    for who in [&employer, &stranger] {
        let change = json!({"name": "Zebra Hall"});
        board.patch(Some(who), "me", change).await.expect(200);
    }
    for (who, job, name) in [
        (&employer, &open, "Zebra Hall"),
        (&employer, &draft, "Zebra Hall"),
        (&stranger, &pending, "Zebra Hall"),
        (&other, &foreign, "employer gym@example.edu"),
    ] {
        let path = format!("jobs/{}", job["jobId"].as_str().unwrap());
        let read = board.get(Some(who), &path).await.expect(200).json();
        assert_eq!(read["employerName"], name);
        assert_eq!(read["jobStatus"], job["jobStatus"]);
    }
    support::until("the posting is found by the new name", async || {
        let page = board.get(None, "jobs?q=zebra").await.expect(200).json();
        page["total"] == 1
    })
    .await;
    // A change that keeps the name does not touch the postings.
    let path = format!("jobs/{}", open["jobId"].as_str().unwrap());
    let before = board.get(None, &path).await.expect(200).json();
    let change = json!({"name": "Zebra Hall", "designation": "Keeper"});
    board.patch(Some(&employer), "me", change).await.expect(200);
    let after = board.get(None, &path).await.expect(200).json();
    assert_eq!(after, before);
    board.stop().await;
}

#[actix_web::test]
async fn employers_are_trusted_approved_and_suspended() {
    let board = Board::start();
    let admin = board.admin().await;
    let campus = board.join("employer", "library@example.edu").await;
    assert_eq!(
        board.post_job(&campus, json!({})).await["jobStatus"],
        "open"
    );

    let shop = board.join("employer", "shop@elsewhere.com").await;
    let me = board.get(Some(&shop), "me").await.expect(200).json();
    assert_eq!(me["account"]["status"], "pending");
    let waiting = board.post_job(&shop, json!({"jobTitle": "Waits"})).await;
    assert_eq!(waiting["jobStatus"], "pending");
    let path = format!("jobs/{}", waiting["jobId"].as_str().unwrap());
    board.get(None, &path).await.expect(404);
    board.get(Some(&shop), &path).await.expect(200);
    let public = board.get(None, "jobs").await.expect(200).json();
    assert_eq!(public["items"].as_array().unwrap().len(), 1);
    let list = board
        .get(Some(&admin), "admin/accounts?status=pending")
        .await
        .expect(200)
        .json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["items"][0]["setting"], "onCampus");

    let account = account_path(&board, &admin, "shop@elsewhere.com").await;
    let decide = async |body: Value| board.patch(Some(&admin), &account, body).await;
    for (body, field) in [
        (json!({"status": "pending"}), "status"),
        (json!({"status": "gone"}), "status"),
        (json!({"status": 5}), "status"),
        (json!({"trusted": "yes"}), "trusted"),
        (json!({"colour": 1}), "colour"),
        (json!({"reason": "a\u{0}"}), "reason"),
    ] {
        assert_eq!(decide(body).await.expect(422).fields(), [field]);
    }
    let approved = decide(json!({"status": "active", "trusted": false}))
        .await
        .expect(200);
    let tag = approved.header("etag").to_owned();
    assert_eq!(
        (
            approved.json()["status"].clone(),
            approved.json()["trusted"].clone()
        ),
        (json!("active"), json!(false))
    );
    board.mail("shop@elsewhere.com", "Subject:").await;
    assert_eq!(
        board.post_job(&shop, json!({})).await["jobStatus"],
        "pending"
    );
    decide(json!({"trusted": true})).await.expect(200);
    assert_eq!(board.post_job(&shop, json!({})).await["jobStatus"], "open");
    let stale = board
        .request(Method::PATCH, &account)
        .bearer_auth(&admin.token)
        .header("if-match", &tag);
    assert_eq!(
        board
            .send(stale.json(&json!({"trusted": false})))
            .await
            .expect(412)
            .code(),
        "stale"
    );

    let suspend = json!({"status": "suspended", "reason": "the shop has closed"});
    assert_eq!(
        decide(suspend).await.expect(200).json()["status"],
        "suspended"
    );
    board
        .mail("shop@elsewhere.com", "the shop has closed")
        .await;
    board
        .post(Some(&shop), "jobs", job(json!({})))
        .await
        .expect(401);
    assert_eq!(
        log_in(&board, "shop@elsewhere.com", PASSWORD)
            .await
            .expect(403)
            .code(),
        "account_suspended"
    );
    assert_eq!(
        log_in(&board, "shop@elsewhere.com", "wrong")
            .await
            .expect(401)
            .code(),
        "invalid_credentials"
    );
    renew(&board, &shop.refresh).await.expect(401);
    decide(json!({"status": "active"})).await.expect(200);
    let shop = board.login("shop@elsewhere.com").await;
    assert_eq!(board.post_job(&shop, json!({})).await["jobStatus"], "open");

    // Approved without mentioning trust means trusted.
    let cafe = board.join("employer", "cafe@elsewhere.com").await;
    let account = account_path(&board, &admin, "cafe@elsewhere.com").await;
    let approved = board
        .patch(Some(&admin), &account, json!({"status": "active"}))
        .await
        .expect(200)
        .json();
    assert_eq!(approved["trusted"], true);
    assert_eq!(board.post_job(&cafe, json!({})).await["jobStatus"], "open");
    let student = board.join("student", "ann@example.edu").await;
    let account = account_path(&board, &admin, &student.email).await;
    assert_eq!(
        board
            .patch(Some(&admin), &account, json!({"trusted": true}))
            .await
            .expect(422)
            .fields(),
        ["trusted"]
    );
    board.stop().await;

    let strict = Board::start_with(Clock::System, |config| {
        config.accounts.trust_campus_employers = false
    });
    let library = strict.join("employer", "library@example.edu").await;
    assert_eq!(
        strict.post_job(&library, json!({})).await["jobStatus"],
        "pending"
    );
    strict.stop().await;
}

/// Nobody could answer applicants, and a fraudulent posting must not stay on the board.
#[actix_web::test]
async fn a_suspended_employers_postings_close() {
    let board = Board::start();
    let admin = board.admin().await;
    let library = board.join("employer", "library@example.edu").await;
    let open = board.post_job(&library, json!({"jobTitle": "Runs"})).await;
    let draft = json!({"jobTitle": "Is written", "jobStatus": "draft"});
    let draft = board.post_job(&library, draft).await;
    let shop = board.join("employer", "shop@elsewhere.com").await;
    let pending = board.post_job(&shop, json!({"jobTitle": "Waits"})).await;
    let student = board.join("student", "ann@example.edu").await;
    let application = json!({"jobId": open["jobId"]});
    board
        .post(Some(&student), "applications", application)
        .await
        .expect(201);

    for email in [&library.email, &shop.email] {
        let account = account_path(&board, &admin, email).await;
        let suspend = json!({"status": "suspended", "reason": "no such library"});
        board
            .patch(Some(&admin), &account, suspend)
            .await
            .expect(200);
    }
    for (posting, status) in [(open, "closed"), (draft, "draft"), (pending, "closed")] {
        let path = format!("jobs/{}", posting["jobId"].as_str().unwrap());
        let posting = board.get(Some(&admin), &path).await.expect(200).json();
        assert_eq!(posting["jobStatus"], status);
    }
    board.mail("ann@example.edu", "Runs has been closed").await;
    let mail = board.mail(&library.email, "no such library").await;
    assert!(mail.contains("Your open postings are closed"), "{mail}");
    board.stop().await;
}

/// Tries the tokens of all verification mails to somebody: the deleted account used one of them.
async fn verify_newest(board: &Board, email: &str) -> Option<()> {
    for token in board.mailed_tokens(email, "verify-email") {
        if verify(board, &token).await.status == 200 {
            return Some(());
        }
    }
    None
}

#[actix_web::test]
async fn erasing_an_account_removes_its_data() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let ann = board.join("student", "ann@example.edu").await;
    board
        .patch(
            Some(&ann),
            "me",
            json!({"summary": "secret words", "gpa": 3.1}),
        )
        .await
        .expect(200);
    let posted = board.post_job(&employer, json!({})).await;
    let job_id = posted["jobId"].as_str().unwrap();
    let note = json!({"jobId": job_id, "coverNote": "private words"});
    let filed = board
        .post(Some(&ann), "applications", note)
        .await
        .expect(201)
        .json();
    let path = format!("applications/{}", filed["applicationId"].as_str().unwrap());

    let export = board.get(Some(&ann), "me/export").await.expect(200);
    for text in [
        "ann@example.edu",
        "secret words",
        "private words",
        "3.1",
        job_id,
    ] {
        assert!(export.text.contains(text), "{text} in {}", export.text);
    }
    for secret in ["argon2", "refreshDigest"] {
        assert!(!export.text.contains(secret), "{}", export.text);
    }
    let sessions = &export.json()["sessions"];
    assert_eq!(sessions.as_array().unwrap().len(), 1);
    assert!(sessions[0]["createdAt"].is_string(), "{sessions}");
    assert_eq!(export.json()["account"]["email"], "ann@example.edu");
    let own = board.get(Some(&employer), "me/export").await.expect(200);
    assert!(own.text.contains("Library assistant") && !own.text.contains("private words"));

    let leave = async |who: &Person, password: &str| {
        let request = board.request(Method::DELETE, "me").bearer_auth(&who.token);
        board
            .send(request.json(&json!({"currentPassword": password})))
            .await
    };
    assert_eq!(
        leave(&ann, "wrong").await.expect(422).fields(),
        ["currentPassword"]
    );
    let stale = board
        .request(Method::DELETE, "me")
        .bearer_auth(&ann.token)
        .header("if-match", "\"999\"");
    board
        .send(stale.json(&json!({"currentPassword": PASSWORD})))
        .await
        .expect(412);
    leave(&ann, PASSWORD).await.expect(204);
    board.get(Some(&ann), "me").await.expect(401);
    renew(&board, &ann.refresh).await.expect(401);
    log_in(&board, "ann@example.edu", PASSWORD)
        .await
        .expect(401);
    let seen = board.get(Some(&employer), &path).await.expect(200);
    assert_eq!(seen.json()["applicationStatus"], "withdrawn");
    for text in [
        "ann@example.edu",
        "secret words",
        "private words",
        "student ann",
    ] {
        assert!(!seen.text.contains(text), "{text} in {}", seen.text);
    }
    // The address is free again, and nothing of the deleted account comes back.
    let wish = registration("student", "ann@example.edu");
    board.post(None, "auth/register", wish).await.expect(202);
    let deadline = Instant::now() + Duration::from_secs(15);
    while verify_newest(&board, "ann@example.edu").await.is_none() {
        assert!(Instant::now() < deadline, "no second verification mail");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let again = board.login("ann@example.edu").await;
    let me = board.get(Some(&again), "me").await.expect(200).json();
    assert_eq!(
        (&me["student"]["summary"], &me["student"]["gpa"]),
        (&Value::Null, &Value::Null)
    );
    let none = board
        .get(Some(&again), "applications")
        .await
        .expect(200)
        .json();
    assert_eq!(none["items"], json!([]));

    leave(&employer, PASSWORD).await.expect(204);
    let job = board.get(None, &format!("jobs/{job_id}")).await.expect(200);
    assert_eq!(job.json()["jobStatus"], "closed");
    assert!(!job.text.contains("library@example.edu"), "{}", job.text);
    board.stop().await;
}

#[actix_web::test]
async fn only_failed_log_ins_are_limited() {
    let board = Board::start_with(Clock::System, |config| {
        config.accounts.failed_logins_per_account = NonZeroU32::new(3).unwrap();
        config.accounts.failed_logins_per_address = NonZeroU32::new(8).unwrap();
    });
    board.join("student", "ann@example.edu").await;
    let bob = board.join("student", "bob@example.edu").await;
    for _ in 0..5 {
        log_in(&board, "ann@example.edu", PASSWORD)
            .await
            .expect(200);
    }
    for _ in 0..3 {
        log_in(&board, "Ann@example.edu", "wrong").await.expect(401);
    }
    let limited = log_in(&board, "ann@example.edu", PASSWORD)
        .await
        .expect(429);
    assert!((1..=60).contains(&limited.header("retry-after").parse::<u64>().unwrap()));
    assert_eq!(limited.header("content-type"), "application/problem+json");
    log_in(&board, "bob@example.edu", PASSWORD)
        .await
        .expect(200);
    for number in 0..5 {
        log_in(&board, &format!("guess{number}@example.edu"), "wrong")
            .await
            .expect(401);
    }
    let limited = log_in(&board, "bob@example.edu", PASSWORD)
        .await
        .expect(429);
    assert!(!limited.header("retry-after").is_empty());
    // An open session keeps working.
    board.get(Some(&bob), "me").await.expect(200);
    board.stop().await;
}

/// Argon2id with 19 MiB takes longer than this on any machine, and the rest of a login takes less. Load only adds to
/// it.
const SHORTEST_HASH: Duration = Duration::from_millis(4);

#[actix_web::test]
async fn an_unknown_address_costs_a_hash_too() {
    let board = Board::start();
    board.join("student", "ann@example.edu").await;
    let mut texts = Vec::new();
    for email in ["ann@example.edu", "nobody@example.edu", "nobody"] {
        for _ in 0..4 {
            let start = Instant::now();
            let reply = log_in(&board, email, "wrong password").await.expect(401);
            assert!(start.elapsed() > SHORTEST_HASH, "{email}");
            let problem = reply.json();
            texts.push((problem["code"].clone(), problem["detail"].clone()));
        }
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "{texts:?}");
    board.stop().await;
}

#[actix_web::test]
async fn an_imported_record_is_claimed_by_its_mailbox() {
    let board = Board::start();
    let admin = board.admin().await;
    let import = async |kind: &str, csv: &str| {
        let request = board
            .request(Method::POST, &format!("admin/import/{kind}"))
            .bearer_auth(&admin.token);
        let reply = board
            .send(request.body(csv.to_owned()))
            .await
            .expect(200)
            .json();
        assert_eq!(reply["created"], 1, "{reply}");
    };
    import(
        "students",
        "studentId,name,email,gpa,enrolledCredits\nS-17,Roster Name,ann@example.edu,3.5,12\n",
    )
    .await;
    import(
        "employers",
        "employeeId,name,email,workSpace\nE-4,Roster Boss,boss@example.edu,Library\n",
    )
    .await;
    let mut wish = registration("student", "ann@example.edu");
    wish["gpa"] = json!(4);
    wish["visa"] = json!("F-1");
    wish["studentId"] = json!("S-17");
    board.post(None, "auth/register", wish).await.expect(202);
    let token = board.mailed_token("ann@example.edu", "verify-email").await;
    verify(&board, &token).await.expect(200);
    let ann = board.login("ann@example.edu").await;
    let student = board.get(Some(&ann), "me").await.expect(200).json()["student"].clone();
    assert_eq!(student["studentId"], "S-17");
    assert_eq!(
        (student["gpa"].as_f64(), student["enrolledCredits"].as_f64()),
        (Some(3.5), Some(12.0))
    );
    assert_eq!(
        (&student["visa"], &student["selfReported"]),
        (&json!("F-1"), &json!(["visa"]))
    );
    let refused = board
        .patch(Some(&ann), "me", json!({"gpa": 4, "enrolledCredits": null}))
        .await
        .expect(422);
    let mut fields = refused.fields();
    fields.sort();
    assert_eq!(fields, ["enrolledCredits", "gpa"]);
    board
        .patch(
            Some(&ann),
            "me",
            json!({"gpa": 3.5, "graduationDate": "2099-05-01"}),
        )
        .await
        .expect(200);

    let boss = board.join("employer", "boss@example.edu").await;
    let employer = board.get(Some(&boss), "me").await.expect(200).json()["employer"].clone();
    assert_eq!(
        (&employer["employeeId"], &employer["workSpace"]),
        (&json!("E-4"), &json!("Library"))
    );
    // B4: no answer says who has a number. The profile says that the typed one belonged to somebody else.
    let mut wish = registration("student", "bob@example.edu");
    wish["studentId"] = json!("S-17");
    board.post(None, "auth/register", wish).await.expect(202);
    board.stop().await;
}
