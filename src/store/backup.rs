//! A backup: one file with every row of one consistent view, except the keys of access tokens, since whoever reads a backup
//! must not be able to sign tokens. It is written and read as a stream, and any engine can take it in. Whatever is cut,
//! changed or newer is refused with words.
//!
//! | part | holds |
//! | --- | --- |
//! | start | `MAGIC`, and the number of the format (4 bytes) |
//! | record | its kind (1 byte), the length of its payload (4 bytes), a CRC-32 of these and the payload (4 bytes), the payload |
//!
//! Numbers are little-endian. The first record says what the backup is `About`. Then come the rows in the order of their
//! keys, as changes that write them (`encode.rs`). The last record is the manifest: the number of rows of each kind, and
//! the SHA-256 of every byte before it.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Reader;
use super::encode::{decode, encode};
use super::engine::{Change, KeyRange, MAX_VALUE_BYTES, StoreError, Write};
use super::keys::{self, Key, Space};
use crate::model::Timestamp;

mod encrypted;
mod file;

pub use encrypted::{ENCRYPTED_SUFFIX, Identities, is_backup, open_backup, write_backup_for};
pub use file::{PART_SUFFIX, save_backup};

const MAGIC: &[u8; 17] = b"corkboard backup\n";
/// Raise it when earlier versions cannot use the rows of this one.
const FORMAT: u32 = 1;

const ABOUT: u8 = b'A';
const ROWS: u8 = b'R';
const MANIFEST: u8 = b'M';
/// Kind, length and checksum of a record.
const HEAD_BYTES: usize = 9;
/// A record of rows ends with the row that reaches this size.
const RECORD_BYTES: usize = 512 * 1024;
/// More than such a record can have. A damaged length must not take more memory than this.
const MAX_RECORD_BYTES: usize = 2 * MAX_VALUE_BYTES;

/// Rows in memory at a time: most have a few hundred bytes, chunks of files 256 KiB.
const ROWS_AT_ONCE: usize = 500;
const CHUNKS_AT_ONCE: usize = 8;

/// Where a backup comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The version of Corkboard that wrote it.
    pub program: String,
    pub taken_at: Timestamp,
    pub campus: String,
}

impl About {
    /// A backup that this version takes.
    pub fn new(campus: &str, taken_at: Timestamp) -> Self {
        Self {
            program: env!("CARGO_PKG_VERSION").into(),
            taken_at,
            campus: campus.into(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    pub about: About,
    pub rows: u64,
}

#[derive(Serialize, Deserialize)]
struct Manifest {
    /// By kind: the first letters of a key, without the account, employer, job or student that it may begin with.
    rows: Counts,
    sha256: [u8; 32],
}

type Counts = BTreeMap<String, u64>;

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("this is not a Corkboard backup; if it is compressed, decompress it first")]
    NotABackup,
    #[error(
        "this backup needs a newer Corkboard: its format is {0}, and this one reads formats up to {FORMAT}"
    )]
    Newer(u32),
    #[error(
        "this backup was written by Corkboard {0} and holds data that this version does not know; use that version"
    )]
    Unknown(String),
    #[error("this backup is incomplete: it ends after {0} bytes")]
    Cut(u64),
    #[error("this backup is damaged before byte {0}")]
    Damaged(u64),
    #[error("this backup is encrypted; name the file with the private key: --identity FILE")]
    Encrypted,
    #[error("this backup is encrypted for another key than the one in the identity file")]
    WrongKey,
    #[error("the file on disk is not what was written to it")]
    Changed,
    #[error("the backup was written, but failed its check: {0}")]
    ReadBack(Box<Self>),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How much lower the priority of a backup's thread is. With 10, it gets a tenth of what a thread that answers gets (sched(7)).
const NICE: i32 = 10;

/// Lets requests go first: lowers the priority of this thread for good.
pub fn give_way() {
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "could not lower the priority of a backup");
    }
}

/// Writes the rows of a view, a record at a time.
pub async fn write_backup(
    reader: &Reader,
    about: About,
    to: &mut dyn io::Write,
) -> Result<Contents, BackupError> {
    let digest = Sha256::new();
    let mut output = Output { to, digest };
    output.put(&[&MAGIC[..], &FORMAT.to_le_bytes()].concat())?;
    output.record(ABOUT, &pack(&about)?)?;
    let (mut counts, mut change, mut bytes) = (Counts::new(), Change::default(), 0);
    for (range, step) in ranges() {
        let mut walk = reader.walk_range(range, step);
        while let Some(rows) = walk.next().await? {
            for (key, row) in rows {
                if keys::space(&key) == Some(Space::SigningKeys) {
                    continue;
                }
                count(&mut counts, &key);
                bytes += key.len() + row.value.len();
                let (version, value) = (row.version, row.value);
                change.writes.push((key, Write::Put { version, value }));
                if bytes >= RECORD_BYTES {
                    output.record(ROWS, &encode([&change]))?;
                    (change.writes, bytes) = (Vec::new(), 0);
                }
            }
        }
    }
    if !change.is_empty() {
        output.record(ROWS, &encode([&change]))?;
    }
    let rows = counts.values().sum();
    let sha256 = output.digest.clone().finalize().into();
    let manifest = Manifest {
        rows: counts,
        sha256,
    };
    output.record(MANIFEST, &pack(&manifest)?)?;
    output.to.flush()?;
    Ok(Contents { about, rows })
}

/// All keys, in order: those before the chunks of files, the chunks, and those after. Each with how many to read at once.
pub(super) fn ranges() -> [(KeyRange, usize); 3] {
    let chunks = KeyRange::prefix(&keys::all_chunks());
    let mut before = KeyRange::all();
    before.end = std::ops::Bound::Excluded(keys::all_chunks());
    let mut after = KeyRange::all();
    if let std::ops::Bound::Excluded(end) = &chunks.end {
        after.start = std::ops::Bound::Included(end.clone());
    }
    [
        (before, ROWS_AT_ONCE),
        (chunks, CHUNKS_AT_ONCE),
        (after, ROWS_AT_ONCE),
    ]
}

