//! Answers with secrets: log-ins and refreshes. Kept only in memory, since the store must not contain valid tokens. So
//! a retry after a restart logs in again, which is fine.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use actix_web::body::to_bytes;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use sha2::{Digest, Sha256};

use super::{Key, REMEMBERED, Ticket};
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::model::{AccountId, Timestamp};
use crate::store::Origin;

/// Most answers to keep. When full, no more are kept.
const MAX_KEPT: usize = 10_000;

#[derive(Default)]
pub(super) struct Kept(Mutex<HashMap<[u8; 32], Secret>>);

struct Secret {
    request_digest: [u8; 32],
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    expires_at: Timestamp,
}

impl Kept {
    fn recall(&self, ticket: &Ticket, now: Timestamp) -> Result<Option<HttpResponse>, Problem> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(secret) = kept
            .get(&ticket.key_digest)
            .filter(|secret| now < secret.expires_at)
        else {
            return Ok(None);
        };
        ticket.check(secret.request_digest)?;
        let mut response = HttpResponse::build(secret.status);
        for (name, value) in &secret.headers {
            response.append_header((name.clone(), value.clone()));
        }
        Ok(Some(response.body(secret.body.clone())))
    }

    /// Drops the answers that name an account.
    pub(super) fn forget(&self, account_id: AccountId) {
        let id = account_id.to_string();
        let names_it = |body: &Bytes| body.windows(id.len()).any(|part| part == id.as_bytes());
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, secret| !names_it(&secret.body));
    }

    fn keep(&self, ticket: &Ticket, now: Timestamp, response: &HttpResponse, body: &Bytes) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_KEPT {
            kept.retain(|_, secret| now < secret.expires_at);
        }
        if kept.len() < MAX_KEPT {
            let secret = Secret {
                request_digest: ticket.request_digest,
                status: response.status(),
                headers: response.headers().clone(),
                body: body.clone(),
                expires_at: now.plus(REMEMBERED),
            };
            kept.insert(ticket.key_digest, secret);
        }
    }
}

/// Answers. With an Idempotency-Key, only once for as long as this process runs. Refusals are not kept.
pub async fn once_with_secrets(
    state: &State,
    request: &HttpRequest,
    origin: Origin,
    body: &[u8],
    answer: impl Future<Output = Result<HttpResponse, Problem>>,
) -> Result<HttpResponse, Problem> {
    let Some(key) = Key::of(request, None, origin)? else {
        return answer.await;
    };
    let ticket = key.ticket(request, Sha256::digest(body).into());
    let _lock = state.in_flight.lock(key.digest).await?;
    let kept = &state.in_flight.secrets;
    if let Some(first) = kept.recall(&ticket, state.now())? {
        return Ok(first);
    }
    let (head, body) = answer.await?.into_parts();
    let body = to_bytes(body)
        .await
        .map_err(|_| Problem::from(Code::Busy))?;
    let response = head.set_body(body.clone()).map_into_boxed_body();
    kept.keep(&ticket, state.now(), &response, &body);
    Ok(response)
}
