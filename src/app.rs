//! The only place that wires the parts together, and takes them apart again in order.

use std::fs::DirBuilder;
use std::net::TcpListener;
use std::num::NonZeroU32;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use tokio::sync::watch;

use crate::accounts::Registrar;
use crate::auth::{
    AccessKeys, FailureLog, KeyError, LogInLimits, PasswordError, Passwords, Throttle,
};
use crate::clock::Clock;
use crate::config::{Config, MailTls, MailTransport};
use crate::eligibility::{self, Judge, OpenJobs, Terms};
use crate::followers::{Followers, Progress};
use crate::http;
use crate::jobs::CachedJobs;
use crate::mail::{MailSetupError, Outbox, SmtpOptions, SmtpTls, Transport, Worker};
use crate::office::{self, SeedError};
use crate::rules::{CompileLimits, Fault, Host, Limits, own_program};
use crate::search::{SearchError, SearchIndex};
use crate::store::{Reader, RedbEngine, RedbOptions, Store, StoreError};

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{0}: {1}")]
    Folder(PathBuf, std::io::Error),
    #[error(
        "{0} is not there: this folder holds no Corkboard data; name the one that does with --data-dir, or run the command where config.toml is"
    )]
    NoStore(PathBuf),
    #[error("cannot listen on {0}: {1}")]
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
    #[error("a thread could not be started: {0}")]
    Thread(std::io::Error),
}

const STORE: &str = "store.redb";
/// A stop waits so long for the last user of the store.
const CLOSING: Duration = Duration::from_secs(10);

/// Where the search index of a data folder is.
pub fn index_folder(config: &Config) -> PathBuf {
    config.data.dir.join("index")
}

/// The search index of a data folder, made anew where it is missing or damaged.
pub fn open_index(config: &Config) -> Result<SearchIndex, SearchError> {
    SearchIndex::open_with(&index_folder(config), config.campus().skills)
}

/// The store of a data folder, for the server and for commands that work on it alone.
pub fn open_store(config: &Config, clock: Clock) -> Result<Store, StartError> {
    let folder = make_folder(&config.data.dir)?;
    let engine = RedbEngine::open(&folder.join(STORE), RedbOptions::default())?;
    Ok(Store::new(Arc::new(engine), clock))
}

/// Whether a data folder has a store.
pub fn has_store(config: &Config) -> bool {
    config.data.dir.join(STORE).exists()
}

/// The store of a data folder that has one: for commands that make no sense on a new one.
pub fn existing_store(config: &Config, clock: Clock) -> Result<Store, StartError> {
    must_be_there(config)?;
    open_store(config, clock)
}

fn must_be_there(config: &Config) -> Result<(), StartError> {
    if has_store(config) {
        Ok(())
    } else {
        Err(StartError::NoStore(config.data.dir.join(STORE)))
    }
}

/// A view of a data folder's store as it lies there, closed first if a crash kept it from that. Fails if a server holds it.
pub fn look_at_store(config: &Config) -> Result<Reader, StartError> {
    must_be_there(config)?;
    let reader = RedbEngine::read_only(&config.data.dir.join(STORE), RedbOptions::default())?;
    Ok(reader)
}

/// What the account commands need, for links that begin with `public_url`.
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

/// The configured site, else the address that is listened on.
pub fn public_url(config: &Config, listening: std::net::SocketAddr) -> String {
    if config.server.public_url.is_empty() {
        format!("http://{listening}")
    } else {
        config.server.public_url.clone()
    }
}

/// What is in it is the service's alone: addresses, secrets, mails with live links. A folder that is there already keeps
/// the rights that its owner gave it.
fn make_folder(path: &Path) -> Result<&Path, StartError> {
    let parents = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    let mut private = DirBuilder::new();
    private.recursive(true).mode(0o700);
    parents
        .and_then(|()| private.create(path))
        .map_err(|error| StartError::Folder(path.into(), error))?;
    Ok(path)
}

/// A Corkboard that runs. Must be stopped: dropping it leaves threads behind.
pub struct Running {
    pub server: http::Server,
    pub store: Store,
    pub progress: Arc<Progress>,
    /// Where the measurements are, if they have an address of their own.
    pub metrics: Option<http::Server>,
    followers: Followers,
    mail: tokio::task::JoinHandle<()>,
    stop_mail: watch::Sender<bool>,
}

