//! Runs a follower step by step while it may run here: waits for the lease and for work, measures the lag, tries again
//! after errors, and ends at a stop.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::follower::{FollowError, Follower, Next, Place, Turn};
use super::status::{FollowerState, FollowerStatus};
use crate::store::{Store, StoreError, keys};

/// The pause after an error. It doubles with each further error.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

pub(super) struct Driver<F> {
    pub follower: F,
    pub store: Store,
    pub status: Arc<FollowerStatus>,
    pub stop: watch::Receiver<bool>,
    /// The term of this server's lease while it has it.
    pub lease: watch::Receiver<Option<u64>>,
}

impl<F: Follower> Driver<F> {
    pub async fn run(mut self) {
        while let Some(mut turn) = self.next_turn().await {
            if self.begin(&mut turn).await {
                self.steps(&mut turn).await;
                self.follower.end(&turn).await;
            }
            self.status.leaves_the_log();
        }
        self.status.set(FollowerState::Stopped);
    }

    /// Waits until the follower may run here. `None`: the server is stopping.
    async fn next_turn(&mut self) -> Option<Turn> {
        let mut turn = Turn::new(self.store.clone(), self.stop.clone(), self.status.clone());
        if F::PLACE == Place::OneServer && self.store.is_shared() {
            self.status.set(FollowerState::Standby);
            let term = tokio::select! {
                // An error means that nobody keeps the lease any more; a stop follows.
                Ok(term) = self.lease.wait_for(Option::is_some) => term.as_ref().copied()?,
                _ = self.stop.wait_for(|stop| *stop) => return None,
            };
            turn.store = self.store.fenced(keys::lease(), term);
            turn.end.lease = Some((self.lease.clone(), term));
        }
        // If the lease was lost meanwhile, the turn ends at once, and the next one begins.
        (!turn.end.is_stop()).then_some(turn)
    }

    /// False: the turn ended before the follower could begin.
    async fn begin(&mut self, turn: &mut Turn) -> bool {
        self.status.set(FollowerState::Running);
        let mut pause = FIRST_PAUSE;
        while !turn.is_ending() {
            match self.follower.begin(turn).await {
                Ok(position) => {
                    turn.position = position;
                    return true;
                }
                Err(error) => self.wait_after(&error, turn, &mut pause).await,
            }
        }
        false
    }

    async fn steps(&mut self, turn: &mut Turn) {
        let mut pause = FIRST_PAUSE;
        while !turn.is_ending() {
            match self.follower.step(turn).await {
                Ok(next) => {
                    self.status.set(FollowerState::Running);
                    pause = FIRST_PAUSE;
                    if let Next::Log { position, .. } = next {
                        self.status.reached(position);
                    }
                    turn.wait(next).await;
                }
                Err(error) => self.wait_after(&error, turn, &mut pause).await,
            }
        }
    }

    /// A follower never gives up, but continues where it was.
    async fn wait_after(&self, error: &FollowError, turn: &Turn, pause: &mut Duration) {
        if matches!(error, FollowError::Store(StoreError::Fenced)) {
            tracing::warn!(task = F::NAME, "{error}");
            // The keeper of the lease finds that out as well.
            turn.pause(FIRST_PAUSE).await;
            return;
        }
        self.status.set(FollowerState::Failing);
        tracing::error!(task = F::NAME, %error, "a background task failed and will try again");
        turn.pause(*pause).await;
        *pause = (*pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests;
