//! How mail is sent: to a Maildir folder, or by SMTP.

use std::fs::{DirBuilder, File};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

use super::LayoutError;
use super::layouts::Layouts;
use super::message::message;
use crate::model::{Email, Mail};

/// A server that does not answer within this time counts as down.
const SMTP_TIMEOUT: Duration = Duration::from_secs(20);
/// Most connections to the mail server.
const CONNECTIONS: u32 = 4;

#[derive(Debug, thiserror::Error)]
pub enum MailSetupError {
    #[error(
        "the setting mail.from must be an address such as \"Corkboard <jobs@example.edu>\": {0}"
    )]
    From(String),
    #[error("cannot use the mail folder {0}: {1}")]
    Folder(PathBuf, std::io::Error),
    #[error("cannot set up TLS for the mail server: {0}")]
    Tls(String),
    #[error("error in the mail templates: {0}")]
    Layout(#[from] LayoutError),
}

/// Why a mail was not sent. One bad mail can look like a broken server (the connection breaks), and a broken server
/// like a bad mail (login refused). `Transport::is_up` finds out which it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Refused for good: another attempt would get the same answer.
    #[error("{0}")]
    Permanent(String),
    /// This mail may be accepted later.
    #[error("{0}")]
    Transient(String),
    /// No mail can be sent now: the server or folder cannot be reached.
    #[error("{0}")]
    Down(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    None,
    Starttls,
    Implicit,
}

pub struct SmtpOptions {
    pub host: String,
    pub port: u16,
    pub tls: SmtpTls,
    pub username: String,
    pub password: String,
}

pub struct Transport {
    from: Mailbox,
    layouts: Layouts,
    way: Way,
}

enum Way {
    /// The folder with `tmp`, `new` and `cur` in it.
    Maildir(PathBuf),
    Smtp(Box<AsyncSmtpTransport<Tokio1Executor>>),
}

impl Transport {
    /// Writes `folder/new/*.eml`, each file complete or not at all.
    pub fn maildir(folder: PathBuf, from: &str) -> Result<Self, MailSetupError> {
        for part in ["tmp", "new", "cur"] {
            let path = folder.join(part);
            let mut private = DirBuilder::new();
            let made = private.recursive(true).mode(0o700).create(&path);
            made.map_err(|error| MailSetupError::Folder(path, error))?;
        }
        Ok(Self {
            from: sender(from)?,
            layouts: Layouts::new()?,
            way: Way::Maildir(folder),
        })
    }

    pub fn smtp(options: SmtpOptions, from: &str) -> Result<Self, MailSetupError> {
        let parameters = || {
            TlsParameters::new(options.host.clone())
                .map_err(|error| MailSetupError::Tls(error.to_string()))
        };
        let tls = match options.tls {
            SmtpTls::None => Tls::None,
            SmtpTls::Starttls => Tls::Required(parameters()?),
            SmtpTls::Implicit => Tls::Wrapper(parameters()?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(options.host)
            .port(options.port)
            .tls(tls)
            .timeout(Some(SMTP_TIMEOUT))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS));
        if !options.username.is_empty() {
            builder = builder.credentials(Credentials::new(options.username, options.password));
        }
        Ok(Self {
            from: sender(from)?,
            layouts: Layouts::new()?,
            way: Way::Smtp(Box::new(builder.build())),
        })
    }

    /// Sends one mail. `Ok` means that it is on disk or with the server.
    pub async fn send(&self, mail: &Mail) -> Result<(), SendError> {
        let message = message(mail, &self.layouts, &self.from).map_err(SendError::Permanent)?;
        match &self.way {
            Way::Smtp(smtp) => send_smtp(smtp, message).await,
            Way::Maildir(folder) => {
                let (folder, name) = (folder.clone(), format!("{}.eml", mail.mail_id));
                let written = tokio::task::spawn_blocking(move || {
                    write_file(&folder, &name, &message.formatted())
                });
                let written = written
                    .await
                    .map_err(|error| SendError::Down(error.to_string()))?;
                written.map_err(|error| {
                    SendError::Down(format!("cannot write to the mail folder: {error}"))
                })
            }
        }
    }
}

impl Transport {
    /// Whether the server can be reached, answers and accepts the login. A folder that could not be written is not
    /// tried again.
    pub async fn is_up(&self) -> bool {
        let Way::Smtp(smtp) = &self.way else {
            return false;
        };
        let call = tokio::time::timeout(SMTP_TIMEOUT, smtp.test_connection()).await;
        matches!(call, Ok(Ok(true)))
    }
}

fn sender(from: &str) -> Result<Mailbox, MailSetupError> {
    let wrong = |error: String| MailSetupError::From(format!("{from:?}: {error}"));
    let mut mailbox: Mailbox = from.parse().map_err(|error| wrong(format!("{error}")))?;
    if !mailbox.email.domain().is_ascii() {
        let ascii =
            Email::parse(mailbox.email.as_ref()).map_err(|fault| wrong(fault.to_string()))?;
        mailbox.email = Address::new(mailbox.email.user(), ascii.domain())
            .map_err(|error| wrong(error.to_string()))?;
    }
    Ok(mailbox)
}

async fn send_smtp(
    smtp: &AsyncSmtpTransport<Tokio1Executor>,
    message: Message,
) -> Result<(), SendError> {
    // lettre's timeout is per answer; a server that answers very slowly could hold a mail for any time.
    let sent = tokio::time::timeout(2 * SMTP_TIMEOUT, smtp.send(message)).await;
    let error = match sent {
        Ok(Ok(_)) => return Ok(()),
        Ok(Err(error)) => error,
        Err(_) => return Err(SendError::Down("the mail server does not answer".into())),
    };
    let text = error.to_string();
    // 421: the server is shutting down, which says nothing about this mail (RFC 5321 3.8).
    let leaving = error.status().is_some_and(|code| code.to_string() == "421");
    if error.is_permanent() {
        Err(SendError::Permanent(text))
    } else if error.is_transient() && !leaving {
        Err(SendError::Transient(text))
    } else {
        Err(SendError::Down(text))
    }
}

/// Writes and syncs a temporary file, then renames it. A reader of `new` never sees part of a mail, and a mail that is
/// written again after a crash replaces the first.
fn write_file(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let beside = folder.join("tmp").join(name);
    // The links in it give access to an account.
    let mut private = File::options();
    private.write(true).create(true).truncate(true).mode(0o600);
    let mut file = private.open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, folder.join("new").join(name))?;
    File::open(folder.join("new"))?.sync_all()
}
