//! Connections to a mail server. A mail is sent in two parts: until the server waits for the message, and the message.
//! Only after the second part does the server have the mail, so the caller can make that part short and mark the mail
//! right after it. lettre's own pool sends a mail in one piece.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lettre::Message;
use lettre::address::Envelope;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::transport::{MailSetupError, SendError, SmtpOptions, SmtpTls};

/// A server that does not answer within this time counts as down.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Most connections to the mail server.
const CONNECTIONS: usize = 4;
/// An unused connection is closed after this time, since servers close them too.
const IDLE: Duration = Duration::from_mins(1);

pub(super) struct Smtp {
    options: SmtpOptions,
    hello: ClientId,
    tls: Option<TlsParameters>,
    idle: Mutex<Vec<(AsyncSmtpConnection, Instant)>>,
    permits: Semaphore,
}

/// A mail whose message the server waits for.
pub(super) struct Begun<'a> {
    smtp: &'a Smtp,
    connection: AsyncSmtpConnection,
    message: Vec<u8>,
    _permit: SemaphorePermit<'a>,
}

impl Smtp {
    pub fn new(options: SmtpOptions) -> Result<Self, MailSetupError> {
        let tls = match options.tls {
            SmtpTls::None => None,
            SmtpTls::Starttls | SmtpTls::Implicit => {
                let parameters = TlsParameters::new(options.host.clone());
                Some(parameters.map_err(|error| MailSetupError::Tls(error.to_string()))?)
            }
        };
        Ok(Self {
            options,
            hello: ClientId::default(),
            tls,
            idle: Mutex::default(),
            permits: Semaphore::new(CONNECTIONS),
        })
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let SmtpOptions {
            host,
            port,
            tls,
            username,
            password,
        } = &self.options;
        let at_once = self.tls.clone().filter(|_| *tls == SmtpTls::Implicit);
        let address = (host.as_str(), *port);
        let connecting =
            AsyncSmtpConnection::connect_tokio1(address, Some(TIMEOUT), &self.hello, at_once, None);
        let mut connection = connecting.await?;
        if let (SmtpTls::Starttls, Some(parameters)) = (tls, &self.tls) {
            let parameters = parameters.clone();
            connection.starttls(parameters, &self.hello).await?;
        }
        if !username.is_empty() {
            let credentials = Credentials::new(username.clone(), password.clone());
            connection.auth(DEFAULT_MECHANISMS, &credentials).await?;
        }
        Ok(connection)
    }

    /// An unused connection that still works, or a new one.
    async fn connection(&self) -> Result<AsyncSmtpConnection, Error> {
        loop {
            let unused = self.idle().pop();
            let Some((mut connection, since)) = unused else {
                return self.connect().await;
            };
            if since.elapsed() < IDLE && connection.test_connected().await {
                return Ok(connection);
            }
            connection.abort().await;
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(AsyncSmtpConnection, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Names sender and recipients, until the server waits for the message.
    pub async fn begin(&self, message: &Message) -> Result<Begun<'_>, SendError> {
        let begin = async {
            let permit = self.permits.acquire().await;
            let permit = permit.map_err(|error| SendError::Down(error.to_string()))?;
            let mut connection = self.connection().await.map_err(|error| reason(&error))?;
            let (envelope, bytes) = (message.envelope(), message.formatted());
            if let Err(error) = announce(&mut connection, envelope, &bytes).await {
                connection.abort().await;
                return Err(error);
            }
            Ok(Begun {
                smtp: self,
                connection,
                message: bytes,
                _permit: permit,
            })
        };
        within(begin).await
    }

    /// Whether the server can be reached, answers and accepts the login.
    pub async fn is_up(&self) -> bool {
        let connect = async {
            let mut connection = self.connect().await.ok()?;
            let is_up = connection.test_connected().await;
            connection.abort().await;
            is_up.then_some(())
        };
        matches!(tokio::time::timeout(TIMEOUT, connect).await, Ok(Some(())))
    }
}

async fn announce(
    connection: &mut AsyncSmtpConnection,
    envelope: &Envelope,
    bytes: &[u8],
) -> Result<(), SendError> {
    let mut options = Vec::new();
    let info = connection.server_info();
    let is_ascii = |address: &lettre::Address| AsRef::<str>::as_ref(address).is_ascii();
    if !envelope.to().iter().chain(envelope.from()).all(is_ascii) {
        if !info.supports_feature(Extension::SmtpUtfEight) {
            let missing = "the mail server takes only addresses in ASCII (it lacks SMTPUTF8)";
            return Err(SendError::Permanent(missing.into()));
        }
        options.push(MailParameter::SmtpUtfEight);
    }
    if !bytes.is_ascii() {
        if !info.supports_feature(Extension::EightBitMime) {
            let missing = "the mail server takes only messages in ASCII (it lacks 8BITMIME)";
            return Err(SendError::Permanent(missing.into()));
        }
        options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    let mail = Mail::new(envelope.from().cloned(), options);
    let failed = |error| reason(&error);
    connection.command(mail).await.map_err(failed)?;
    for recipient in envelope.to() {
        let recipient = Rcpt::new(recipient.clone(), Vec::new());
        connection.command(recipient).await.map_err(failed)?;
    }
    connection.command(Data).await.map_err(failed)?;
    Ok(())
}

impl Begun<'_> {
    /// Sends the message. `Ok` means that the server has it.
    pub async fn finish(mut self) -> Result<(), SendError> {
        let finish = async {
            match self.connection.message(&self.message).await {
                Ok(_) => {
                    self.smtp.idle().push((self.connection, Instant::now()));
                    Ok(())
                }
                Err(error) => {
                    self.connection.abort().await;
                    Err(reason(&error))
                }
            }
        };
        within(finish).await
    }
}

/// lettre's timeout is per answer; a server that answers very slowly could hold a mail for any time.
async fn within<T>(work: impl Future<Output = Result<T, SendError>>) -> Result<T, SendError> {
    let down = || SendError::Down("the mail server does not answer".into());
    // On the heap, since lettre's futures are large.
    tokio::time::timeout(2 * TIMEOUT, Box::pin(work))
        .await
        .unwrap_or_else(|_| Err(down()))
}

fn reason(error: &Error) -> SendError {
    let text = error.to_string();
    // 421: the server is shutting down, which says nothing about this mail (RFC 5321 3.8).
    let leaving = error.status().is_some_and(|code| code.to_string() == "421");
    if error.is_permanent() {
        SendError::Permanent(text)
    } else if error.is_transient() && !leaving {
        SendError::Transient(text)
    } else {
        SendError::Down(text)
    }
}