fn count(counts: &mut Counts, key: &Key) {
    let kind = match key.local() {
        [one @ (b'F' | b'L'), ..] => char::from(*one).into(),
        local => local
            .iter()
            .take(2)
            .map(|byte| char::from(*byte))
            .collect::<String>(),
    };
    *counts.entry(kind).or_default() += 1;
}

fn pack<T: Serialize>(value: &T) -> Result<Vec<u8>, BackupError> {
    rmp_serde::to_vec(value).map_err(|error| io::Error::other(error).into())
}

struct Output<'a> {
    to: &'a mut dyn io::Write,
    digest: Sha256,
}

impl Output<'_> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.digest.update(bytes);
        self.to.write_all(bytes)
    }

    fn record(&mut self, kind: u8, payload: &[u8]) -> io::Result<()> {
        let mut record = Vec::with_capacity(HEAD_BYTES + payload.len());
        record.push(kind);
        record.extend((payload.len() as u32).to_le_bytes());
        record.extend(checksum(&record, payload).to_le_bytes());
        record.extend_from_slice(payload);
        self.put(&record)
    }
}

fn checksum(head: &[u8], payload: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(head);
    sum.update(payload);
    sum.finalize()
}

/// Reads a backup to its end, and passes on its rows as changes that put them. Only after it has returned is it certain
/// that the backup is whole.
pub fn read_backup(
    from: &mut dyn Read,
    take: &mut dyn FnMut(Change) -> Result<(), StoreError>,
) -> Result<Contents, BackupError> {
    let mut input = Input {
        from,
        digest: Sha256::new(),
        at: 0,
    };
    input.start()?;
    let (ABOUT, payload) = input.record()? else {
        return Err(BackupError::Damaged(input.at));
    };
    let about: About = input.unpack(&payload)?;
    let mut counts = Counts::new();
    loop {
        let so_far = input.digest.clone();
        let (kind, payload) = input.record()?;
        match kind {
            ROWS => {
                let changes = decode(&payload).map_err(|_| input.damaged())?;
                for change in changes {
                    if !change.events.is_empty() {
                        return Err(input.damaged());
                    }
                    for (key, write) in &change.writes {
                        if !matches!(write, Write::Put { .. }) {
                            return Err(input.damaged());
                        }
                        if !is_known(key) {
                            return Err(BackupError::Unknown(about.program));
                        }
                        count(&mut counts, key);
                    }
                    take(change)?;
                }
            }
            MANIFEST => {
                let manifest: Manifest = input.unpack(&payload)?;
                let digest: [u8; 32] = so_far.finalize().into();
                if manifest.rows != counts || manifest.sha256 != digest || !input.is_at_end()? {
                    return Err(input.damaged());
                }
                let rows = counts.values().sum();
                return Ok(Contents { about, rows });
            }
            _ => return Err(input.damaged()),
        }
    }
}

fn is_known(key: &Key) -> bool {
    match keys::space(key) {
        Some(Space::Record(kind)) => keys::kind_name(kind).is_some(),
        other => other.is_some(),
    }
}

struct Input<'a> {
    from: &'a mut dyn Read,
    digest: Sha256,
    /// Bytes read so far.
    at: u64,
}

impl Input<'_> {
    fn start(&mut self) -> Result<(), BackupError> {
        let mut magic = [0; MAGIC.len()];
        match self.fill(&mut magic) {
            Ok(()) if magic == *MAGIC => {}
            Ok(()) | Err(BackupError::Cut(_)) => return Err(BackupError::NotABackup),
            Err(error) => return Err(error),
        }
        let mut format = [0; 4];
        self.fill(&mut format)?;
        match u32::from_le_bytes(format) {
            FORMAT => Ok(()),
            newer if newer > FORMAT => Err(BackupError::Newer(newer)),
            _ => Err(self.damaged()),
        }
    }

    /// The kind and payload of the next record.
    fn record(&mut self) -> Result<(u8, Vec<u8>), BackupError> {
        let mut head = [0; HEAD_BYTES];
        self.fill(&mut head)?;
        let (fields, sum) = head.split_at(HEAD_BYTES - 4);
        let length = fields[1..].first_chunk().copied().map(u32::from_le_bytes);
        let length = length.unwrap_or_default() as usize;
        if length > MAX_RECORD_BYTES {
            return Err(self.damaged());
        }
        let mut payload = vec![0; length];
        self.fill(&mut payload)?;
        if checksum(fields, &payload).to_le_bytes() != *sum {
            return Err(self.damaged());
        }
        Ok((fields[0], payload))
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), BackupError> {
        let mut filled = 0;
        while filled < bytes.len() {
            match self.from.read(&mut bytes[filled..]) {
                Ok(0) => return Err(BackupError::Cut(self.at + filled as u64)),
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.digest.update(&*bytes);
        self.at += bytes.len() as u64;
        Ok(())
    }

    fn unpack<T: for<'de> Deserialize<'de>>(&self, payload: &[u8]) -> Result<T, BackupError> {
        rmp_serde::from_slice(payload).map_err(|_| self.damaged())
    }

    fn is_at_end(&mut self) -> io::Result<bool> {
        let mut more = Vec::new();
        let count = (&mut *self.from).take(1).read_to_end(&mut more)?;
        Ok(count == 0)
    }

    fn damaged(&self) -> BackupError {
        BackupError::Damaged(self.at)
    }
}

#[cfg(test)]
mod tests;
