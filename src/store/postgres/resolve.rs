//! Finds out what became of a group's transaction when the answer to its commit is lost.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::failure;
use super::outage::jittered;
use super::writer::Writer;
use crate::store::engine::{StoreError, Trouble};

/// The pause between attempts.
const PAUSE: Duration = Duration::from_millis(100);

impl Writer {
    /// Finds out whether the last group was committed. `None`: that took too long.
    pub(super) async fn resolve(&mut self, text: &str) -> Option<bool> {
        tracing::warn!(
            error = text,
            "lost the database during a commit; finding out whether it happened"
        );
        let deadline = Instant::now() + self.options.resolve_for;
        self.tally.set_trouble(Some(Trouble::Failing));
        self.disconnect();
        let mut was_committed = None;
        while was_committed.is_none() {
            match timeout_at(deadline, self.was_committed()).await {
                Ok(Ok(known)) => was_committed = Some(known),
                Ok(Err(error)) => {
                    tracing::debug!(%error, "cannot find out whether a commit happened");
                    self.disconnect();
                    let pause = jittered(PAUSE);
                    if timeout_at(deadline, sleep(pause)).await.is_err() {
                        break;
                    }
                }
                Err(_) => break,
            }
        }
        match was_committed {
            Some(_) => self.tally.set_trouble(None),
            None => self.disconnect(),
        }
        was_committed
    }

    async fn was_committed(&mut self) -> Result<bool, StoreError> {
        let group = self.group;
        let answer = self.session().await?.was_committed(group).await;
        answer.map_err(|error| failure::store_error(&error))
    }
}
