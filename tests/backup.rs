//! Backups come back: what was saved while others write, what a restore leaves out, and what it refuses.

mod bucket;
mod encrypted;
mod scheduled;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::process::create_board;
use crate::support::{Board, Person, until};
use corkboard::app::open_store;
use corkboard::clock::Clock;
use corkboard::config::Config;
use corkboard::mail::{Outbox, Recipient};
use corkboard::model::{Email, MailTemplate};
use corkboard::store::{Origin, StoreError, Write, read_backup};
use reqwest::Method;
use serde_json::{Value, json};

fn corkboard(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_corkboard"));
    command.arg("--data-dir").arg(folder).args(arguments);
    command.current_dir(folder.parent().unwrap());
    command.output().unwrap()
}

/// What it printed, after it succeeded.
#[track_caller]
fn done(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Why it failed.
#[track_caller]
fn failed(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[track_caller]
fn assert_sound(folder: &Path) {
    let printed = done(&corkboard(folder, &["check"]));
    assert!(printed.ends_with(" No problems found.\n"), "{printed}");
}

/// The newest entry of the audit log with an action.
async fn audited(board: &Board, admin: &Person, action: &str) -> Value {
    let path = "admin/audit?limit=100";
    let audit = board.get(Some(admin), path).await.json();
    let mut entries = audit["items"].as_array().unwrap().iter();
    let entry = entries.find(|entry| entry["action"] == action);
    entry.unwrap().clone()
}

/// The rows in the file of a backup: version and value by key.
fn rows(file: &Path) -> BTreeMap<Vec<u8>, (u64, Vec<u8>)> {
    let (mut rows, mut file) = (BTreeMap::new(), std::fs::File::open(file).unwrap());
    let mut take = |change: corkboard::store::Change| {
        for (key, write) in change.writes {
            let Write::Put { version, value } = write else {
                panic!("{write:?}");
            };
            rows.insert(key.as_bytes().to_vec(), (version, value));
        }
        Ok(())
    };
    read_backup(&mut file, &mut take).unwrap();
    rows
}

/// A place for files and data folders next to each other.
struct Site(tempfile::TempDir);

impl Site {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, bytes: &[u8]) -> String {
        let path = self.path("board.backup");
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

async fn upload(board: &Board, student: &Person, bytes: usize) -> String {
    let mut pdf = b"%PDF-1.7 ".to_vec();
    pdf.resize(bytes, b' ');
    pdf.extend(b"%%EOF");
    let request = board
        .request(Method::POST, "files?name=cv.pdf")
        .bearer_auth(&student.token)
        .header("content-type", "application/pdf");
    let kept = board.send(request.body(pdf)).await.expect(201).json();
    kept["fileId"].as_str().unwrap().to_owned()
}

fn asked(board: &Board, admin: &Person) -> reqwest::RequestBuilder {
    let request = board.request(Method::POST, "admin/backup");
    request.bearer_auth(&admin.token)
}

#[actix_web::test]
async fn a_backup_while_others_write_comes_back() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let student = board.join("student", "ann@example.edu").await;
    let admin = board.admin().await;
    let job = board
        .post_job(&employer, json!({"jobTitle": "Shelver"}))
        .await;
    let file = upload(&board, &student, 600_000).await;
    let body = json!({"jobId": job["jobId"], "resumeId": file});
    let applied = board.post(Some(&student), "applications", body).await;
    let applied = applied.expect(201).json();

    let is_over = AtomicBool::new(false);
    let writing = async {
        while !is_over.load(Ordering::Relaxed) {
            board
                .post_job(&employer, json!({"jobTitle": "Later"}))
                .await;
        }
    };
    let saving = async {
        let mut saved = Vec::new();
        for _ in 0..5 {
            let answer = asked(&board, &admin).send().await.unwrap();
            assert_eq!(answer.status(), 200);
            let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
            assert_eq!(header("cache-control"), "no-store");
            let name = header("content-disposition");
            assert!(
                name.starts_with("attachment; filename=\"corkboard-20"),
                "{name}"
            );
            saved = answer.bytes().await.unwrap().to_vec();
        }
        is_over.store(true, Ordering::Relaxed);
        saved
    };
    let (saved, ()) = tokio::join!(saving, writing);
    let entry = audited(&board, &admin, "backupTaken").await;
    assert_eq!(entry["actor"]["email"], "office@example.edu");
    board.stop().await;

    let site = Site::new();
    let (file_name, folder) = (site.file(&saved), tempfile::tempdir().unwrap());
    let printed = done(&corkboard(folder.path(), &["restore", &file_name]));
    assert!(
        printed.contains(" rows restored: Example College, as of 20"),
        "{printed}"
    );
    assert_sound(folder.path());

    let board = Board::start_in(folder, Clock::System, |_| {});
    for who in [&student, &admin] {
        board.get(Some(who), "me").await.expect(401);
        let refresh = json!({"refreshToken": who.refresh});
        board.post(None, "auth/refresh", refresh).await.expect(401);
    }
    let student = board.login("ann@example.edu").await;
    let path = format!(
        "applications/{}",
        applied["applicationId"].as_str().unwrap()
    );
    let found = board.get(Some(&student), &path).await.expect(200).json();
    assert_eq!(found["applicationStatus"], "submitted");
    let read = board
        .get(Some(&student), &format!("files/{file}"))
        .await
        .expect(200);
    assert_eq!(read.text.len(), 600_000 + 5);
    until("the posting is found", async || {
        let found = board.get(None, "jobs?q=shelver").await.expect(200).json();
        found["total"] == 1
    })
    .await;
    let admin = board.login("office@example.edu").await;
    let entry = audited(&board, &admin, "backupRestored").await;
    assert_eq!(entry["actor"]["kind"], "operator");
    board.stop().await;
}

fn config(folder: &Path) -> Config {
    let mut config = Config::default();
    folder.clone_into(&mut config.data.dir);
    config
}

/// A stopped board with one unsent mail of each sort.
async fn with_unsent_mail() -> tempfile::TempDir {
    let board = Board::start();
    board.admin().await;
    board.join("student", "ann@example.edu").await;
    board.join("employer", "library@example.edu").await;
    let folder = board.stop().await;
    let store = open_store(&config(folder.path()), Clock::System).unwrap();
    let verify = MailTemplate::VerifyEmail {
        token: "secret".into(),
    };
    for template in [MailTemplate::PasswordChanged, verify] {
        let put = async |transaction: &mut corkboard::store::Transaction| {
            let recipient = Recipient {
                email: Email::parse("ann@example.edu").unwrap(),
                name: "Ann".into(),
                account_id: None,
            };
            let outbox = Outbox::new("Example College", "http://localhost");
            outbox.send(transaction, template.clone(), recipient).await
        };
        store
            .run::<(), StoreError>(Origin::SYSTEM, put)
            .await
            .unwrap();
    }
    folder
}

/// The first letters of a key, after an owner's ID.
fn is_of(key: &[u8], kinds: &[&str]) -> bool {
    let local = match key[0] {
        b'A' => &key[17..],
        _ => key,
    };
    kinds.iter().any(|kind| local.starts_with(kind.as_bytes()))
}

#[actix_web::test]
async fn a_restore_changes_no_row_but_ends_log_ins_and_holds_mail() {
    let folder = with_unsent_mail().await;
    let site = Site::new();
    let (file, again) = (site.path("one.backup"), site.path("two.backup"));
    let printed = done(&corkboard(
        folder.path(),
        &["backup", file.to_str().unwrap()],
    ));
    let had = rows(&file);
    assert!(
        printed.starts_with(&format!("{} rows saved in ", had.len())),
        "{printed}"
    );
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let piped = corkboard(folder.path(), &["backup", "-"]);
    done_binary(&piped);
    std::fs::write(&again, &piped.stdout).unwrap();
    assert!(rows(&again) == had);

    let restored = site.path("restored");
    done(&corkboard(&restored, &["restore", file.to_str().unwrap()]));
    assert_sound(&restored);
    assert!(restored.join("index/meta.json").exists());
    done(&corkboard(&restored, &["backup", again.to_str().unwrap()]));
    let got = rows(&again);
    // Sessions, tokens, mail and their index rows; the change log's new entry; the position of its reader.
    let touched = [
        "Rs", "Rk", "Rm", "Xs", "Xk", "Xx", "Xn", "XN", "XM", "Xd", "F",
    ];
    for (key, row) in &had {
        assert!(
            got.get(key) == Some(row) || is_of(key, &touched),
            "{}",
            key.escape_ascii()
        );
    }
    let new: Vec<_> = got.keys().filter(|key| !had.contains_key(*key)).collect();
    assert!(new.iter().all(|key| is_of(key, &["L", "XM"])), "{new:?}");
    assert!(had.keys().any(|key| is_of(key, &["Rs"])));
    assert!(!got.keys().any(|key| is_of(key, &["Rs", "Rk", "Xd"])));

    let data = tempfile::tempdir().unwrap();
    done(&corkboard(
        data.path(),
        &["restore", file.to_str().unwrap()],
    ));
    let board = Board::start_in(data, Clock::System, |_| {});
    let admin = board.login("office@example.edu").await;
    let failed = board
        .get(Some(&admin), "admin/outbox?state=failed")
        .await
        .expect(200)
        .json();
    let failed = failed["items"].as_array().unwrap();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed[0]["kind"], "password_changed");
    assert_eq!(
        failed[0]["lastError"],
        "held by a restore; it may have been sent before"
    );
    assert_eq!(board.mails().len(), 0);
    let path = format!(
        "admin/outbox/{}/retry",
        failed[0]["mailId"].as_str().unwrap()
    );
    board.post(Some(&admin), &path, json!({})).await.expect(200);
    board.mail("ann@example.edu", "password").await;
    board.stop().await;
}

/// `kill -9` at any moment leaves the old data or, at the end, the new.
#[actix_web::test]
async fn a_restore_that_is_killed_leaves_working_data() {
    let folder = with_unsent_mail().await;
    let site = Site::new();
    let (file, look) = (site.path("one.backup"), site.path("look.backup"));
    let file = file.to_str().unwrap();
    done(&corkboard(folder.path(), &["backup", file]));
    let had = rows(Path::new(file));
    for round in 0_u32.. {
        assert!(round < 16, "a restore takes a minute");
        let mut command = Command::new(env!("CARGO_BIN_EXE_corkboard"));
        command.arg("--data-dir").arg(folder.path());
        command
            .args(["restore", "--replace", file])
            .stdout(Stdio::null());
        let mut restore = command.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(2 << round));
        let is_over = restore.try_wait().unwrap().is_some();
        restore.kill().unwrap();
        restore.wait().unwrap();
        assert_sound(folder.path());
        done(&corkboard(
            folder.path(),
            &["backup", look.to_str().unwrap()],
        ));
        let got = rows(&look);
        let is_new = !got.keys().any(|key| is_of(key, &["Rs"]));
        assert!(is_new || got == had);
        if is_over {
            assert!(is_new);
            break;
        }
    }
    let left = folder.path().join("store.restoring");
    assert!(!left.exists());

    // What was left is removed by the next one who opens the store, not only by another restore.
    std::fs::create_dir(&left).unwrap();
    std::fs::write(left.join("store.redb"), "everybody's data").unwrap();
    done(&corkboard(folder.path(), &["reindex"]));
    assert!(!left.exists());
}

