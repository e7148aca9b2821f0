//! A mail server on this machine (Debian's python3-aiosmtpd, which `tests/run` installs). smtp.py says how it treats
//! mails.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use corkboard::config::{Config, MailTls, MailTransport};
use serde_json::Value;

use super::{Board, Person};

pub struct MailServer {
    pub port: u16,
    folder: tempfile::TempDir,
    password: Option<&'static str>,
    child: Option<Child>,
}

impl MailServer {
    pub fn start() -> Self {
        Self::start_with(None)
    }

    /// Accepts mail only after a login with this password.
    pub fn guarded(password: &'static str) -> Self {
        Self::start_with(Some(password))
    }

    fn start_with(password: Option<&'static str>) -> Self {
        let mut server = Self {
            port: 0,
            folder: tempfile::tempdir().unwrap(),
            password,
            child: None,
        };
        server.up();
        server
    }

    /// Starts on the same port as before.
    pub fn up(&mut self) {
        let mut child = Command::new("/usr/bin/python3")
            .arg(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/support/smtp.py"
            ))
            .arg(self.folder.path())
            .arg(self.port.to_string())
            .args(self.password)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let said = child.stdout.take().unwrap();
        BufReader::new(said).read_line(&mut line).unwrap();
        let port = line.trim().parse();
        self.port = port.expect("is python3-aiosmtpd installed? tests/run installs it");
        self.child = Some(child);
    }

    pub fn down(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// From now on it accepts mail for `never-` addresses.
    pub fn mend(&self) {
        std::fs::write(self.folder.path().join("mended"), "").unwrap();
    }

    pub fn refused_log_ins(&self) -> usize {
        let file = std::fs::read_to_string(self.folder.path().join("refused"));
        file.unwrap_or_default().lines().count()
    }

    /// Settings that send through it.
    pub fn settings(&self) -> impl FnOnce(&mut Config) + use<> {
        through(self.port)
    }

    /// All mails it has accepted, in order.
    pub fn mails(&self) -> Vec<Value> {
        let file = std::fs::read_to_string(self.folder.path().join("mail.jsonl"));
        let file = file.unwrap_or_default();
        // The last line may be incomplete.
        let whole = file.rfind('\n').map_or(0, |end| end + 1);
        let lines = file[..whole].lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The mails it has accepted for one address.
    pub fn mails_to(&self, address: &str) -> Vec<Value> {
        let mut mails = self.mails();
        mails.retain(|mail| mail["recipients"] == serde_json::json!([address]));
        mails
    }

    /// Waits for a mail to an address with a text in its subject.
    pub async fn mail(&self, address: &str, subject: &str) -> Value {
        let deadline = Instant::now() + Duration::from_secs(40);
        loop {
            let found = self
                .mails_to(address)
                .into_iter()
                .find(|mail| mail["subject"].as_str().unwrap().contains(subject));
            if let Some(mail) = found {
                return mail;
            }
            assert!(
                Instant::now() < deadline,
                "no mail to {address} with {subject:?} among {:#?}",
                self.mails()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// A list of the outbox, as an admin sees it.
pub async fn outbox(board: &Board, admin: &Person, state: &str) -> Vec<Value> {
    let path = format!("admin/outbox?limit=100&state={state}");
    let list = board.get(Some(admin), &path).await.expect(200).json();
    list["items"].as_array().unwrap().clone()
}

/// Waits until a list of the outbox has the expected length.
pub async fn outbox_has(board: &Board, admin: &Person, state: &str, count: usize) -> Vec<Value> {
    let deadline = Instant::now() + Duration::from_secs(40);
    loop {
        let mails = outbox(board, admin, state).await;
        if mails.len() == count {
            return mails;
        }
        assert!(Instant::now() < deadline, "{count} {state}: {mails:#?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Settings that send to a port on this machine, whatever listens there.
pub fn through(port: u16) -> impl FnOnce(&mut Config) {
    move |config| {
        config.mail.transport = MailTransport::Smtp;
        config.mail.host = "127.0.0.1".into();
        config.mail.port = port;
        config.mail.tls = MailTls::None;
        // Lets a test use many networks: one network alone gets few mails to a mailbox.
        config.server.trusted_proxies = vec![[127, 0, 0, 1].into()];
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.down();
    }
}
