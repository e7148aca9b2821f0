//! The write-ahead log: one file of records. Each record is synced before its changes are visible or acknowledged. The
//! log starts over each time the store's own file was made durable, so it stays small. Its space is written in advance,
//! so that a sync has no metadata to write.
//!
//! A record starts at a multiple of `BLOCK`, so that writing one never touches a block of another. Each generation
//! (from one start of the log to the next) has a random salt, which the store's file names. Data with another salt is
//! old and ignored. A record's number holds the format of the data in its upper bytes (`format.rs`), so that an earlier
//! version refuses the log of a newer one.

use std::io;
use std::ops::RangeInclusive;

use redb::StorageBackend;

use super::format::FORMAT;
use crate::store::engine::StoreError;

const BLOCK: u64 = 4096;
/// Salt, number, payload length, and a checksum of these and the payload.
const HEADER: usize = 24;
/// Space that is reserved from the start.
const FIRST_BYTES: u64 = 1024 * 1024;
/// The format's place in a record's number.
const FORMAT_SHIFT: u32 = 48;
const NUMBER_MASK: u64 = (1 << FORMAT_SHIFT) - 1;

/// A format as a part of a number. Logs of formats 1 and 2 have zeros there, because formats had no numbers then.
const fn mark(format: u16) -> u64 {
    if format > 2 {
        (format as u64) << FORMAT_SHIFT
    } else {
        0
    }
}

pub(super) struct Wal {
    file: Box<dyn StorageBackend>,
    /// Length of the file.
    length: u64,
    /// Beyond this length, the file grows only for a single record that would not fit otherwise.
    bound: u64,
    salt: u64,
    /// Where the next record goes, and its number, counted from 0 in each generation.
    end: u64,
    number: u64,
}

#[derive(Debug)]
pub(super) enum AppendError {
    /// The log has no room; the error is set if the disk has none. Nothing was written. A restart makes room.
    Full(Option<io::Error>),
    /// The record may or may not be there. The log must be restarted before the next one.
    Failed(io::Error),
}

impl Wal {
    pub(super) fn open(file: Box<dyn StorageBackend>, bound: u64) -> io::Result<Self> {
        let length = file.len()? / BLOCK * BLOCK;
        Ok(Self {
            file,
            length,
            bound: bound / BLOCK * BLOCK,
            salt: 0,
            end: 0,
            number: 0,
        })
    }

