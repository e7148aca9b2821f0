//! A backup in a file. It is written under another name, and gets its own only once it is on disk and was read back. So a
//! file with that name is a good backup, and an earlier one stays until then.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::{About, BackupError, Contents, MAGIC, read_backup, write_backup};
use crate::store::Reader;

/// What follows a file's name until it is complete.
pub const PART_SUFFIX: &str = ".part";
/// How much to write before it has to be on disk. More would delay the commits of a board that runs meanwhile, since they
/// wait for the same disk.
const SYNC_BYTES: usize = 16 * 1024 * 1024;

/// Whether a file starts as a backup does.
pub fn is_backup(path: &Path) -> io::Result<bool> {
    let mut start = Vec::new();
    let file = File::open(path)?;
    file.take(MAGIC.len() as u64).read_to_end(&mut start)?;
    Ok(start == *MAGIC)
}

/// Saves a view in a file that only this user can read. The view ends when it is written. `may_go_on` is asked often;
/// after a no, this fails soon and leaves nothing behind.
pub async fn save_backup(
    reader: Reader,
    about: About,
    path: &Path,
    may_go_on: &dyn Fn() -> bool,
) -> Result<Contents, BackupError> {
    let mut part = path.as_os_str().to_owned();
    part.push(PART_SUFFIX);
    let part = PathBuf::from(part);
    let file = claim(&part)?;
    let written = write(reader, about, &file, may_go_on).await;
    let saved = written.and_then(|contents| {
        read_back(&part, &contents, may_go_on)?;
        fs::rename(&part, path)?;
        sync_folder_of(path)?;
        Ok(contents)
    });
    if saved.is_err() {
        // On a full disk, the rest needs the space.
        let _ = fs::remove_file(&part);
    }
    saved
}

/// Creates the file, locked as long as it is open, so that no other process writes or renames it. One that was left by
/// an interrupted backup is removed first, since its permissions could be others.
fn claim(part: &Path) -> io::Result<File> {
    let _left = match fs::symlink_metadata(part) {
        Ok(found) if found.is_file() => {
            let left = File::open(part)?;
            lock(&left)?;
            fs::remove_file(part)?;
            Some(left)
        }
        Ok(_) => {
            fs::remove_file(part)?;
            None
        }
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let created = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(part);
    let file = created.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => busy(),
        _ => error,
    })?;
    lock(&file)?;
    Ok(file)
}

fn lock(file: &File) -> io::Result<()> {
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => busy(),
        TryLockError::Error(error) => error,
    })
}

fn busy() -> io::Error {
    io::Error::new(
        ErrorKind::ResourceBusy,
        "another backup is writing this file",
    )
}

async fn write(
    reader: Reader,
    about: About,
    file: &File,
    may_go_on: &dyn Fn() -> bool,
) -> Result<Contents, BackupError> {
    let mut output = Interruptible::new(file, may_go_on);
    let contents = write_backup(&reader, about, &mut output).await?;
    drop(reader);
    output.file.sync_all()?;
    Ok(contents)
}

/// Checks a file as a restore does.
fn read_back(
    part: &Path,
    wanted: &Contents,
    may_go_on: &dyn Fn() -> bool,
) -> Result<(), BackupError> {
    let file = File::open(part)?;
    let file = Interruptible::new(&file, may_go_on);
    let failed = |error| BackupError::ReadBack(Box::new(error));
    let contents = read_backup(&mut BufReader::new(file), &mut |_| Ok(())).map_err(failed)?;
    if contents == *wanted {
        Ok(())
    } else {
        Err(failed(BackupError::NotABackup))
    }
}

/// Makes a new name in a folder survive a power cut.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

struct Interruptible<'a> {
    file: &'a File,
    may_go_on: &'a dyn Fn() -> bool,
    unsynced_bytes: usize,
}

impl<'a> Interruptible<'a> {
    fn new(file: &'a File, may_go_on: &'a dyn Fn() -> bool) -> Self {
        Self {
            file,
            may_go_on,
            unsynced_bytes: 0,
        }
    }

    fn check(&self) -> io::Result<()> {
        if (self.may_go_on)() {
            Ok(())
        } else {
            // Not `Interrupted`, after which callers try again.
            Err(io::Error::other("it was told to stop"))
        }
    }
}

