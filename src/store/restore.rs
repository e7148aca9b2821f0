//! Where a backup is restored: into files that replace those of a data folder, or into an empty database.

use std::io::Read;
use std::sync::Arc;

use super::backup::{BackupError, Contents, read_backup};
use super::engine::{CommitError, Committed, Direction, Engine, KeyRange, StoreError};
use super::stores::wait;
use super::{PostgresEngine, PostgresOptions, Replacement, Store};
use crate::clock::Clock;

pub enum RestoreTarget {
    File(Replacement),
    Database(PostgresOptions),
}

impl RestoreTarget {
    /// Whether there is data already.
    pub async fn has_data(&self) -> Result<bool, StoreError> {
        match self {
            Self::File(replacement) => Ok(replacement.replaces()),
            Self::Database(options) => {
                let engine = PostgresEngine::open(options.clone())?;
                let view = engine.view()?;
                let rows = view.scan(&KeyRange::all(), Direction::Forward, 1).await?;
                Ok(!rows.is_empty())
            }
        }
    }

    /// Whether it can replace data.
    pub fn can_replace(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// Reads a backup into it. If this fails, files stay as they were, and a database may hold a part of the backup.
    pub fn fill(&self, from: &mut dyn Read) -> Result<Contents, BackupError> {
        match self {
            Self::File(replacement) => replacement.fill(from),
            Self::Database(options) => fill(&PostgresEngine::open(options.clone())?, from),
        }
    }

    /// The restored store. Drop it before `finish`.
    pub fn store(&self, clock: Clock) -> Result<Store, StoreError> {
        match self {
            Self::File(replacement) => replacement.store(clock),
            // Opened again, since that finds the end of the restored log.
            Self::Database(options) => {
                let engine = PostgresEngine::open(options.clone())?;
                Ok(Store::new(Arc::new(engine), clock))
            }
        }
    }

    /// Makes files the only ones, if they have everything up to this entry of the change log.
    pub async fn finish(self, log_end: u64) -> Result<(), StoreError> {
        match self {
            Self::File(replacement) => replacement.finish(log_end).await,
            Self::Database(_) => Ok(()),
        }
    }
}

/// Reads a backup into an empty store. Decodes one change while the previous one is written.
pub(super) fn fill(engine: &dyn Engine, from: &mut dyn Read) -> Result<Contents, BackupError> {
    let mut previous: Option<Committed> = None;
    let contents = read_backup(from, &mut |change| {
        let waiting = previous.replace(engine.submit(change));
        waiting.map_or(Ok(()), written)
    })?;
    previous.map_or(Ok(()), written)?;
    Ok(contents)
}

fn written(change: Committed) -> Result<(), StoreError> {
    match wait(change) {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(CommitError::Store(error))) => Err(error),
        Ok(Err(CommitError::Conflict)) | Err(_) => {
            Err(StoreError::Unknown("the writer stopped".into()))
        }
    }
}
