//! Starts all parts of Corkboard and connects them, and stops them in order. Only this file does.

use std::fs::DirBuilder;
use std::net::TcpListener;
use std::num::NonZeroU32;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;

use crate::accounts::Registrar;
use crate::auth::{
    AccessKeys, FailureLog, KeyError, LogInLimits, PasswordError, Passwords, Throttle,
    ThrottleSecret,
};
use crate::clock::Clock;
use crate::config::{Config, MailTls, MailTransport, StoreEngine};
use crate::eligibility::{self, Checker, OpenJobs, Terms};
use crate::followers::{Backups, Followers, Mailer, Parts, Registry};
use crate::http;
use crate::jobs::CachedJobs;
use crate::mail::{MailSetupError, Outbox, SmtpOptions, SmtpTls, Transport};
use crate::office::{self, SeedError};
use crate::rules::{CompileLimits, Fault, Host, Limits, own_program};
use crate::search::{SearchError, SearchIndex};
use crate::store::{
    PostgresOptions, Reader, RedbEngine, RedbOptions, Replacement, RestoreTarget, Store,
    StoreError, open_database,
};

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{0}: {1}")]
    Folder(PathBuf, std::io::Error),
    #[error(
        "there is no Corkboard data in {0}. Name the right folder with --data-dir, or run the command in the folder of config.toml. \
         `corkboard init` starts a new board"
    )]
    NoData(PathBuf),
    #[error(
        "cannot look into the data folder {0}: {1}. Name the right folder with --data-dir, and run the command as the user who runs \
         the server"
    )]
    Hidden(PathBuf, std::io::Error),
    /// Settings that contradict each other, or with which backups would be lost together with the data.
    #[error("{0}")]
    Backups(String),
    #[error("cannot listen on {0}: {1}; choose another address with --listen or in config.toml")]
    Listen(std::net::SocketAddr, std::io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Search(#[from] SearchError),
    #[error(transparent)]
    Keys(#[from] KeyError),
    #[error(transparent)]
    Passwords(#[from] PasswordError),
    #[error(transparent)]
    Mail(#[from] MailSetupError),
    #[error(transparent)]
    Rules(#[from] Fault),
    #[error(transparent)]
    Seed(#[from] SeedError),
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
}

const STORE: &str = "store.redb";
/// How long a stop waits for the last user of the store.
const CLOSING: Duration = Duration::from_secs(10);

/// Where the search index of a data folder is.
pub fn index_folder(config: &Config) -> PathBuf {
    config.data.dir.join("index")
}

/// Opens a data folder's search index. A missing or damaged index is created again.
pub fn open_index(config: &Config) -> Result<SearchIndex, SearchError> {
    SearchIndex::open_with(&index_folder(config), config.campus().skills)
}

/// Opens a data folder's store, and creates both if they do not exist: for commands that start a new board.
pub fn open_store(config: &Config, clock: Clock) -> Result<Store, StartError> {
    let folder = make_folder(&config.data.dir)?;
    if let Some(options) = database(config) {
        return Ok(open_database(options, clock)?);
    }
    let path = folder.join(STORE);
    let engine = RedbEngine::open(&path, RedbOptions::default())?;
    if let Err(error) = Replacement::clear_interrupted(&path) {
        tracing::warn!(%error, "could not remove what an interrupted restore left in the data folder");
    }
    Ok(Store::new(Arc::new(engine), clock))
}

/// How to reach the database, if the records are in one.
fn database(config: &Config) -> Option<PostgresOptions> {
    let settings = &config.store;
    (settings.engine == StoreEngine::Postgres).then(|| PostgresOptions {
        root_certificates: settings.root_certificates.clone(),
        connections: settings.connections.get() as usize,
        ..PostgresOptions::new(&settings.url)
    })
}

/// Whether there is a store already. A database counts as one, whatever is in it.
pub fn has_store(config: &Config) -> bool {
    database(config).is_some() || config.data.dir.join(STORE).exists()
}

/// Prepares to replace a data folder's store, or to give it or a database its first data. Fails if a server uses the
/// folder.
pub fn restore_target(config: &Config) -> Result<RestoreTarget, StartError> {
    let folder = make_folder(&config.data.dir)?;
    Ok(match database(config) {
        Some(options) => RestoreTarget::Database(options),
        None => RestoreTarget::File(Replacement::begin(&folder.join(STORE))?),
    })
}

/// Opens a data folder's store, which must exist: for all other commands. After a typo in the folder's name, an empty board
/// would look like lost data.
pub fn existing_store(config: &Config, clock: Clock) -> Result<Store, StartError> {
    must_be_there(config)?;
    open_store(config, clock)
}

fn must_be_there(config: &Config) -> Result<(), StartError> {
    if database(config).is_some() {
        return Ok(());
    }
    let folder = &config.data.dir;
    // "data" alone would not say where.
    let shown = || std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
    match folder.join(STORE).try_exists() {
        Ok(true) => Ok(()),
        Ok(false) => Err(StartError::NoData(shown())),
        Err(error) => Err(StartError::Hidden(shown(), error)),
    }
}

pub fn check_backups(config: &Config) -> Result<(), StartError> {
    config
        .backup_fault()
        .map_or(Ok(()), |fault| Err(StartError::Backups(fault)))
}

/// Opens a store for reading. One in the data folder that a crash left open is closed first, and one that a server uses
/// there cannot be opened.
pub fn read_only_store(config: &Config) -> Result<Reader, StartError> {
    must_be_there(config)?;
    if database(config).is_some() {
        return Ok(open_store(config, Clock::System)?.into_reader()?);
    }
    let reader = RedbEngine::read_only(&config.data.dir.join(STORE), RedbOptions::default())?;
    Ok(reader)
}

/// The services that account commands need. Links start with `public_url`.
pub fn registrar(config: &Config, public_url: String) -> Registrar {
    Registrar {
        campus: config.campus(),
        outbox: Outbox::new(&config.campus.name, &public_url)
            .with_campus_networks(&config.accounts.campus_networks),
        public_url,
        trust_campus_employers: config.accounts.trust_campus_employers,
        refresh_lifetime: config.accounts.refresh_lifetime(),
    }
}

/// Creates the data folder, readable only by this user: it holds addresses, secrets and mails with live links. An
/// existing folder keeps its permissions.
fn make_folder(path: &Path) -> Result<&Path, StartError> {
    let parents = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    let mut private = DirBuilder::new();
    private.recursive(true).mode(0o700);
    parents
        .and_then(|()| private.create(path))
        .map_err(|error| StartError::Folder(path.into(), error))?;
    Ok(path)
}

/// A running Corkboard. It must be stopped; dropping it leaves threads behind.
pub struct Running {
    pub server: http::Server,
    pub store: Store,
    /// The metrics server, if metrics have their own address.
    pub metrics: Option<http::Server>,
    followers: Followers,
}

/// Opens the data folder, starts all parts and listens. Must be called inside an actix runtime.
pub async fn start(config: Config, clock: Clock) -> Result<Running, StartError> {
    check_backups(&config)?;
    let folder = make_folder(&config.data.dir)?.to_owned();
    let listen = config.server.listen;
    let failed = |error| StartError::Listen(listen, error);
    let listener = TcpListener::bind(listen).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let store = open_store(&config, clock)?;
    let index = Arc::new(open_index(&config)?);
    let registrar = Arc::new(registrar(&config, config.public_url(address)));
    let checker = Arc::new(checker(&config, &store).await?);
    let registry = Arc::new(Registry::default());
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let mailer = Mailer::new(
        transport(&config, &folder)?,
        config.mail.per_second,
        config.mail.per_day,
    );
    let secret = ThrottleSecret::of_store(&store).await?;
    let log_ins = Arc::new(log_in_limits(&config, &store, secret));
    let state = Data::new(http::State {
        store: store.clone(),
        index: index.clone(),
        cached_jobs: CachedJobs::default(),
        registrar: registrar.clone(),
        checker: checker.clone(),
        open_jobs: OpenJobs::default(),
        access_keys: AccessKeys::open(&store, &folder).await?,
        passwords: Passwords::new(cores.div_ceil(2))?,
        log_ins: log_ins.clone(),
        failures: FailureLog::new(secret),
        requests: Throttle::new(http::REQUESTS_A_MINUTE, http::REQUESTS_AT_ONCE),
        in_flight: http::InFlight::default(),
        followers: registry.clone(),
        metrics: http::Metrics::default(),
        mail: mailer.health(),
        backups: Arc::new(Backups::new(&config.backup)),
        config,
    });
    let metrics = serve_metrics(&state)?;
    let followers = Followers::start(Parts {
        store: &store,
        search: &index,
        registrar: &registrar,
        mailer,
        log_ins: &log_ins,
        registry: &registry,
        backups: &state.backups,
        config: &state.config,
    })
    .map_err(StartError::Thread)?;
    let warming: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
        if let Err(error) = checker.warm().await {
            tracing::error!(%error, "could not prepare the campus rules");
        }
    });
    tokio::spawn(warming);
    let server = http::serve(listener, state, cores).map_err(failed)?;
    Ok(Running {
        server,
        store,
        metrics,
        followers,
    })
}

/// The limits on guessing passwords. On a database, all servers count together.
fn log_in_limits(config: &Config, store: &Store, secret: ThrottleSecret) -> LogInLimits {
    let settings = &config.accounts;
    let limits = LogInLimits::new(
        settings.failed_logins_per_account,
        settings.failed_logins_per_address,
    );
    if store.is_shared() {
        limits.shared(secret)
    } else {
        limits
    }
}

/// Binds the address before anything starts, so that an address in use leaves no thread behind.
fn serve_metrics(state: &Data<http::State>) -> Result<Option<http::Server>, StartError> {
    let settings = &state.config.metrics;
    let Some(listen) = settings.listen.filter(|_| settings.enabled) else {
        return Ok(None);
    };
    TcpListener::bind(listen)
        .and_then(|listener| http::serve_metrics(listener, state.clone()))
        .map(Some)
        .map_err(|error| StartError::Listen(listen, error))
}

/// On a busy machine, a call may take this many times its CPU time.
const BUSY_FACTOR: u32 = 20;

/// The resource limits for rules on this campus.
pub fn limits(config: &Config) -> Limits {
    let settings = &config.rules;
    let defaults = Limits::default();
    let deadline = Duration::from_millis(u64::from(settings.deadline_ms.get()));
    let seconds = |setting: NonZeroU32| Duration::from_secs(u64::from(setting.get()));
    Limits {
        module_bytes: settings.module_limit_kib * 1024,
        deadline,
        longest_call: defaults.longest_call.max(deadline * BUSY_FACTOR),
        memory_bytes: settings.memory_mib.get() as usize * 1024 * 1024,
        compile: CompileLimits {
            cpu: seconds(settings.compile_cpu_seconds),
            wall: seconds(settings.compile_seconds),
            memory_bytes: u64::from(settings.compile_memory_mib.get()) << 20,
            ..defaults.compile
        },
        ..defaults
    }
}

/// The program that compiles rules.
pub fn compiler(config: &Config) -> PathBuf {
    config.rules.compiler.clone().unwrap_or_else(own_program)
}

/// Opens the rule host, installs the built-in rules and combines both with the campus's settings.
pub async fn checker(config: &Config, store: &Store) -> Result<Checker, StartError> {
    let settings = &config.rules;
    let folder = config.data.dir.join("rules");
    let host = Arc::new(Host::open(&folder, limits(config), &compiler(config))?);
    office::seed_rules(store, &host, settings).await?;
    let digests = office::list_rules(&store.read()?).await?;
    let digests: Vec<_> = digests
        .iter()
        .filter_map(|rule| rule.digest.parse().ok())
        .collect();
    host.keep_only(&digests)
        .map_err(|error| StartError::Folder(folder, error))?;
    let campus = &config.campus;
    let terms = Terms {
        calendar: eligibility::calendar(&config.calendar),
        languages: campus.languages.clone(),
        zone: campus.time_zone.clone(),
        settings: settings.clone(),
    };
    Ok(Checker::new(store.clone(), host, terms))
}

fn transport(config: &Config, folder: &Path) -> Result<Transport, MailSetupError> {
    let mail = &config.mail;
    match mail.transport {
        MailTransport::Maildir => Transport::maildir(folder.join("mail"), &mail.from),
        MailTransport::Smtp => Transport::smtp(
            SmtpOptions {
                host: mail.host.clone(),
                port: mail.port,
                tls: match mail.tls {
                    MailTls::None => SmtpTls::None,
                    MailTls::Starttls => SmtpTls::Starttls,
                    MailTls::Implicit => SmtpTls::Implicit,
                },
                username: mail.username.clone(),
                password: mail.password.clone(),
            },
            &mail.from,
        ),
    }
}

impl Running {
    /// Serves until the handle stops the server, then lets the followers finish their current work.
    pub async fn wait(self) -> std::io::Result<()> {
        let metrics = self.metrics.map(|server| {
            let handle = server.handle.clone();
            (actix_web::rt::spawn(server.running), handle)
        });
        let outcome = self.server.running.await;
        let closing = self.store.closed();
        drop(self.store);
        if let Some((running, handle)) = metrics {
            handle.stop(false).await;
            if running.await.is_err() {
                tracing::error!("the metrics server panicked");
            }
        }
        // Followers are threads, and joining them blocks.
        let followers = self.followers;
        if tokio::task::spawn_blocking(move || followers.stop())
            .await
            .is_err()
        {
            tracing::error!("could not stop the background tasks");
        }
        // The server's threads release the store shortly after the server ends. If the process ends before that, the
        // next start has to check the file as after a crash.
        if tokio::time::timeout(CLOSING, closing).await.is_err() {
            tracing::warn!(
                "the store is still in use and was not closed; the next start will check it"
            );
        }
        outcome
    }
}
