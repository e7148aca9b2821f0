//! A backup in a file. It is written under another name, and gets its own only once it is on disk and was read back. So a
//! file with that name is a good backup, and an earlier one stays until then. One that is encrypted never has a part that
//! is not.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use age::x25519::Recipient;
use sha2::{Digest as _, Sha256};

use super::{About, BackupError, Contents, read_backup, write_backup_for};
use crate::store::Reader;

/// What follows a file's name until it is complete.
pub const PART_SUFFIX: &str = ".part";
/// How much to write before it has to be on disk. More would delay the commits of a board that runs meanwhile, since they
/// wait for the same disk.
const SYNC_BYTES: usize = 16 * 1024 * 1024;

/// Saves a view in a file that only this user can read, encrypted if there is a recipient. The view ends when it is
/// written. `may_go_on` is asked often; after a no, this fails soon and leaves nothing behind.
pub async fn save_backup(
    reader: Reader,
    about: About,
    path: &Path,
    recipient: Option<&Recipient>,
    may_go_on: &dyn Fn() -> bool,
) -> Result<Contents, BackupError> {
    let mut part = path.as_os_str().to_owned();
    part.push(PART_SUFFIX);
    let part = PathBuf::from(part);
    let file = claim(&part)?;
    let written = write(reader, about, &file, recipient, may_go_on).await;
    let saved = written.and_then(|written| {
        match recipient {
            None => read_back(&part, &written.contents, may_go_on),
            Some(_) => compare(&part, &written.sha256, may_go_on),
        }?;
        fs::rename(&part, path)?;
        sync_folder_of(path)?;
        Ok(written.contents)
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

struct Written {
    contents: Contents,
    sha256: [u8; 32],
}

async fn write(
    reader: Reader,
    about: About,
    file: &File,
    recipient: Option<&Recipient>,
    may_go_on: &dyn Fn() -> bool,
) -> Result<Written, BackupError> {
    let mut output = Digested {
        to: Interruptible::new(file, may_go_on),
        digest: Sha256::new(),
    };
    let contents = write_backup_for(recipient, &reader, about, &mut output).await?;
    drop(reader);
    file.sync_all()?;
    Ok(Written {
        contents,
        sha256: output.digest.finalize().into(),
    })
}

/// Checks that an encrypted file is what was written. Only the owner of the private key could read what is in it.
fn compare(
    part: &Path,
    sha256: &[u8; 32],
    may_go_on: &dyn Fn() -> bool,
) -> Result<(), BackupError> {
    let file = File::open(part)?;
    let mut digested = Digested {
        to: io::sink(),
        digest: Sha256::new(),
    };
    io::copy(&mut Interruptible::new(&file, may_go_on), &mut digested)?;
    if digested.digest.finalize()[..] == sha256[..] {
        Ok(())
    } else {
        Err(BackupError::ReadBack(Box::new(BackupError::Changed)))
    }
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

/// Passes bytes on, and knows their digest.
struct Digested<W> {
    to: W,
    digest: Sha256,
}

impl<W: Write> Write for Digested<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.to.write(bytes)?;
        self.digest.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
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
mod tests;
