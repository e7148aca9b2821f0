//! The operator's commands: the binary, its exit status and its output.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::Board;
use crate::support::process::create_board;
use corkboard::store::{Origin, StoreError, keys};
use serde_json::{Value, json};

fn corkboard(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_corkboard"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Its output, after it ended with the expected status.
#[track_caller]
fn ends(output: &Output, status: i32) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (printed, errors) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(status), "{printed}\n{errors}");
    (printed, errors)
}

/// A stopped board with records of every kind.
async fn filled() -> tempfile::TempDir {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let student = board.join("student", "ann@example.edu").await;
    board.admin().await;
    let job = board
        .post_job(&employer, json!({"workSpace": "Main library"}))
        .await;
    let request = board
        .request(reqwest::Method::POST, "files")
        .bearer_auth(&student.token)
        .header("content-type", "application/pdf")
        .header("idempotency-key", "once")
        .body("%PDF-1.7 Ann %%EOF");
    let file = board.send(request).await.expect(201).json();
    let body = json!({"jobId": job["jobId"], "resumeId": file["fileId"]});
    let filed = board
        .post(Some(&student), "applications", body)
        .await
        .expect(201)
        .json();
    let path = format!("applications/{}", filed["applicationId"].as_str().unwrap());
    let accept = json!({"applicationStatus": "accepted"});
    board
        .patch(Some(&employer), &path, accept)
        .await
        .expect(200);
    board.mail("ann@example.edu", "you got the job").await;
    let body = json!({"email": "ann@example.edu"});
    board
        .post(None, "auth/forgot-password", body)
        .await
        .expect(202);
    board.stop().await
}

#[actix_web::test]
async fn check_accepts_what_the_server_wrote() {
    let folder = filled().await;
    let before = std::fs::read(folder.path().join("store.redb")).unwrap();
    let output = corkboard(folder.path(), &["check", "--data-dir", "."]);
    let (printed, errors) = ends(&output, 0);
    assert!(printed.ends_with(" No problems found.\n"), "{printed}");
    assert_eq!(errors, "");
    let after = std::fs::read(folder.path().join("store.redb")).unwrap();
    assert!(before == after, "it wrote");

    let output = corkboard(folder.path(), &["check", "--data-dir", "nowhere"]);
    let (_, errors) = ends(&output, 1);
    let nowhere = folder.path().canonicalize().unwrap().join("nowhere");
    let sentence = format!("there is no Corkboard data in {}. ", nowhere.display());
    assert!(errors.contains(&sentence), "{errors}");
    assert!(!nowhere.exists());

    // Nobody can look inside a file.
    let output = corkboard(folder.path(), &["check", "--data-dir", "store.redb"]);
    let (_, errors) = ends(&output, 1);
    let file = folder.path().canonicalize().unwrap().join("store.redb");
    let sentence = format!("cannot look into the data folder {}: ", file.display());
    assert!(errors.contains(&sentence), "{errors}");
}

/// After a typo in --data-dir, an empty board would look like lost data.
#[test]
fn only_commands_that_start_a_board_create_a_data_folder() {
    let folder = tempfile::tempdir().unwrap();
    let rule = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/rules/campus-eligibility/campus-eligibility.wasm"
    );
    let id = "01900000-0000-7000-8000-000000000000";
    std::fs::write(folder.path().join("students.csv"), "name,email\n").unwrap();
    let person = ["--email", "a@example.edu", "--name", "A", "--generate"];
    let with_person = |start: &[&'static str]| [start, &person].concat();
    let commands = [
        vec!["check"],
        vec!["reindex"],
        vec!["import", "students", "students.csv"],
        vec!["import", "students", "students.csv", "--dry-run"],
        with_person(&["account", "create", "--role", "student"]),
        with_person(&["account", "create", "--role", "employer"]),
        vec!["account", "suspend", "--email", "a@example.edu"],
        vec!["account", "reinstate", "--email", "a@example.edu"],
        vec![
            "account",
            "reset-password",
            "--generate",
            "--email",
            "a@example.edu",
        ],
        vec!["rules", "list"],
        vec!["rules", "upload", rule],
        vec!["rules", "dry-run", id],
        vec!["rules", "set", id, "--state", "active"],
    ];
    for arguments in commands {
        let arguments = [&arguments[..], &["--data-dir", "typo"]].concat();
        let (printed, errors) = ends(&corkboard(folder.path(), &arguments), 1);
        assert_eq!(printed, "", "{arguments:?}");
        assert!(
            errors.contains("there is no Corkboard data in ") && errors.contains("/typo. "),
            "{arguments:?}: {errors}"
        );
        assert!(!folder.path().join("typo").exists(), "{arguments:?}");
    }
    for (arguments, data) in [
        (with_person(&["init"]), "first"),
        (
            with_person(&["account", "create", "--role", "admin"]),
            "second",
        ),
    ] {
        let arguments = [&arguments[..], &["--data-dir", data]].concat();
        let (_, errors) = ends(&corkboard(folder.path(), &arguments), 0);
        let sentence = format!("created the data folder {data}\n");
        assert!(errors.contains(&sentence), "{errors}");
        assert!(folder.path().join(data).join("store.redb").exists());
    }
}

