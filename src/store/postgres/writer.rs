//! The only writer of a node. It takes all waiting changes as a group, commits those that pass their checks in one
//! transaction, and answers. After a failure it refuses changes, and reconnects. Between groups it looks for commits of
//! other nodes.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, timeout};

use super::PostgresOptions;
use super::connect::Connector;
use super::failure::{self, unavailable};
use super::group::{Draft, Needs};
use super::outage::{Outage, jittered};
use super::schema;
use super::session::{GroupId, Session, Stop};
use crate::store::engine::{Change, CommitError, StoreError};
use crate::store::queue::{GROUP, GROUP_BYTES, Submitted};
use crate::store::tally::Tally;

/// How often a group is tried that meets conflicts with other nodes, or loses its connection.
const ATTEMPTS: u32 = 5;
/// The pause before the second attempt. Each further pause is twice as long.
const PAUSE: Duration = Duration::from_millis(5);
/// The database is not asked more often than this for commits of other nodes.
const MIN_POLL: Duration = Duration::from_millis(1);
/// An answer that takes this much longer than the server's own limits is lost.
const LOST: Duration = Duration::from_secs(2);

pub(super) struct Writer {
    connector: Arc<Connector>,
    pub(super) options: PostgresOptions,
    waiting: mpsc::Receiver<Submitted>,
    pub(super) tally: Arc<Tally>,
    sequence: watch::Sender<u64>,
    /// This engine, and its last group.
    pub(super) group: GroupId,
    session: Option<Session>,
    outage: Option<Outage>,
}

/// A group's result: the log's last sequence number, and for each change whether it was written.
struct Applied {
    sequence: u64,
    outcomes: Vec<Result<(), CommitError>>,
}

/// Why an attempt failed.
enum Failed {
    /// Nothing was written. The same may succeed at once.
    Retry(CommitError),
    /// Nothing was written.
    Refused(StoreError),
    /// Whether the group was committed is unknown; if so, with this result.
    Unknown(String, Applied),
}

impl Writer {
    pub fn new(
        connector: Arc<Connector>,
        options: PostgresOptions,
        waiting: mpsc::Receiver<Submitted>,
        tally: Arc<Tally>,
        sequence: watch::Sender<u64>,
    ) -> Self {
        Self {
            connector,
            options,
            waiting,
            tally,
            sequence,
            group: GroupId {
                node: rand::random(),
                number: 0,
            },
            session: None,
            outage: None,
        }
    }

    /// Brings the schema up to date, and connects.
    pub async fn start(&mut self) -> Result<(), StoreError> {
        let last = schema::prepare(&self.connector, self.options.emptied).await?;
        self.sequence.send_replace(last);
        self.session().await.map(drop)
    }

