//! Servers and the database are killed at random under load: nothing that was acknowledged is lost, nothing is there
//! twice, and everybody gets their mail. `CORKBOARD_KILLS_FOR=1800` runs each for so many seconds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use corkboard::clock::Clock;
use corkboard::model::{Application, Job, Role};
use corkboard::store::{PostgresEngine, PostgresOptions, Record, Store, keys};
use rand::RngExt as _;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::support::postgres::Server;
use crate::support::process::{Process, corkboard, create_board};
use crate::support::smtp::MailServer;
use crate::support::{job, people};

/// Clients that write at the same time.
const CLIENTS: usize = 64;
/// How long each run takes if nobody asks for a long one.
const SHORT: Duration = Duration::from_secs(15);
/// A client waits this long after each write, so that a long run fits on the disk.
const BREATH: Duration = Duration::from_millis(150);
/// How soon every mail must be there after the last kill.
const MAIL_TAKES: Duration = Duration::from_mins(1);

fn run_for() -> Duration {
    let seconds = std::env::var("CORKBOARD_KILLS_FOR").ok();
    seconds.map_or(SHORT, |seconds| {
        Duration::from_secs(seconds.parse().expect("seconds"))
    })
}

/// A board on several servers, each with a folder of its own.
struct Site {
    database: Option<(Server, String)>,
    mail: MailServer,
    nodes: Vec<Node>,
    client: Client,
}

struct Node {
    folder: tempfile::TempDir,
    /// Where it listens, while it runs.
    url: Mutex<Option<String>>,
    process: Mutex<Option<Process>>,
}

impl Site {
    fn new(database: Option<(Server, String)>, nodes: usize) -> Self {
        let node = |_| Node {
            folder: tempfile::tempdir().unwrap(),
            url: Mutex::default(),
            process: Mutex::default(),
        };
        // A server that does not answer is tried again elsewhere, as a load balancer does.
        let client = Client::builder().timeout(Duration::from_secs(20));
        Self {
            database,
            mail: MailServer::start(),
            nodes: (0..nodes).map(node).collect(),
            client: client.build().unwrap(),
        }
    }

    fn command(&self, folder: &Path) -> Command {
        let mut command = corkboard(folder);
        if let Some((_, url)) = &self.database {
            command.env("CORKBOARD__STORE__ENGINE", "postgres");
            command.env("CORKBOARD__STORE__URL", url);
        }
        command.env("CORKBOARD__MAIL__TRANSPORT", "smtp");
        command.env("CORKBOARD__MAIL__HOST", "127.0.0.1");
        command.env("CORKBOARD__MAIL__PORT", self.mail.port.to_string());
        command.env("CORKBOARD__MAIL__TLS", "none");
        command
    }

    fn start(&self, node: &Node) {
        let mut command = self.command(node.folder.path());
        let process = Process::start(command.args(["serve", "--listen", "127.0.0.1:0"]));
        *node.url.lock().unwrap() = Some(process.url.clone());
        *node.process.lock().unwrap() = Some(process);
    }

    fn kill(&self, node: &Node) {
        *node.url.lock().unwrap() = None;
        node.process.lock().unwrap().take().unwrap().kill();
    }

    /// Any server that runs, as a load balancer chooses.
    fn url(&self) -> Option<String> {
        let running: Vec<String> = self
            .nodes
            .iter()
            .filter_map(|node| node.url.lock().unwrap().clone())
            .collect();
        let any = rand::rng().random_range(0..running.len().max(1));
        running.get(any).cloned()
    }

