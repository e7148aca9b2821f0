//! Sends the outbox: urgent mails first, several at a time, as fast as the settings allow. Delivery is at least once: a
//! mail is marked as sent after it was sent, so a crash in between sends it again with the same Message-ID.

mod quota;

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::follower::{End, FollowError, Follower, Next, Turn};
use quota::Quota;

use crate::mail::{SendError, Transport, merge_held};
use crate::model::{Mail, MailState, Timestamp};
use crate::store::{
    Direction, KeyRange, Origin, Reader, Store, StoreError, Stored, Transaction, keys,
};

/// Most mails to send at the same time.
const AT_ONCE: usize = 8;
/// How long the last step of a mail waits for that of another one.
const LAST_STEP: Duration = Duration::from_secs(1);
/// Most mails in one round.
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

/// What the mailer is doing now, for monitoring.
#[derive(Debug, Default)]
pub struct MailHealth(AtomicU8);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum MailerState {
    /// Not started yet, or stopped, or another server sends the mail.
    #[default]
    Stopped,
    /// Sending what is due, if anything.
    Working,
    /// The rate limits in the settings are reached.
    Limited,
    /// The mail server accepts nothing. It will be tried again.
    Resting,
    /// The outbox cannot be read or updated.
    Failing,
}

impl MailHealth {
    pub fn state(&self) -> MailerState {
        match self.0.load(Ordering::Relaxed) {
            1 => MailerState::Working,
            2 => MailerState::Limited,
            3 => MailerState::Resting,
            4 => MailerState::Failing,
            _ => MailerState::Stopped,
        }
    }

    fn set(&self, state: MailerState) {
        self.0.store(state as u8, Ordering::Relaxed);
    }
}

pub struct Mailer {
    health: Arc<MailHealth>,
    transport: Transport,
    quota: Quota,
    /// Mails sent while the store refused writes. They are marked before any other mail is sent, so that none is sent
    /// twice.
    unmarked: Vec<Outcome>,
    /// The pause after the next round in which no mail can be sent.
    back_off: Duration,
}

type Outcome = (Stored<Mail>, Result<(), SendError>);

impl Mailer {
    /// `per_second` and `per_day` limit the mails; 0 is no limit.
    pub fn new(transport: Transport, per_second: u32, per_day: u32) -> Self {
        Self {
            health: Arc::default(),
            transport,
            quota: Quota::new(per_second, per_day),
            unmarked: Vec::new(),
            back_off: FIRST_BACK_OFF,
        }
    }

    pub fn health(&self) -> Arc<MailHealth> {
        self.health.clone()
    }

    async fn round(&mut self, turn: &Turn) -> Result<Round, StoreError> {
        let store = &turn.store;
        self.mark(store).await?;
        let allowed = match self.quota.left(Instant::now()) {
            Ok(count) => count.min(BATCH),
            Err(wait) => return Ok(Round::Limited(wait)),
        };
        let mails = due(&store.read()?, store.clock().now(), allowed).await?;
        if mails.is_empty() {
            return Ok(Round::Idle);
        }
        let (held, mails): (Vec<_>, Vec<_>) = mails.into_iter().partition(|mail| mail.held);
        if !held.is_empty() {
            merge(store, &held).await?;
        }
        let mut outcomes = self.hand_over(mails, turn).await;
        let down = self.blame(&mut outcomes, &turn.end).await;
        self.unmarked.extend(outcomes);
        self.mark(store).await?;
        Ok(down.map_or(Round::Sent, Round::Down))
    }

    /// Sends mails, `AT_ONCE` at a time. The last step of one, and its mark, come before the last step of the next one: so
    /// a crash repeats one mail at most, unless the server is slow. Takes no more once no mail can be sent, or the turn is ending. Returns the mails that have another
    /// outcome; those that could not be marked are kept.
    async fn hand_over(&mut self, mails: Vec<Stored<Mail>>, turn: &Turn) -> Vec<Outcome> {
        let (transport, last_step) = (&self.transport, Mutex::new(()));
        let send = async |mail: Stored<Mail>| {
            let sent = async {
                let begun = transport.begin(&mail).await?;
                // If the server is slow, the others go on.
                let one_at_a_time = timeout(LAST_STEP, last_step.lock()).await;
                begun.finish().await?;
                Ok(one_at_a_time)
            };
            match sent.await {
                Ok(one_at_a_time) => {
                    let outcome = (mail.clone(), Ok(()));
                    let marked = mark(&turn.store, std::slice::from_ref(&outcome)).await;
                    drop(one_at_a_time);
                    (outcome, marked.is_ok())
                }
                Err(error) => ((mail.clone(), Err(error)), false),
            }
        };
        let mut waiting = mails.into_iter();
        let mut running: FuturesUnordered<_> = waiting.by_ref().take(AT_ONCE).map(&send).collect();
        let (mut outcomes, mut goes_on) = (Vec::new(), true);
        let mut patience = std::pin::pin!(stop_grace_is_over(&turn.end));
        loop {
            let (outcome, is_marked) = tokio::select! {
                next = running.next() => match next {
                    Some(done) => done,
                    None => break,
                },
                () = &mut patience => break,
            };
            if outcome.1.is_ok() {
                self.quota.spend(Instant::now());
                goes_on &= is_marked;
                if !is_marked {
                    self.unmarked.push(outcome);
                }
            } else {
                goes_on &= !matches!(outcome.1, Err(SendError::Down(_)));
                outcomes.push(outcome);
            }
            if goes_on && !turn.is_ending() {
                running.extend(waiting.next().map(&send));
            }
        }
        outcomes
    }