#[actix_web::test]
async fn an_export_has_the_records_and_the_files() {
    let board = Board::start();
    let student = board.join("student", "ann@example.edu").await;
    let file = upload(&board, &student, 300_000).await;
    let folder = board.stop().await;
    let site = Site::new();
    let out = site.path("export");
    let printed = done(&corkboard(
        folder.path(),
        &["export", out.to_str().unwrap()],
    ));
    assert!(
        printed.contains(" records, audit log included, exported to "),
        "{printed}"
    );
    let lines = std::fs::read_to_string(out.join("records.jsonl")).unwrap();
    let mut lines = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let account = lines.find(|line| line["kind"] == "account").unwrap();
    assert_eq!(account["record"]["email"], "ann@example.edu");
    let pdf = std::fs::read(out.join(format!("files/{file}.pdf"))).unwrap();
    assert_eq!(pdf.len(), 300_000 + 5);
    assert!(pdf.ends_with(b"%%EOF"));
    assert_eq!(std::fs::read_dir(out.join("rules")).unwrap().count(), 2);
    failed(&corkboard(
        folder.path(),
        &["export", out.to_str().unwrap()],
    ));
}

#[track_caller]
fn done_binary(output: &Output) {
    assert_eq!(output.status.code(), Some(0));
}

#[actix_web::test]
async fn nothing_is_touched_by_what_is_refused() {
    let board = Board::start();
    let running = board.folder.path().to_owned();
    let employer = board.join("employer", "library@example.edu").await;
    board.post_job(&employer, json!({"jobTitle": "Kept"})).await;
    let said = failed(&corkboard(&running, &["backup", "-"]));
    assert!(said.contains("a running corkboard is using "), "{said}");
    assert!(said.contains("POST /api/v1/admin/backup"), "{said}");
    let folder = board.stop().await;

    let site = Site::new();
    let good = site.path("good.backup");
    let good_name = good.to_str().unwrap();
    done(&corkboard(folder.path(), &["backup", good_name]));
    let bytes = std::fs::read(&good).unwrap();
    let mut changed = bytes.clone();
    changed[bytes.len() / 2] ^= 1;
    let mut newer = bytes.clone();
    newer[17] = 9;
    let nowhere = site.path("nowhere");
    for (bytes, words) in [
        (
            &bytes[..bytes.len() - 1],
            "this backup is incomplete: it ends after ",
        ),
        (&changed, "this backup is damaged before byte "),
        (
            &newer,
            "this backup needs a newer Corkboard: its format is 9",
        ),
        (b"mail", "this is not a Corkboard backup"),
    ] {
        let file = site.file(bytes);
        for arguments in [&["restore", &file][..], &["restore", "--replace", &file]] {
            let said = failed(&corkboard(&nowhere, arguments));
            assert!(said.contains(words), "{said}");
            assert!(!nowhere.exists());
            failed(&corkboard(folder.path(), arguments));
        }
    }
    failed(&corkboard(&nowhere, &["restore", "absent.backup"]));
    let said = failed(&corkboard(folder.path(), &["restore", good_name]));
    assert!(said.contains("already holds data"), "{said}");
    assert!(!folder.path().join("store.restoring").exists());

    let board = Board::start_in(folder, Clock::System, |_| {});
    let said = failed(&corkboard(
        board.folder.path(),
        &["restore", "--replace", good_name],
    ));
    assert!(said.contains("a running corkboard is using "), "{said}");
    let employer = board.login("library@example.edu").await;
    board
        .post_job(&employer, json!({"jobTitle": "Too late"}))
        .await;
    let folder = board.stop().await;

    done(&corkboard(
        folder.path(),
        &["restore", "--replace", good_name],
    ));
    assert_sound(folder.path());
    let board = Board::start_in(folder, Clock::System, |_| {});
    until("only the restored posting is found", async || {
        let found: Value = board.get(None, "jobs").await.expect(200).json();
        found["total"] == 1 && found["items"][0]["jobTitle"] == "Kept"
    })
    .await;
    until("the index has only what was restored", async || {
        let found = board.get(None, "jobs?q=late").await.expect(200).json();
        let kept = board.get(None, "jobs?q=kept").await.expect(200).json();
        found["total"] == 0 && kept["total"] == 1
    })
    .await;
    board.stop().await;
}