    /// The answer to a write, sent again, with the same key, until there is one.
    async fn write(
        &self,
        who: Option<&Person>,
        path: &str,
        key: &str,
        body: &Value,
    ) -> (u16, Value) {
        loop {
            if let Some(url) = self.url() {
                let token = who.map(|who| who.token.lock().unwrap().clone());
                let request = self
                    .client
                    .request(Method::POST, format!("{url}/api/v1/{path}"))
                    .bearer_auth(token.unwrap_or_default())
                    .header("Idempotency-Key", key)
                    .header("X-Forwarded-For", any_address());
                if let Ok(reply) = request.json(body).send().await {
                    let status = reply.status().as_u16();
                    // 409 `in_progress`: the try before this one is still at work.
                    let answer: Value = reply.json().await.unwrap_or(Value::Null);
                    assert!(status != 500, "{path}: {answer}");
                    match (status, who) {
                        // The access token is too old.
                        (401, Some(who)) => Box::pin(self.log_in(who)).await,
                        (429 | 503 | 507, _) => {}
                        _ if answer["code"] == "in_progress" => {}
                        _ => return (status, answer),
                    }
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn log_in(&self, who: &Person) {
        let body = json!({"email": who.email, "password": crate::support::PASSWORD});
        let key = format!("l-{}", rand::random::<u64>());
        let (status, answer) = self.write(None, "auth/login", &key, &body).await;
        assert_eq!(status, 200, "{answer}");
        *who.token.lock().unwrap() = text(&answer, "accessToken");
    }
}

struct Person {
    email: String,
    token: Mutex<String>,
}

/// So that the limits for one network play no part.
fn any_address() -> String {
    let number: u32 = rand::rng().random_range(0..1 << 24);
    let [_, one, two, three] = number.to_be_bytes();
    format!("10.{one}.{two}.{three}")
}

fn text(value: &Value, member: &str) -> String {
    let text = value[member].as_str();
    text.unwrap_or_else(|| panic!("no {member} in {value}"))
        .to_owned()
}

/// What was acknowledged: titles of postings, applications, and mailboxes that must get a mail.
#[derive(Default)]
struct Acknowledged {
    jobs: Mutex<BTreeMap<String, String>>,
    applications: Mutex<BTreeSet<String>>,
    mailboxes: Mutex<BTreeSet<String>>,
}

struct Load {
    site: Arc<Site>,
    is_over: AtomicBool,
    acknowledged: Acknowledged,
}

impl Load {
    /// Posts jobs and applies to them.
    async fn write(&self, number: usize, employer: &Person, student: &Person) {
        let mut round = 0;
        while !self.is_over.load(Ordering::Relaxed) {
            round += 1;
            let title = format!("Posting {number} of {round}");
            let body = job(json!({"jobTitle": title}));
            let key = format!("j-{number}-{round}");
            let (status, answer) = self.site.write(Some(employer), "jobs", &key, &body).await;
            assert_eq!(status, 201, "{answer}");
            let id = text(&answer, "jobId");
            self.acknowledged
                .jobs
                .lock()
                .unwrap()
                .insert(title, id.clone());
            if round % 8 == 0 {
                let (key, body) = (format!("a-{number}-{round}"), json!({"jobId": id}));
                let (status, answer) = self
                    .site
                    .write(Some(student), "applications", &key, &body)
                    .await;
                assert_eq!(status, 201, "{answer}");
                let id = text(&answer, "applicationId");
                self.acknowledged.applications.lock().unwrap().insert(id);
            }
            tokio::time::sleep(BREATH).await;
        }
    }

    /// Signs people up, each of whom gets one mail.
    async fn sign_up(&self) {
        let mut number = 0;
        while !self.is_over.load(Ordering::Relaxed) {
            number += 1;
            let email = format!("new{number}@example.edu");
            let body = json!({
                "email": email, "password": crate::support::PASSWORD, "name": "Ann Lee", "role": "student",
            });
            let (status, answer) = self.site.write(None, "auth/register", &email, &body).await;
            assert_eq!(status, 202, "{answer}");
            self.acknowledged.mailboxes.lock().unwrap().insert(email);
            tokio::time::sleep(BREATH).await;
        }
    }

    /// Kills and starts again, at random. Returns how often.
    async fn kill(self: &Arc<Self>, until: Instant) -> usize {
        let kills = AtomicUsize::new(0);
        while Instant::now() < until {
            let pause = rand::rng().random_range(1_000..4_000);
            tokio::time::sleep(Duration::from_millis(pause)).await;
            let down = Duration::from_millis(rand::rng().random_range(0..1_500));
            let (load, any) = (self.clone(), rand::rng().random_range(0..4));
            // It waits for processes.
            let killed = tokio::task::spawn_blocking(move || {
                let site = &load.site;
                match &site.database {
                    Some((server, _)) if any == 3 => {
                        server.kill();
                        std::thread::sleep(down);
                        server.run();
                    }
                    _ => {
                        let node = &site.nodes[any % site.nodes.len()];
                        site.kill(node);
                        std::thread::sleep(down);
                        site.start(node);
                    }
                }
            });
            killed.await.unwrap();
            kills.fetch_add(1, Ordering::Relaxed);
        }
        kills.into_inner()
    }

    /// Every acknowledged record is there, and none twice.
    async fn check_records(&self, store: &Store) {
        let reader = store.read().unwrap();
        let mut stored = BTreeMap::new();
        for job in all::<Job>(&reader, &keys::jobs()).await {
            let earlier = stored.insert(job.job_title.clone(), job.job_id.to_string());
            assert_eq!(earlier, None, "{} is there twice", job.job_title);
        }
        for (title, id) in &*self.acknowledged.jobs.lock().unwrap() {
            assert_eq!(stored.get(title), Some(id), "{title}");
        }
        let mut found = BTreeSet::new();
        let mut pairs = BTreeSet::new();
        for one in all::<Application>(&reader, &keys::applications()).await {
            found.insert(one.application_id.to_string());
            let pair = (one.student_id.to_string(), one.job_id.to_string());
            assert!(pairs.insert(pair), "{} is there twice", one.application_id);
        }
        let acknowledged = self.acknowledged.applications.lock().unwrap();
        let lost: Vec<_> = acknowledged.difference(&found).collect();
        assert!(lost.is_empty(), "lost: {lost:?}");
    }

    /// Everybody who signed up gets a mail. Returns how many mails came twice.
    async fn check_mail(&self) -> usize {
        let expected = self.acknowledged.mailboxes.lock().unwrap().clone();
        let deadline = Instant::now() + MAIL_TAKES;
        loop {
            let mails = self.site.mail.mails();
            let reached: BTreeSet<String> = mails
                .iter()
                .map(|mail| mail["recipients"][0].as_str().unwrap().to_owned())
                .collect();
            let missing: Vec<_> = expected.difference(&reached).collect();
            if missing.is_empty() {
                let mut ids = BTreeSet::new();
                let twice = mails
                    .iter()
                    .filter(|mail| !ids.insert(text(mail, "messageId")));
                return twice.count();
            }
            assert!(Instant::now() < deadline, "no mail for {missing:?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

async fn all<R: Record>(
    reader: &corkboard::store::Reader,
    index: &corkboard::store::Key,
) -> Vec<R> {
    let (mut found, mut walk) = (Vec::new(), reader.walk(index));
    while let Some(rows) = walk.next_keys().await.unwrap() {
        let records = reader.get_indexed::<R>(&rows).await.unwrap();
        assert_eq!(records.len(), rows.len());
        found.extend(records.into_iter().map(|one| one.record));
    }
    found
}

/// Opens the store while no server has it.
fn open_store(site: &Site) -> Store {
    match &site.database {
        Some((_, url)) => {
            let engine = PostgresEngine::open(PostgresOptions::new(url)).unwrap();
            Store::new(Arc::new(engine), Clock::System)
        }
        None => {
            let mut config = corkboard::config::Config::default();
            site.nodes[0].folder.path().clone_into(&mut config.data.dir);
            corkboard::app::open_store(&config, Clock::System).unwrap()
        }
    }
}

async fn survives_kills(site: Site) {
    let site = Arc::new(site);
    let emails = |role: &str| -> Vec<String> {
        let email = |number| format!("{role}{number}@example.edu");
        (0..CLIENTS).map(email).collect()
    };
    let (employers, students) = (emails("e"), emails("s"));
    let store = open_store(&site);
    people::make(&store, Role::Employer, &employers).await;
    people::make(&store, Role::Student, &students).await;
    let closed = store.closed();
    drop(store);
    closed.await;
    for node in &site.nodes {
        site.start(node);
    }
    let load = Arc::new(Load {
        site: site.clone(),
        is_over: AtomicBool::new(false),
        acknowledged: Acknowledged::default(),
    });
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..CLIENTS {
        let person = |emails: &[String]| Person {
            email: emails[number].clone(),
            token: Mutex::default(),
        };
        let (employer, student) = (person(&employers), person(&students));
        let load = load.clone();
        clients.spawn(async move {
            load.site.log_in(&employer).await;
            load.site.log_in(&student).await;
            load.write(number, &employer, &student).await;
        });
    }
    let signing_up = load.clone();
    clients.spawn(async move { signing_up.sign_up().await });
    let kills = load.kill(Instant::now() + run_for()).await;
    load.is_over.store(true, Ordering::Relaxed);
    clients.join_all().await;

    let twice = load.check_mail().await;
    for node in &site.nodes {
        let process = node.process.lock().unwrap().take();
        process.unwrap().stop().await;
    }
    load.check_records(&open_store(&site)).await;
    let mut check = site.command(site.nodes[0].folder.path());
    let checked = check.arg("check").output().unwrap();
    let said = String::from_utf8_lossy(&checked.stdout);
    assert!(checked.status.success(), "{said}");
    assert!(said.ends_with(" No problems found.\n"), "{said}");
    assert!(twice <= kills, "{twice} mails came twice in {kills} kills");
    println!(
        "{kills} kills: {} postings, {} applications, {} mails, of which {twice} came twice",
        load.acknowledged.jobs.lock().unwrap().len(),
        load.acknowledged.applications.lock().unwrap().len(),
        site.mail.mails().len(),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_one_server() {
    let site = Site::new(None, 1);
    create_board(site.nodes[0].folder.path());
    survives_kills(site).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_three_servers_and_their_database() {
    let server = Server::start();
    let url = server.database().url();
    survives_kills(Site::new(Some((server, url)), 3)).await;
}
