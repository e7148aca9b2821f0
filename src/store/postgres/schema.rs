//! The tables, by numbered migrations. Two nodes that start at once bring them up to date together: the row of the
//! version is locked meanwhile.

use std::time::Duration;

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};

use super::connect::{Connector, Role};
use super::failure;
use super::outage::jittered;
use crate::store::engine::StoreError;
use crate::store::keys::{self, Key};

/// Each brings the schema from the version before to its own, beginning with 1. It must also succeed if an earlier
/// attempt did part of it, because some databases do not roll back changes of tables.
const MIGRATIONS: [&str; 1] = [
    "CREATE TABLE IF NOT EXISTS corkboard_rows (key bytea PRIMARY KEY, version bigint NOT NULL, value bytea NOT NULL);
     CREATE TABLE IF NOT EXISTS corkboard_counter (id integer PRIMARY KEY, last bigint NOT NULL);
     CREATE TABLE IF NOT EXISTS corkboard_nodes (node bytea PRIMARY KEY, last_group bigint NOT NULL, written_at timestamptz NOT NULL);
     INSERT INTO corkboard_counter (id, last) VALUES (1, 0) ON CONFLICT (id) DO NOTHING",
];

const CREATE: &str = "CREATE TABLE IF NOT EXISTS corkboard_schema (id integer PRIMARY KEY, version integer NOT NULL)";
const FIRST: &str =
    "INSERT INTO corkboard_schema (id, version) VALUES (1, 0) ON CONFLICT (id) DO NOTHING";
const VERSION: &str = "SELECT version FROM corkboard_schema WHERE id = 1";

const EMPTY: &str =
    "BEGIN; DELETE FROM corkboard_rows; UPDATE corkboard_counter SET last = 0 WHERE id = 1; COMMIT";

/// How often to try while another node creates the same tables.
const ATTEMPTS: usize = 20;
const PAUSE: Duration = Duration::from_millis(50);

enum Stop {
    Failed(Error),
    Newer(i32),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Brings the schema up to date. Returns the log's last sequence number.
pub(super) async fn prepare(connector: &Connector, emptied: bool) -> Result<u64, StoreError> {
    let link = connector.connect(Role::Schema).await?;
    let mut attempts = 1;
    loop {
        match bring_up(&link.client).await {
            Ok(()) => break,
            Err(Stop::Newer(version)) => {
                return Err(StoreError::Newer {
                    name: connector.name().to_owned(),
                    format: u16::try_from(version).unwrap_or(u16::MAX),
                    known: MIGRATIONS.len() as u16,
                });
            }
            Err(Stop::Failed(error)) if attempts < ATTEMPTS && is_race(&error) => attempts += 1,
            Err(Stop::Failed(error)) => return Err(failure::store_error(&error)),
        }
        tokio::time::sleep(jittered(PAUSE)).await;
    }
    if emptied {
        let emptied = link.client.batch_execute(EMPTY).await;
        emptied.map_err(|error| failure::store_error(&error))?;
    }
    let last = tidy(&link.client).await;
    last.map_err(|error| failure::store_error(&error))
}

async fn bring_up(client: &Client) -> Result<(), Stop> {
    let known = MIGRATIONS.len() as i32;
    // Not even an attempt to create a table if there is nothing to do: the user may lack the right to.
    match stored_version(client, VERSION).await {
        Ok(version) if version == known => return Ok(()),
        Ok(version) if version > known => return Err(Stop::Newer(version)),
        Ok(_) => {}
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => {
            client.batch_execute(CREATE).await?;
        }
        Err(error) => return Err(error.into()),
    }
    client.batch_execute(FIRST).await?;
    client.batch_execute("BEGIN").await?;
    let migrated = migrate(client).await;
    let end = if migrated.is_ok() {
        "COMMIT"
    } else {
        "ROLLBACK"
    };
    let ended = client.batch_execute(end).await;
    migrated?;
    Ok(ended?)
}

async fn migrate(client: &Client) -> Result<(), Stop> {
    let known = MIGRATIONS.len() as i32;
    let version = stored_version(client, &format!("{VERSION} FOR UPDATE")).await?;
    if version > known {
        return Err(Stop::Newer(version));
    }
    for (number, migration) in (1..).zip(MIGRATIONS) {
        if number > version {
            client.batch_execute(migration).await?;
        }
    }
    let update = "UPDATE corkboard_schema SET version = $1 WHERE id = 1";
    client.execute(update, &[&known]).await?;
    Ok(())
}

/// 0 if the row is missing: another node has created the table a moment ago.
async fn stored_version(client: &Client, select: &str) -> Result<i32, Error> {
    let row = client.query_opt(select, &[]).await?;
    row.map_or(Ok(0), |row| row.try_get(0))
}

/// Whether another node did the same at the same moment. `IF NOT EXISTS` does not prevent these.
fn is_race(error: &Error) -> bool {
    let same = matches!(
        error.code(),
        Some(
            &SqlState::UNIQUE_VIOLATION
                | &SqlState::DUPLICATE_TABLE
                | &SqlState::DUPLICATE_OBJECT
                | &SqlState::UNDEFINED_TABLE
        )
    );
    same || failure::is_conflict(error)
}

/// Forgets nodes that have not written for a day, and lets the log continue after its newest entry.
async fn tidy(client: &Client) -> Result<u64, Error> {
    let old = "DELETE FROM corkboard_nodes WHERE written_at < now() - interval '1 day'";
    client.batch_execute(old).await?;
    let (start, end) =
        super::view::bounds(&crate::store::engine::KeyRange::prefix(&keys::log_prefix()));
    let newest =
        "SELECT key FROM corkboard_rows WHERE key >= $1 AND key < $2 ORDER BY key DESC LIMIT 1";
    let newest = client.query_opt(newest, &[&start, &end]).await?;
    let newest = newest.map(|row| row.try_get(0).map(Key::from_bytes));
    let newest = newest.transpose()?.as_ref().and_then(keys::log_sequence);
    // A restored log comes as rows, without the counter.
    let newest = newest.unwrap_or(0) as i64;
    let raise = "UPDATE corkboard_counter SET last = $1 WHERE id = 1 AND last < $1";
    client.execute(raise, &[&newest]).await?;
    let last = "SELECT last FROM corkboard_counter WHERE id = 1";
    let last = client.query_one(last, &[]).await?;
    Ok(last.try_get::<_, i64>(0)? as u64)
}
