//! Opens connections to the database, with TLS if the server offers it. Keeps the password out of every message.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio_postgres::config::{Host, TargetSessionAttrs};
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::failure::{self, unavailable};
use super::{PostgresOptions, stopped};
use crate::store::engine::StoreError;

/// A server that does not answer is noticed within about twice this time, also on an idle connection.
const SILENCE: Duration = Duration::from_secs(10);
/// A node that hangs during a commit gives the counter's row to the others after this time.
const COMMIT_IDLE: Duration = Duration::from_secs(3);

/// What a connection is for. The server's time limits depend on it.
#[derive(Clone, Copy)]
pub(super) enum Role {
    View,
    Writer,
    /// Waits as long as another node changes the schema.
    Schema,
}

pub(super) struct Connector {
    config: Config,
    tls: MakeRustlsConnect,
    options: PostgresOptions,
    /// The hosts and the database.
    name: String,
    /// Each connection's task holds a copy, so that the receiver knows when all have ended. `None` after `close`.
    running: Mutex<Option<mpsc::Sender<()>>>,
}

/// A connection. Its task runs on the engine's runtime.
pub(super) struct Link {
    pub client: Client,
    task: AbortHandle,
}

impl Link {
    /// Closes the socket at once. The server then rolls back, unless it has received `COMMIT`.
    pub fn cut(&self) {
        self.task.abort();
    }
}

impl Connector {
    /// Also returns a receiver that ends once the connector is closed and all connections have ended.
    pub fn new(options: &PostgresOptions) -> Result<(Self, mpsc::Receiver<()>), StoreError> {
        let mut config = parse(&options.url)?;
        config
            .application_name("corkboard")
            .connect_timeout(options.connect_timeout)
            .keepalives_idle(SILENCE)
            .keepalives_interval(SILENCE / 2)
            .tcp_user_timeout(SILENCE)
            // After a failover, the former server may be a read-only copy of the new one.
            .target_session_attrs(TargetSessionAttrs::ReadWrite);
        let (running, ended) = mpsc::channel(1);
        let connector = Self {
            name: name(&config),
            config,
            tls: tls(options)?,
            options: options.clone(),
            running: Mutex::new(Some(running)),
        };
        Ok((connector, ended))
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn close(&self) {
        self.running().take();
    }

    fn running(&self) -> MutexGuard<'_, Option<mpsc::Sender<()>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Must run on the engine's runtime, where the connection then stays.
    pub async fn connect(&self, role: Role) -> Result<Link, StoreError> {
        let running = self.running().clone().ok_or_else(stopped)?;
        let connecting = async {
            let (client, connection) = self.config.connect(self.tls.clone()).await?;
            let task = tokio::spawn(async move {
                let _running = running;
                if let Err(error) = connection.await {
                    let error = failure::text(&error);
                    tracing::debug!(error, "lost a connection to the database");
                }
            });
            let task = task.abort_handle();
            client.batch_execute(&self.settings(role)).await?;
            Ok(Link { client, task })
        };
        match tokio::time::timeout(self.options.connect_timeout, connecting).await {
            Ok(connected) => connected.map_err(|error| self.named(&error)),
            Err(_) => Err(unavailable(format_args!(
                "{}: the server did not answer in time",
                self.name
            ))),
        }
    }

    fn named(&self, error: &tokio_postgres::Error) -> StoreError {
        match failure::store_error(error) {
            StoreError::Unavailable(text) => unavailable(format_args!("{}: {text}", self.name)),
            other => other,
        }
    }

    fn settings(&self, role: Role) -> String {
        let (statement, idle) = match role {
            Role::View => (
                self.options.statement_timeout,
                self.options.view_idle_timeout,
            ),
            Role::Writer => (self.options.statement_timeout, COMMIT_IDLE),
            Role::Schema => (Duration::ZERO, Duration::ZERO),
        };
        let lock = match role {
            Role::Schema => Duration::ZERO,
            Role::View | Role::Writer => self.options.lock_timeout,
        };
        format!(
            "SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {}",
            statement.as_millis(),
            lock.as_millis(),
            idle.as_millis()
        )
    }
}

/// Says nothing about the text itself, because any part of it may belong to the password.
fn parse(url: &str) -> Result<Config, StoreError> {
    let wrong = |what: &str| unavailable(format_args!("store.url: {what}"));
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(wrong("it must begin with postgres://"));
    }
    // Certificates are always verified in full.
    let url = url.replace("sslmode=verify-full", "sslmode=require");
    let url = url.replace("sslmode=verify-ca", "sslmode=require");
    let unreadable = |_| wrong("it is not of the form postgres://user:password@host:port/database");
    let config: Config = url.parse().map_err(unreadable)?;
    let hosts = config.get_hosts();
    if hosts.is_empty() && config.get_hostaddrs().is_empty() {
        return Err(wrong("it names no host"));
    }
    let is_split = |host: &Host| matches!(host, Host::Tcp(name) if name.contains('@'));
    if hosts.iter().any(is_split) {
        return Err(wrong("write an @ in the password as %40"));
    }
    Ok(config)
}

fn name(config: &Config) -> String {
    let hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(folder) => folder.display().to_string(),
        })
        .collect();
    let database = config.get_dbname().or(config.get_user());
    format!(
        "database {} at {}",
        database.unwrap_or_default(),
        hosts.join(",")
    )
}

fn tls(options: &PostgresOptions) -> Result<MakeRustlsConnect, StoreError> {
    let mut roots = RootCertStore::empty();
    match &options.root_certificates {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            let failed = |error: &dyn std::fmt::Display| {
                unavailable(format_args!("{}: {error}", path.display()))
            };
            let certificates = CertificateDer::pem_file_iter(path).map_err(|e| failed(&e))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| failed(&error))?;
                roots.add(certificate).map_err(|error| failed(&error))?;
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unavailable)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
