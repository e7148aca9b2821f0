//! Sends the outbox: urgent mails first, several at a time, as fast as the settings allow. Delivery is at least once: a
//! mail is marked as sent after it was sent, so a crash in between sends it again with the same Message-ID.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::Instant;

use super::limits::merge_held;
use super::transport::{SendError, Transport};
use crate::model::{Mail, MailState, Timestamp};
use crate::store::{
    Direction, KeyRange, Origin, Reader, Store, StoreError, Stored, Transaction, keys,
};

/// Most mails to send at the same time.
const AT_ONCE: usize = 8;
/// Most mails to mark in one change.
const BATCH: usize = 64;
/// How often to check the outbox. The change log cannot tell, since mails with secrets are not in it.
const LOOK: Duration = Duration::from_millis(200);
/// How long a delayed mail waits for its first retry. The wait doubles with each retry.
const FIRST_RETRY: Duration = Duration::from_secs(5);
const LAST_RETRY: Duration = Duration::from_hours(1);
/// After this time, a mail that was never accepted is marked as failed. An admin may send it again.
const GIVE_UP_AFTER: Duration = Duration::from_hours(3 * 24);
/// When no mail can be sent, the whole outbox waits, and no mail loses attempts.
const FIRST_BACK_OFF: Duration = Duration::from_millis(500);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(30);
/// How long a stop waits for mails being sent. One that hangs is sent again after the next start.
const STOP_GRACE: Duration = Duration::from_secs(3);

/// What the worker is doing now, for monitoring.
#[derive(Debug, Default)]
pub struct MailHealth(AtomicU8);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum WorkerState {
    /// Not started yet, or stopped.
    #[default]
    Stopped,
    /// Sending what is due, if anything.
    Working,
    /// The rate limits in the settings are reached.
    Limited,
    /// The mail server accepts nothing. The worker will try again.
    Resting,
    /// The outbox cannot be read or updated.
    Failing,
}

impl MailHealth {
    pub fn state(&self) -> WorkerState {
        match self.0.load(Ordering::Relaxed) {
            1 => WorkerState::Working,
            2 => WorkerState::Limited,
            3 => WorkerState::Resting,
            4 => WorkerState::Failing,
            _ => WorkerState::Stopped,
        }
    }

    fn set(&self, state: WorkerState) {
        self.0.store(state as u8, Ordering::Relaxed);
    }
}

pub struct Worker {
    health: Arc<MailHealth>,
    store: Store,
    transport: Transport,
    /// Most mails per second and per day. 0: no limit.
    per_second: u32,
    per_day: u32,
    /// When the mails of the last second and the last day were sent.
    second: VecDeque<Instant>,
    day: VecDeque<Instant>,
    /// Mails sent while the store refused writes. They are marked before any other mail is sent, so that none is sent
    /// twice.
    unmarked: Vec<Outcome>,
}

type Outcome = (Stored<Mail>, Result<(), SendError>);

impl Worker {
    pub fn new(store: Store, transport: Transport, per_second: u32, per_day: u32) -> Self {
        Self {
            health: Arc::default(),
            store,
            transport,
            per_second,
            per_day,
            second: VecDeque::new(),
            day: VecDeque::new(),
            unmarked: Vec::new(),
        }
    }

    pub fn health(&self) -> Arc<MailHealth> {
        self.health.clone()
    }

    /// Sends until told to stop. Mails being sent then are finished, unless they hang.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut back_off = FIRST_BACK_OFF;
        self.health.set(WorkerState::Working);
        while !*stop.borrow() {
            let round = self.round(&mut stop).await;
            self.health.set(match &round {
                Ok(Round::Idle | Round::Sent) => WorkerState::Working,
                Ok(Round::Limited(_)) => WorkerState::Limited,
                Ok(Round::Down(_)) => WorkerState::Resting,
                Err(_) => WorkerState::Failing,
            });
            let pause = match round {
                Ok(Round::Idle) => LOOK,
                Ok(Round::Sent) => {
                    back_off = FIRST_BACK_OFF;
                    continue;
                }
                Ok(Round::Limited(wait)) => wait,
                Ok(Round::Down(reason)) => {
                    tracing::warn!(
                        error = reason,
                        retry_in_seconds = back_off.as_secs_f64(),
                        "cannot send mail; the outbox waits and will try again"
                    );
                    let pause = jittered(back_off);
                    back_off = (back_off * 2).min(LONGEST_BACK_OFF);
                    pause
                }
                Err(error) => {
                    tracing::error!(%error, "could not read or update the outbox");
                    LONGEST_BACK_OFF.min(Duration::from_secs(1))
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stop.changed() => {}
            }
        }
        self.health.set(WorkerState::Stopped);
    }