    /// A broken connection or a refusal may be caused by the mail or by the server. If the server accepts a connection,
    /// the mail is to blame. If not, those mails have no outcome, and this returns why no mail can be sent.
    async fn blame(&self, outcomes: &mut Vec<Outcome>, end: &End) -> Option<String> {
        let doubtful = |error: &SendError| !matches!(error, SendError::Transient(_));
        let reason = outcomes
            .iter()
            .filter_map(|(_, outcome)| outcome.as_ref().err())
            .find(|error| doubtful(error))?
            .to_string();
        let is_up = tokio::select! {
            is_up = self.transport.is_up() => is_up,
            () = stop_grace_is_over(end) => false,
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

    /// Marks the mails that could not be marked before.
    async fn mark(&mut self, store: &Store) -> Result<(), StoreError> {
        if !self.unmarked.is_empty() {
            mark(store, &self.unmarked).await?;
            self.unmarked.clear();
        }
        Ok(())
    }
}

impl Follower for Mailer {
    const NAME: &'static str = "mail";

    async fn begin(&mut self, turn: &Turn) -> Result<u64, FollowError> {
        self.quota.read(&turn.store).await?;
        Ok(0)
    }

    async fn step(&mut self, turn: &Turn) -> Result<Next, FollowError> {
        let round = self.round(turn).await;
        self.health.set(match &round {
            Ok(Round::Idle | Round::Sent) => MailerState::Working,
            Ok(Round::Limited(_)) => MailerState::Limited,
            Ok(Round::Down(_)) => MailerState::Resting,
            Err(_) => MailerState::Failing,
        });
        Ok(Next::After(match round? {
            Round::Idle => LOOK,
            Round::Sent => {
                self.back_off = FIRST_BACK_OFF;
                Duration::ZERO
            }
            Round::Limited(wait) => wait,
            Round::Down(reason) => {
                tracing::warn!(
                    error = reason,
                    retry_in_seconds = self.back_off.as_secs_f64(),
                    "cannot send mail; the outbox waits and will try again"
                );
                let pause = jittered(self.back_off);
                self.back_off = (self.back_off * 2).min(LONGEST_BACK_OFF);
                pause
            }
        }))
    }

    async fn end(&mut self, turn: &Turn) {
        if let Err(error) = self.mark(&turn.store).await {
            tracing::warn!(%error, "could not mark mails as sent; they are sent again");
            self.unmarked.clear();
        }
        self.health.set(MailerState::Stopped);
    }
}

/// Combines held notices into mails. The next round sends them.
async fn merge(store: &Store, held: &[Stored<Mail>]) -> Result<(), StoreError> {
    let merge = async |transaction: &mut Transaction| {
        for one in held {
            // Merging one notice also merges all others that wait for its reader.
            merge_held(transaction, one).await?;
        }
        Ok::<(), StoreError>(())
    };
    store.run(Origin::SYSTEM, merge).await
}

async fn mark(store: &Store, outcomes: &[Outcome]) -> Result<(), StoreError> {
    let mark = async |transaction: &mut Transaction| {
        let now = transaction.now();
        for (mail, outcome) in outcomes {
            // An admin or an erasure may have changed or removed it meanwhile.
            let Some(current) = transaction.get::<Mail>(&keys::mail(mail.mail_id)).await? else {
                continue;
            };
            let marked = after(&current, outcome, now);
            transaction.update(&current, marked).await?;
        }
        Ok::<(), StoreError>(())
    };
    store.run(Origin::SYSTEM, mark).await
}

/// Completes when the turn has been over for longer than mail may delay it.
async fn stop_grace_is_over(end: &End) {
    end.comes().await;
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