impl Write for Interruptible<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.check()?;
        let count = self.file.write(bytes)?;
        self.unsynced_bytes += count;
        if self.unsynced_bytes >= SYNC_BYTES {
            self.file.sync_data()?;
            self.unsynced_bytes = 0;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Read for Interruptible<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        self.file.read(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::os::unix::fs::PermissionsExt as _;
    use std::sync::Arc;

    use super::*;
    use crate::clock::Clock;
    use crate::model::{FileId, Timestamp};
    use crate::store::Now as _;
    use crate::store::{MemoryEngine, Origin, Store, StoreError, keys};

    /// A view of a few megabytes.
    fn view() -> Reader {
        let store = Store::new(Arc::new(MemoryEngine::default()), Clock::System);
        for number in 0..20 {
            let key = keys::file_chunk(FileId::from_bytes([7; 16]), number);
            let put = |transaction: &mut crate::store::Transaction| {
                transaction
                    .put_bytes(&key, vec![number as u8; 200_000])
                    .now()
            };
            store
                .run_now::<(), StoreError>(Origin::SYSTEM, put)
                .unwrap();
        }
        store.read().unwrap()
    }

    fn about() -> About {
        About::new("Example College", Timestamp::from_millis(0))
    }

    fn names(folder: &Path) -> Vec<String> {
        let files = fs::read_dir(folder).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    #[test]
    fn a_saved_file_is_private_and_replaces_what_an_interrupted_one_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.backup");
        fs::write(folder.path().join("a.backup.part"), "left over").unwrap();
        let contents = save_backup(view(), about(), &path, &|| true).now().unwrap();
        assert_eq!(contents.rows, 20);
        assert_eq!(names(folder.path()), ["a.backup"]);
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        read_back(&path, &contents, &|| true).unwrap();
    }

    /// A second one would rename or remove what the first one is writing.
    #[test]
    fn a_file_has_one_writer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.backup");
        let asks = Cell::<u32>::new(0);
        let meanwhile = || {
            if asks.replace(asks.get() + 1) == 5 {
                let refused = save_backup(view(), about(), &path, &|| true)
                    .now()
                    .unwrap_err();
                assert!(refused.to_string().contains("another backup"), "{refused}");
            }
            true
        };
        let contents = save_backup(view(), about(), &path, &meanwhile)
            .now()
            .unwrap();
        assert!(asks.get() > 5);
        read_back(&path, &contents, &|| true).unwrap();
        assert_eq!(names(folder.path()), ["a.backup"]);
    }

    #[test]
    fn one_that_is_stopped_leaves_the_earlier_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.backup");
        fs::write(&path, "earlier").unwrap();
        // While it is written, and while it is read back.
        let mut stopped = 0;
        for asks in 0.. {
            let left = Cell::<u32>::new(asks);
            let may_go_on = || left.replace(left.get().saturating_sub(1)) > 0;
            if save_backup(view(), about(), &path, &may_go_on)
                .now()
                .is_ok()
            {
                break;
            }
            stopped += 1;
            assert_eq!(names(folder.path()), ["a.backup"]);
            assert_eq!(fs::read(&path).unwrap(), b"earlier");
        }
        assert!(stopped > 10, "{stopped}");
        assert!(fs::read(&path).unwrap().starts_with(b"corkboard backup"));
    }

    #[test]
    fn a_file_that_changed_on_its_way_to_the_disk_is_no_backup() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.backup");
        let contents = save_backup(view(), about(), &path, &|| true).now().unwrap();
        let good = fs::read(&path).unwrap();
        let mut changed = good.clone();
        changed[good.len() / 2] ^= 1;
        for bytes in [&changed, &good[..good.len() - 1], b""] {
            fs::write(&path, bytes).unwrap();
            let error = read_back(&path, &contents, &|| true).unwrap_err();
            assert!(matches!(error, BackupError::ReadBack(_)), "{error}");
        }
        fs::write(&path, &good).unwrap();
        let other = Contents {
            rows: contents.rows + 1,
            ..contents
        };
        let error = read_back(&path, &other, &|| true).unwrap_err();
        assert!(matches!(error, BackupError::ReadBack(_)), "{error}");
    }
}
