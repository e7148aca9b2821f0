//! Drains the outbox: the urgent first, several at a time, as fast as the settings allow. Delivery is at least once: a
//! mail is marked as sent after it was handed over, so a crash in between hands it over again, with the same Message-ID.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;
use tokio::time::Instant;

use super::transport::{SendError, Transport};
use crate::model::{Mail, MailId, MailState, Timestamp};
use crate::store::{Direction, KeyRange, Origin, Reader, Store, StoreError, Stored, keys};

/// Mails handed over at the same time.
const AT_ONCE: usize = 8;
/// Mails marked in one change.
const BATCH: usize = 64;
/// The outbox is looked at so often; the log cannot tell, since mails with secrets are not on it.
const LOOK: Duration = Duration::from_millis(200);
/// A mail that was put off waits so long, and twice as long each time after.
const FIRST_RETRY: Duration = Duration::from_secs(5);
const LAST_RETRY: Duration = Duration::from_hours(1);
/// After this a mail that never passed is given up; an admin may send it again.
const GIVE_UP_AFTER: Duration = Duration::from_hours(3 * 24);
/// When nothing passes, the whole outbox rests, and each mail keeps its attempts.
const FIRST_REST: Duration = Duration::from_millis(500);
const LAST_REST: Duration = Duration::from_secs(30);

pub struct Worker {
    store: Store,
    transport: Transport,
    /// Most mails a second and a day; 0: no limit.
    per_second: u32,
    per_day: u32,
    /// When the mails of the last second and day left.
    second: VecDeque<Instant>,
    day: VecDeque<Instant>,
}

type Outcome = (Stored<Mail>, Result<(), SendError>);

impl Worker {
    pub fn new(store: Store, transport: Transport, per_second: u32, per_day: u32) -> Self {
        Self {
            store,
            transport,
            per_second,
            per_day,
            second: VecDeque::new(),
            day: VecDeque::new(),
        }
    }

    /// Sends until told to stop; what is being handed over then is finished.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut rest = FIRST_REST;
        while !*stop.borrow() {
            let pause = match self.round().await {
                Ok(Round::Idle) => LOOK,
                Ok(Round::Sent) => {
                    rest = FIRST_REST;
                    continue;
                }
                Ok(Round::Limited(wait)) => wait,
                Ok(Round::Down(reason)) => {
                    tracing::warn!(
                        reason,
                        seconds = rest.as_secs_f64(),
                        "no mail leaves; the outbox rests"
                    );
                    let pause = jittered(rest);
                    rest = (rest * 2).min(LAST_REST);
                    pause
                }
                Err(error) => {
                    tracing::error!(%error, "the outbox could not be read or marked");
                    LAST_REST.min(Duration::from_secs(1))
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stop.changed() => {}
            }
        }
    }

    async fn round(&mut self) -> Result<Round, StoreError> {
        let allowed = match self.allowed(Instant::now()) {
            Ok(count) => count.min(BATCH),
            Err(wait) => return Ok(Round::Limited(wait)),
        };
        let reader = self.store.read()?;
        let mails = due(&reader, self.store.clock().now(), allowed)?;
        drop(reader);
        if mails.is_empty() {
            return Ok(Round::Idle);
        }
        let (outcomes, down) = self.hand_over(mails).await;
        let sent = outcomes
            .iter()
            .filter(|(_, outcome)| outcome.is_ok())
            .count();
        let now = Instant::now();
        self.second.extend(std::iter::repeat_n(now, sent));
        self.day.extend(std::iter::repeat_n(now, sent));
        if !outcomes.is_empty() {
            self.mark(&outcomes).await?;
        }
        Ok(down.map_or(Round::Sent, Round::Down))
    }

    /// Hands mails over, `AT_ONCE` at a time; stops taking more when nothing passes. Gives those that have an outcome.
    async fn hand_over(&self, mails: Vec<Stored<Mail>>) -> (Vec<Outcome>, Option<String>) {
        let send = async |mail: Stored<Mail>| {
            let outcome = self.transport.send(&mail).await;
            (mail, outcome)
        };
        let mut waiting = mails.into_iter();
        let mut running: FuturesUnordered<_> = waiting.by_ref().take(AT_ONCE).map(&send).collect();
        let (mut outcomes, mut down) = (Vec::new(), None);
        while let Some((mail, outcome)) = running.next().await {
            if let Err(SendError::Down(reason)) = outcome {
                down = Some(reason);
                continue;
            }
            outcomes.push((mail, outcome));
            if down.is_none() {
                running.extend(waiting.next().map(&send));
            }
        }
        (outcomes, down)
    }

    async fn mark(&self, outcomes: &[Outcome]) -> Result<(), StoreError> {
        self.store
            .run(Origin::SYSTEM, |transaction| {
                let now = transaction.now();
                for (mail, outcome) in outcomes {
                    // An admin or an erasure may have changed or removed it meanwhile.
                    let Some(current) = transaction.get::<Mail>(&keys::mail(mail.mail_id))? else {
                        continue;
                    };
                    let marked = after(&current, outcome, now);
                    transaction.update(&current, marked)?;
                }
                Ok(())
            })
            .await
    }

    /// How many may leave now, or how long until one may.
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

enum Round {
    Sent,
    Idle,
    Limited(Duration),
    Down(String),
}

/// The next mails to send, urgent ones first.
fn due(reader: &Reader, now: Timestamp, limit: usize) -> Result<Vec<Stored<Mail>>, StoreError> {
    let mut mails = Vec::new();
    for urgent in [true, false] {
        let mut range = KeyRange::prefix(&keys::mails_due(urgent));
        let end = keys::mails_due_before(urgent, now.plus(Duration::from_millis(1)));
        range.end = std::ops::Bound::Excluded(end);
        for key in reader.scan_keys(&range, Direction::Forward, limit - mails.len())? {
            let id = key.trailing_id().map(MailId::from_bytes);
            let id = id.ok_or_else(|| StoreError::Corrupt(format!("index key {key:?}")))?;
            mails.extend(reader.get::<Mail>(&keys::mail(id))?);
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
            // What was sent is kept for the list, without its words: they may hold a secret link.
            mail.text.clear();
            mail.html.clear();
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

/// A span spread by a quarter either way, so that what failed together does not come back together.
fn jittered(span: Duration) -> Duration {
    span.mul_f64(0.75 + rand::random::<f64>() / 2.0)
}