#[actix_web::test]
async fn check_reports_damage_and_fails() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let job = board.post_job(&employer, json!({})).await;
    let id = job["jobId"].as_str().unwrap().parse().unwrap();
    board
        .store
        .run(Origin::OPERATOR, async |transaction| {
            transaction.add(keys::application_count(id), 3);
            Ok::<(), StoreError>(())
        })
        .await
        .unwrap();
    let folder = board.stop().await;
    let output = corkboard(folder.path(), &["check", "--data-dir", "."]);
    let (printed, errors) = ends(&output, 1);
    assert!(printed.ends_with(" Problems found: 1.\n"), "{printed}");
    let sentence = format!("job {id}: its count of applications is 3 and should be 0\n");
    assert!(errors.contains(&sentence), "{errors}");
}

#[actix_web::test]
async fn a_command_says_that_a_server_is_using_the_store() {
    let board = Board::start();
    let folder = board.folder.path().to_owned();
    for arguments in [
        &["check"][..],
        &["reindex"],
        &["serve", "--listen", "127.0.0.1:0"],
        &[
            "init",
            "--email",
            "o@example.edu",
            "--name",
            "O",
            "--generate",
        ],
        &["account", "suspend", "--email", "o@example.edu"],
    ] {
        let arguments = [arguments, &["--data-dir", "."]].concat();
        let (_, errors) = ends(&corkboard(&folder, &arguments), 1);
        assert!(
            errors.contains("a running corkboard is using "),
            "{arguments:?}: {errors}"
        );
    }
    board.get(None, "jobs").await.expect(200);
    board.stop().await;
}

#[actix_web::test]
async fn a_stop_ends_when_the_store_is_closed() {
    let mut folder = tempfile::tempdir().unwrap();
    for _ in 0..10 {
        let board = Board::start_in(folder, corkboard::clock::Clock::System, |_| {});
        // Each of the server's threads uses the store.
        let asked = (0..16).map(|_| board.get(None, "jobs"));
        futures_util::future::join_all(asked).await;
        folder = board.stop().await;
        let mut config = corkboard::config::Config::default();
        folder.path().clone_into(&mut config.data.dir);
        drop(corkboard::app::open_store(&config, corkboard::clock::Clock::System).unwrap());
    }
}

#[actix_web::test]
async fn reindex_rebuilds_the_index() {
    let folder = filled().await;
    let index = folder.path().join("index");
    for file in std::fs::read_dir(&index).unwrap() {
        std::fs::write(file.unwrap().path(), "spoilt").unwrap();
    }
    let output = corkboard(folder.path(), &["reindex", "--data-dir", "."]);
    let (printed, _) = ends(&output, 0);
    assert_eq!(printed, "1 posting indexed\n");
    let board = Board::start_in(folder, corkboard::clock::Clock::System, |_| {});
    // No waiting: the index was built before the start.
    let admin = board.login("office@example.edu").await;
    let filled = board
        .get(Some(&admin), "jobs?q=library&status=filled")
        .await
        .expect(200)
        .json();
    assert_eq!(filled["total"], 1, "{filled}");
    board.stop().await;
}

#[test]
fn init_writes_settings_once_and_makes_one_admin() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "init",
        "--email",
        "office@example.edu",
        "--name",
        "Office",
        "--generate",
    ];
    let (password, errors) = ends(&corkboard(folder.path(), &arguments), 0);
    assert_eq!(password.trim().len(), 16, "{password}");
    assert!(errors.contains("created config.toml"), "{errors}");
    let settings = folder.path().join("config.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    assert_eq!(text, std::fs::read_to_string("config.toml").unwrap());

    std::fs::write(&settings, "[campus]\nname = \"Our College\"\n").unwrap();
    let (printed, errors) = ends(&corkboard(folder.path(), &arguments), 0);
    assert_eq!(printed, "");
    assert!(
        errors.contains("office@example.edu is already an admin"),
        "{errors}"
    );
    let kept = std::fs::read_to_string(&settings).unwrap();
    assert_eq!(kept, "[campus]\nname = \"Our College\"\n");

    let other = tempfile::tempdir().unwrap();
    let (_, errors) = ends(&corkboard(other.path(), &["init"]), 2);
    assert!(errors.contains("--email"), "{errors}");
    let elsewhere = [
        "--config",
        "site.toml",
        "init",
        "--email",
        "a@b.edu",
        "--name",
        "A",
        "--generate",
    ];
    ends(&corkboard(other.path(), &elsewhere), 0);
    assert!(other.path().join("site.toml").exists());
}

