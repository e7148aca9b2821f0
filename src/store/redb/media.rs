//! The storage of the engine's two files: the store, and the write-ahead log next to it.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use redb::StorageBackend;
use redb::backends::FileBackend;

use super::file::{make_private, sync_folder};

/// Opens the files that the engine writes, also again after a failure.
pub trait Media: Send + 'static {
    fn store(&self) -> io::Result<Box<dyn StorageBackend>>;
    fn log(&self) -> io::Result<Box<dyn StorageBackend>>;
    /// Fails while this many bytes cannot be written.
    fn try_room(&self, bytes: u64) -> io::Result<()>;
    /// The same files, for reading only. Nothing is created.
    fn for_reading(&self) -> Box<dyn Media>;
    /// Keeps a copy of both files, which have an earlier format. Durable when this returns.
    fn keep_copy(&self, format: u16) -> io::Result<()>;
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
    /// An error says which of the files it is about.
    fn open(&self, path: &Path) -> io::Result<Box<dyn StorageBackend>> {
        let named =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        if !self.reads_only {
            make_private(path).map_err(named)?;
        }
        let file = File::options()
            .read(true)
            .write(!self.reads_only)
            .open(path)
            .map_err(named)?;
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

    fn for_reading(&self) -> Box<dyn Media> {
        Box::new(Self {
            store: self.store.clone(),
            reads_only: true,
        })
    }

    fn keep_copy(&self, format: u16) -> io::Result<()> {
        let copy = self.store.with_extension(format!("format-{format}.redb"));
        match copy_file(
            &self.store.with_extension("log"),
            &copy.with_extension("log"),
        ) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            // A store that was stopped properly needs no log.
            _ => {}
        }
        copy_file(&self.store, &copy)?;
        sync_folder(&copy)?;
        tracing::warn!(
            copy = %copy.display(),
            "keeping a copy of the data in its old format; delete it and its .log once all is well"
        );
        Ok(())
    }

    fn name(&self) -> String {
        self.store.display().to_string()
    }
}

/// Copies a file so that the copy is complete and durable, or absent. It may replace one of an interrupted start.
fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    let part = to.with_added_extension("part");
    let copied = std::fs::copy(from, &part)
        .and_then(|_| File::open(&part)?.sync_all())
        .and_then(|()| std::fs::rename(&part, to));
    if copied.is_err() {
        // On a full disk, the rest needs the space.
        let _ = std::fs::remove_file(&part);
    }
    copied
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