    /// Returns the payloads of a generation from a given number on, in order, and positions the log after the last. If
    /// the last record is damaged or incomplete, it was never acknowledged and is dropped. A damaged record with others
    /// after it was acknowledged.
    pub(super) fn replay(
        &mut self,
        salt: u64,
        from: u64,
        mut visit: impl FnMut(&[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        (self.salt, self.end, self.number) = (salt, 0, 0);
        if salt == 0 {
            return Ok(());
        }
        let mut bytes = vec![0; usize::try_from(self.length).map_err(super::unavailable)?];
        self.file.read(0, &mut bytes).map_err(super::unavailable)?;
        while let Some(payload) = find(&bytes, self.end, salt, self.number..=self.number) {
            if self.number >= from {
                visit(payload)?;
            }
            self.number += 1;
            self.end += (HEADER + payload.len()).next_multiple_of(BLOCK as usize) as u64;
        }
        for at in (self.end + BLOCK..self.length).step_by(BLOCK as usize) {
            if find(&bytes, at, salt, self.number..=u64::MAX).is_some() {
                return Err(StoreError::Corrupt(format!(
                    "record {} of the write-ahead log is damaged at byte {}, and newer records follow it",
                    self.number, self.end
                )));
            }
        }
        Ok(())
    }

    pub(super) fn salt(&self) -> u64 {
        self.salt
    }

    /// The number of the next record.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Writes a record and syncs it.
    pub(super) fn append(&mut self, payload: &[u8]) -> Result<(), AppendError> {
        let record = self.record(payload);
        let after = self.end + record.len() as u64;
        if after > self.length {
            self.grow(after)?;
        }
        self.file
            .write(self.end, &record)
            .and_then(|()| self.file.sync_data())
            .map_err(AppendError::Failed)?;
        self.end = after;
        self.number += 1;
        Ok(())
    }

    /// Starts a generation with a salt that is already in the store's file.
    pub(super) fn restart(&mut self, salt: u64) {
        (self.salt, self.end, self.number) = (salt, 0, 0);
        self.shrink(self.bound);
    }

    /// Reserves the first space. Without it, a record has no room later.
    pub(super) fn prepare(&mut self) {
        if self.number == 0 {
            // For Linux, a small write into data that was read or written in one piece dirties all of it; see `grow`.
            self.shrink(0);
        }
        if self.length < FIRST_BYTES.min(self.bound)
            && let Err(AppendError::Full(Some(error))) = self.grow(FIRST_BYTES.min(self.bound))
        {
            tracing::warn!(%error, "the disk has no room for the write-ahead log");
        }
    }

    /// Frees the space of a busy time, in a log that is no longer needed.
    pub(super) fn tidy(&mut self) {
        self.shrink(FIRST_BYTES);
    }

    fn shrink(&mut self, to: u64) {
        // Space that cannot be freed now is freed another time.
        if self.length > to && self.file.set_len(to).is_ok() {
            self.length = to;
        }
    }

    fn record(&self, payload: &[u8]) -> Vec<u8> {
        let mut record = Vec::with_capacity(HEADER + payload.len() + BLOCK as usize);
        record.extend(self.salt.to_le_bytes());
        record.extend((self.number | mark(FORMAT)).to_le_bytes());
        record.extend((payload.len() as u32).to_le_bytes());
        let checksum = checksum(&record, payload);
        record.extend(checksum.to_le_bytes());
        record.extend_from_slice(payload);
        record.resize(record.len().next_multiple_of(BLOCK as usize), 0);
        record
    }

    /// Makes the file long enough for a record that ends at `after`, with zeros that are on disk.
    fn grow(&mut self, after: u64) -> Result<(), AppendError> {
        if after > self.bound && self.end > 0 {
            return Err(AppendError::Full(None));
        }
        let doubled = (self.length * 2).max(FIRST_BYTES).min(self.bound);
        let length = doubled.max(after.next_multiple_of(BLOCK));
        // One block at a time: a small write dirties everything that was written together with it.
        let zeros = [0; BLOCK as usize];
        let mut grown = self.file.set_len(length);
        let mut at = self.length;
        while at < length && grown.is_ok() {
            let part = zeros.len().min((length - at) as usize);
            grown = self.file.write(at, &zeros[..part]);
            at += part as u64;
        }
        if let Err(error) = grown.and_then(|()| self.file.sync_data()) {
            // Gives back the space, which others need more on a full disk.
            let _ = self.file.set_len(self.length);
            return Err(AppendError::Full(Some(error)));
        }
        self.length = length;
        Ok(())
    }
}

/// The payload of the record that starts at a block, if it is complete, of this generation, and has one of these
/// numbers.
fn find(bytes: &[u8], at: u64, salt: u64, numbers: RangeInclusive<u64>) -> Option<&[u8]> {
    let (header, rest) = bytes.get(at as usize..)?.split_at_checked(HEADER)?;
    let (fields, sum) = header.split_at(HEADER - 4);
    let field = |at: usize| fields[at..].first_chunk().copied().map(u64::from_le_bytes);
    if field(0)? != salt || !numbers.contains(&(field(8)? & NUMBER_MASK)) {
        return None;
    }
    let length = u32::from_le_bytes(*fields[16..].first_chunk()?) as usize;
    let payload = rest.get(..length)?;
    (checksum(fields, payload).to_le_bytes() == *sum).then_some(payload)
}

/// The format that the log's first record names. `None`: there is no complete record, or it names none.
pub(super) fn format(file: &dyn StorageBackend) -> io::Result<Option<u16>> {
    let mut header = [0; HEADER];
    let length = file.len()?;
    if length < HEADER as u64 {
        return Ok(None);
    }
    file.read(0, &mut header)?;
    let (fields, sum) = header.split_at(HEADER - 4);
    let format = u16::from_le_bytes([fields[14], fields[15]]);
    let bytes = fields[16..].first_chunk().copied().map(u32::from_le_bytes);
    let bytes = bytes.unwrap_or_default();
    if format == 0 || HEADER as u64 + u64::from(bytes) > length {
        return Ok(None);
    }
    let mut payload = vec![0; bytes as usize];
    file.read(HEADER as u64, &mut payload)?;
    let is_complete = checksum(fields, &payload).to_le_bytes() == *sum;
    Ok(is_complete.then_some(format))
}

fn checksum(fields: &[u8], payload: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(fields);
    sum.update(payload);
    sum.finalize()
}

/// A salt for the next generation. Never 0, which means no generation.
pub(super) fn new_salt() -> u64 {
    rand::random_range(1..=u64::MAX)
}

#[cfg(test)]
mod tests;
