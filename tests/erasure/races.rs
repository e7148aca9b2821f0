//! Whatever is added about a person while they are erased is erased too.

use super::{leave, nothing_holds};
use crate::support::smtp::through;
use crate::support::{self, Board, Person, until};
use corkboard::accounts::{self, Refusal, credentials, erase};
use corkboard::app::open_store;
use corkboard::clock::Clock;
use corkboard::mail::{Outbox, Recipient};
use corkboard::model::{
    Account, Application, Email, Employer, Identity, MailTemplate, Session, Student,
};
use corkboard::store::{Direction, KeyRange, Origin, Reader, Store, StoreError, Stored, keys};
use reqwest::Method;
use serde_json::json;

const PDF: &str = "%PDF-1.7\nZebedee Quixote\n%%EOF\n";

/// The account with an address, and the identity of its newest session.
async fn identity(reader: &Reader, email: &str) -> (Stored<Account>, Identity) {
    let email = Email::parse(email).unwrap();
    let account = credentials(reader, &email).await.unwrap().unwrap();
    let own = KeyRange::prefix(&keys::sessions_by_account(account.account_id));
    let newest = reader.scan_keys(&own, Direction::Backward, 1).await;
    let session = keys::indexed_id::<Session>(&newest.unwrap()[0]).unwrap();
    let now = Clock::System.now();
    let identity = accounts::identify(reader, session, now).await;
    (account, identity.unwrap().unwrap())
}

/// Erases somebody. Something else is committed between the command's first run and its commit. Returns how often the
/// command ran.
async fn erase_while(store: &Store, email: &str, meanwhile: impl AsyncFn()) -> usize {
    let (account, who) = identity(&store.read().unwrap(), email).await;
    let hash = account.record.password_hash.unwrap();
    let mut runs = 0;
    let erased = store.run(Origin::OPERATOR, async |transaction| {
        erase(transaction, &who, &hash, |_| true).await?;
        runs += 1;
        if runs == 1 {
            meanwhile().await;
        }
        Ok::<(), Refusal>(())
    });
    erased.await.unwrap();
    runs
}

/// Waits until notices were written for everything in the log.
async fn all_noticed(board: &Board) {
    until("the notices are written", async || {
        let reader = board.store.read().unwrap();
        reader.cursor("notify").await.unwrap() == reader.log_end().await.unwrap()
    })
    .await;
}

fn keyed(board: &Board, who: &Person, path: &str) -> reqwest::RequestBuilder {
    let request = board.request(Method::POST, path).bearer_auth(&who.token);
    request.header("idempotency-key", "once")
}

#[actix_web::test]
async fn what_a_student_adds_during_the_erasure_is_erased() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let job = board.post_job(&employer, json!({})).await;
    for what in ["application", "file", "unkeyed file", "address"] {
        let email = format!("zeb-{}@example.edu", what.replace(' ', "-"));
        let zeb = board.join("student", &email).await;
        let runs = erase_while(&board.store, &email, async || {
            let file = "files?name=Zebedee.pdf";
            let request = match what {
                "application" => {
                    let body = json!({"jobId": job["jobId"], "coverNote": "I, Zebedee, can read."});
                    keyed(&board, &zeb, "applications").json(&body)
                }
                "file" => keyed(&board, &zeb, file).body(PDF),
                "unkeyed file" => {
                    let request = board.request(Method::POST, file);
                    request.bearer_auth(&zeb.token).body(PDF)
                }
                // Mails the owner of the address.
                _ => {
                    let wish = json!({
                        "email": zeb.email, "password": support::PASSWORD, "name": "X", "role": "student",
                    });
                    board.request(Method::POST, "auth/register").json(&wish)
                }
            };
            let request = if what.contains("file") {
                request.header("content-type", "application/pdf")
            } else {
                request
            };
            assert!(board.send(request).await.status.is_success());
        })
        .await;
        assert!(runs >= 2, "{what}");
        all_noticed(&board).await;
        nothing_holds(&board, &["Zebedee", "zeb-"]).await;
    }
    board.stop().await;
}

#[actix_web::test]
async fn what_comes_to_an_employer_during_the_erasure_is_erased() {
    let board = Board::start();
    let admin = board.admin().await;
    let student = board.join("student", "ann@example.edu").await;
    for what in ["own job", "job by the office", "application"] {
        let email = format!("ines-{}@example.edu", what.replace(' ', "-"));
        let ines = board.join("employer", &email).await;
        let me = board.get(Some(&ines), "me").await.expect(200).json();
        let job = board.post_job(&ines, json!({})).await;
        let body = support::job(json!({"jobTitle": "Late"}));
        let runs = erase_while(&board.store, &email, async || {
            let request = match what {
                "own job" => keyed(&board, &ines, "jobs").json(&body),
                "job by the office" => {
                    let mut body = body.clone();
                    body["employeeId"] = me["employer"]["employeeId"].clone();
                    board
                        .request(Method::POST, "jobs")
                        .bearer_auth(&admin.token)
                        .json(&body)
                }
                _ => keyed(&board, &student, "applications").json(&json!({"jobId": job["jobId"]})),
            };
            board.send(request).await.expect(201);
        })
        .await;
        assert!(runs >= 2, "{what}");
        all_noticed(&board).await;
        nothing_holds(&board, &["ines-"]).await;
        let open = board.get(None, "jobs").await.expect(200).json();
        assert_eq!(open["items"], json!([]), "{what}");
    }
    board.stop().await;
}