    async fn round(&mut self, stop: &mut watch::Receiver<bool>) -> Result<Round, StoreError> {
        self.mark().await?;
        let allowed = match self.allowed(Instant::now()) {
            Ok(count) => count.min(BATCH),
            Err(wait) => return Ok(Round::Limited(wait)),
        };
        let reader = self.store.read()?;
        let mails = due(&reader, self.store.clock().now(), allowed).await?;
        drop(reader);
        if mails.is_empty() {
            return Ok(Round::Idle);
        }
        let (held, mails): (Vec<_>, Vec<_>) = mails.into_iter().partition(|mail| mail.held);
        if !held.is_empty() {
            self.merge(&held).await?;
        }
        let mut outcomes = self.hand_over(mails, stop).await;
        let down = self.blame(&mut outcomes, stop).await;
        let sent = outcomes
            .iter()
            .filter(|(_, outcome)| outcome.is_ok())
            .count();
        let now = Instant::now();
        self.second.extend(std::iter::repeat_n(now, sent));
        self.day.extend(std::iter::repeat_n(now, sent));
        self.unmarked = outcomes;
        self.mark().await?;
        Ok(down.map_or(Round::Sent, Round::Down))
    }

    /// Combines held notices into mails. The next round sends them.
    async fn merge(&self, held: &[Stored<Mail>]) -> Result<(), StoreError> {
        let merge = async |transaction: &mut Transaction| {
            for one in held {
                // Merging one notice also merges all others that wait for its reader.
                merge_held(transaction, one).await?;
            }
            Ok::<(), StoreError>(())
        };
        self.store.run(Origin::SYSTEM, merge).await
    }

    /// Sends mails, `AT_ONCE` at a time. Takes no more once no mail can be sent, or the server stops. Returns the mails
    /// with an outcome.
    async fn hand_over(
        &self,
        mails: Vec<Stored<Mail>>,
        stop: &mut watch::Receiver<bool>,
    ) -> Vec<Outcome> {
        let send = async |mail: Stored<Mail>| {
            let outcome = self.transport.send(&mail).await;
            (mail, outcome)
        };
        let mut waiting = mails.into_iter();
        let mut running: FuturesUnordered<_> = waiting.by_ref().take(AT_ONCE).map(&send).collect();
        let (mut outcomes, mut is_down) = (Vec::new(), false);
        let mut patience = std::pin::pin!(stop_grace_is_over(stop.clone()));
        loop {
            let (mail, outcome) = tokio::select! {
                next = running.next() => match next {
                    Some(outcome) => outcome,
                    None => break,
                },
                () = &mut patience => break,
            };
            is_down |= matches!(outcome, Err(SendError::Down(_)));
            outcomes.push((mail, outcome));
            if !is_down && !*stop.borrow() {
                running.extend(waiting.next().map(&send));
            }
        }
        outcomes
    }

    /// A broken connection or a refusal may be caused by the mail or by the server. If the server accepts a connection,
    /// the mail is to blame. If not, those mails have no outcome, and this returns why no mail can be sent.
    async fn blame(
        &self,
        outcomes: &mut Vec<Outcome>,
        stop: &watch::Receiver<bool>,
    ) -> Option<String> {
        let doubtful = |error: &SendError| !matches!(error, SendError::Transient(_));
        let reason = outcomes
            .iter()
            .filter_map(|(_, outcome)| outcome.as_ref().err())
            .find(|error| doubtful(error))?
            .to_string();
        let is_up = tokio::select! {
            is_up = self.transport.is_up() => is_up,
            () = stop_grace_is_over(stop.clone()) => false,
        };
        if !is_up {
            outcomes.retain(|(_, outcome)| !outcome.as_ref().is_err_and(doubtful));
            return Some(reason);
        }
        for (_, outcome) in outcomes {
            if let Err(SendError::Down(reason)) = outcome {
                *outcome = Err(SendError::Transient(std::mem::take(reason)));
            }
        }
        None
    }