/// A typo must not cost a file, such as the settings.
#[test]
fn a_backup_replaces_nothing_but_a_backup() {
    let site = Site::new();
    let data = site.path("data");
    create_board(&data);
    for bytes in [&b"[campus]\nname = \"Ours\"\n"[..], b"corkboard", b""] {
        let file = site.file(bytes);
        let said = failed(&corkboard(&data, &["backup", &file]));
        assert!(
            said.contains(&format!("{file} exists and is not a Corkboard backup")),
            "{said}"
        );
        assert_eq!(std::fs::read(&file).unwrap(), bytes);
    }
    assert_eq!(std::fs::read_dir(site.0.path()).unwrap().count(), 2);
    let earlier = site.file(b"corkboard backup\nan earlier one");
    done(&corkboard(&data, &["backup", &earlier]));
    // It can be read, so it is the new one.
    rows(Path::new(&earlier));
}

#[test]
fn a_restore_says_that_it_cannot_read_a_pipe() {
    let site = Site::new();
    let (data, new) = (site.path("data"), site.path("new"));
    create_board(&data);
    let file = site.path("good.backup");
    done(&corkboard(&data, &["backup", file.to_str().unwrap()]));
    let restore = |from: &str, input: Stdio| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_corkboard"));
        command.arg("--data-dir").arg(&new).args(["restore", from]);
        let command = command.current_dir(site.0.path());
        command.stdin(input).output().unwrap()
    };
    for from in ["-", "/dev/stdin"] {
        let said = failed(&restore(from, Stdio::piped()));
        assert!(
            said.contains(
                "is not a file. A restore reads its file twice, so it cannot read a pipe"
            ),
            "{said}"
        );
        assert!(!new.exists());
    }
    let said = failed(&restore(".", Stdio::null()));
    assert!(said.contains(". is not a file."), "{said}");
    // The shell opens a file, which can be read twice.
    let file = std::fs::File::open(&file).unwrap();
    done(&restore("/dev/stdin", file.into()));
    assert_sound(&new);
}

