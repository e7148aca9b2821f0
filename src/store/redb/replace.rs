//! Puts a new store in the place of an old one, or of none, in one step. The new store is built in a folder beside it.
//! Until it is complete and durable, the old files stay as they are. The one step is a rename. The old log is
//! then ignored, because it has another salt (`wal.rs`).

use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::file::{make_private, sync_folder};
use super::format;
use super::media::Files;
use super::{RedbEngine, RedbOptions, failed_at};
use crate::clock::Clock;
use crate::store::backup::{BackupError, Contents};
use crate::store::engine::StoreError;
use crate::store::restore::fill;
use crate::store::stores::Store;

pub struct Replacement {
    path: PathBuf,
    /// Locked, so that nothing opens the old store meanwhile.
    _held: File,
    folder: PathBuf,
}

impl Replacement {
    /// Locks the store with this path. Fails with `InUse` if another process has opened it, and with `Newer` if it is for
    /// a newer Corkboard. A damaged store can be replaced.
    pub fn begin(path: &Path) -> Result<Self, StoreError> {
        let files = Files {
            store: path.to_owned(),
            reads_only: true,
        };
        if let Err(error @ (StoreError::InUse(_) | StoreError::Newer { .. })) =
            format::inspect(&files, &RedbOptions::default(), |_| Ok(()))
        {
            return Err(error);
        }
        make_private(path).map_err(failed_at(path))?;
        let held = File::options().read(true).write(true).open(path);
        let held = held.map_err(failed_at(path))?;
        match held.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::InUse(path.display().to_string()));
            }
            Err(TryLockError::Error(error)) => return Err(failed_at(path)(error)),
        }
        let replacement = Self {
            path: path.to_owned(),
            _held: held,
            folder: path.with_extension("restoring"),
        };
        let folder = &replacement.folder;
        Self::clear_interrupted(path).map_err(failed_at(folder))?;
        std::fs::create_dir(folder).map_err(failed_at(folder))?;
        Ok(replacement)
    }

    /// Whether there is an old store.
    pub fn replaces(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|file| file.len() > 0)
    }

    fn new_path(&self) -> PathBuf {
        self.folder.join("store.redb")
    }

    /// Reads a backup into the new store.
    pub fn fill(&self, from: &mut dyn Read) -> Result<Contents, BackupError> {
        fill(&self.engine()?, from)
    }

    fn engine(&self) -> Result<RedbEngine, StoreError> {
        RedbEngine::open(&self.new_path(), RedbOptions::default())
    }

    /// The new store. Drop it before `finish`.
    pub fn store(&self, clock: Clock) -> Result<Store, StoreError> {
        Ok(Store::new(Arc::new(self.engine()?), clock))
    }

    /// Makes the new store the only one, if its file has everything up to this entry of the change log.
    pub async fn finish(self, log_end: u64) -> Result<(), StoreError> {
        let new = self.new_path();
        let log = new.with_extension("log");
        std::fs::remove_file(&log).map_err(failed_at(&log))?;
        let saved = RedbEngine::read_only(&new, RedbOptions::default())?
            .log_end()
            .await?;
        if saved != log_end {
            let what = format!("{saved} of {log_end} log entries were saved");
            return Err(StoreError::Unavailable(what));
        }
        std::fs::rename(&new, &self.path).map_err(failed_at(&self.path))?;
        sync_folder(&self.path).map_err(failed_at(&self.path))
    }

    /// Removes what an interrupted restore has left beside the store with this path: a copy of everybody's data. Only for
    /// the process that holds the store.
    pub fn clear_interrupted(path: &Path) -> std::io::Result<()> {
        match std::fs::remove_dir_all(path.with_extension("restoring")) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        let mut cleared = Self::clear_interrupted(&self.path);
        if !self.replaces() {
            cleared = cleared.and(std::fs::remove_file(&self.path));
        }
        if let Err(error) = cleared {
            tracing::warn!(%error, folder = %self.folder.display(), "could not remove a temporary folder");
        }
    }
}
