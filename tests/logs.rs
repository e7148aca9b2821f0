//! What a real server writes to its log: the id of every request that failed through its own fault, and no secret.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Board, PASSWORD};
use corkboard::model::{JobId, Timestamp};
use corkboard::store::{Origin, StoreError, keys};
use serde_json::{Value, json};

/// A server of its own, whose standard error goes to a file.
struct Logged {
    server: Child,
    folder: tempfile::TempDir,
    url: String,
}

/// Everything, but for what compiling a module tells of itself: megabytes that hold nothing of a person's.
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

    /// The token of the first mail that has one for a page.
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

#[actix_web::test]
async fn no_secret_is_in_the_most_talkative_log() {
    let server = Logged::start(tempfile::tempdir().unwrap(), Some(TALKATIVE)).await;
    let email = "ann@example.edu";
    let body = json!({"email": email, "password": PASSWORD, "name": "Ann", "role": "student"});
    server.post("auth/register", body).await;
    let proof = server.mailed_token("verify-email").await;
    server
        .post("auth/verify-email", json!({"token": proof}))
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
        .header("cookie", "corkboard_access=a-stale-cookie")
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

    let log = server.log();
    // The log of requests is there at all, and has what was asked for.
    assert!(log.contains("/api/v1/auth/reset-password"), "{log}");
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
async fn a_fault_of_the_server_is_in_the_log_under_its_request_id() {
    let board = Board::start();
    let id = JobId::generate(Timestamp::from_millis(1_700_000_000_000));
    board
        .store
        .run(Origin::OPERATOR, |transaction| {
            transaction.put_bytes(&keys::job(id), b"no record".to_vec())
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
    let log = server.log();
    let lines: Vec<&str> = log
        .lines()
        .filter(|line| line.contains(request_id))
        .collect();
    assert!(
        lines.len() == 2 && lines.iter().all(|line| line.contains("ERROR")),
        "the cause and the answer: {lines:#?}"
    );
    assert!(lines[0].contains("of R"), "the cause: {lines:#?}");
    // An access log is for who asks for it.
    let fine = reqwest::get(format!("{}/api/v1/jobs/suggest", server.url)).await;
    assert_eq!(fine.unwrap().status(), 200);
    assert!(!server.log().contains("suggest"), "{}", server.log());
}

#[actix_web::test]
async fn what_is_no_http_does_not_fill_the_log() {
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
