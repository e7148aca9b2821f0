//! Mail over SMTP with a real mail server: what arrives, and what happens while the server is down, slow, refusing, or
//! breaks off in the middle of a mail.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::support::smtp::{MailServer, outbox, outbox_has, through};
use crate::support::{self, Board, PASSWORD, Person, people};
use corkboard::clock::Clock;
use corkboard::model::{AccountId, Email, MailId, MailKind, MailState, Role, Timestamp};
use corkboard::store::{Key, Origin, keys};
use reqwest::Method;
use serde_json::{Value, json};

/// Far shorter than a mail may take, far longer than an answer takes.
const AN_ANSWER: Duration = Duration::from_secs(8);

async fn employer(board: &Board) -> Person {
    let email = "library@example.edu".to_owned();
    people::make(&board.store, Role::Employer, std::slice::from_ref(&email)).await;
    board.login(&email).await
}

/// Creates students with these addresses, each of whom applies to a posting. No answer waits for mail.
async fn applicants(board: &Board, employer: &Person, names: &[&str]) -> Vec<String> {
    let emails: Vec<_> = names
        .iter()
        .map(|name| format!("{name}@example.edu"))
        .collect();
    people::make(&board.store, Role::Student, &emails).await;
    let job = board
        .post_job(employer, json!({"jobTitle": "Reader", "positions": 50}))
        .await;
    for (number, email) in emails.iter().enumerate() {
        let student = board.login(email).await;
        let apply = board.request(Method::POST, "applications");
        let apply = apply
            .bearer_auth(student.token)
            .header("X-Forwarded-For", format!("203.0.113.{number}"))
            .json(&json!({"jobId": job["jobId"]}));
        let reply = tokio::time::timeout(AN_ANSWER, board.send(apply)).await;
        reply.expect("an answer waits for mail").expect(201);
    }
    emails
}

fn message_ids(mails: &[Value]) -> BTreeSet<String> {
    let ids = mails.iter().map(|mail| mail["messageId"].as_str().unwrap());
    ids.map(str::to_owned).collect()
}

/// Checks that apply to every mail.
fn check_form(mail: &Value, name: &str, address: &str) {
    assert_eq!(mail["sender"], "jobs@example.edu", "{mail:#}");
    assert_eq!(mail["from"], json!([["Corkboard", "jobs@example.edu"]]));
    assert_eq!(mail["recipients"], json!([address]));
    // A header is one line: line breaks in a name become spaces, and direction marks are removed.
    let name_shown = name.replace('\u{202e}', "");
    let mut to = mail["to"].clone();
    let shown = to[0][0].as_str().unwrap().to_owned();
    // Python's parser keeps the spaces between the encoded words of a long name.
    let letters = |text: &str| text.split_whitespace().collect::<String>();
    assert_eq!(letters(&shown), letters(&name_shown));
    to[0][0] = "".into();
    assert_eq!(to, json!([["", address]]));
    assert_eq!(mail["autoSubmitted"], "auto-generated");
    assert_eq!(mail["type"], "multipart/alternative");
    assert_eq!(mail["parts"], json!(["text/plain", "text/html"]));
    assert_eq!(mail["defects"], json!([]));
    assert!(mail["date"].is_string(), "{mail:#}");
    let id = mail["messageId"].as_str().unwrap();
    assert!(
        id.starts_with('<') && id.ends_with("@example.edu>"),
        "{mail:#}"
    );
    let names: Vec<_> = mail["headers"].as_array().unwrap().iter().collect();
    let once: BTreeSet<_> = names
        .iter()
        .map(|name| name.as_str().unwrap().to_lowercase())
        .collect();
    assert_eq!(once.len(), names.len(), "a header twice: {mail:#}");
    assert!(!once.contains("bcc") && !once.contains("cc"), "{mail:#}");
    // RFC 5321 4.5.3.1.6
    assert!(mail["longest"].as_u64().unwrap() <= 998, "{mail:#}");
    let text = mail["text"].as_str().unwrap().replace('\u{202e}', "");
    let hello = format!("Hello {name_shown}").trim_end().to_owned() + ",";
    assert!(text.starts_with(&hello), "{text}");
}

