//! The state that handlers share.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use actix_web::HttpRequest;

use super::client;
use super::idempotency::InFlight;
use super::metrics::Metrics;
use super::problem::Problem;
use crate::accounts::Registrar;
use crate::auth::{AccessKeys, Client, FailureLog, LogInLimits, Passwords, Share, Throttle};
use crate::config::Config;
use crate::eligibility::{Checker, OpenJobs};
use crate::followers::{Backups, MailHealth, Registry};
use crate::jobs::CachedJobs;
use crate::model::{Actor, Campus, Identity, Network, Timestamp};
use crate::search::SearchIndex;
use crate::store::{Origin, Reader, Store, StoreError};

pub struct State {
    pub config: Config,
    pub store: Store,
    pub index: Arc<SearchIndex>,
    pub cached_jobs: CachedJobs,
    pub registrar: Arc<Registrar>,
    pub checker: Arc<Checker>,
    pub open_jobs: OpenJobs,
    pub access_keys: AccessKeys,
    pub passwords: Passwords,
    pub log_ins: Arc<LogInLimits>,
    pub failures: FailureLog,
    /// Limits registrations, reset requests and failed links, by network.
    pub requests: Throttle,
    pub in_flight: InFlight,
    pub followers: Arc<Registry>,
    pub metrics: Metrics,
    pub mail: Arc<MailHealth>,
    pub backups: Arc<Backups>,
}

impl State {
    pub fn campus(&self) -> &Campus {
        &self.registrar.campus
    }

    pub fn now(&self) -> Timestamp {
        self.store.clock().now()
    }

    pub fn read(&self) -> Result<Reader, StoreError> {
        self.store.read()
    }

    /// For one read.
    pub fn read_latest(&self) -> Result<Reader, StoreError> {
        self.store.read_latest()
    }

    /// Links in mails and `Location` headers start with this.
    pub fn public_url(&self) -> &str {
        &self.registrar.public_url
    }

    /// Who made the change and from where, for the log.
    pub fn origin(&self, request: &HttpRequest, identity: Option<&Identity>) -> Origin {
        let actor = identity.map_or(Actor::Anonymous, Identity::actor);
        Origin {
            actor,
            address: self.client_address(request),
        }
    }

    /// Whether a trusted proxy forwarded the request.
    pub fn is_from_proxy(&self, request: &HttpRequest) -> bool {
        client::is_from_proxy(request, &self.config.server.trusted_proxies)
    }

    /// The client's address, also behind trusted proxies.
    pub fn client_address(&self, request: &HttpRequest) -> Option<IpAddr> {
        client::address(request, &self.config.server.trusted_proxies)
    }

    /// The client as limits count it.
    pub fn client(&self, request: &HttpRequest) -> Client {
        let address = self.client_address(request);
        let address = address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let campus = &self.config.accounts.campus_networks;
        let is_campus = campus.iter().any(|range| range.contains(address));
        Client {
            network: Network::from(address),
            share: if is_campus { Share::Campus } else { Share::One },
        }
    }

    /// Counts a stranger's request against the network's limit, or says how long to wait.
    pub fn spend_request(&self, request: &HttpRequest) -> Result<(), Problem> {
        let Client { network, share } = self.client(request);
        let spent = self.requests.take(&("request", network), share);
        spent.map_err(Problem::too_many)
    }

    /// Runs what a mailed link allows. A failure counts against the client's network.
    pub async fn follow_link<T>(
        &self,
        request: &HttpRequest,
        work: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, Problem> {
        let Client { network, share } = self.client(request);
        let key = ("link", network);
        if let Some(wait) = self.requests.wait(&key, share) {
            return Err(Problem::too_many(wait));
        }
        let done = work.await;
        if done.is_err() {
            self.requests.spend(&key, share);
        }
        done
    }
}
