//! File handling that redb leaves to its caller: a file that was never finished, and the durability of its name.

use std::fs::{File, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// redb's magic number, which redb writes last when it creates a file; its page size; and more bytes than a new file
/// has.
const MAGIC_BYTES: usize = 9;
const PAGE_BYTES: usize = 4096;
const MAX_UNFINISHED_BYTES: u64 = 4 * 1024 * 1024;

/// If redb is stopped while it creates a file, the file lacks its first bytes, and redb refuses it forever. Empties
/// such a file. Nothing is stored in it: everything after its first page must be zeros.
pub(super) fn empty_if_unfinished(path: &Path) -> io::Result<()> {
    let file = match File::options().read(true).write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    // redb reports it if another process uses the file.
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

/// Creates a missing file, readable only by its owner. redb treats an empty file as new.
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

/// Makes the file's name as durable as its content.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    // Not every system can open a folder as a file. The others have nothing to sync.
    match File::open(folder.unwrap_or(Path::new("."))) {
        Ok(folder) => folder.sync_all(),
        Err(_) => Ok(()),
    }
}