/// The caller is known before the body arrives, and erased before it ends.
#[actix_web::test]
async fn an_upload_that_ends_after_the_erasure_is_refused() {
    let board = Board::start();
    for key in [None, Some("once")] {
        let email = format!("zeb-{}@example.edu", key.unwrap_or("unkeyed"));
        let zeb = board.join("student", &email).await;
        let (pieces, body) = tokio::sync::mpsc::channel::<Result<Vec<u8>, std::io::Error>>(1);
        let body = futures_util::stream::unfold(body, async |mut body| {
            let piece = body.recv().await?;
            Some((piece, body))
        });
        let mut upload = board
            .request(Method::POST, "files?name=Zebedee.pdf")
            .bearer_auth(&zeb.token)
            .header("content-type", "application/pdf")
            .body(reqwest::Body::wrap_stream(body));
        if let Some(key) = key {
            upload = upload.header("idempotency-key", key);
        }
        let (start, end) = PDF.split_at(9);
        let meanwhile = async {
            // The head is on its way with this. The erasure hashes a password first, which takes longer.
            pieces.send(Ok(start.into())).await.unwrap();
            leave(&board, &zeb).await;
            pieces.send(Ok(end.into())).await.unwrap();
            drop(pieces);
        };
        let (reply, ()) = tokio::join!(board.send(upload), meanwhile);
        assert_eq!(reply.expect(401).code(), "unauthenticated");
        nothing_holds(&board, &["Zebedee", "zeb-"]).await;
    }
    board.stop().await;
}

/// The notices of a student's application to an employer, with the names as they are now.
async fn notices(reader: &Reader, student: &str, employer: &str) -> [(MailTemplate, Recipient); 2] {
    let [student, employer] = [student, employer].map(|email| Email::parse(email).unwrap());
    let student = reader.find(&keys::student_email(&student)).await;
    let student: Student = student.unwrap().unwrap().record;
    let employer = reader.find(&keys::employer_email(&employer)).await;
    let employer: Employer = employer.unwrap().unwrap().record;
    let own = KeyRange::prefix(&keys::applications_by_student(&student.student_id));
    let own = reader.scan_keys(&own, Direction::Forward, 1).await.unwrap();
    let filed = keys::indexed::<Application>(&own[0]).unwrap();
    let filed = reader.get(&filed).await.unwrap().unwrap().record;
    let received = MailTemplate::ApplicationReceived {
        application_id: filed.application_id,
        job_id: filed.job_id,
        job_title: filed.job_title.clone(),
        student_name: student.name.clone(),
    };
    let to_student = MailTemplate::ApplicationFiled {
        application_id: filed.application_id,
        job_title: filed.job_title,
        employer_name: employer.name.clone(),
    };
    [
        (received, (&employer).into()),
        (to_student, (&student).into()),
    ]
}

/// A notice that is stored after the erasure, by a writer who had read the names before.
#[actix_web::test]
async fn a_notice_that_is_written_during_the_erasure_is_cleared() {
    let (zeb, ines) = ("zeb@example.edu", "ines@example.edu");
    for gone in [zeb, ines] {
        let board = Board::start();
        let employer = board.join("employer", ines).await;
        let student = board.join("student", zeb).await;
        let job = board.post_job(&employer, json!({})).await;
        let body = json!({"jobId": job["jobId"]});
        let filed = board.post(Some(&student), "applications", body).await;
        filed.expect(201);
        all_noticed(&board).await;
        let folder = board.stop().await;

        let config = crate::support::store::config(folder.path());
        let store = open_store(&config, Clock::System).unwrap();
        let notices = notices(&store.read().unwrap(), zeb, ines).await;
        erase_while(&store, gone, async || {}).await;
        let outbox = Outbox::new("Example College", "http://127.0.0.1");
        let late = store.run(Origin::SYSTEM, async |transaction| {
            for (template, to) in notices.iter().cloned() {
                outbox.notify(transaction, template, to).await?;
            }
            Ok::<(), StoreError>(())
        });
        late.await.unwrap();
        drop(store);

        // Nobody listens there, so that mail waits.
        let board = Board::start_in(folder, Clock::System, through(1));
        all_noticed(&board).await;
        nothing_holds(&board, &[gone]).await;
        board.stop().await;
    }
}

/// The password stays right while something else of the account changes.
#[actix_web::test]
async fn a_new_name_meanwhile_does_not_make_the_password_wrong() {
    let board = Board::start();
    let ann = board.join("student", "ann@example.edu").await;
    let runs = erase_while(&board.store, "ann@example.edu", async || {
        let renamed = board.patch(Some(&ann), "me", json!({"name": "Anna Late"}));
        renamed.await.expect(200);
    })
    .await;
    assert!(runs >= 2);
    all_noticed(&board).await;
    nothing_holds(&board, &["Anna"]).await;
    board.stop().await;
}
