//! Answers that are given once: with an `Idempotency-Key`, the answer is saved in the same change as what it tells of, so
//! a retry after a lost connection, a crash or an unknown outcome gets the first answer and does nothing again.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use sha2::{Digest, Sha256};
use tokio::sync::Notify;

use super::problem::Problem;
use super::state::State;
use crate::model::{Identity, Invalid, SavedAnswer};
use crate::store::{Origin, StoreError, Stored, Transaction, keys};

/// API.md: a key is remembered for a day; a second request waits ten seconds for the first.
const REMEMBERED: Duration = Duration::from_hours(24);
const PATIENCE: Duration = Duration::from_secs(10);
const MAX_KEY_CHARS: usize = 255;

/// An answer before it is sent, small enough to be kept.
pub struct Answer {
    pub status: StatusCode,
    pub location: Option<String>,
    pub etag: Option<String>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json<T: serde::Serialize>(status: StatusCode, body: &T) -> Result<Self, Problem> {
        let body = serde_json::to_vec(body).map_err(|error| Problem::internal(&error))?;
        Ok(Self {
            status,
            location: None,
            etag: None,
            body,
        })
    }

    pub fn respond(self) -> HttpResponse {
        respond(
            self.status,
            self.location.as_deref(),
            self.etag.as_deref(),
            "application/json",
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

/// The keys whose first request is under way.
#[derive(Default)]
pub struct InFlight {
    keys: Mutex<HashSet<[u8; 32]>>,
    freed: Notify,
}

/// One key's turn; given back when dropped.
struct Turn<'a>(&'a InFlight, [u8; 32]);

impl InFlight {
    async fn turn(&self, key: [u8; 32]) -> Result<Turn<'_>, Problem> {
        let wait = async {
            loop {
                // Registered before the look, so that a turn that ends in between is not missed.
                let freed = self.freed.notified();
                if self
                    .keys
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(key)
                {
                    return Turn(self, key);
                }
                freed.await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.map_err(|_| {
            let detail = "The first request with this Idempotency-Key is still under way.";
            Problem::new(StatusCode::CONFLICT, "in_progress", detail)
        })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0
            .keys
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.1);
        self.0.freed.notify_waiters();
    }
}

/// What a request is, for its retry to be recognised.
struct Ticket {
    key_digest: [u8; 32],
    request_digest: [u8; 32],
}

impl Ticket {
    /// `None` without the header.
    fn of(
        request: &HttpRequest,
        identity: Option<&Identity>,
        origin: Origin,
        body: &[u8],
    ) -> Result<Option<Self>, Problem> {
        let Some(key) = request.headers().get("idempotency-key") else {
            return Ok(None);
        };
        let sound = |key: &&str| (1..=MAX_KEY_CHARS).contains(&key.len());
        let key = key.to_str().ok().filter(sound).ok_or_else(|| {
            Invalid::one(
                "Idempotency-Key",
                format!("must be 1 to {MAX_KEY_CHARS} visible ASCII characters"),
            )
        })?;
        let who = match identity {
            Some(identity) => format!("account {}", identity.account_id),
            None => format!("address {:?}", origin.address),
        };
        let digest = |parts: &[&[u8]]| -> [u8; 32] {
            let mut digest = Sha256::new();
            for part in parts {
                digest.update((part.len() as u64).to_be_bytes());
                digest.update(part);
            }
            digest.finalize().into()
        };
        Ok(Some(Self {
            key_digest: digest(&[who.as_bytes(), key.as_bytes()]),
            // With the key in it, so that the digest of a body that holds a password cannot be guessed from the store.
            request_digest: digest(&[
                key.as_bytes(),
                request.method().as_str().as_bytes(),
                request.path().as_bytes(),
                request.query_string().as_bytes(),
                body,
            ]),
        }))
    }

    fn saved(
        &self,
        now: crate::model::Timestamp,
        answer: &Answer,
        content_type: &str,
    ) -> SavedAnswer {
        SavedAnswer {
            key_digest: self.key_digest,
            request_digest: self.request_digest,
            status: answer.status.as_u16(),
            location: answer.location.clone(),
            etag: answer.etag.clone(),
            content_type: content_type.into(),
            body: answer.body.clone(),
            expires_at: now.plus(REMEMBERED),
        }
    }

    /// The answer that the first request got; an error if it was another request.
    fn recall(&self, saved: &SavedAnswer) -> Result<HttpResponse, Problem> {
        if saved.request_digest != self.request_digest {
            let detail = "This Idempotency-Key belongs to another request.";
            return Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_mismatch",
                detail,
            ));
        }
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

/// Runs a command and answers; with an Idempotency-Key once, however often it is asked.
pub async fn once<T, E>(
    state: &State,
    request: &HttpRequest,
    identity: Option<&Identity>,
    origin: Origin,
    body: &[u8],
    mut command: impl FnMut(&mut Transaction) -> Result<T, E>,
    render: impl Fn(&T) -> Result<Answer, Problem>,
) -> Result<HttpResponse, Problem>
where
    Problem: From<E>,
    E: From<StoreError>,
{
    let Some(ticket) = Ticket::of(request, identity, origin, body)? else {
        let done = state.store.run(origin, &mut command).await?;
        return Ok(render(&done)?.respond());
    };
    let _turn = state.in_flight.turn(ticket.key_digest).await?;
    let key = keys::saved_answer(&ticket.key_digest);
    let outcome = state
        .store
        .run(origin, |transaction| {
            let now = transaction.now();
            let old: Option<Stored<SavedAnswer>> = transaction.get(&key)?;
            if let Some(saved) = old.as_ref().filter(|saved| now < saved.expires_at) {
                return ticket.recall(saved).map_err(Failed::Recalled);
            }
            let done = command(transaction).map_err(|error| Failed::Refused(error.into()))?;
            let answer = render(&done).map_err(Failed::Recalled)?;
            save(
                transaction,
                old.as_ref(),
                ticket.saved(now, &answer, "application/json"),
            )?;
            Ok(answer.respond())
        })
        .await;
    match outcome {
        Ok(response) => Ok(response),
        Err(Failed::Recalled(problem)) => Err(problem),
        Err(Failed::Refused(problem)) => refuse(state, origin, &ticket, problem).await,
    }
}

enum Failed {
    /// Of the key itself, or ours: nothing to remember.
    Recalled(Problem),
    /// The command said no.
    Refused(Problem),
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Recalled(error.into())
    }
}

/// A refusal is an answer too and is remembered; what may pass by itself (the store's trouble, a limit) is not.
async fn refuse(
    state: &State,
    origin: Origin,
    ticket: &Ticket,
    problem: Problem,
) -> Result<HttpResponse, Problem> {
    use actix_web::ResponseError as _;
    if !problem.status().is_client_error() || problem.status() == StatusCode::TOO_MANY_REQUESTS {
        return Err(problem);
    }
    let response = problem.error_response();
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let content_type = content_type
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let status = response.status();
    let body = actix_web::body::to_bytes(response.into_body())
        .await
        .map_err(|_| Problem::busy())?;
    let answer = Answer {
        status,
        location: None,
        etag: None,
        body: body.to_vec(),
    };
    let key = keys::saved_answer(&ticket.key_digest);
    state
        .store
        .run(origin, |transaction| {
            let old: Option<Stored<SavedAnswer>> = transaction.get(&key)?;
            save(
                transaction,
                old.as_ref(),
                ticket.saved(transaction.now(), &answer, &content_type),
            )
        })
        .await?;
    Ok(respond(
        answer.status,
        None,
        None,
        &content_type,
        answer.body,
    ))
}

fn save(
    transaction: &mut Transaction,
    old: Option<&Stored<SavedAnswer>>,
    answer: SavedAnswer,
) -> Result<(), StoreError> {
    match old {
        Some(old) => transaction.update(old, answer)?,
        None => transaction.insert(answer)?,
    };
    Ok(())
}