/// The token of a link that is in both parts.
fn token(mail: &Value, page: &str) -> String {
    let start = format!("/{page}?token=");
    let [text, html] = ["text", "html"].map(|part| {
        // HTML may escape it.
        let text = mail[part].as_str().unwrap().replace("&#x2f;", "/");
        let rest = text.split(&start).nth(1).unwrap_or_default();
        let sound = |c: &char| c.is_ascii_alphanumeric() || "-_".contains(*c);
        rest.chars().take_while(sound).collect::<String>()
    });
    assert_eq!(text, html);
    text
}

async fn join(board: &Board, server: &MailServer, role: &str, email: &str, name: &str) -> Person {
    let body = json!({"email": email, "password": PASSWORD, "name": name, "role": role});
    board.post(None, "auth/register", body).await.expect(202);
    let mail = server
        .mail(email, "Confirm your email for Example College jobs")
        .await;
    check_form(&mail, "", email);
    let body = json!({"token": token(&mail, "verify-email"), "password": PASSWORD});
    board
        .post(None, "auth/verify-email", body)
        .await
        .expect(200);
    board.login(email).await
}

#[actix_web::test]
async fn every_kind_of_mail_arrives_in_two_parts_with_names_of_all_scripts() {
    let server = MailServer::start();
    let board = Board::start_with(Clock::System, server.settings());
    let boss = "Inés Güell";
    let employer = join(&board, &server, "employer", "ines@example.edu", boss).await;
    let student = join(&board, &server, "student", "ming@example.edu", "王小明").await;

    let email = json!({"email": student.email});
    board
        .post(None, "auth/forgot-password", email)
        .await
        .expect(202);
    let reset = server.mail(&student.email, "Reset your password for").await;
    check_form(&reset, "王小明", &student.email);
    let body = json!({"token": token(&reset, "reset-password"), "password": PASSWORD});
    board
        .post(None, "auth/reset-password", body)
        .await
        .expect(204);
    let changed = server.mail(&student.email, "was changed").await;
    check_form(&changed, "王小明", &student.email);
    let student = board.login(&student.email).await;

    let title = "Café \"Søren\": <b>barista</b> & 📚 helper";
    let job = board.post_job(&employer, json!({"jobTitle": title})).await;
    let body = json!({"jobId": job["jobId"]});
    let filed = board.post(Some(&student), "applications", body).await;
    let application = filed.expect(201).json();
    let received = server.mail(&employer.email, " applied for ").await;
    check_form(&received, boss, &employer.email);
    assert_eq!(received["subject"], format!("王小明 applied for {title}"));
    let filed = server.mail(&student.email, "You applied for ").await;
    check_form(&filed, "王小明", &student.email);
    assert_eq!(filed["subject"], format!("You applied for {title}"));
    let html = filed["html"].as_str().unwrap();
    assert!(
        html.contains("&lt;b&gt;barista&lt;") && !html.contains("<b>"),
        "{html}"
    );
    assert!(filed["text"].as_str().unwrap().contains(title));

    let path = format!(
        "applications/{}",
        application["applicationId"].as_str().unwrap()
    );
    let note = "Bis Montag!\nGrüße, Inés";
    let body = json!({"applicationStatus": "interview", "note": note});
    board.patch(Some(&employer), &path, body).await.expect(200);
    let moved = server.mail(&student.email, "interview").await;
    check_form(&moved, "王小明", &student.email);
    for part in ["text", "html"] {
        let text = moved[part].as_str().unwrap().replace("\r\n", "\n");
        assert!(
            text.contains("Grüße, Inés") && text.contains("Bis Montag!\n"),
            "{text}"
        );
    }
    let mails = server.mails();
    assert_eq!(message_ids(&mails).len(), mails.len(), "a Message-ID twice");
    board.stop().await;
}

