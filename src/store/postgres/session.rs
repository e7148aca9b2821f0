//! The writer's connection, and the statements of a group's transaction. They are sent in two round trips: one to lock
//! the counter and read, one to write and commit.

use futures_util::FutureExt as _;
use futures_util::future::{join, join3, join4, try_join_all};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

use super::connect::{Connector, Link, Role};
use super::failure;
use super::group::{Columns, Found, Listing, Needs};
use super::view::bounds;
use crate::store::engine::{KeyRange, StoreError};
use crate::store::keys::Key;

/// Each statement of the transaction must see what was committed before it got the lock, also what was committed while it
/// waited.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

#[derive(Clone, Copy)]
enum Sql {
    Lock,
    Last,
    Versions,
    Counters,
    KeysWithin,
    KeysFrom,
    Delete,
    Put,
    Count,
    Mark,
}

/// In the order of `Sql`.
const STATEMENTS: [&str; 10] = [
    "SELECT last FROM corkboard_counter WHERE id = 1 FOR UPDATE",
    "SELECT last FROM corkboard_counter WHERE id = 1",
    "SELECT key, version FROM corkboard_rows WHERE key = ANY($1::bytea[])",
    // Nine bytes show that a value is not a counter.
    "SELECT key, version, substring(value FROM 1 FOR 9) FROM corkboard_rows WHERE key = ANY($1::bytea[])",
    "SELECT key FROM corkboard_rows WHERE key >= $1 AND key < $3 ORDER BY key LIMIT $2",
    "SELECT key FROM corkboard_rows WHERE key >= $1 ORDER BY key LIMIT $2",
    "DELETE FROM corkboard_rows WHERE key = ANY($1::bytea[])",
    "INSERT INTO corkboard_rows (key, version, value) \
     SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bytea[]) \
     ON CONFLICT (key) DO UPDATE SET version = excluded.version, value = excluded.value",
    // Also if it stays the same: whoever waits for the row on a database with stricter isolation then begins again.
    "UPDATE corkboard_counter SET last = $1 WHERE id = 1",
    "INSERT INTO corkboard_nodes (node, last_group, written_at) VALUES ($1, $2, now()) \
     ON CONFLICT (node) DO UPDATE SET last_group = excluded.last_group, written_at = excluded.written_at",
];

/// A node and the number of a group, stored with what the group writes.
#[derive(Clone, Copy)]
pub(super) struct GroupId {
    pub node: [u8; 16],
    pub number: i64,
}

pub(super) struct Session {
    link: Link,
    statements: Vec<Statement>,
}

/// Why a group's transaction was not committed, or may not have been.
pub(super) enum Stop {
    /// Nothing was written.
    Refused(Error),
    /// `COMMIT` was sent, and its answer is lost.
    Unknown(Error),
}

impl Session {
    pub async fn open(connector: &Connector) -> Result<Self, StoreError> {
        let link = connector.connect(Role::Writer).await?;
        let preparing = STATEMENTS.iter().map(|text| link.client.prepare(text));
        let statements = try_join_all(preparing).await;
        let statements = statements.map_err(|error| failure::store_error(&error))?;
        Ok(Self { link, statements })
    }

    fn statement(&self, sql: Sql) -> &Statement {
        &self.statements[sql as usize]
    }

    fn client(&self) -> &Client {
        &self.link.client
    }

    /// Closes the connection at once.
    pub fn cut(&self) {
        self.link.cut();
    }

    /// The log's last sequence number.
    pub async fn last(&self) -> Result<u64, Error> {
        let row = self
            .client()
            .query_one(self.statement(Sql::Last), &[])
            .await?;
        Ok(row.try_get::<_, i64>(0)? as u64)
    }

    /// Begins a transaction, waits until no other node is committing, and reads. Returns the log's last sequence number.
    pub async fn read(&self, needs: &Needs<'_>) -> Result<(u64, Found), Error> {
        let listings = needs.listings.iter().map(|listing| self.keys(listing));
        let reads = join3(
            self.some(Sql::Versions, &needs.versions),
            self.some(Sql::Counters, &needs.counters),
            try_join_all(listings),
        );
        let lock = self.client().query_one(self.statement(Sql::Lock), &[]);
        // Polled in this order, so sent in this order.
        let (begun, (last, reads)) =
            join(self.client().batch_execute(BEGIN), join(lock, reads)).await;
        begun?;
        let last = last?.try_get::<_, i64>(0)? as u64;
        let mut found = Found::default();
        for row in reads.0? {
            let version = row.try_get::<_, i64>(1)? as u64;
            found.versions.insert(key(&row)?, version);
        }
        for row in reads.1? {
            let version = row.try_get::<_, i64>(1)? as u64;
            found
                .counters
                .insert(key(&row)?, (version, row.try_get(2)?));
        }
        found.listings.extend(reads.2?);
        Ok((last, found))
    }