/// Opens the data folder, starts everything, listens. Needs an actix runtime around it.
pub fn start(config: Config, clock: Clock) -> Result<Running, StartError> {
    let folder = make_folder(&config.data.dir)?.to_owned();
    let listen = config.server.listen;
    let listener = TcpListener::bind(listen).map_err(|error| StartError::Listen(listen, error))?;
    let address = listener
        .local_addr()
        .map_err(|error| StartError::Listen(listen, error))?;
    let store = open_store(&config, clock)?;
    let index = Arc::new(open_index(&config)?);
    let registrar = Arc::new(registrar(&config, public_url(&config, address)));
    let judge = Arc::new(judge(&config, &store)?);
    let progress = Arc::new(Progress::default());
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let worker = Worker::new(
        store.clone(),
        transport(&config, &folder)?,
        config.mail.per_second,
        config.mail.per_day,
    );
    let retention = config.retention.clone();
    let state = Data::new(http::State {
        store: store.clone(),
        index: index.clone(),
        cached_jobs: CachedJobs::default(),
        registrar: registrar.clone(),
        judge: judge.clone(),
        open_jobs: OpenJobs::default(),
        access_keys: AccessKeys::open(&folder, store.clock().now())?,
        passwords: Passwords::new(cores.div_ceil(2))?,
        log_ins: LogInLimits::new(
            config.accounts.failed_logins_per_account,
            config.accounts.failed_logins_per_address,
        ),
        failures: FailureLog::default(),
        requests: Throttle::new(http::REQUESTS_A_MINUTE, http::REQUESTS_AT_ONCE),
        in_flight: http::InFlight::default(),
        progress: progress.clone(),
        metrics: http::Metrics::default(),
        mail: worker.health(),
        config,
    });
    let metrics = serve_metrics(&state)?;
    let followers = Followers::start(&store, &index, &registrar, &progress, retention)
        .map_err(StartError::Thread)?;
    tokio::spawn(async move {
        if let Err(error) = judge.warm().await {
            tracing::error!(%error, "the campus rules could not be made ready");
        }
    });
    let (stop_mail, stopping) = watch::channel(false);
    let mail = tokio::spawn(worker.run(stopping));
    let server =
        http::serve(listener, state, cores).map_err(|error| StartError::Listen(listen, error))?;
    Ok(Running {
        server,
        store,
        progress,
        metrics,
        followers,
        mail,
        stop_mail,
    })
}

/// Bound before anything is started, so that a taken address leaves no thread behind.
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

/// So many times its CPU time a call may take on a busy machine.
const BUSY_FACTOR: u32 = 20;

/// How much a rule may take on this campus.
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

/// The rules' host and what the campus decides about it, with the modules that ship in place.
pub fn judge(config: &Config, store: &Store) -> Result<Judge, StartError> {
    let settings = &config.rules;
    let folder = config.data.dir.join("rules");
    let host = Arc::new(Host::open(&folder, limits(config), &compiler(config))?);
    // It blocks, and the start runs among async tasks.
    std::thread::scope(|scope| {
        let seed = scope.spawn(|| office::seed_rules(store, &host, settings));
        seed.join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })?;
    let digests = office::list_rules(&store.read()?)?;
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
    Ok(Judge::new(store.clone(), host, terms))
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
    /// Serves until the handle stops the server, then lets the followers and the mail finish what they hold.
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
                tracing::error!("the address of the measurements had panicked");
            }
        }
        self.stop_mail.send_replace(true);
        if let Err(error) = self.mail.await {
            tracing::error!(%error, "the mail worker had panicked");
        }
        // They are threads; joining them waits.
        let followers = self.followers;
        if tokio::task::spawn_blocking(move || followers.stop())
            .await
            .is_err()
        {
            tracing::error!("the followers could not be stopped");
        }
        // The server's threads let go of the store a moment after it has ended. A process that ends before leaves a file
        // that the next start reads through as after a crash.
        if tokio::time::timeout(CLOSING, closing).await.is_err() {
            tracing::warn!("the store is still in use; the next start will look it through");
        }
        outcome
    }
}
