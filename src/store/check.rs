//! Checks that the stored data is consistent: reads every row, decodes every value, compares every index and unique key
//! with its record in both directions, and follows every reference, count and file. Only reads; `check/repair.rs` makes
//! again what can be made from the records.

mod repair;

pub use repair::repair;

use sha2::{Digest as _, Sha256};

use super::keys::{self, Key, KindVisitor, Space};
use super::record::{Record, decode};
use super::{Direction, KeyRange, MAX_SCAN_ROWS, Reader, Row, StoreError};
use crate::model::{ApplicationStatus, Job, LogEntry, RuleModule, StoredFile};
use repair::Fixes;

/// Rows in memory at a time. A chunk of a file has 256 KiB.
const STEP: usize = 100;

/// How much was checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    pub rows: u64,
    pub records: u64,
    pub wrong: u64,
}

/// Checks every row. `tell` gets a sentence for each problem.
pub fn check(reader: &Reader, tell: &mut dyn FnMut(String)) -> Result<Checked, StoreError> {
    examine(reader, tell).map(|(checked, _)| checked)
}

/// Also returns how to make the derived rows right.
fn examine(reader: &Reader, tell: &mut dyn FnMut(String)) -> Result<(Checked, Fixes), StoreError> {
    let mut check = Check {
        reader,
        tell,
        fixes: Fixes::default(),
        checked: Checked::default(),
        log: None,
        log_start: reader.log_start()?,
        log_end: reader.log_end()?,
    };
    let mut range = KeyRange::all();
    loop {
        let rows = reader
            .snapshot
            .scan(&range, Direction::Forward, STEP.min(MAX_SCAN_ROWS))?;
        let Some((last, _)) = rows.last() else {
            return Ok((check.checked, check.fixes));
        };
        range = range.beyond(last.clone(), Direction::Forward);
        for (key, row) in rows {
            check.checked.rows += 1;
            check.row(&key, &row)?;
        }
    }
}

struct Check<'a> {
    reader: &'a Reader,
    tell: &'a mut dyn FnMut(String),
    checked: Checked,
    fixes: Fixes,
    /// The sequence number of the previous log entry.
    log: Option<u64>,
    log_start: u64,
    log_end: u64,
}

