//! The key of a request whose body is read as it arrives, so that its digest is known only at the end. What it does must
//! be safe to do again: its answer is saved after the work, not in the same change.

use actix_web::{HttpRequest, HttpResponse};
use sha2::{Digest, Sha256};

use super::{Key, KeyLock, Reply, save};
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::model::{Identity, SavedAnswer};
use crate::store::{Origin, StoreError, Stored, keys};

pub struct Streamed<'a> {
    state: &'a State,
    request: &'a HttpRequest,
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
        let turn = state.in_flight.lock(key.digest).await?;
        let first: Option<Stored<SavedAnswer>> =
            state.read()?.get(&keys::saved_answer(&key.digest))?;
        Ok(Some(Self {
            state,
            request,
            key,
            first: first.filter(|first| state.now() < first.expires_at),
            body: Sha256::new(),
            _lock: turn,
        }))
    }

    /// Whether there is an answer already, so that the body is to be read and nothing to be done.
    pub fn is_retry(&self) -> bool {
        self.first.is_some()
    }

    pub fn take(&mut self, piece: &[u8]) {
        self.body.update(piece);
    }

    /// The first answer, or an error if it was to another body.
    pub fn recall(self) -> Option<Result<HttpResponse, Problem>> {
        let ticket = self.key.ticket(self.request, self.body.finalize().into());
        self.first.map(|first| ticket.recall(&first))
    }

    /// Remembers the answer. One that is too large for the store is given and not remembered.
    pub async fn keep(self, origin: Origin, answer: &Reply) -> Result<(), Problem> {
        let ticket = self.key.ticket(self.request, self.body.finalize().into());
        let key = keys::saved_answer(&self.key.digest);
        let saved = self
            .state
            .store
            .run(origin, |transaction| {
                let old: Option<Stored<SavedAnswer>> = transaction.get(&key)?;
                save(
                    transaction,
                    old.as_ref(),
                    ticket.saved(transaction.now(), answer),
                )
            })
            .await;
        match saved {
            Err(StoreError::TooLarge(_)) => Ok(()),
            saved => saved.map_err(Problem::from),
        }
    }
}
