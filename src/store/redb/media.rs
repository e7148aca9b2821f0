//! The storage of the engine's two files: the store, and the write-ahead log next to it.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use redb::StorageBackend;
use redb::backends::FileBackend;

/// Opens the files that the engine writes, also again after a failure.
pub trait Media: Send + 'static {
    fn store(&self) -> io::Result<Box<dyn StorageBackend>>;
    fn log(&self) -> io::Result<Box<dyn StorageBackend>>;
    /// Fails while this many bytes cannot be written.
    fn try_room(&self, bytes: u64) -> io::Result<()>;
    /// Its name in messages.
    fn name(&self) -> String;
}

/// A store file, with its log `store.log` in the same folder.
pub(super) struct Files {
    pub store: PathBuf,
    /// Nothing is created or written.
    pub reads_only: bool,
}

impl Files {
    fn open(&self, path: &Path) -> io::Result<Box<dyn StorageBackend>> {
        if !self.reads_only {
            super::file::make_private(path)?;
        }
        let file = File::options()
            .read(true)
            .write(!self.reads_only)
            .open(path)?;
        let file = FileBackend::new(file).map_err(io::Error::other)?;
        Ok(Box::new(file))
    }
}

impl Media for Files {
    fn store(&self) -> io::Result<Box<dyn StorageBackend>> {
        self.open(&self.store)
    }

    fn log(&self) -> io::Result<Box<dyn StorageBackend>> {
        self.open(&self.store.with_extension("log"))
    }

    fn try_room(&self, bytes: u64) -> io::Result<()> {
        let path = self.store.with_extension("room");
        let tried = try_write(&path, bytes);
        let removed = std::fs::remove_file(&path);
        tried.and(removed)
    }

    fn name(&self) -> String {
        self.store.display().to_string()
    }
}

fn try_write(path: &Path, bytes: u64) -> io::Result<()> {
    const PIECE: u64 = 64 * 1024;
    let piece = vec![0; PIECE as usize];
    let mut file = File::create(path)?;
    for _ in 0..bytes.div_ceil(PIECE) {
        file.write_all(&piece)?;
    }
    file.sync_data()
}