#[actix_web::test]
async fn names_cannot_add_headers_or_recipients() {
    let server = MailServer::start();
    let board = Board::start_with(Clock::System, server.settings());
    let register = |number: usize, name: &str| json!({"email": format!("n{number}@example.edu"), "password": PASSWORD, "name": name, "role": "student"});
    for (number, name) in [
        "A\r\nBcc: x@example.com",
        "A\nBcc: x@example.com",
        "A\rB",
        "A\0B",
    ]
    .into_iter()
    .enumerate()
    {
        let refused = board
            .post(None, "auth/register", register(number, name))
            .await;
        assert_eq!(refused.expect(422).fields(), ["name"]);
    }
    let names = [
        "=?utf-8?q?You_won_=241000?=",
        "Zoë =?utf-8?b?QmNjOiB4?= 工",
        &"📚 🧑🏽‍🎓".repeat(20),
        "Eve\" <eve@example.com>, \"x",
        "eve@example.com, mallory@example.com",
        "A\u{2028}Bcc: x@example.com",
        "A (comment) <x@example.com>;",
        "\\\"",
        "\u{202e}moc.elpmaxe",
    ];
    for (number, name) in names.into_iter().enumerate() {
        let (email, body) = (format!("n{number}@example.edu"), register(number, name));
        board.post(None, "auth/register", body).await.expect(202);
        let mail = server.mail(&email, "Confirm your email").await;
        // A11: anybody may have typed the name, so it is not in a mail to an unverified address.
        check_form(&mail, "", &email);
        for part in ["text", "html"] {
            let text = mail[part].as_str().unwrap();
            assert!(!text.contains(name), "{text}");
        }
    }

    let employer = employer(&board).await;
    let breaks = support::job(json!({"jobTitle": "Reader\r\nBcc: x@example.com"}));
    let refused = board.post(Some(&employer), "jobs", breaks).await;
    assert_eq!(refused.expect(422).fields(), ["jobTitle"]);
    let title = "Reader\u{2028}Bcc: x@example.com\u{2029}=?utf-8?q?=0D=0ABcc:_x?=";
    let job = board.post_job(&employer, json!({"jobTitle": title})).await;
    let email = "ann@example.edu".to_owned();
    people::make(&board.store, Role::Student, std::slice::from_ref(&email)).await;
    let student = board.login(&email).await;
    let body = json!({"jobId": job["jobId"]});
    board
        .post(Some(&student), "applications", body)
        .await
        .expect(201);
    let mail = server.mail(&email, "You applied for Reader").await;
    check_form(&mail, &email, &email);
    let subject = "You applied for Reader Bcc: x@example.com =?utf-8?q?=0D=0ABcc:_x?=";
    assert_eq!(mail["subject"], subject);
    for (number, name) in names.into_iter().enumerate() {
        let email = format!("reader{number}@example.edu");
        people::make(&board.store, Role::Student, std::slice::from_ref(&email)).await;
        let student = board.login(&email).await;
        let change = json!({"name": name});
        board.patch(Some(&student), "me", change).await.expect(200);
        // C4: a title that looks like an encoded word, and one of the maximum length.
        let title = format!("{}{number} {name}", "Reader ".repeat(20 * (number % 2)));
        let title: String = title.chars().take(200).collect();
        let job = board.post_job(&employer, json!({"jobTitle": title})).await;
        let body = json!({"jobId": job["jobId"]});
        let filed = board.post(Some(&student), "applications", body).await;
        filed.expect(201);
        let start: String = format!("You applied for {title}")
            .chars()
            .take(100)
            .collect();
        let start = start.replace('\u{202e}', "").replace('\u{2028}', " ");
        let mail = server.mail(&email, start.trim_end()).await;
        check_form(&mail, name, &email);
    }
    board.stop().await;
}