impl Check<'_> {
    fn wrong(&mut self, what: String) {
        self.checked.wrong += 1;
        (self.tell)(what);
    }

    fn row(&mut self, key: &Key, row: &Row) -> Result<(), StoreError> {
        match keys::space(key) {
            Some(Space::Record(kind)) => self.record(kind, key, row),
            Some(Space::Index) => self.index(key),
            Some(Space::Unique) => self.unique(key, row),
            Some(Space::ApplicationCount(job)) => {
                self.counter(key, ("its job", keys::job(job).into()), row)
            }
            Some(Space::ShadowCount(rule)) => {
                self.counter(key, ("its rule", keys::rule(rule).into()), row)
            }
            Some(Space::Guard | Space::Retired) => Ok(()),
            Some(Space::Chunk(file)) => self.exists(key, "its file", &keys::file(file)).map(drop),
            Some(Space::RuleChunk(rule)) => {
                self.exists(key, "its rule", &keys::rule(rule)).map(drop)
            }
            Some(Space::Log(sequence)) => {
                self.log_entry(key, sequence, row);
                Ok(())
            }
            Some(Space::Cursor) => {
                self.cursor(key, row);
                Ok(())
            }
            None => {
                self.wrong(format!("{key}: unknown kind of key"));
                Ok(())
            }
        }
    }

    fn record(&mut self, kind: u8, key: &Key, row: &Row) -> Result<(), StoreError> {
        self.checked.records += 1;
        let one = Sound {
            check: self,
            key,
            row,
        };
        if let Some(done) = keys::of_kind(kind, one) {
            done?;
        } else {
            self.wrong(format!("{key}: unknown kind of record"));
        }
        match kind {
            Job::KIND => self.job(key, row),
            StoredFile::KIND => self.file(key, row),
            RuleModule::KIND => self.rule(key, row),
            _ => Ok(()),
        }
    }

    /// A record's key, index rows, unique keys and references.
    fn one<R: Record>(&mut self, key: &Key, row: &Row) -> Result<(), StoreError> {
        let record: R = match decode(key, &row.value) {
            Ok(record) => record,
            Err(error) => {
                self.wrong(found(error));
                return Ok(());
            }
        };
        if *record.key() != *key {
            self.wrong(format!("{key}: holds the record {}", *record.key()));
            // Its rows belong to that one.
            return Ok(());
        }
        for index in record.index_keys() {
            if !self.exists(key, "an index key", &index)? {
                self.fixes.put_row(index, Vec::new());
            }
        }
        for unique in record.unique_keys() {
            let holder = self.reader.snapshot.get(&unique)?;
            let holder = holder.map(|holder| Key::from_bytes(&holder.value));
            if holder.as_ref() == Some(key) {
                continue;
            }
            self.wrong(format!(
                "{key}: its {} is missing or belongs to another record",
                *unique
            ));
            let is_owned = match holder {
                Some(holder) => self.makes(&holder, |_, made| made.contains(&unique))?,
                None => false,
            };
            if !is_owned {
                self.fixes.put_row(unique.into(), key.as_bytes().to_vec());
            }
        }
        for (what, reference) in record.references() {
            self.exists(key, what, &reference)?;
        }
        Ok(())
    }

    fn exists(&mut self, key: &Key, what: &str, wanted: &Key) -> Result<bool, StoreError> {
        let exists = self.reader.snapshot.version(wanted)?.is_some();
        if !exists {
            self.wrong(format!("{key}: {what} is missing ({wanted})"));
        }
        Ok(exists)
    }

    /// An index row must be one that its record creates.
    fn index(&mut self, key: &Key) -> Result<(), StoreError> {
        let Some(record) = keys::indexed_record(key) else {
            self.wrong(format!("{key}: a row of an unknown index"));
            return Ok(());
        };
        let is_made = self.makes(&record, |keys, _| keys.contains(key))?;
        if !is_made {
            self.wrong(format!("{key}: an index row without its record"));
            self.fixes.remove_row(key.clone());
        }
        Ok(())
    }

    fn unique(&mut self, key: &Key, row: &Row) -> Result<(), StoreError> {
        let record = Key::from_bytes(&row.value);
        let is_made = self.makes(&record, |_, unique| unique.contains(key))?;
        if !is_made {
            self.wrong(format!("{key}: a unique key without its record"));
            self.fixes.remove_row(key.clone());
        }
        Ok(())
    }

    /// Whether a record exists and creates a key. A record that does not decode is reported at its own row.
    fn makes(
        &self,
        record: &Key,
        of: impl FnOnce(&[Key], &[Key]) -> bool,
    ) -> Result<bool, StoreError> {
        let Some(row) = self.reader.snapshot.get(record)? else {
            return Ok(false);
        };
        let Some(Space::Record(kind)) = keys::space(record) else {
            return Ok(false);
        };
        let Some(made) = keys::of_kind(
            kind,
            Made {
                key: record,
                row: &row,
            },
        ) else {
            return Ok(false);
        };
        Ok(made.is_none_or(|(index, unique)| of(&index, &unique)))
    }

    /// A posting's counts must match the records.
    fn job(&mut self, key: &Key, row: &Row) -> Result<(), StoreError> {
        let Ok(job) = decode::<Job>(key, &row.value) else {
            return Ok(());
        };
        let accepted = keys::applications_by_job_status(job.job_id, ApplicationStatus::Accepted);
        let accepted = self.count(&accepted)?;
        if accepted != u64::from(job.positions_filled()) {
            let filled = job.positions_filled();
            self.wrong(format!(
                "{key}: its count of filled positions is {filled} and should be {accepted}"
            ));
        }
        let applications = self.count(&keys::applications_by_job(job.job_id))?;
        let counted = self
            .reader
            .counter(&keys::application_count(job.job_id))
            .unwrap_or(-1);
        if counted != applications as i64 {
            self.wrong(format!(
                "{key}: its count of applications is {counted} and should be {applications}"
            ));
            let count = keys::application_count(job.job_id);
            self.fixes.set_count(count, applications as i64);
        }
        Ok(())
    }

    fn counter(&mut self, key: &Key, of: (&str, Key), row: &Row) -> Result<(), StoreError> {
        if row.value.len() != 8 {
            let bytes = row.value.len();
            self.wrong(format!(
                "{key}: its size in bytes is {bytes} and should be 8"
            ));
        }
        if !self.exists(key, of.0, &of.1)? {
            self.fixes.remove_count(key.clone());
        }
        Ok(())
    }

    fn count(&self, prefix: &Key) -> Result<u64, StoreError> {
        let mut count = 0;
        self.reader.each_key(prefix, |_| {
            count += 1;
            Ok::<(), StoreError>(())
        })?;
        Ok(count)
    }

    fn file(&mut self, key: &Key, row: &Row) -> Result<(), StoreError> {
        match decode::<StoredFile>(key, &row.value) {
            Ok(file) => self.bytes(
                key,
                &keys::file_chunks(file.file_id),
                file.size_bytes,
                &file.sha256,
            ),
            Err(_) => Ok(()),
        }
    }

    fn rule(&mut self, key: &Key, row: &Row) -> Result<(), StoreError> {
        match decode::<RuleModule>(key, &row.value) {
            Ok(rule) => self.bytes(
                key,
                &keys::rule_chunks(rule.rule_id),
                rule.size_bytes,
                &rule.digest,
            ),
            Err(_) => Ok(()),
        }
    }

    /// The bytes of a file or a module must match the digest.
    fn bytes(
        &mut self,
        key: &Key,
        chunks: &Key,
        size: u64,
        sha256: &str,
    ) -> Result<(), StoreError> {
        let (mut digest, mut bytes) = (Sha256::new(), 0);
        self.reader.each_key(chunks, |chunk| {
            let chunk = self.reader.bytes(&chunk)?.unwrap_or_default();
            bytes += chunk.len() as u64;
            digest.update(&chunk);
            Ok::<(), StoreError>(())
        })?;
        let digest = digest.finalize();
        let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        if bytes != size {
            self.wrong(format!(
                "{key}: only {bytes} of the file's {size} bytes are stored"
            ));
        } else if digits != sha256 {
            self.wrong(format!(
                "{key}: the file's bytes differ from what was uploaded"
            ));
        }
        Ok(())
    }

    fn log_entry(&mut self, key: &Key, sequence: u64, row: &Row) {
        if let Err(error) = decode::<LogEntry>(key, &row.value) {
            self.wrong(found(error));
        }
        if self.log.is_some_and(|before| before + 1 != sequence) {
            self.wrong(format!("{key}: log entries are missing before it"));
        }
        self.log = Some(sequence);
    }

    /// A follower's cursor starts with the sequence number it has reached.
    fn cursor(&mut self, key: &Key, row: &Row) {
        let sequence = row
            .value
            .first_chunk::<8>()
            .map(|bytes| u64::from_be_bytes(*bytes));
        if sequence.is_none_or(|sequence| sequence > self.log_end) {
            self.wrong(format!("{key}: a cursor beyond the log"));
        }
        if sequence.is_some_and(|sequence| sequence.saturating_add(1) < self.log_start) {
            self.wrong(format!("{key}: log entries are missing after this cursor"));
        }
    }
}

/// What is wrong with a value that does not decode.
fn found(error: StoreError) -> String {
    match error {
        StoreError::Corrupt(what) => what,
        error => error.to_string(),
    }
}

/// Checks whether a record is valid.
struct Sound<'a, 'b> {
    check: &'a mut Check<'b>,
    key: &'a Key,
    row: &'a Row,
}

impl KindVisitor for Sound<'_, '_> {
    type Output = Result<(), StoreError>;
    fn visit<R: Record>(self) -> Self::Output {
        self.check.one::<R>(self.key, self.row)
    }
}

/// The index and unique keys that a record creates. Empty if it does not decode.
struct Made<'a> {
    key: &'a Key,
    row: &'a Row,
}

impl KindVisitor for Made<'_> {
    type Output = Option<(Vec<Key>, Vec<Key>)>;
    fn visit<R: Record>(self) -> Self::Output {
        let record: R = decode(self.key, &self.row.value).ok()?;
        let unique = record.unique_keys().into_iter().map(Key::from);
        Some((record.index_keys(), unique.collect()))
    }
}

#[cfg(test)]
mod tests;
