//! Runs a request once. With an `Idempotency-Key`, the answer is saved in the same change as its effect. A retry after
//! a lost connection, a crash or an unknown outcome gets the first answer and changes nothing.

mod secrets;
mod streamed;

pub use secrets::once_with_secrets;
pub use streamed::Streamed;

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use sha2::{Digest, Sha256};
use tokio::sync::Notify;

use super::problem::{Code, Problem};
use super::state::State;
use crate::accounts::is_open;
use crate::model::{AccountId, FieldFault, Identity, Invalid, SavedAnswer, Timestamp};
use crate::store::{Origin, Reader, StoreError, Stored, Transaction, keys};

/// As in README.md: a key is remembered for a day, and a second request waits ten seconds for the first.
const REMEMBERED: Duration = Duration::from_hours(24);
const MAX_WAIT: Duration = Duration::from_secs(10);
const MAX_KEY_CHARS: usize = 255;
const JSON: &str = "application/json";

/// An answer before it is sent, small enough to save.
pub struct Reply {
    pub status: StatusCode,
    pub location: Option<String>,
    pub etag: Option<String>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json<T: serde::Serialize>(status: StatusCode, body: &T) -> Result<Self, Problem> {
        let body = serde_json::to_vec(body).map_err(|error| Problem::internal(&error))?;
        Ok(Self {
            status,
            location: None,
            etag: None,
            body,
        })
    }

    pub fn empty(status: StatusCode) -> Self {
        Self {
            status,
            location: None,
            etag: None,
            body: Vec::new(),
        }
    }

    pub fn respond(self) -> HttpResponse {
        respond(
            self.status,
            self.location.as_deref(),
            self.etag.as_deref(),
            JSON,
            self.body,
        )
    }
}

fn respond(
    status: StatusCode,
    location: Option<&str>,
    etag: Option<&str>,
    content_type: &str,
    body: Vec<u8>,
) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    if let Some(location) = location {
        response.insert_header((header::LOCATION, location));
    }
    if let Some(etag) = etag {
        response.insert_header((header::ETAG, etag));
    }
    if body.is_empty() {
        return response.finish();
    }
    response.insert_header((header::CONTENT_TYPE, content_type));
    response.body(body)
}

/// Keys whose first request is still running here. If it runs at another server, the store decides: the request that commits
/// later runs again, and gets the saved answer.
#[derive(Default)]
pub struct InFlight {
    keys: Mutex<HashSet<[u8; 32]>>,
    freed: Notify,
    secrets: secrets::Kept,
}

/// A lock on one key. Released on drop.
struct KeyLock<'a>(&'a InFlight, [u8; 32]);

impl InFlight {
    /// Drops the answers in memory that name an account. Those in the store are erased with it.
    pub fn forget(&self, account_id: AccountId) {
        self.secrets.forget(account_id);
    }

    /// The same for accounts that another server of the same database has erased.
    pub(super) async fn forget_erased(&self, reader: &Reader) -> Result<(), StoreError> {
        self.secrets.forget_erased(reader).await
    }

    async fn lock(&self, key: [u8; 32]) -> Result<KeyLock<'_>, Problem> {
        let wait = async {
            loop {
                // Registered before the check, so that a release in between is not missed.
                let freed = self.freed.notified();
                if self
                    .keys
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(key)
                {
                    return KeyLock(self, key);
                }
                freed.await;
            }
        };
        tokio::time::timeout(MAX_WAIT, wait)
            .await
            .map_err(|_| Problem::from(Code::InProgress))
    }
}

impl Drop for KeyLock<'_> {
    fn drop(&mut self) {
        self.0
            .keys
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.1);
        self.0.freed.notify_waiters();
    }
}

/// An Idempotency-Key and its owner.
struct Key {
    text: String,
    account_id: Option<AccountId>,
    digest: [u8; 32],
}

impl Key {
    /// `None` without the header.
    fn of(
        request: &HttpRequest,
        identity: Option<&Identity>,
        origin: Origin,
    ) -> Result<Option<Self>, Problem> {
        let Some(key) = request.headers().get("idempotency-key") else {
            return Ok(None);
        };
        let sound = |key: &&str| (1..=MAX_KEY_CHARS).contains(&key.len());
        let key = key.to_str().ok().filter(sound).ok_or_else(|| {
            let max = MAX_KEY_CHARS;
            Invalid::one("Idempotency-Key", FieldFault::NotAnIdempotencyKey { max })
        })?;
        let who = match identity {
            Some(identity) => format!("account {}", identity.account_id),
            None => format!("address {:?}", origin.address),
        };
        Ok(Some(Self {
            text: key.to_owned(),
            account_id: identity.map(|identity| identity.account_id),
            digest: digest(&[who.as_bytes(), key.as_bytes()]),
        }))
    }