    /// Runs until the engine is dropped and all submitted changes are answered.
    pub async fn run(mut self) {
        let mut poll = tokio::time::interval(self.options.poll_every.max(MIN_POLL));
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                first = self.waiting.recv() => {
                    let Some(first) = first else { return };
                    let group = self.gather(first);
                    self.commit(group).await;
                }
                _ = poll.tick() => self.tend().await,
            }
        }
    }

    fn gather(&mut self, first: Submitted) -> Vec<Submitted> {
        let mut bytes = first.bytes;
        let mut group = vec![first];
        while group.len() < GROUP && bytes < GROUP_BYTES {
            let Ok(next) = self.waiting.try_recv() else {
                break;
            };
            bytes += next.bytes;
            group.push(next);
        }
        group
    }

    /// Applies a group and answers each change. If a requester is gone, its answer is dropped.
    async fn commit(&mut self, group: Vec<Submitted>) {
        let (changes, answers): (Vec<_>, Vec<_>) = group
            .into_iter()
            .map(|one| (one.change, one.answer))
            .unzip();
        let applied = self.apply(&changes).await;
        self.tally.answered(changes.len(), applied.is_err());
        match applied {
            Ok(Applied { sequence, outcomes }) => {
                self.publish(sequence);
                for (answer, outcome) in answers.into_iter().zip(outcomes) {
                    let _ = answer.send(outcome.map(|()| sequence));
                }
            }
            Err(error) => {
                for answer in answers {
                    let _ = answer.send(Err(error.clone()));
                }
            }
        }
    }

    fn publish(&self, sequence: u64) {
        let grow = |last: &mut u64| {
            let grows = sequence > *last;
            *last = sequence.max(*last);
            grows
        };
        self.sequence.send_if_modified(grow);
    }

    async fn apply(&mut self, changes: &[Change]) -> Result<Applied, CommitError> {
        if let Some(outage) = &self.outage {
            return Err(CommitError::Store(outage.refusal()));
        }
        let mut pause = PAUSE;
        let mut refusal = CommitError::Conflict;
        for attempt in 1..=ATTEMPTS {
            refusal = match self.attempt(changes).await {
                Ok(applied) => return Ok(applied),
                Err(Failed::Refused(error)) => return Err(CommitError::Store(self.fail(error))),
                Err(Failed::Retry(refusal)) => refusal,
                Err(Failed::Unknown(text, applied)) => match self.resolve(&text).await {
                    Some(true) => return Ok(applied),
                    Some(false) => CommitError::Store(StoreError::Unavailable(text)),
                    None => {
                        self.fail(StoreError::Unavailable(text.clone()));
                        return Err(CommitError::Store(StoreError::Unknown(text)));
                    }
                },
            };
            if attempt < ATTEMPTS {
                tokio::time::sleep(jittered(pause)).await;
                pause *= 2;
            }
        }
        Err(match refusal {
            CommitError::Store(error) => CommitError::Store(self.fail(error)),
            CommitError::Conflict => CommitError::Conflict,
        })
    }

    async fn attempt(&mut self, changes: &[Change]) -> Result<Applied, Failed> {
        let limit = self.options.lock_timeout + self.options.statement_timeout + LOST;
        let mut group = self.group;
        let session = self.session().await.map_err(Failed::Refused)?;
        let needs = Needs::of(changes);
        let read = match timeout(limit, session.read(&needs)).await {
            Ok(Ok(read)) => Ok(read),
            Ok(Err(error)) => Err(Some(error)),
            Err(_) => Err(None),
        };
        let (last, found) = match read {
            Ok(read) => read,
            Err(error) => return Err(self.stopped(error.as_ref())),
        };
        let mut draft = Draft::new(&found, last);
        let outcomes: Vec<_> = changes.iter().map(|change| draft.add(change)).collect();
        let sequence = draft.sequence;
        let applied = Applied { sequence, outcomes };
        if applied.outcomes.iter().all(Result::is_err) {
            session.roll_back();
            return Ok(applied);
        }
        group.number += 1;
        let columns = draft.columns();
        let written = timeout(limit, session.write(&columns, sequence, group)).await;
        self.group = group;
        match written {
            Ok(Ok(())) => Ok(applied),
            Ok(Err(Stop::Refused(error))) => Err(self.stopped(Some(&error))),
            Ok(Err(Stop::Unknown(error))) => Err(Failed::Unknown(failure::text(&error), applied)),
            Err(_) => Err(Failed::Unknown(NO_ANSWER.into(), applied)),
        }
    }

    /// Ends the transaction after an error before its commit. `None`: there was no answer at all.
    fn stopped(&mut self, error: Option<&tokio_postgres::Error>) -> Failed {
        let Some(error) = error else {
            self.disconnect();
            return Failed::Refused(unavailable(NO_ANSWER));
        };
        if failure::is_conflict(error) {
            self.roll_back();
            return Failed::Retry(CommitError::Conflict);
        }
        let refusal = failure::store_error(error);
        if failure::is_lost(error) {
            self.disconnect();
            return Failed::Retry(CommitError::Store(refusal));
        }
        self.roll_back();
        Failed::Refused(refusal)
    }

    fn roll_back(&self) {
        if let Some(session) = &self.session {
            session.roll_back();
        }
    }

    pub(super) fn disconnect(&mut self) {
        if let Some(session) = self.session.take() {
            session.cut();
        }
    }

    /// The connection. Connects if there is none.
    pub(super) async fn session(&mut self) -> Result<&Session, StoreError> {
        let session = match self.session.take() {
            Some(session) => session,
            None => Session::open(&self.connector).await?,
        };
        Ok(self.session.insert(session))
    }

    /// Stops writing until the database accepts writes again. Returns the error for the present changes.
    fn fail(&mut self, error: StoreError) -> StoreError {
        if let StoreError::Corrupt(_) = error {
            // A row that cannot be read says nothing about the rest.
            tracing::error!(%error, "could not write changes");
            return error;
        }
        tracing::error!(
            %error,
            "the database does not accept writes right now; the store will try again"
        );
        let outage = Outage::new(error, self.options.retry_after);
        self.tally.set_trouble(Some(outage.trouble()));
        self.outage.insert(outage).refusal()
    }

    /// Looks for commits of other nodes, or ends an outage.
    async fn tend(&mut self) {
        match self.outage.take() {
            Some(outage) if outage.is_over() => self.recover(outage).await,
            Some(outage) => self.outage = Some(outage),
            None => {
                if let Err(error) = self.poll().await {
                    self.fail(error);
                }
            }
        }
    }

    async fn poll(&mut self) -> Result<(), StoreError> {
        let limit = self.options.statement_timeout + LOST;
        let session = self.session().await?;
        match timeout(limit, session.last()).await {
            Ok(Ok(last)) => self.publish(last),
            Ok(Err(error)) => {
                tracing::warn!(
                    error = failure::text(&error),
                    "lost the database; reconnecting"
                );
                self.disconnect();
                self.session().await?;
            }
            Err(_) => {
                self.disconnect();
                return Err(unavailable(NO_ANSWER));
            }
        }
        Ok(())
    }

    /// Reconnects if the database accepts writes. Refuses changes that come meanwhile.
    async fn recover(&mut self, outage: Outage) {
        let session = self.session.take();
        let mut probing = std::pin::pin!(probe(self.connector.clone(), session, self.group));
        let probed = loop {
            tokio::select! {
                probed = &mut probing => break probed,
                Some(one) = self.waiting.recv() => {
                    self.tally.answered(1, true);
                    let _ = one.answer.send(Err(CommitError::Store(outage.refusal())));
                }
            }
        };
        match probed {
            Ok(session) => {
                tracing::info!("the database accepts writes again");
                self.session = Some(session);
                self.tally.set_trouble(None);
            }
            Err(error) => {
                let outage = outage.longer(error);
                self.tally.set_trouble(Some(outage.trouble()));
                self.outage = Some(outage);
            }
        }
    }
}

const NO_ANSWER: &str = "the database does not answer";

/// A connection over which a small write succeeded: this one, or a new one.
async fn probe(
    connector: Arc<Connector>,
    session: Option<Session>,
    group: GroupId,
) -> Result<Session, StoreError> {
    if let Some(session) = session {
        match session.probe(group).await {
            Ok(()) => return Ok(session),
            Err(error) if failure::is_lost(&error) => session.cut(),
            Err(error) => {
                session.cut();
                return Err(failure::store_error(&error));
            }
        }
    }
    let session = Session::open(&connector).await?;
    let probed = session.probe(group).await;
    probed.map_err(|error| failure::store_error(&error))?;
    Ok(session)
}
