//! Limits on guessing hold for all servers of a database together: each tells the others once a second what was spent
//! on it. A server writes only if something was, so nobody who guesses causes a write each time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::follower::{FollowError, Follower, Next, Place, Turn};
use crate::auth::{LogInLimits, LogInNews};
use crate::model::Timestamp;
use crate::store::{Key, Origin, Store, StoreError, Transaction, keys};

/// How often to tell and to listen.
const TICK: Duration = Duration::from_secs(1);
/// How much of its news a server repeats, so that others miss none between two looks.
const REPEATED: usize = 10;
/// Older news has no effect any more.
const OLD: Duration = Duration::from_mins(1);
/// A row that nobody has written for this long is of a server that is gone.
const FORGOTTEN: Duration = Duration::from_hours(1);

pub(super) struct LogInFollower {
    limits: Arc<LogInLimits>,
    /// This server's name in its row.
    server: [u8; 16],
    told: Vec<Message>,
    next: u64,
    /// The last number that was heard of each other server.
    heard: HashMap<Key, u64>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Message {
    number: u64,
    at: Timestamp,
    news: LogInNews,
}

impl LogInFollower {
    pub fn new(limits: Arc<LogInLimits>) -> Self {
        Self {
            limits,
            server: rand::random(),
            told: Vec::new(),
            next: 1,
            heard: HashMap::new(),
        }
    }

    async fn tell(&mut self, store: &Store) -> Result<(), StoreError> {
        let news = self.limits.take_news();
        if news.is_empty() {
            return Ok(());
        }
        let at = store.clock().now();
        self.told.push(Message {
            number: self.next,
            at,
            news,
        });
        self.next += 1;
        let surplus = self.told.len().saturating_sub(REPEATED);
        self.told.drain(..surplus);
        let row = serde_json::to_vec(&self.told).map_err(|error| damaged(&error))?;
        let key = keys::log_in_news(&self.server);
        let tell =
            async |transaction: &mut Transaction| transaction.put_bytes(&key, row.clone()).await;
        store.run(Origin::SYSTEM, tell).await
    }

    async fn listen(&mut self, store: &Store) -> Result<(), StoreError> {
        let now = store.clock().now();
        let own = keys::log_in_news(&self.server);
        let mut rows = store.read()?.walk(&keys::all_log_in_news());
        let mut forgotten = Vec::new();
        while let Some(some) = rows.next().await? {
            for (key, row) in some.into_iter().filter(|(key, _)| *key != own) {
                let messages: Vec<Message> =
                    serde_json::from_slice(&row.value).map_err(|error| damaged(&error))?;
                let Some(last) = messages.last() else {
                    continue;
                };
                if last.at.plus(FORGOTTEN) < now {
                    forgotten.push(key);
                    continue;
                }
                let heard = self.heard.insert(key, last.number).unwrap_or(0);
                let new = messages.into_iter().filter(|one| one.number > heard);
                for message in new.filter(|one| now < one.at.plus(OLD)) {
                    self.limits.heard(message.news);
                }
            }
        }
        for key in forgotten {
            self.heard.remove(&key);
            let forget = async |transaction: &mut Transaction| {
                transaction.delete_bytes(key.clone());
                Ok::<(), StoreError>(())
            };
            store.run(Origin::SYSTEM, forget).await?;
        }
        Ok(())
    }
}

impl Follower for LogInFollower {
    const NAME: &'static str = "log-ins";
    const PLACE: Place = Place::EveryServer;

    async fn step(&mut self, turn: &Turn) -> Result<Next, FollowError> {
        self.tell(&turn.store).await?;
        self.listen(&turn.store).await?;
        Ok(Next::After(TICK))
    }
}

fn damaged(error: &serde_json::Error) -> StoreError {
    StoreError::Corrupt(format!("what a server has told about logins: {error}"))
}

#[cfg(test)]
mod tests;
