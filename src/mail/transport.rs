//! How mail is sent: to a Maildir folder, or by SMTP.

use std::fs::{DirBuilder, File};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use lettre::Address;
use lettre::message::Mailbox;

use super::LayoutError;
use super::layouts::Layouts;
use super::message::message;
use super::smtp::{self, Smtp};
use crate::model::{Email, Mail};

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
    Smtp(Box<Smtp>),
}

/// A mail that needs one more step.
pub struct Begun<'a>(Step<'a>);

enum Step<'a> {
    Smtp(Box<smtp::Begun<'a>>),
    /// The folder, and the name of the file in its `tmp`.
    Maildir(PathBuf, String),
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
        Ok(Self {
            from: sender(from)?,
            layouts: Layouts::new()?,
            way: Way::Smtp(Box::new(Smtp::new(options)?)),
        })
    }

    /// Does everything for one mail but the last step, after which it is sent.
    pub async fn begin(&self, mail: &Mail) -> Result<Begun<'_>, SendError> {
        let message = message(mail, &self.layouts, &self.from).map_err(SendError::Permanent)?;
        Ok(Begun(match &self.way {
            Way::Smtp(smtp) => Step::Smtp(Box::new(smtp.begin(&message).await?)),
            Way::Maildir(folder) => {
                let (folder, name) = (folder.clone(), format!("{}.eml", mail.mail_id));
                let file = folder.join("tmp").join(&name);
                on_disk(move || write_file(&file, &message.formatted())).await?;
                Step::Maildir(folder, name)
            }
        }))
    }

    /// Whether the server can be reached, answers and accepts the login. A folder that could not be written is not
    /// tried again.
    pub async fn is_up(&self) -> bool {
        match &self.way {
            Way::Smtp(smtp) => smtp.is_up().await,
            Way::Maildir(_) => false,
        }
    }
}

impl Begun<'_> {
    /// Sends it. `Ok` means that it is on disk or with the server.
    pub async fn finish(self) -> Result<(), SendError> {
        match self.0 {
            Step::Smtp(begun) => begun.finish().await,
            Step::Maildir(folder, name) => on_disk(move || show_file(&folder, &name)).await,
        }
    }
}

async fn on_disk(
    work: impl FnOnce() -> std::io::Result<()> + Send + 'static,
) -> Result<(), SendError> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|error| SendError::Down(error.to_string()))?;
    done.map_err(|error| SendError::Down(format!("cannot write to the mail folder: {error}")))
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

/// Writes and syncs a file that only this user may read, since the links in it give access to an account.
fn write_file(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut private = File::options();
    private.write(true).create(true).truncate(true).mode(0o600);
    let mut file = private.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Moves a written file to `new`. A reader there never sees part of a mail, and a mail that is written again after a crash
/// replaces the first.
fn show_file(folder: &Path, name: &str) -> std::io::Result<()> {
    std::fs::rename(folder.join("tmp").join(name), folder.join("new").join(name))?;
    File::open(folder.join("new"))?.sync_all()
}