    /// Identifies the request, to recognize a retry. `body`: the digest of the body.
    fn ticket(&self, request: &HttpRequest, body: [u8; 32]) -> Ticket {
        Ticket {
            key_digest: self.digest,
            account_id: self.account_id,
            // Includes the key, so that nobody with the store can guess a password in the body from this digest.
            request_digest: digest(&[
                self.text.as_bytes(),
                request.method().as_str().as_bytes(),
                request.path().as_bytes(),
                request.query_string().as_bytes(),
                &body,
            ]),
        }
    }
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

struct Ticket {
    key_digest: [u8; 32],
    account_id: Option<AccountId>,
    request_digest: [u8; 32],
}

impl Ticket {
    fn saved(&self, now: Timestamp, answer: &Reply) -> SavedAnswer {
        SavedAnswer {
            key_digest: self.key_digest,
            account_id: self.account_id,
            request_digest: self.request_digest,
            status: answer.status.as_u16(),
            location: answer.location.clone(),
            etag: answer.etag.clone(),
            content_type: JSON.into(),
            body: answer.body.clone(),
            expires_at: now.plus(REMEMBERED),
        }
    }

    /// Fails if the first request was different.
    fn check(&self, first: [u8; 32]) -> Result<(), Problem> {
        if first == self.request_digest {
            return Ok(());
        }
        Err(Code::IdempotencyMismatch.into())
    }

    /// The first request's answer. Fails if that was a different request.
    fn recall(&self, saved: &SavedAnswer) -> Result<HttpResponse, Problem> {
        self.check(saved.request_digest)?;
        let status =
            StatusCode::from_u16(saved.status).map_err(|error| Problem::internal(&error))?;
        let (location, etag) = (saved.location.as_deref(), saved.etag.as_deref());
        Ok(respond(
            status,
            location,
            etag,
            &saved.content_type,
            saved.body.clone(),
        ))
    }
}

/// Runs a command and answers. With an Idempotency-Key, it runs only once. A request whose session ends meanwhile, as it
/// does when its account is erased, is refused like one that comes later.
pub async fn once<T, E>(
    state: &State,
    request: &HttpRequest,
    identity: Option<&Identity>,
    origin: Origin,
    body: &[u8],
    mut command: impl AsyncFnMut(&mut Transaction) -> Result<T, E>,
    render: impl AsyncFn(&T) -> Result<Reply, Problem>,
) -> Result<HttpResponse, Problem>
where
    Problem: From<E>,
{
    let ticket = Key::of(request, identity, origin)?
        .map(|key| key.ticket(request, Sha256::digest(body).into()));
    let _lock = match &ticket {
        Some(ticket) => Some(state.in_flight.lock(ticket.key_digest).await?),
        None => None,
    };
    let saved_answer = ticket
        .as_ref()
        .map(|ticket| keys::saved_answer(&ticket.key_digest));
    let session = identity.map(|identity| keys::session(identity.session_id));
    state
        .store
        .run(origin, async |transaction: &mut Transaction| {
            let now = transaction.now();
            if let (Some(saved_answer), Some(session)) = (&saved_answer, &session) {
                transaction.fetch(&[saved_answer, session]).await?;
            }
            let old = match &saved_answer {
                Some(key) => transaction.get(key).await?,
                None => None,
            };
            if let (Some(ticket), Some(saved)) = (&ticket, &old)
                && now < saved.expires_at
            {
                return ticket.recall(saved).map_err(Failed);
            }
            if let Some(identity) = identity
                && !is_open(transaction, identity.session_id).await?
            {
                return Err(Failed(Problem::unauthenticated()));
            }
            let done = command(transaction).await;
            let done = done.map_err(|error| Failed(error.into()))?;
            let answer = render(&done).await.map_err(Failed)?;
            if let Some(ticket) = &ticket {
                save(transaction, old.as_ref(), ticket.saved(now, &answer)).await?;
            }
            Ok(answer.respond())
        })
        .await
        .map_err(|Failed(problem)| problem)
}

/// A refused request changed nothing, so it is not saved. The same key may be used again, with a corrected request or
/// not.
struct Failed(Problem);

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self(error.into())
    }
}

async fn save(
    transaction: &mut Transaction,
    old: Option<&Stored<SavedAnswer>>,
    answer: SavedAnswer,
) -> Result<(), StoreError> {
    match old {
        Some(old) => transaction.update(old, answer).await?,
        None => transaction.insert(answer).await?,
    };
    Ok(())
}
