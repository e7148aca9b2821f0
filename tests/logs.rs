//! The log of a real server: the ID of every request that failed with a server error, and no secret.

use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::smtp::MailServer;
use crate::support::{Board, PASSWORD, people, until};
use corkboard::app::open_store;
use corkboard::clock::Clock;
use corkboard::config::Config;
use corkboard::model::{JobId, Role, Timestamp};
use corkboard::store::{Origin, StoreError, keys};
use serde_json::{Value, json};

/// A server whose standard error goes to a file.
struct Logged {
    server: Child,
    folder: tempfile::TempDir,
    url: String,
}

/// Everything except the compiler's own messages: megabytes without personal data.
const TALKATIVE: &str = "trace,cranelift_codegen=warn,cranelift_frontend=warn,regalloc2=warn,wasmtime=warn,\
    wasmtime_environ=warn,wasmtime_internal_cranelift=warn,wasmtime_internal_jit_debug=warn";

impl Logged {
    async fn start(folder: tempfile::TempDir, level: Option<&str>) -> Self {
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let server = Command::new(env!("CARGO_BIN_EXE_corkboard"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .current_dir(folder.path())
            .env_remove("RUST_LOG")
            .envs(level.map(|level| ("RUST_LOG", level)))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut logged = Self {
            server,
            folder,
            url: String::new(),
        };
        let deadline = Instant::now() + Duration::from_secs(20);
        while logged.url.is_empty() {
            assert!(Instant::now() < deadline, "{}", logged.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
            let log = logged.log();
            let line = log
                .lines()
                .find_map(|line| line.strip_prefix("listening on "));
            line.unwrap_or_default().clone_into(&mut logged.url);
        }
        logged
    }

    fn log(&self) -> String {
        let mut log = String::new();
        std::fs::File::open(self.folder.path().join("log"))
            .unwrap()
            .read_to_string(&mut log)
            .unwrap();
        log
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let url = format!("{}/api/v1/{path}", self.url);
        let answer = reqwest::Client::new().post(url).json(&body).send();
        let text = answer.await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// The token in the first mail with a link to a page.
    async fn mailed_token(&self, page: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(20);
        let start = format!("/{page}?token=");
        loop {
            let mails = std::fs::read_dir(self.folder.path().join("data/mail/new"));
            for mail in mails.into_iter().flatten() {
                let mail = std::fs::read_to_string(mail.unwrap().path()).unwrap();
                let mail = mail.replace("=\r\n", "").replace("=3D", "=");
                if let Some(rest) = mail.split(&start).nth(1) {
                    let is_token = |c: &char| c.is_ascii_alphanumeric() || "-_".contains(*c);
                    return rest.chars().take_while(is_token).collect();
                }
            }
            assert!(Instant::now() < deadline, "no mail with {start}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A server whose standard error nobody reads, so its address is fixed.
struct Unread {
    server: Child,
    url: String,
}

impl Unread {
    async fn start(folder: &Path, errors: Stdio, environment: &[(&str, &str)]) -> Self {
        Self::start_as(
            &[env!("CARGO_BIN_EXE_corkboard")],
            folder,
            errors,
            environment,
        )
        .await
    }

    /// Starts it with a shell command that ends with the program.
    async fn start_as(
        line: &[&str],
        folder: &Path,
        errors: Stdio,
        environment: &[(&str, &str)],
    ) -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let server = Command::new(line[0])
            .args(&line[1..])
            .args(["serve", "--listen", &address])
            .current_dir(folder)
            .env_remove("RUST_LOG")
            .envs(environment.iter().copied())
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()
            .unwrap();
        let mut unread = Self {
            server,
            url: format!("http://{address}"),
        };
        let deadline = Instant::now() + Duration::from_mins(1);
        let ready = format!("{}/readyz", unread.url);
        while !reqwest::get(&ready)
            .await
            .is_ok_and(|answer| answer.status() == 200)
        {
            let ended = unread.server.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < deadline, "{ended:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        unread
    }

    async fn register(&self, email: &str) {
        let body = json!({"email": email, "password": PASSWORD, "name": "Ann", "role": "student"});
        let url = format!("{}/api/v1/auth/register", self.url);
        let answer = reqwest::Client::new().post(url).json(&body).send().await;
        assert_eq!(answer.unwrap().status(), 202);
    }

    async fn reads(&self) {
        let answer = reqwest::get(format!("{}/api/v1/jobs", self.url)).await;
        assert_eq!(answer.unwrap().status(), 200);
    }

    /// The number of lost log lines, from the metrics.
    async fn lost(&self) -> u64 {
        let answer = reqwest::get(format!("{}/metrics", self.url)).await;
        let text = answer.unwrap().text().await.unwrap();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("corkboard_log_lines_lost_total "));
        line.unwrap().parse().unwrap()
    }

    async fn stops_on(mut self, signal: &str) {
        let kill = format!("kill -{signal} {}", self.server.id());
        let sent = Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(sent.success());
        let deadline = Instant::now() + Duration::from_mins(1);
        let status = loop {
            if let Some(status) = self.server.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "SIG{signal} does not end it");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert_eq!(status.code(), Some(0), "SIG{signal}");
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A pipe without a reader.
fn no_reader() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

fn full_disk() -> Stdio {
    let full = std::fs::File::options().write(true).open("/dev/full");
    full.unwrap().into()
}

/// A1: if the log cannot be written, everything else works.
#[actix_web::test]
async fn the_board_works_without_a_writable_log() {
    for (errors, signal) in [
        (no_reader(), "TERM"),
        (no_reader(), "INT"),
        (full_disk(), "TERM"),
        (full_disk(), "INT"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let server = Unread::start(folder.path(), errors, &[("RUST_LOG", "debug")]).await;
        server.reads().await;
        server.register("ann@example.edu").await;
        let mails = folder.path().join("data/mail/new");
        until("the mail has left", async || {
            std::fs::read_dir(&mails).unwrap().count() == 1
        })
        .await;
        assert!(server.lost().await > 0);
        server.stops_on(signal).await;
    }
}

/// A1: a warning that nobody reads must not end its thread.
#[actix_web::test]
async fn mail_is_sent_even_if_its_warning_could_not_be_logged() {
    let mut mail = MailServer::start();
    mail.down();
    let folder = tempfile::tempdir().unwrap();
    let port = mail.port.to_string();
    let settings = [
        ("RUST_LOG", "warn"),
        ("CORKBOARD__MAIL__TRANSPORT", "smtp"),
        ("CORKBOARD__MAIL__HOST", "127.0.0.1"),
        ("CORKBOARD__MAIL__PORT", &port),
        ("CORKBOARD__MAIL__TLS", "none"),
    ];
    let server = Unread::start(folder.path(), no_reader(), &settings).await;
    let before = server.lost().await;
    server.register("ann@example.edu").await;
    until("the worker complains", async || {
        server.lost().await > before
    })
    .await;
    mail.up();
    mail.mail("ann@example.edu", "").await;
    server.stops_on("TERM").await;
}

/// A1: failed commits are logged; if that fails too, the store still answers.
#[actix_web::test]
async fn a_failed_commit_that_cannot_be_logged_leaves_reads_working() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut config = Config::default();
    data.clone_into(&mut config.data.dir);
    let store = open_store(&config, Clock::System).unwrap();
    people::make(&store, Role::Student, &["ann@example.edu".into()]).await;
    drop(store);
    // No file may grow beyond 8 MiB, and writing more gives an error instead of a signal.
    let limited = "ulimit -f 16384; trap '' XFSZ; exec \"$@\"";
    let program = env!("CARGO_BIN_EXE_corkboard");
    let line = ["sh", "-c", limited, "sh", program];
    let server = Unread::start_as(&line, folder.path(), no_reader(), &[]).await;
    let login = json!({"email": "ann@example.edu", "password": PASSWORD});
    let client = reqwest::Client::new();
    let opened = client
        .post(format!("{}/api/v1/auth/login", server.url))
        .json(&login)
        .send()
        .await
        .unwrap();
    let opened: Value = serde_json::from_str(&opened.text().await.unwrap()).unwrap();
    let mut refused = None;
    for _ in 0..16 {
        let mut pdf = b"%PDF-1.7\n".to_vec();
        pdf.resize(1024 * 1024, b' ');
        pdf.extend(b"%%EOF\n");
        let kept = client
            .post(format!("{}/api/v1/files", server.url))
            .bearer_auth(opened["accessToken"].as_str().unwrap())
            .header("content-type", "application/pdf")
            .body(pdf)
            .send();
        let status = kept.await.unwrap().status();
        if status != 201 {
            refused = Some(status);
            break;
        }
    }
    assert!(
        refused.is_some_and(|status| status.is_server_error()),
        "{refused:?}"
    );
    for _ in 0..3 {
        server.reads().await;
        // Writes are refused every time.
        let again = client
            .post(format!("{}/api/v1/auth/login", server.url))
            .json(&login)
            .send();
        again.await.unwrap();
    }
    server.stops_on("TERM").await;
}

/// A1: a reader that keeps the pipe open without reading blocks nobody. The lines it missed are counted.
#[actix_web::test]
async fn a_log_without_a_reader_blocks_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut reader, writer) = std::io::pipe().unwrap();
    let everything = [("RUST_LOG", TALKATIVE)];
    let server = Unread::start(folder.path(), writer.into(), &everything).await;
    let deadline = Instant::now() + Duration::from_mins(1);
    while server.lost().await == 0 {
        assert!(Instant::now() < deadline, "the queue has no end");
        server.reads().await;
    }
    server.register("ann@example.edu").await;
    let log = std::thread::spawn(move || {
        let mut log = String::new();
        reader.read_to_string(&mut log).unwrap();
        log
    });
    server.stops_on("TERM").await;
    let log = log.join().unwrap();
    assert!(log.contains("log lines were lost"), "{}", log.len());

    let folder = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    let server = Unread::start(folder.path(), writer.into(), &everything).await;
    while server.lost().await == 0 {
        server.reads().await;
    }
    server.stops_on("TERM").await;
    drop(reader);
}

#[actix_web::test]
async fn no_secret_is_in_the_trace_log() {
    let server = Logged::start(tempfile::tempdir().unwrap(), Some(TALKATIVE)).await;
    let email = "ann@example.edu";
    let body = json!({"email": email, "password": PASSWORD, "name": "Ann", "role": "student"});
    server.post("auth/register", body).await;
    let proof = server.mailed_token("verify-email").await;
    server
        .post(
            "auth/verify-email",
            json!({"token": proof, "password": PASSWORD}),
        )
        .await;
    let wrong = json!({"email": email, "password": "a wrong password"});
    server.post("auth/login", wrong).await;
    let opened = server
        .post("auth/login", json!({"email": email, "password": PASSWORD}))
        .await;
    let access = opened["accessToken"].as_str().unwrap();
    let refresh = opened["refreshToken"].as_str().unwrap();
    let me = reqwest::Client::new()
        .get(format!("{}/api/v1/me", server.url))
        .bearer_auth(access)
        .header("cookie", "corkboard=a-stale-cookie")
        .send();
    assert_eq!(me.await.unwrap().status(), 200);
    server
        .post("auth/refresh", json!({"refreshToken": refresh}))
        .await;
    server
        .post("auth/forgot-password", json!({"email": email}))
        .await;
    let reset = server.mailed_token("reset-password").await;
    let changed = json!({"token": reset, "password": "another good password"});
    server.post("auth/reset-password", changed).await;

    until("the last request is in the log", async || {
        server.log().contains("/api/v1/auth/reset-password")
    })
    .await;
    let log = server.log();
    let failed = log.lines().find(|line| line.contains("login failed"));
    let failed: Value = serde_json::from_str(failed.unwrap()).unwrap();
    let fields = &failed["fields"];
    assert_eq!(
        (&fields["client_address"], &fields["suppressed"]),
        (&json!("127.0.0.1"), &json!(0))
    );
    assert!(fields["account_id"].is_string(), "{fields}");
    for secret in [
        PASSWORD,
        "a wrong password",
        "another good password",
        "a-stale-cookie",
        &proof,
        &reset,
        access,
        refresh,
        // A mail's body, and a hash.
        "Hello Ann",
        "$argon2",
    ] {
        let line = log.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{secret} is in the log: {line:?}");
    }
}

#[actix_web::test]
async fn a_server_error_is_logged_with_its_request_id() {
    let board = Board::start();
    let id = JobId::generate(Timestamp::from_millis(1_700_000_000_000));
    board
        .store
        .run(Origin::OPERATOR, async |transaction| {
            transaction
                .put_bytes(&keys::job(id), b"no record".to_vec())
                .await
        })
        .await
        .unwrap_or_else(|error: StoreError| panic!("{error}"));
    let store = board.stop().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    std::fs::copy(
        store.path().join("store.redb"),
        folder.path().join("data/store.redb"),
    )
    .unwrap();
    let server = Logged::start(folder, None).await;
    let answer = reqwest::get(format!("{}/api/v1/jobs/{id}", server.url))
        .await
        .unwrap();
    assert_eq!(answer.status(), 500);
    let problem: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(problem["code"], "internal");
    assert!(!problem["detail"].as_str().unwrap().contains("format"));
    let request_id = problem["requestId"].as_str().unwrap();
    assert_eq!(request_id.len(), 16);
    // A separate thread writes the lines, shortly after the answer.
    crate::support::until("both lines are in the log", async || {
        server.log().matches(request_id).count() >= 2
    })
    .await;
    let log = server.log();
    let lines: Vec<&str> = log
        .lines()
        .filter(|line| line.contains(request_id))
        .collect();
    assert!(
        lines.len() == 2 && lines.iter().all(|line| line.contains("ERROR")),
        "the cause and the answer: {lines:#?}"
    );
    let record = format!("of job {id}");
    assert!(lines[0].contains(&record), "the cause: {lines:#?}");
    // An access log needs to be switched on.
    let fine = reqwest::get(format!("{}/api/v1/jobs/suggest", server.url)).await;
    assert_eq!(fine.unwrap().status(), 200);
    assert!(!server.log().contains("suggest"), "{}", server.log());
}

#[actix_web::test]
async fn clients_that_do_not_send_http_do_not_fill_the_log() {
    use std::io::Write as _;
    let server = Logged::start(tempfile::tempdir().unwrap(), None).await;
    let address = server.url.strip_prefix("http://").unwrap();
    let mut client = std::net::TcpStream::connect(address).unwrap();
    client
        .write_all(b"GET / HTTP/1.1\r\nno header\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(!server.log().contains("ERROR"), "{}", server.log());
}
