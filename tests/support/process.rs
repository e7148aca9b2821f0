//! The real binary as a separate process: start, call, stop or kill it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::{PASSWORD, Person, Reply, send};

/// Longest wait for a process to start, stop or print something. The machine may be busy.
const MAX_WAIT: Duration = Duration::from_mins(1);

pub struct Process {
    pub url: String,
    pub client: reqwest::Client,
    child: Child,
    said: Arc<Mutex<String>>,
}

/// Creates the store of a board without any data.
pub fn create_board(data: &Path) {
    let config = super::store::config(data);
    drop(corkboard::app::open_store(&config, corkboard::clock::Clock::System).unwrap());
}

/// The binary with a data folder, not started yet.
pub fn corkboard(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_corkboard"));
    command.arg("--data-dir").arg(data).current_dir(data);
    super::store::choose(&mut command, data);
    command
}

impl Process {
    /// Starts `serve` on a free port and waits until it answers.
    pub fn serve(data: &Path) -> Self {
        let mut command = corkboard(data);
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        Self::start(&mut command)
    }

    /// Starts a command and waits until it listens.
    pub fn start(command: &mut Command) -> Self {
        let mut process = Self::start_until(command, "listening on ");
        let said = process.said();
        let address = said
            .lines()
            .find_map(|line| line.strip_prefix("listening on "));
        address.unwrap().clone_into(&mut process.url);
        process
    }

    /// Starts a command and waits until it prints a line with this start.
    pub fn start_until(command: &mut Command, line: &str) -> Self {
        let mut child = command
            .env("CORKBOARD__MAIL__PER_SECOND", "0")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let (ears, errors) = (said.clone(), child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(Result::ok) {
                let mut said = ears.lock().unwrap();
                said.push_str(&line);
                said.push('\n');
            }
        });
        let mut process = Self {
            url: String::new(),
            client: reqwest::Client::new(),
            child,
            said,
        };
        let deadline = Instant::now() + MAX_WAIT;
        loop {
            let said = process.said();
            if said.lines().any(|said| said.starts_with(line)) {
                return process;
            }
            let ended = process.child.try_wait().unwrap();
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "{ended:?}: {said}"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What it has written to standard error.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its standard output once it has ended, if that was piped.
    pub fn output(&mut self) -> Option<std::process::ChildStdout> {
        self.child.stdout.take()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends SIGTERM and does not wait.
    pub fn terminate(&self) {
        let command = format!("kill -TERM {}", self.child.id());
        let sent = Command::new("sh").args(["-c", &command]).status().unwrap();
        assert!(sent.success());
    }

    pub async fn ended(&mut self) -> ExitStatus {
        let deadline = Instant::now() + MAX_WAIT;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "does not end: {}", self.said());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Stops it with SIGTERM, and expects a clean exit status.
    pub async fn stop(mut self) {
        self.terminate();
        let status = self.ended().await;
        assert_eq!(status.code(), Some(0), "{}", self.said());
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/api/v1/{path}")
        };
        self.client.request(method, format!("{}{path}", self.url))
    }

    pub async fn get(&self, who: Option<&Person>, path: &str) -> Reply {
        send(super::signed(self.request(Method::GET, path), who))
            .await
            .unwrap()
    }

    pub async fn post(&self, who: Option<&Person>, path: &str, body: Value) -> Reply {
        send(super::signed(self.request(Method::POST, path), who).json(&body))
            .await
            .unwrap()
    }

    pub async fn patch(&self, who: &Person, path: &str, body: Value) -> Reply {
        let request = super::signed(self.request(Method::PATCH, path), Some(who));
        send(request.json(&body)).await.unwrap()
    }

    pub async fn delete(&self, who: &Person, path: &str) -> Reply {
        let request = super::signed(self.request(Method::DELETE, path), Some(who));
        send(request).await.unwrap()
    }

    pub async fn login(&self, email: &str) -> Person {
        self.login_with(email, PASSWORD).await
    }

    pub async fn login_with(&self, email: &str, password: &str) -> Person {
        let body = json!({"email": email, "password": password});
        let reply = self.post(None, "auth/login", body).await.expect(200).json();
        Person {
            email: email.into(),
            token: reply["accessToken"].as_str().unwrap().into(),
            refresh: reply["refreshToken"].as_str().unwrap().into(),
        }
    }

    /// All items of a list, page by page.
    pub async fn list(&self, who: &Person, path: &str) -> Vec<Value> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        let joint = if path.contains('?') { '&' } else { '?' };
        loop {
            let page = format!("{path}{joint}limit=100{cursor}");
            let page = self.get(Some(who), &page).await.expect(200).json();
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
