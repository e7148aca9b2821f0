//! What redb leaves to its caller about the file itself: one that was never finished, and the durability of its name.

use std::fs::{File, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// redb's magic number, which it writes last when it makes a file, its pages, and more than a new file has.
const MAGIC_BYTES: usize = 9;
const PAGE_BYTES: usize = 4096;
const MAX_UNFINISHED_BYTES: u64 = 4 * 1024 * 1024;

/// A stop while redb makes a new file leaves one without its first bytes, which redb then refuses for good. Empties such a
/// file: nothing is stored in it, as all beyond its first page must be zeros.
pub(super) fn empty_if_unfinished(path: &Path) -> io::Result<()> {
    let file = match File::options().read(true).write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    // redb tells who else has it.
    let is_held = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
    if is_held || file.metadata()?.len() > MAX_UNFINISHED_BYTES {
        return Ok(());
    }
    let mut bytes = Vec::new();
    (&file).take(MAX_UNFINISHED_BYTES).read_to_end(&mut bytes)?;
    let is_zero = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
    let (first, rest) = bytes.split_at(bytes.len().min(PAGE_BYTES));
    if is_zero(&first[..first.len().min(MAGIC_BYTES)]) && is_zero(rest) {
        file.set_len(0)?;
    }
    Ok(())
}

/// Makes a file that is not there yet one for its owner alone; redb takes an empty one for new.
pub(super) fn make_private(path: &Path) -> io::Result<()> {
    let made = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Makes the file's name as durable as what is in it.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    // Not every system opens a folder as a file; those that do not have nothing to sync.
    match File::open(folder.unwrap_or(Path::new("."))) {
        Ok(folder) => folder.sync_all(),
        Err(_) => Ok(()),
    }
}
