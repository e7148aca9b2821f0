//! How many mails may be sent: most per second and most per day.

use std::collections::VecDeque;
use std::ops::Bound;
use std::time::Duration;

use tokio::time::Instant;

use super::GIVE_UP_AFTER;
use crate::model::{Mail, Timestamp};
use crate::store::{Direction, KeyRange, Store, StoreError, keys};

const DAY: Duration = Duration::from_hours(24);
/// Mails to read at a time, to count those of the last day.
const STEP: usize = 500;

pub(super) struct Quota {
    /// 0: no limit.
    per_second: u32,
    per_day: u32,
    /// When the mails of the last second and the last day were sent.
    second: VecDeque<Instant>,
    day: VecDeque<Instant>,
}

impl Quota {
    pub fn new(per_second: u32, per_day: u32) -> Self {
        Self {
            per_second,
            per_day,
            second: VecDeque::new(),
            day: VecDeque::new(),
        }
    }

    /// Learns what was sent within the last day, also by another server.
    pub async fn read(&mut self, store: &Store) -> Result<(), StoreError> {
        if self.per_day > 0 {
            self.day = sent_today(store).await?;
        }
        Ok(())
    }

    pub fn spend(&mut self, now: Instant) {
        self.second.push_back(now);
        self.day.push_back(now);
    }

    /// How many mails may be sent now, or how long to wait for one.
    pub fn left(&mut self, now: Instant) -> Result<usize, Duration> {
        let mut allowed = usize::MAX;
        for (left, span, limit) in [
            (&mut self.second, Duration::from_secs(1), self.per_second),
            (&mut self.day, DAY, self.per_day),
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

/// When the mails of the last day were sent, oldest first.
async fn sent_today(store: &Store) -> Result<VecDeque<Instant>, StoreError> {
    let (now, here) = (store.clock().now(), Instant::now());
    let reader = store.read()?;
    let mut range = KeyRange::prefix(&keys::mails());
    // None is sent later than this after it was written, except by hand.
    let oldest = now.minus(DAY + GIVE_UP_AFTER);
    range.start = Bound::Included(keys::made_since(&keys::mails(), oldest));
    let mut sent = Vec::new();
    loop {
        let found = reader.scan_keys(&range, Direction::Forward, STEP).await?;
        let Some(last) = found.last().cloned() else {
            break;
        };
        let mails = reader.get_indexed::<Mail>(&found).await?;
        let at = mails.iter().filter_map(|mail| mail.sent_at);
        sent.extend(at.filter(|at| *at > now.minus(DAY) && *at <= now));
        range = range.beyond(last, Direction::Forward);
    }
    sent.sort_unstable();
    let age =
        |at: Timestamp| Duration::from_millis((now.as_millis() - at.as_millis()).unsigned_abs());
    // A machine that started later than that cannot name the moment.
    Ok(sent
        .into_iter()
        .map(|at| here.checked_sub(age(at)).unwrap_or(here))
        .collect())
}
