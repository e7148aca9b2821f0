//! Answers with secrets: logins and refreshes. Kept only in memory, since the store must not contain valid tokens. So
//! a retry after a restart, or at another server, logs in again, which is fine. Another server may also erase the account
//! that an answer names: such an answer is not given again, and is dropped within a minute.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use actix_web::body::to_bytes;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{Key, REMEMBERED, Ticket};
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::model::{Account, AccountId, AccountStatus, Timestamp};
use crate::store::{Origin, Reader, StoreError, Stored, keys};

/// Most answers to keep. When full, no more are kept.
const MAX_KEPT: usize = 10_000;
/// How many accounts to read at once.
const ACCOUNTS_AT_ONCE: usize = 500;

#[derive(Default)]
pub(super) struct Kept(Mutex<Answers>);

#[derive(Default)]
struct Answers {
    by_key: HashMap<[u8; 32], Secret>,
    /// How many accounts were erased.
    erasures: u64,
}

struct Secret {
    /// The account that the answer names.
    account_id: Option<AccountId>,
    request_digest: [u8; 32],
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    expires_at: Timestamp,
}

impl Kept {
    fn lock(&self) -> MutexGuard<'_, Answers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer to the same request, and the account that it names.
    fn recall(&self, ticket: &Ticket, now: Timestamp) -> Result<Option<Recalled>, Problem> {
        let kept = self.lock();
        let Some(secret) = kept
            .by_key
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
        Ok(Some((
            response.body(secret.body.clone()),
            secret.account_id,
        )))
    }

    /// Drops the answers that name an erased account.
    pub(super) fn forget(&self, account_id: AccountId) {
        let mut kept = self.lock();
        kept.erasures += 1;
        let is_other = |secret: &Secret| secret.account_id != Some(account_id);
        kept.by_key.retain(|_, secret| is_other(secret));
    }

    /// The same for accounts that another server has erased.
    pub(super) async fn forget_erased(&self, reader: &Reader) -> Result<(), StoreError> {
        let named: HashSet<AccountId> = {
            let kept = self.lock();
            let answers = kept.by_key.values();
            answers.filter_map(|secret| secret.account_id).collect()
        };
        let named: Vec<AccountId> = named.into_iter().collect();
        for some in named.chunks(ACCOUNTS_AT_ONCE) {
            let keys: Vec<_> = some.iter().map(|id| keys::account(*id)).collect();
            for (id, account) in some.iter().zip(reader.get_many(&keys).await?) {
                if is_erased(account.as_ref()) {
                    self.forget(*id);
                }
            }
        }
        Ok(())
    }

    /// Keeps an answer, unless an account was erased after `erasures` was read: it may be the one that the
    /// answer names.
    fn keep(&self, ticket: &Ticket, now: Timestamp, erasures: u64, secret: Secret) {
        let mut kept = self.lock();
        if kept.by_key.len() >= MAX_KEPT {
            kept.by_key.retain(|_, secret| now < secret.expires_at);
        }
        if kept.by_key.len() < MAX_KEPT && kept.erasures == erasures {
            kept.by_key.insert(ticket.key_digest, secret);
        }
    }
}

/// A response, and the account that it names.
type Recalled = (HttpResponse, Option<AccountId>);

fn is_erased(account: Option<&Stored<Account>>) -> bool {
    account.is_none_or(|account| account.status == AccountStatus::Erased)
}

/// The account in the answer to a login.
fn named_in(body: &[u8]) -> Option<AccountId> {
    #[derive(Deserialize)]
    struct SignedIn {
        account: Named,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Named {
        account_id: AccountId,
    }
    let answer: SignedIn = serde_json::from_slice(body).ok()?;
    Some(answer.account.account_id)
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
    if let Some((first, account_id)) = kept.recall(&ticket, state.now())? {
        let Some(id) = account_id else {
            return Ok(first);
        };
        let account = state.read()?.get(&keys::account(id)).await?;
        if !is_erased(account.as_ref()) {
            return Ok(first);
        }
        kept.forget(id);
    }
    let erasures = kept.lock().erasures;
    let (head, body) = answer.await?.into_parts();
    let body = to_bytes(body)
        .await
        .map_err(|_| Problem::from(Code::Busy))?;
    let response = head.set_body(body.clone()).map_into_boxed_body();
    let now = state.now();
    let secret = Secret {
        account_id: named_in(&body),
        request_digest: ticket.request_digest,
        status: response.status(),
        headers: response.headers().clone(),
        body,
        expires_at: now.plus(REMEMBERED),
    };
    kept.keep(&ticket, now, erasures, secret);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// D10: the answer to a login names the account. It must not be kept after the account is forgotten.
    #[test]
    fn an_answer_from_before_an_erasure_is_not_kept_after_it() {
        let (now, kept) = (Timestamp::from_millis(1), Kept::default());
        let account = AccountId::generate(now);
        let ticket = Ticket {
            key_digest: [1; 32],
            account_id: None,
            request_digest: [2; 32],
        };
        let keep = |erasures: u64| {
            let secret = Secret {
                account_id: Some(account),
                request_digest: ticket.request_digest,
                status: StatusCode::OK,
                headers: HeaderMap::new(),
                body: Bytes::new(),
                expires_at: now.plus(REMEMBERED),
            };
            kept.keep(&ticket, now, erasures, secret);
        };
        let is_kept = || kept.recall(&ticket, now).is_ok_and(|found| found.is_some());
        keep(0);
        assert!(is_kept());
        kept.forget(account);
        assert!(!is_kept());
        keep(0);
        assert!(!is_kept());
        keep(1);
        assert!(is_kept());
    }
}
