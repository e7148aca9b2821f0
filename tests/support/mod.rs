//! Starts the real Corkboard in a temporary folder on a free port, and calls it as a client would.

pub mod bucket;
pub mod contract;
pub mod people;
#[expect(dead_code, reason = "the engine's own tests need more of it")]
#[path = "../../src/store/postgres/tests/server.rs"]
pub mod postgres;
pub mod process;
pub mod smtp;
pub mod store;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use contract::Outcome;
use corkboard::app;
use corkboard::clock::Clock;
use corkboard::config::Config;
use corkboard::store::{Store, wait};
use reqwest::{Method, Request, RequestBuilder, StatusCode};
use serde_json::{Value, json};

pub const PASSWORD: &str = "correct horse battery";

pub struct Board {
    pub url: String,
    pub store: Store,
    pub clock: Clock,
    pub folder: tempfile::TempDir,
    /// Results of all requests so far, as far as the API's description covers them.
    pub outcomes: Mutex<BTreeSet<Outcome>>,
    client: reqwest::Client,
    handle: actix_web::dev::ServerHandle,
    done: tokio::task::JoinHandle<std::io::Result<()>>,
}

/// A complete answer.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
    /// `None` if the API's description does not cover the request.
    pub outcome: Option<Outcome>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {}", self.text))
    }

    /// Empty if the answer is not a problem.
    pub fn problem_code(&self) -> String {
        // The answer to HEAD has the type and no text.
        let is_problem = self.header("content-type") == "application/problem+json";
        if is_problem && !self.text.is_empty() {
            self.code()
        } else {
            String::new()
        }
    }

    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The fields in a 422 answer.
    pub fn fields(&self) -> Vec<String> {
        let errors = self.json()["errors"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        errors
            .iter()
            .filter_map(|error| error["field"].as_str().map(str::to_owned))
            .collect()
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

/// A logged-in person.
#[derive(Clone, Debug)]
pub struct Person {
    pub email: String,
    pub token: String,
    pub refresh: String,
}

impl Person {
    /// From the answer of a login.
    pub fn of(reply: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            email: text(&reply["account"]["email"]),
            token: text(&reply["accessToken"]),
            refresh: text(&reply["refreshToken"]),
        }
    }
}

impl Board {
    pub fn start() -> Self {
        Self::start_with(Clock::System, |_| {})
    }

    pub fn start_with(clock: Clock, change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::start_in(folder, clock, change)
    }

    pub fn start_in(
        folder: tempfile::TempDir,
        clock: Clock,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let mut config = store::config(folder.path());
        config.server.listen = ([127, 0, 0, 1], 0).into();
        config.mail.per_second = 0;
        config.rules.compiler = Some(env!("CARGO_BIN_EXE_corkboard").into());
        change(&mut config);
        let running = wait(app::start(config, clock.clone())).unwrap();
        Self {
            url: format!("http://{}", running.server.address),
            store: running.store.clone(),
            clock,
            folder,
            outcomes: Mutex::default(),
            client: reqwest::Client::new(),
            handle: running.server.handle.clone(),
            done: actix_web::rt::spawn(running.wait()),
        }
    }

    /// Stops as on SIGTERM, and returns the data folder.
    pub async fn stop(self) -> tempfile::TempDir {
        self.handle.stop(true).await;
        // A stop waits for all users of the store.
        drop(self.store);
        self.done.await.unwrap().unwrap();
        self.folder
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/api/v1/{path}")
        };
        self.client.request(method, format!("{}{path}", self.url))
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        let reply = send(request).await.unwrap();
        self.outcomes.lock().unwrap().extend(reply.outcome.clone());
        reply
    }

    pub async fn execute(&self, request: Request) -> Reply {
        self.send(RequestBuilder::from_parts(self.client.clone(), request))
            .await
    }

    pub async fn get(&self, who: Option<&Person>, path: &str) -> Reply {
        self.send(signed(self.request(Method::GET, path), who))
            .await
    }

    pub async fn delete(&self, who: Option<&Person>, path: &str) -> Reply {
        self.send(signed(self.request(Method::DELETE, path), who))
            .await
    }

    pub async fn post(&self, who: Option<&Person>, path: &str, body: Value) -> Reply {
        self.send(signed(self.request(Method::POST, path), who).json(&body))
            .await
    }

    pub async fn patch(&self, who: Option<&Person>, path: &str, body: Value) -> Reply {
        self.send(signed(self.request(Method::PATCH, path), who).json(&body))
            .await
    }

    /// Waits until a mail to somebody contains a text, and returns it decoded.
    pub async fn mail(&self, to: &str, text: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(15);
        loop {
            let found = self
                .mails()
                .into_iter()
                .find(|mail| mail.contains(&format!("{to}>")) && mail.contains(text));
            if let Some(mail) = found {
                return mail;
            }
            assert!(
                Instant::now() < deadline,
                "no mail to {to} with {text:?} among {:#?}",
                self.mails()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// All sent mails, without soft line breaks.
    pub fn mails(&self) -> Vec<String> {
        let folder: PathBuf = self.folder.path().join("mail/new");
        let files = std::fs::read_dir(folder).unwrap();
        files
            .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
            .map(|mail| {
                mail.replace("=\r\n", "")
                    .replace("=3D", "=")
                    .replace("\r\n", "\n")
            })
            .collect()
    }

    /// The token in the newest link of a kind that was mailed to somebody.
    pub async fn mailed_token(&self, to: &str, page: &str) -> String {
        self.mail(to, &format!("/{page}?token=")).await;
        self.mailed_tokens(to, page).swap_remove(0)
    }

    /// The tokens in all links of a kind that were mailed to somebody, in no order.
    pub fn mailed_tokens(&self, to: &str, page: &str) -> Vec<String> {
        let start = format!("/{page}?token=");
        let mut mails = self.mails();
        mails.retain(|mail| mail.contains(&format!("{to}>")));
        let tokens = mails.iter().filter_map(|mail| {
            let (_, rest) = mail.split_once(&start)?;
            let is_token = |c: &char| c.is_ascii_alphanumeric() || "-_".contains(*c);
            Some(rest.chars().take_while(is_token).collect())
        });
        tokens.collect()
    }

    pub async fn login(&self, email: &str) -> Person {
        let body = json!({"email": email, "password": PASSWORD});
        let reply = self.post(None, "auth/login", body).await;
        Person::of(&reply.expect(200).json())
    }

    /// Logs in as a page does. Returns the session cookie as a browser sends it.
    pub async fn log_in_on_a_page(&self, email: &str) -> String {
        let body = json!({"email": email, "password": PASSWORD});
        let login = self.request(Method::POST, "auth/login");
        let login = login.header("origin", &self.url).json(&body);
        let reply = self.send(login).await.expect(200);
        let cookies = reply.headers.get_all("set-cookie").iter();
        let mut cookies = cookies.map(|cookie| cookie.to_str().unwrap());
        let session = cookies.find(|cookie| cookie.starts_with("corkboard="));
        let (cookie, _) = session.unwrap().split_once(';').unwrap();
        cookie.to_owned()
    }

    /// Registers and verifies by mail, which logs in.
    pub async fn join(&self, role: &str, email: &str) -> Person {
        let body = json!({"email": email, "password": PASSWORD, "name": format!("{role} {email}"), "role": role});
        self.post(None, "auth/register", body).await.expect(202);
        let token = self.mailed_token(email, "verify-email").await;
        let body = json!({"token": token, "password": PASSWORD});
        let reply = self.post(None, "auth/verify-email", body).await;
        Person::of(&reply.expect(200).json())
    }

    /// An admin, created as by the command line.
    pub async fn admin(&self) -> Person {
        use corkboard::accounts::create_account;
        use corkboard::model::{Email, Role};
        let passwords = corkboard::auth::Passwords::new(1).unwrap();
        let hash = passwords.hash(PASSWORD).await.unwrap();
        let email = Email::parse("office@example.edu").unwrap();
        self.store
            .run(corkboard::store::Origin::OPERATOR, async |transaction| {
                let (email, hash) = (email.clone(), hash.clone());
                create_account(transaction, Role::Admin, email, "Office", hash).await
            })
            .await
            .unwrap();
        self.login("office@example.edu").await
    }

    pub async fn post_job(&self, employer: &Person, change: Value) -> Value {
        let body = job(change);
        self.post(Some(employer), "jobs", body)
            .await
            .expect(201)
            .json()
    }
}

/// Sends a request that may never be answered, and checks it and its answer against the API's description.
pub async fn send(request: reqwest::RequestBuilder) -> reqwest::Result<Reply> {
    let (client, request) = request.build_split();
    let request = request?;
    let (method, path) = (request.method().clone(), request.url().path().to_owned());
    let sent = request.body().and_then(reqwest::Body::as_bytes);
    let sent = sent.and_then(|bytes| serde_json::from_slice(bytes).ok());
    let response = client.execute(request).await?;
    let mut reply = Reply {
        status: response.status(),
        headers: response.headers().clone(),
        text: response.text().await?,
        outcome: None,
    };
    reply.outcome = contract::check(&method, &path, &reply);
    if let (Some(body), true) = (sent, reply.status.is_success()) {
        contract::check_request(&method, &path, &body);
    }
    Ok(reply)
}

fn signed(request: reqwest::RequestBuilder, who: Option<&Person>) -> reqwest::RequestBuilder {
    match who {
        Some(person) => request.bearer_auth(&person.token),
        None => request,
    }
}

/// A valid posting, with some members changed.
pub fn job(change: Value) -> Value {
    let mut job = json!({
        "jobTitle": "Library assistant",
        "jobDescription": "Shelve books, help readers.",
        "jobPayRate": 17.5,
        "skillsRequired": ["shelving", "Spanish"],
        "hoursPerWeek": 10,
        "deadline": "2099-01-31",
    });
    for (name, value) in change.as_object().unwrap() {
        job[name] = value.clone();
    }
    job
}

/// Checks a condition repeatedly until it is true, for at most ten seconds.
pub async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    // Long, since it only bounds a failing test, and machines that run tests can be slow.
    let deadline = Instant::now() + Duration::from_mins(1);
    while !holds().await {
        assert!(Instant::now() < deadline, "it never came about that {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