    async fn mark(&mut self) -> Result<(), StoreError> {
        if self.unmarked.is_empty() {
            return Ok(());
        }
        let outcomes = &self.unmarked;
        self.store
            .run(Origin::SYSTEM, async |transaction: &mut Transaction| {
                let now = transaction.now();
                for (mail, outcome) in outcomes {
                    // An admin or an erasure may have changed or removed it meanwhile.
                    let Some(current) = transaction.get::<Mail>(&keys::mail(mail.mail_id)).await?
                    else {
                        continue;
                    };
                    let marked = after(&current, outcome, now);
                    transaction.update(&current, marked).await?;
                }
                Ok::<(), StoreError>(())
            })
            .await?;
        self.unmarked.clear();
        Ok(())
    }

    /// How many mails may be sent now, or how long to wait for one.
    fn allowed(&mut self, now: Instant) -> Result<usize, Duration> {
        let mut allowed = usize::MAX;
        for (left, span, limit) in [
            (&mut self.second, Duration::from_secs(1), self.per_second),
            (&mut self.day, Duration::from_hours(24), self.per_day),
        ] {
            while left
                .front()
                .is_some_and(|first| now.duration_since(*first) >= span)
            {
                left.pop_front();
            }
            if limit == 0 {
                left.clear();
                continue;
            }
            let free = (limit as usize).saturating_sub(left.len());
            if free == 0 {
                let first = left
                    .front()
                    .map_or(Duration::ZERO, |first| now.duration_since(*first));
                return Err(span.saturating_sub(first));
            }
            allowed = allowed.min(free);
        }
        Ok(allowed)
    }
}

/// Completes when the server has been stopping for longer than mail may delay it.
async fn stop_grace_is_over(mut stop: watch::Receiver<bool>) {
    // An error means that nobody waits for this.
    let _ = stop.wait_for(|stop| *stop).await;
    tokio::time::sleep(STOP_GRACE).await;
}

enum Round {
    Sent,
    Idle,
    Limited(Duration),
    Down(String),
}

/// The next mails to send, urgent ones first.
async fn due(
    reader: &Reader,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Stored<Mail>>, StoreError> {
    let mut mails = Vec::new();
    for urgent in [true, false] {
        let mut range = KeyRange::prefix(&keys::mails_due(urgent));
        let end = keys::mails_due_before(urgent, now.plus(Duration::from_millis(1)));
        range.end = std::ops::Bound::Excluded(end);
        for key in reader
            .scan_keys(&range, Direction::Forward, limit - mails.len())
            .await?
        {
            mails.extend(reader.get::<Mail>(&keys::indexed(&key)?).await?);
        }
    }
    Ok(mails)
}

/// The row after an attempt.
fn after(mail: &Mail, outcome: &Result<(), SendError>, now: Timestamp) -> Mail {
    let mut mail = mail.clone();
    mail.attempts += 1;
    match outcome {
        Ok(()) => {
            mail.state = MailState::Sent;
            mail.sent_at = Some(now);
            mail.last_error = None;
            // A sent mail is kept only for the list: no secret link, no name, no text that a person wrote.
            mail.template.strip();
            mail.to_name.clear();
        }
        Err(error) => {
            mail.last_error = Some(error.to_string());
            let late = mail.created_at.plus(GIVE_UP_AFTER) <= now;
            if late || matches!(error, SendError::Permanent(_)) {
                mail.state = MailState::Failed;
            } else {
                let doubled =
                    FIRST_RETRY * 2_u32.saturating_pow(mail.attempts.saturating_sub(1).min(16));
                mail.next_attempt_at = now.plus(jittered(doubled.min(LAST_RETRY)));
            }
        }
    }
    mail
}

/// Varies a duration by up to a quarter, so that mails that failed together are not retried together.
fn jittered(span: Duration) -> Duration {
    span.mul_f64(0.75 + rand::random::<f64>() / 2.0)
}

#[cfg(test)]
mod tests;
