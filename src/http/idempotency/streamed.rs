//! Idempotency for a body that is processed as it arrives, so that its digest is known only at the end. Its work must
//! be safe to repeat, since the answer is saved afterwards, not in the same change.

use actix_web::{HttpRequest, HttpResponse};
use sha2::{Digest, Sha256};

use super::{Key, KeyLock, Reply, save};
use crate::accounts::is_open;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::model::{Identity, SavedAnswer, SessionId};
use crate::store::{Origin, StoreError, Stored, Transaction, keys};

pub struct Streamed<'a> {
    state: &'a State,
    request: &'a HttpRequest,
    session_id: SessionId,
    key: Key,
    first: Option<Stored<SavedAnswer>>,
    body: Sha256,
    _lock: KeyLock<'a>,
}

impl<'a> Streamed<'a> {
    /// `None` without an Idempotency-Key.
    pub async fn begin(
        state: &'a State,
        request: &'a HttpRequest,
        identity: &Identity,
        origin: Origin,
    ) -> Result<Option<Self>, Problem> {
        let Some(key) = Key::of(request, Some(identity), origin)? else {
            return Ok(None);
        };
        let lock = state.in_flight.lock(key.digest).await?;
        let first: Option<Stored<SavedAnswer>> =
            state.read()?.get(&keys::saved_answer(&key.digest)).await?;
        Ok(Some(Self {
            state,
            request,
            session_id: identity.session_id,
            key,
            first: first.filter(|first| state.now() < first.expires_at),
            body: Sha256::new(),
            _lock: lock,
        }))
    }

    /// Whether there is an answer already. Then read the body and do nothing.
    pub fn is_retry(&self) -> bool {
        self.first.is_some()
    }

    pub fn take(&mut self, piece: &[u8]) {
        self.body.update(piece);
    }

    /// The first answer, or an error if it was for a different body.
    pub fn recall(self) -> Option<Result<HttpResponse, Problem>> {
        let ticket = self.key.ticket(self.request, self.body.finalize().into());
        self.first.map(|first| ticket.recall(&first))
    }

    /// Saves the answer, and returns what to send. If the same request was answered at another server meanwhile, that is its
    /// answer. If it is too large for the store, or the session has ended, it is sent without being saved.
    pub async fn keep(self, origin: Origin, answer: Reply) -> Result<HttpResponse, Problem> {
        let ticket = self.key.ticket(self.request, self.body.finalize().into());
        let key = keys::saved_answer(&self.key.digest);
        let saved = self
            .state
            .store
            .run(origin, async |transaction: &mut Transaction| {
                let now = transaction.now();
                if !is_open(transaction, self.session_id).await? {
                    return Ok(None);
                }
                let old: Option<Stored<SavedAnswer>> = transaction.get(&key).await?;
                if let Some(first) = old.as_ref().filter(|first| now < first.expires_at) {
                    return Ok(Some(first.record.clone()));
                }
                save(transaction, old.as_ref(), ticket.saved(now, &answer)).await?;
                Ok(None)
            })
            .await;
        match saved {
            Ok(Some(first)) => ticket.recall(&first),
            Ok(None) | Err(StoreError::TooLarge(_)) => Ok(answer.respond()),
            Err(error) => Err(error.into()),
        }
    }
}
