//! What handlers share.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::HttpRequest;

use super::idempotency::InFlight;
use super::metrics::Metrics;
use crate::accounts::Registrar;
use crate::auth::{AccessKeys, Passwords, Throttle};
use crate::config::Config;
use crate::eligibility::{Judge, OpenJobs};
use crate::followers::Progress;
use crate::jobs::Cards;
use crate::mail::Health;
use crate::model::{AccountId, Actor, Campus, Identity, Timestamp};
use crate::search::SearchIndex;
use crate::store::{Origin, Reader, Store, StoreError};

pub struct State {
    pub config: Config,
    pub store: Store,
    pub index: Arc<SearchIndex>,
    pub cards: Cards,
    pub registrar: Arc<Registrar>,
    pub judge: Arc<Judge>,
    pub open_jobs: OpenJobs,
    pub access_keys: AccessKeys,
    pub passwords: Passwords,
    /// Failed log-ins, by account (the address typed) and by where they come from.
    pub account_throttle: Throttle<String>,
    pub address_throttle: Throttle<IpAddr>,
    pub in_flight: InFlight,
    pub progress: Arc<Progress>,
    pub metrics: Metrics,
    pub mail: Arc<Health>,
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

    /// Links in mails and `Location` begin with it.
    pub fn public_url(&self) -> &str {
        &self.registrar.public_url
    }

    /// Who did it and from where, for the log.
    pub fn origin(&self, request: &HttpRequest, identity: Option<&Identity>) -> Origin {
        let actor = identity.map_or(Actor::Anonymous, Identity::actor);
        Origin {
            actor,
            address: self.client_address(request),
        }
    }

    /// Whether a trusted proxy passed the request on.
    pub fn is_from_proxy(&self, request: &HttpRequest) -> bool {
        let peer = request.peer_addr().map(|address| address.ip());
        peer.is_some_and(|peer| self.config.server.trusted_proxies.contains(&peer))
    }

    /// The peer's address; behind a trusted proxy, the last address in X-Forwarded-For that is not one of ours.
    pub fn client_address(&self, request: &HttpRequest) -> Option<IpAddr> {
        let trusted = &self.config.server.trusted_proxies;
        let peer = request.peer_addr().map(|address| address.ip())?;
        if !trusted.contains(&peer) {
            return Some(peer);
        }
        let forwarded = request.headers().get_all("x-forwarded-for");
        let mut hops: Vec<&str> = forwarded
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        while let Some(hop) = hops.pop() {
            match hop.trim().parse::<IpAddr>() {
                Ok(address) if trusted.contains(&address) => {}
                Ok(address) => return Some(address),
                Err(_) => break,
            }
        }
        Some(peer)
    }

    /// What log-ins of nobody in particular are counted against.
    pub fn account_key(id: AccountId) -> String {
        id.to_string()
    }
}
