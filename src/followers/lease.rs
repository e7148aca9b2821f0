//! Decides which of several servers does what only one may do. One row holds that server's name; its version is the term.
//! A second row is written again and again by the holder. Another server takes over if that row stays the same for a
//! while, measured by its own clock, so that no two clocks need to agree. Every change of a follower checks the term in
//! its own transaction (`Store::fenced`), so a holder that was away for too long changes nothing any more.

use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::store::{Origin, Store, StoreError, Transaction, keys};

/// How often the holder writes, and the others look.
const BEAT: Duration = Duration::from_secs(2);
/// How long a holder that could not write still counts on its lease.
const TRUST: Duration = Duration::from_secs(8);
/// How long the others wait for a sign of the holder. More than `TRUST`, so that a holder without the store has stopped
/// by then, and sends no mail beside the next one.
const PATIENCE: Duration = Duration::from_secs(14);

/// This server's part in the lease.
pub(super) struct Keeper {
    store: Store,
    /// This server's name in the lease.
    name: [u8; 16],
    /// The term while this server holds the lease.
    term: watch::Sender<Option<u64>>,
    /// When this server last wrote as the holder.
    wrote_at: Instant,
    /// The other holder's last sign, and when it was first seen.
    seen: Option<(Sign, Instant)>,
}

/// The versions of both rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sign {
    term: Option<u64>,
    beat: Option<u64>,
}

/// What a look at the rows has shown.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// This server holds the lease, in this term.
    Held(u64),
    Other(Sign),
}

impl Keeper {
    pub fn new(store: Store, term: watch::Sender<Option<u64>>) -> Self {
        Self {
            store,
            name: rand::random(),
            term,
            wrote_at: Instant::now(),
            seen: None,
        }
    }

    /// Takes the lease when it is free, and keeps it until `stop`. Call `release` when its followers have ended.
    pub async fn run(&mut self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            self.look(Instant::now()).await;
            let pause = tokio::time::sleep(BEAT);
            tokio::select! {
                () = pause => {}
                // An error means that nobody would ever stop it.
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
    }

    /// Writes as the holder, or takes the lease if it is free.
    async fn look(&mut self, now: Instant) {
        let patience = match *self.term.borrow() {
            Some(_) => TRUST.saturating_sub(now.duration_since(self.wrote_at)),
            None => TRUST,
        };
        match tokio::time::timeout(patience, self.renew_or_take(now)).await {
            Ok(Ok(Found::Held(term))) => {
                self.wrote_at = now;
                self.seen = None;
                let is_new = self.term.send_if_modified(|held| {
                    let is_new = *held != Some(term);
                    *held = Some(term);
                    is_new
                });
                if is_new {
                    tracing::info!(term, "this server does the background work from now on");
                }
            }
            Ok(Ok(Found::Other(sign))) => {
                self.lose("another server does the background work now");
                match self.seen {
                    Some((seen, _)) if seen == sign => {}
                    _ => self.seen = Some((sign, now)),
                }
            }
            Ok(Err(error)) => self.doubt(now, &error.to_string()),
            Err(_) => self.doubt(now + patience, "the store does not answer"),
        }
    }

    fn doubt(&self, now: Instant, error: &str) {
        tracing::debug!(error, "could not renew the lease on the background work");
        if now.duration_since(self.wrote_at) >= TRUST {
            self.lose("paused the background work, since the store does not answer");
        }
    }

    fn lose(&self, because: &str) {
        if self.term.send_replace(None).is_some() {
            tracing::warn!("{because}");
        }
    }

    async fn renew_or_take(&self, now: Instant) -> Result<Found, StoreError> {
        let is_silent = |since| now.duration_since(since) >= PATIENCE;
        let silent = self
            .seen
            .and_then(|(sign, since)| is_silent(since).then_some(sign));
        let name = self.name;
        let renew = async |transaction: &mut Transaction| -> Result<Found, StoreError> {
            let lease = transaction.row(&keys::lease()).await?;
            let beat = transaction.row(&keys::lease_beat()).await?;
            let sign = Sign {
                term: lease.as_ref().map(|row| row.version),
                beat: beat.map(|row| row.version),
            };
            let holder = lease.map_or(Vec::new(), |row| row.value);
            if holder == name {
                transaction
                    .put_bytes(&keys::lease_beat(), Vec::new())
                    .await?;
                return Ok(Found::Held(sign.term.unwrap_or_default()));
            }
            if holder.is_empty() || silent == Some(sign) {
                transaction.put_bytes(&keys::lease(), name.to_vec()).await?;
                return Ok(Found::Held(sign.term.unwrap_or_default() + 1));
            }
            Ok(Found::Other(sign))
        };
        self.store.run(Origin::SYSTEM, renew).await
    }

    /// Lets another server take the lease at once. Call it when nothing here needs the lease any more.
    pub async fn release(&self) {
        let Some(term) = self.term.send_replace(None) else {
            return;
        };
        let store = self.store.fenced(keys::lease(), term);
        let release = async |transaction: &mut Transaction| {
            transaction.put_bytes(&keys::lease(), Vec::new()).await
        };
        let released = store.run::<(), StoreError>(Origin::SYSTEM, release);
        match tokio::time::timeout(TRUST, released).await {
            Ok(Ok(()) | Err(StoreError::Fenced)) => {}
            Ok(Err(error)) => tracing::warn!(
                %error,
                "could not release the background work; another server takes it over in a few seconds"
            ),
            Err(_) => tracing::warn!(
                "the store does not answer; another server takes the background work over in a few seconds"
            ),
        }
    }
}

#[cfg(test)]
mod tests;