#[actix_web::test]
async fn while_the_server_is_down_mail_waits_and_then_all_of_it_arrives_once() {
    let mut server = MailServer::start();
    let board = Board::start_with(Clock::System, server.settings());
    let (admin, employer) = (board.admin().await, employer(&board).await);
    server.down();
    let names: Vec<_> = (0..10).map(|number| format!("s{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let emails = applicants(&board, &employer, &names).await;
    let waiting = outbox_has(&board, &admin, "waiting", 2 * emails.len()).await;
    assert!(
        waiting.iter().all(|mail| mail["attempts"] == 0),
        "{waiting:#?}"
    );

    server.up();
    outbox_has(&board, &admin, "sent", 2 * emails.len()).await;
    for email in &emails {
        assert_eq!(server.mails_to(email).len(), 1, "{email}");
    }
    assert_eq!(server.mails_to(&employer.email).len(), emails.len());
    assert_eq!(message_ids(&server.mails()).len(), 2 * emails.len());
    board.stop().await;
}

#[actix_web::test]
async fn mail_waiting_at_a_stop_is_sent_after_the_next_start() {
    let mut server = MailServer::start();
    server.down();
    let board = Board::start_with(Clock::System, server.settings());
    let employer = employer(&board).await;
    let emails = applicants(&board, &employer, &["ann", "bob"]).await;
    let folder = board.stop().await;

    server.up();
    let board = Board::start_in(folder, Clock::System, server.settings());
    let admin = board.admin().await;
    outbox_has(&board, &admin, "sent", 2 * emails.len()).await;
    board.stop().await;
    assert_eq!(server.mails().len(), 2 * emails.len());
    assert_eq!(message_ids(&server.mails()).len(), 2 * emails.len());
}

#[actix_web::test]
async fn each_kind_of_server_error_is_handled() {
    let server = MailServer::start();
    let board = Board::start_with(Clock::System, server.settings());
    let (admin, employer) = (board.admin().await, employer(&board).await);
    let names = [
        "later-ann",
        "leaving-ann",
        "drop-ann",
        "never-ann",
        "twice-ann",
        "plain-ann",
    ];
    let emails = applicants(&board, &employer, &names).await;

    // Refused for good: not retried until an admin asks for it.
    let failed = outbox_has(&board, &admin, "failed", 1).await;
    assert_eq!(failed[0]["to"], "never-ann@example.edu");
    assert_eq!(failed[0]["attempts"], 1);
    let why = failed[0]["lastError"].as_str().unwrap();
    assert!(why.contains("no such mailbox"), "{why}");
    server.mend();
    let id = failed[0]["mailId"].as_str().unwrap();
    let retry = format!("admin/outbox/{id}/retry");
    let again = board.post(Some(&admin), &retry, json!({})).await;
    assert_eq!(again.expect(200).json()["state"], "waiting");

    // The others succeed after retries.
    let sent = outbox_has(&board, &admin, "sent", 2 * emails.len()).await;
    for mail in &sent {
        let late = ["later-", "never-"]
            .iter()
            .any(|kind| mail["to"].as_str().unwrap().starts_with(kind));
        assert!(!late || mail["attempts"] == 2, "{mail:#}");
    }
    let gone = board.post(Some(&admin), &retry, json!({})).await;
    assert_eq!(gone.expect(409).code(), "invalid_transition");
    for email in &emails {
        let mails = server.mails_to(email);
        assert_eq!(message_ids(&mails).len(), 1, "{email}");
        let times = if email.starts_with("twice-") { 2 } else { 1 };
        assert_eq!(mails.len(), times, "{email}");
    }
    assert_eq!(
        message_ids(&server.mails_to(&employer.email)).len(),
        emails.len()
    );
    board.stop().await;
}

#[actix_web::test]
async fn a_mail_that_breaks_the_connection_delays_no_other() {
    let server = MailServer::start();
    let board = Board::start_with(Clock::System, server.settings());
    let (admin, employer) = (board.admin().await, employer(&board).await);
    let mut names: Vec<_> = (0..9).map(|number| format!("poison-{number}")).collect();
    names.extend((0..10).map(|number| format!("s{number}")));
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    applicants(&board, &employer, &names).await;
    let sent = outbox_has(&board, &admin, "sent", 2 * 19 - 9).await;
    assert!(
        sent.iter()
            .all(|mail| !mail["to"].as_str().unwrap().starts_with("poison-"))
    );
    let waiting = outbox(&board, &admin, "waiting").await;
    assert_eq!(waiting.len(), 9);
    board.stop().await;
}

/// If the mail server refuses the password, that is final for the attempt but not the mail's fault.
#[actix_web::test]
async fn a_wrong_mail_server_password_fails_no_mail() {
    let server = MailServer::guarded("opensesame");
    let settings = |password: &'static str| {
        let through = server.settings();
        move |config: &mut corkboard::config::Config| {
            through(config);
            config.mail.username = "corkboard".into();
            config.mail.password = password.into();
        }
    };
    let board = Board::start_with(Clock::System, settings("opensesam"));
    let employer = employer(&board).await;
    let emails = applicants(&board, &employer, &["ann", "bob"]).await;
    let admin = board.admin().await;
    // More than twice a round's batch, so that the first outcomes are recorded.
    let deadline = Instant::now() + Duration::from_secs(40);
    while server.refused_log_ins() <= 2 * (2 * emails.len() + 1) {
        assert!(Instant::now() < deadline, "nobody tries to log in");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(outbox(&board, &admin, "failed").await.len(), 0);
    let folder = board.stop().await;

    let board = Board::start_in(folder, Clock::System, settings("opensesame"));
    outbox_has(&board, &admin, "sent", 2 * emails.len()).await;
    board.stop().await;
}

#[actix_web::test]
async fn a_server_that_hangs_slows_nothing_else_down() {
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let board = Board::start_with(Clock::System, through(mute.local_addr().unwrap().port()));
    let (admin, employer) = (board.admin().await, employer(&board).await);
    // Accepted and never answered.
    let taken = std::thread::spawn(move || {
        let taken = mute.accept().unwrap();
        (taken, mute)
    });
    let emails = applicants(&board, &employer, &["ann", "bob", "cem"]).await;
    let taken = tokio::task::spawn_blocking(move || taken.join().unwrap())
        .await
        .unwrap();
    assert_eq!(
        outbox_has(&board, &admin, "waiting", 2 * emails.len())
            .await
            .len(),
        6
    );
    board.get(None, "jobs?q=reader").await.expect(200);
    board.get(None, "/readyz").await.expect(200);
    let stop = tokio::time::timeout(AN_ANSWER, board.stop()).await;
    stop.expect("the stop waits for the mail server");
    drop(taken);
}

/// A row of the outbox on disk.
async fn stored(board: &Board, mail: &Value) -> Vec<u8> {
    let id = mail["mailId"].as_str().unwrap().parse().unwrap();
    let reader = board.store.read().unwrap();
    reader.bytes(&keys::mail(id)).await.unwrap().unwrap()
}

/// D14: a row contains the template's values at the time of the event.
#[actix_web::test]
async fn a_waiting_mail_is_small_and_keeps_its_values() {
    let mut server = MailServer::start();
    server.down();
    let board = Board::start_with(Clock::System, server.settings());
    let (admin, employer) = (board.admin().await, employer(&board).await);
    let emails = applicants(&board, &employer, &["ann"]).await;
    let waiting = outbox_has(&board, &admin, "waiting", 2).await;
    for mail in &waiting {
        let row = stored(&board, mail).await;
        assert!(
            row.len() < 420,
            "{} bytes: {}",
            row.len(),
            row.escape_ascii()
        );
        let subject = mail["subject"].as_str().unwrap();
        assert!(subject.contains("applied for Reader"), "{subject}");
    }
    let ann = board.login(&emails[0]).await;
    let renamed = json!({"name": "Ann Otherwise"});
    board.patch(Some(&ann), "me", renamed).await.expect(200);
    let folder = board.stop().await;

    server.up();
    let settings = server.settings();
    let board = Board::start_in(folder, Clock::System, |config| {
        settings(config);
        config.campus.name = "Another College".into();
    });
    let sent = outbox_has(&board, &admin, "sent", 2).await;
    let received = server.mail(&employer.email, "applied for Reader").await;
    let text = received["text"].as_str().unwrap();
    assert!(
        text.contains("ann@example.edu applied for Reader."),
        "{text}"
    );
    assert!(text.contains("Example College jobs"), "{text}");
    // Sent mails contain no names.
    for mail in &sent {
        let row = stored(&board, mail).await.escape_ascii().to_string();
        assert!(!row.contains("ann@example.edu applied"), "{row}");
    }
    let subjects: BTreeSet<_> = sent
        .iter()
        .map(|mail| mail["subject"].as_str().unwrap())
        .collect();
    let wanted = ["A student applied for Reader", "You applied for Reader"];
    assert_eq!(subjects, BTreeSet::from(wanted));
    board.stop().await;
}

/// D14: rows with a whole mail, as earlier versions wrote them, are sent unchanged.
#[actix_web::test]
async fn a_mail_that_an_earlier_version_rendered_is_still_sent() {
    #[derive(serde::Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Earlier {
        mail_id: MailId,
        kind: MailKind,
        to: Email,
        to_name: &'static str,
        account_id: Option<AccountId>,
        subject: &'static str,
        text: &'static str,
        html: &'static str,
        state: MailState,
        attempts: u32,
        last_error: Option<String>,
        next_attempt_at: Timestamp,
        created_at: Timestamp,
        sent_at: Option<Timestamp>,
    }
    let server = MailServer::start();
    let board = Board::start_with(Clock::System, server.settings());
    let admin = board.admin().await;
    let now = board.clock.now();
    let mail = Earlier {
        mail_id: MailId::generate(now),
        kind: MailKind::PasswordChanged,
        to: Email::parse("ann@example.edu").unwrap(),
        to_name: "Ann",
        account_id: None,
        subject: "Your password was changed",
        text: "Hello Ann,\n\nof long ago\n",
        html: "<p>Hello Ann,</p><p>of long ago</p>",
        state: MailState::Waiting,
        attempts: 0,
        last_error: None,
        next_attempt_at: now,
        created_at: now,
        sent_at: None,
    };
    let mut row = vec![1];
    row.extend(rmp_serde::to_vec_named(&mail).unwrap());
    let written = board.store.run(Origin::OPERATOR, async |transaction| {
        let key = keys::mail(mail.mail_id);
        transaction.put_bytes(&key, row.clone()).await?;
        let due = keys::mails_due_before(true, now).join(mail.mail_id.as_bytes());
        transaction.put_bytes(&due, Vec::new()).await?;
        // The index of waiting mails in earlier versions.
        let [_, waiting, _] = keys::retired();
        let waiting = waiting.join(mail.mail_id.as_bytes());
        transaction.put_bytes(&waiting, Vec::new()).await
    });
    written.await.unwrap();
    let arrived = server
        .mail("ann@example.edu", "Your password was changed")
        .await;
    assert_eq!(
        arrived["messageId"],
        format!("<{}@example.edu>", mail.mail_id)
    );
    assert!(arrived["text"].as_str().unwrap().contains("of long ago"));
    assert!(arrived["html"].as_str().unwrap().contains("of long ago"));
    let sent = outbox_has(&board, &admin, "sent", 1).await;
    assert_eq!(sent[0]["kind"], "password_changed");
    assert_eq!(sent[0]["subject"], "Your password was changed");
    board.stop().await;
}

/// The number of keys in the store, by kind.
async fn spaces(board: &Board) -> BTreeMap<String, i64> {
    let mut spaces = BTreeMap::new();
    let reader = board.store.read().unwrap();
    let mut walk = reader.walk(&Key::from_bytes(b""));
    while let Some(rows) = walk.next_keys().await.unwrap() {
        // On a database, the server that holds the lease writes a row every few seconds.
        for key in rows.iter().filter(|key| **key != keys::lease_beat()) {
            let local = key.local();
            let space = local[..2.min(local.len())].escape_ascii();
            *spaces.entry(space.to_string()).or_default() += 1;
        }
    }
    spaces
}

/// D14: what an application and its two mails leave after sending.
#[actix_web::test]
async fn an_application_writes_no_key_that_nobody_needs() {
    let server = MailServer::start();
    let board = Board::start_with(Clock::System, server.settings());
    let (admin, employer) = (board.admin().await, employer(&board).await);
    applicants(&board, &employer, &["ann"]).await;
    outbox_has(&board, &admin, "sent", 2).await;
    let job = board
        .post_job(&employer, json!({"jobTitle": "Writer"}))
        .await;
    let ann = board.login("ann@example.edu").await;
    let before = spaces(&board).await;
    let body = json!({"jobId": job["jobId"]});
    board
        .post(Some(&ann), "applications", body)
        .await
        .expect(201);
    outbox_has(&board, &admin, "sent", 4).await;
    let mut more = spaces(&board).await;
    for (space, count) in before {
        *more.get_mut(&space).unwrap() -= count;
    }
    more.retain(|space, count| *count != 0 && !space.starts_with('L'));
    let wanted = [
        ("Cp", 1),
        ("Rm", 2),
        ("Rp", 1),
        ("Up", 1),
        ("XP", 1),
        ("XQ", 1),
        ("XR", 1),
        ("XV", 1),
        ("Xn", 2),
        ("Xq", 1),
        ("Xr", 1),
        ("Xv", 1),
    ];
    let wanted = wanted.map(|(space, count)| (space.to_owned(), count));
    assert_eq!(more, BTreeMap::from(wanted));
    board.stop().await;
}
