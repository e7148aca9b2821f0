//! Where a backup is restored: into files that replace those of a data folder, or into an empty database. Also a copy of a
//! database in a file.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::backup::{BackupError, Contents, read_backup};
use super::engine::{
    Change, CommitError, Committed, Direction, Engine, KeyRange, Row, StoreError, Write,
};
use super::stores::wait;
use super::{
    PostgresEngine, PostgresOptions, Reader, RedbEngine, RedbOptions, Replacement, Store, keys,
};
use crate::clock::Clock;

/// Rows in one change of a copy. A row can be a chunk of a file, of 256 KiB.
const COPIED_ROWS: usize = 100;

pub enum RestoreTarget {
    File(Replacement),
    Database(PostgresOptions),
}

impl RestoreTarget {
    /// Whether there is data already.
    pub async fn has_data(&self) -> Result<bool, StoreError> {
        match self {
            Self::File(replacement) => Ok(replacement.replaces()),
            // A part that an interrupted restore left is replaced.
            Self::Database(options) => {
                let engine = PostgresEngine::open(options.clone())?;
                let view = engine.view()?;
                let rows = view.scan(&KeyRange::all(), Direction::Forward, 1).await?;
                Ok(!rows.is_empty() && !is_unfinished(&Reader::of(view)).await?)
            }
        }
    }

    /// Whether it can replace data.
    pub fn can_replace(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// Reads a backup into it. If this fails, files stay as they were, and a database holds a part of the backup until the next
    /// restore.
    pub fn fill(&self, from: &mut dyn Read) -> Result<Contents, BackupError> {
        match self {
            Self::File(replacement) => replacement.fill(from),
            Self::Database(options) => {
                let engine = PostgresEngine::open(PostgresOptions {
                    emptied: true,
                    ..options.clone()
                })?;
                let begin = Write::Put {
                    version: 1,
                    value: Vec::new(),
                };
                written(engine.submit(mark(begin)))?;
                fill(&engine, from)
            }
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

    /// Completes the restore. With files: checks that the new store has the change log up to this entry, and puts it in the
    /// place of the old one. With a database: removes the mark of an unfinished restore, so that servers may start.
    pub async fn finish(self, log_end: u64) -> Result<(), StoreError> {
        match self {
            Self::File(replacement) => replacement.finish(log_end).await,
            Self::Database(options) => {
                let engine = PostgresEngine::open(options)?;
                written(engine.submit(mark(Write::Delete)))
            }
        }
    }
}

/// Opens the store in a database. Fails with `Unfinished` if a restore into it was interrupted.
pub fn open_database(options: PostgresOptions, clock: Clock) -> Result<Store, StoreError> {
    let store = Store::new(Arc::new(PostgresEngine::open(options)?), clock);
    if wait(is_unfinished(&store.read()?))? {
        return Err(StoreError::Unfinished);
    }
    Ok(store)
}

async fn is_unfinished(reader: &Reader) -> Result<bool, StoreError> {
    Ok(reader.bytes(&keys::restoring()).await?.is_some())
}

/// A change of the row that shows that a restore is not complete.
fn mark(write: Write) -> Change {
    Change {
        writes: vec![(keys::restoring(), write)],
        ..Change::default()
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

/// Copies a view into a file, for work that reads millions of single rows: a database answers each over the network.
pub async fn copy(reader: &Reader, file: &Path) -> Result<Reader, StoreError> {
    let engine = RedbEngine::open(file, RedbOptions::default())?;
    let mut rows = reader.walk_range(KeyRange::all(), COPIED_ROWS);
    let mut previous: Option<Committed> = None;
    while let Some(some) = rows.next().await? {
        let writes = some.into_iter().map(|(key, row)| {
            let Row { version, value } = row;
            (key, Write::Put { version, value })
        });
        let writes = writes.collect();
        let change = Change {
            writes,
            ..Change::default()
        };
        let waiting = previous.replace(engine.submit(change));
        waiting.map_or(Ok(()), written)?;
    }
    previous.map_or(Ok(()), written)?;
    let view = engine.view()?;
    Ok(Reader::of(view).with_engine(Arc::new(engine)))
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

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::model::{EmployeeId, Job, JobId, Timestamp};
    use crate::store::{About, Now as _, Origin, Transaction, write_backup};

    const NOW: Timestamp = Timestamp::from_millis(1_760_000_000_000);

    /// A file that cannot be read to its end.
    struct Breaks<'a>(&'a [u8]);

    impl Read for Breaks<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buffer)? {
                0 => Err(io::ErrorKind::BrokenPipe.into()),
                count => Ok(count),
            }
        }
    }

    fn backup() -> Vec<u8> {
        let engine = Arc::new(crate::store::MemoryEngine::default());
        let store = Store::new(engine, Clock::fixed(NOW));
        let post = |transaction: &mut Transaction| {
            for _ in 0..2_000 {
                let employer = EmployeeId::parse("E1").unwrap();
                let job = Job::draft(JobId::generate(NOW), employer, NOW);
                transaction.insert(job).now()?;
            }
            Ok::<_, StoreError>(())
        };
        store.run_now(Origin::OPERATOR, post).unwrap();
        let mut file = Vec::new();
        let about = About::new("Campus", NOW);
        write_backup(&store.read().unwrap(), about, &mut file)
            .now()
            .unwrap();
        file
    }

    #[test]
    fn an_interrupted_restore_into_a_database_is_known_and_can_begin_again() {
        let server = crate::store::postgres::Server::shared();
        let database = server.database();
        let target = || RestoreTarget::Database(PostgresOptions::new(database.url()));
        let file = backup();
        assert!(!target().has_data().now().unwrap());
        let interrupted = target().fill(&mut Breaks(&file[..file.len() - 50]));
        assert!(interrupted.is_err());
        let is_unfinished = || {
            let store = target().store(Clock::System).unwrap();
            let reader = store.into_reader().unwrap();
            let all = KeyRange::all();
            let rows = reader.view.scan(&all, Direction::Forward, 10);
            (
                is_unfinished(&reader).now().unwrap(),
                rows.now().unwrap().len(),
            )
        };
        assert_eq!(is_unfinished(), (true, 10));
        let options = PostgresOptions::new(database.url());
        let opened = open_database(options.clone(), Clock::System);
        assert_eq!(opened.err(), Some(StoreError::Unfinished));
        assert!(!target().has_data().now().unwrap());
        target().fill(&mut &file[..]).unwrap();
        target().finish(0).now().unwrap();
        assert_eq!(is_unfinished(), (false, 10));
        assert!(open_database(options, Clock::System).is_ok());
        assert!(target().has_data().now().unwrap());
        let mut again = Vec::new();
        let reader = target()
            .store(Clock::System)
            .unwrap()
            .into_reader()
            .unwrap();
        write_backup(&reader, About::new("Campus", NOW), &mut again)
            .now()
            .unwrap();
        assert!(again == file, "every row is there once");
    }
}
