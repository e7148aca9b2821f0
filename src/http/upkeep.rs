//! What every server does for itself once a minute: it takes over what other servers of the same database have done.

use std::sync::Weak;
use std::time::Duration;

use super::state::State;
use crate::store::StoreError;

const EVERY: Duration = Duration::from_mins(1);

/// Runs as long as the server does. What fails is tried again a minute later.
pub async fn keep_up(state: Weak<State>) {
    while let Some(state) = state.upgrade() {
        if let Err(error) = state.access_keys.renew(&state.store).await {
            tracing::warn!(%error, "could not read or replace the keys of access tokens");
        }
        if let Err(error) = forget_erased(&state).await {
            tracing::warn!(%error, "could not look for erased accounts");
        }
        drop(state);
        tokio::time::sleep(EVERY).await;
    }
}

async fn forget_erased(state: &State) -> Result<(), StoreError> {
    state.in_flight.forget_erased(&state.read()?).await
}