#[test]
fn printing_commands_need_no_settings_and_no_store() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.toml"), "broken").unwrap();
    let prints = |arguments: &[&str]| ends(&corkboard(folder.path(), arguments), 0).0;
    let unit = prints(&["init", "--print", "systemd"]);
    assert!(
        unit.contains("ExecStart=/usr/local/bin/corkboard "),
        "{unit}"
    );
    let recipe = prints(&["init", "--print", "container"]);
    assert!(
        recipe.contains("\nENTRYPOINT [\"/usr/local/bin/corkboard\"]"),
        "{recipe}"
    );
    let described: Value = serde_json::from_str(&prints(&["openapi"])).unwrap();
    assert_eq!(described["openapi"], "3.1.0");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = prints(&["completions", shell]);
        assert!(script.contains("reindex"), "{shell}");
    }
    let page = prints(&["man"]);
    assert!(page.contains(".TH corkboard 1"), "{page}");
    let servers = prints(&["man", "--servers"]);
    assert!(servers.starts_with("# A board on several servers"));
    prints(&["man", "pages"]);
    let page = std::fs::read_to_string(folder.path().join("pages/corkboard-serve.1")).unwrap();
    assert!(page.contains("listen"), "{page}");
    // An existing folder is fine. A missing parent is probably a typo.
    prints(&["man", "pages"]);
    let (_, errors) = ends(&corkboard(folder.path(), &["man", "typo/pages"]), 1);
    assert!(
        errors.starts_with("corkboard: typo/pages: No such file or directory"),
        "{errors}"
    );
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 2, "config.toml and pages alone: {left:?}");
}

#[test]
fn wrong_usage_exits_with_2_and_failure_with_1() {
    let folder = tempfile::tempdir().unwrap();
    for wrong in [
        &["nonsense"][..],
        &["completions", "cmd"],
        &["init", "--print", "paper"],
        &["init", "--print", "systemd", "--generate"],
        &["check", "everything"],
        &["account", "create", "--role", "dean"],
        &[],
    ] {
        ends(&corkboard(folder.path(), wrong), 2);
    }
    for command in ["serve", "demo"] {
        let arguments = [command, "--listen", "localhost:8080"];
        let (_, errors) = ends(&corkboard(folder.path(), &arguments), 2);
        let sentence = "must be an IP address and a port, such as 127.0.0.1:8080";
        assert!(errors.contains(sentence), "{errors}");
    }
    std::fs::write(folder.path().join("config.toml"), "[server]\nlisen = 1\n").unwrap();
    let (_, errors) = ends(&corkboard(folder.path(), &["check"]), 1);
    assert!(errors.contains("config.toml, line 2"), "{errors}");
}

/// A full disk, and a reader that closed the pipe as `head` does.
#[test]
fn a_failed_print_exits_with_1_without_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let module = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/rules/campus-eligibility/campus-eligibility.wasm"
    );
    std::fs::write(
        folder.path().join("students.csv"),
        "name,email\nAnn,ann@example.edu\n",
    )
    .unwrap();
    create_board(&folder.path().join("data"));
    let create = |email: &'static str| {
        let name = ["--email", email, "--name", "A", "--generate"];
        [&["account", "create", "--role", "admin"][..], &name].concat()
    };
    let commands = [
        vec!["init", "--print", "systemd"],
        vec!["openapi"],
        vec!["man"],
        vec!["completions", "bash"],
        vec!["rules", "check", module],
        vec!["import", "students", "students.csv"],
        vec!["check"],
        vec!["reindex"],
        create("a@example.edu"),
        create("b@example.edu"),
    ];
    for (round, arguments) in commands.iter().enumerate() {
        let run = |output: Stdio| {
            Command::new(env!("CARGO_BIN_EXE_corkboard"))
                .args(arguments)
                .current_dir(folder.path())
                .stdin(Stdio::null())
                .stdout(output)
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
                .wait_with_output()
                .unwrap()
        };
        let full = || {
            let full = std::fs::File::options().write(true).open("/dev/full");
            run(full.unwrap().into())
        };
        let closed = || {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            run(writer.into())
        };
        if arguments[0] == "account" {
            let (_, errors) = ends(&if round % 2 == 0 { full() } else { closed() }, 1);
            let email = arguments[5];
            let sentence = format!("`corkboard account reset-password --email {email} --generate`");
            assert!(
                errors.contains(&format!("created {email}, but")) && errors.contains(&sentence),
                "{errors}"
            );
            continue;
        }
        let (_, errors) = ends(&full(), 1);
        let sentence = "corkboard: cannot write to standard output: ";
        assert!(errors.contains(sentence), "{arguments:?}: {errors}");
        let (_, errors) = ends(&closed(), 1);
        assert_eq!(errors, "", "{arguments:?}");
    }
}