/// Whoever may not write there needs to know where.
#[test]
fn a_restore_that_cannot_write_names_the_file() {
    let site = Site::new();
    let (data, new) = (site.path("data"), site.path("new"));
    create_board(&data);
    let file = site.path("good.backup");
    let file = file.to_str().unwrap();
    done(&corkboard(&data, &["backup", file]));
    std::fs::create_dir_all(new.join("store.redb")).unwrap();
    let said = failed(&corkboard(&new, &["restore", file]));
    let sentence = format!("{}: Is a directory", new.join("store.redb").display());
    assert!(said.contains(&sentence), "{said}");
}

#[actix_web::test]
async fn one_backup_runs_at_a_time_and_a_client_that_goes_away_ends_it() {
    let board = Board::start();
    let student = board.join("student", "ann@example.edu").await;
    let admin = board.admin().await;
    for _ in 0..4 {
        upload(&board, &student, 5_000_000).await;
    }
    let first = asked(&board, &admin).send().await.unwrap();
    assert_eq!(first.status(), 200);
    let second = board.send(asked(&board, &admin)).await.expect(503);
    assert_eq!(second.code(), "busy");
    // Other requests are answered meanwhile.
    board.get(Some(&student), "me").await.expect(200);
    drop(first);
    until("another backup may start", async || {
        asked(&board, &admin).send().await.unwrap().status() == 200
    })
    .await;
    board.stop().await;
}