    /// Runs a statement over some keys, if there are any.
    async fn some(&self, sql: Sql, keys: &[&[u8]]) -> Result<Vec<Row>, Error> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let statement = self.statement(sql);
        self.client().query(statement, &[&keys]).await
    }

    async fn keys(&self, listing: &Listing<'_>) -> Result<(Key, Vec<Key>), Error> {
        let (start, end) = bounds(&KeyRange::prefix(listing.prefix));
        let limit = i64::try_from(listing.limit).unwrap_or(i64::MAX);
        let rows = match &end {
            Some(end) => {
                let parts: [&(dyn ToSql + Sync); 3] = [&start, &limit, end];
                self.client()
                    .query(self.statement(Sql::KeysWithin), &parts)
                    .await?
            }
            None => {
                let parts: [&(dyn ToSql + Sync); 2] = [&start, &limit];
                self.client()
                    .query(self.statement(Sql::KeysFrom), &parts)
                    .await?
            }
        };
        let keys = rows.iter().map(key).collect::<Result<_, _>>()?;
        Ok((listing.prefix.clone(), keys))
    }

    /// Writes rows in the transaction, and commits it.
    pub async fn write(
        &self,
        columns: &Columns<'_>,
        sequence: u64,
        group: GroupId,
    ) -> Result<(), Stop> {
        let Columns {
            deleted,
            keys,
            versions,
            values,
        } = columns;
        let delete = async {
            if deleted.is_empty() {
                return Ok(0);
            }
            self.client()
                .execute(self.statement(Sql::Delete), &[deleted])
                .await
        };
        let put = async {
            if keys.is_empty() {
                return Ok(0);
            }
            let parts: [&(dyn ToSql + Sync); 3] = [keys, versions, values];
            self.client()
                .execute(self.statement(Sql::Put), &parts)
                .await
        };
        let sequence = sequence as i64;
        let count: [&(dyn ToSql + Sync); 1] = [&sequence];
        let count = self.client().execute(self.statement(Sql::Count), &count);
        let node = group.node.as_slice();
        let mark: [&(dyn ToSql + Sync); 2] = [&node, &group.number];
        let mark = self.client().execute(self.statement(Sql::Mark), &mark);
        let commit = self.client().batch_execute("COMMIT");
        let (written, committed) = join(join4(delete, put, count, mark), commit).await;
        // After an error, the server answers COMMIT with a rollback, and not with an error.
        for result in [written.0, written.1, written.2, written.3] {
            match result {
                Err(error) if failure::was_refused(&error) => return Err(Stop::Refused(error)),
                Err(error) => return Err(Stop::Unknown(error)),
                Ok(_) => {}
            }
        }
        committed.map_err(|error| {
            if failure::was_rolled_back(&error) {
                Stop::Refused(error)
            } else {
                Stop::Unknown(error)
            }
        })
    }

    /// Ends the transaction. The next statements come after it, so nobody needs to wait for the answer.
    pub fn roll_back(&self) {
        let _ = self.client().batch_execute("ROLLBACK").now_or_never();
    }

    /// Whether a group was committed by another connection that was lost. Waits until that one's transaction has ended.
    pub async fn was_committed(&self, group: GroupId) -> Result<bool, Error> {
        let lock = self.client().query_one(self.statement(Sql::Lock), &[]);
        let marked = "SELECT last_group FROM corkboard_nodes WHERE node = $1";
        let (begun, locked) = join(self.client().batch_execute(BEGIN), lock).await;
        let marked = match begun.and(locked) {
            Ok(_) => {
                self.client()
                    .query_opt(marked, &[&group.node.as_slice()])
                    .await
            }
            Err(error) => Err(error),
        };
        self.roll_back();
        let number = marked?.map(|row| row.try_get::<_, i64>(0)).transpose()?;
        Ok(number == Some(group.number))
    }

    /// Whether the database accepts writes.
    pub async fn probe(&self, group: GroupId) -> Result<(), Error> {
        let node = group.node.as_slice();
        let parts: [&(dyn ToSql + Sync); 2] = [&node, &group.number];
        self.client()
            .execute(self.statement(Sql::Mark), &parts)
            .await
            .map(drop)
    }
}

fn key(row: &Row) -> Result<Key, Error> {
    Ok(Key::from_bytes(row.try_get(0)?))
}
