//! Checks that the stored data is consistent: reads every row, decodes every value, compares every index and unique key
//! with its record in both directions, and follows every reference, count and file. Only reads; `check/repair.rs` makes
//! again what can be made from the records.

mod repair;

pub use repair::repair;

use sha2::{Digest as _, Sha256};

use super::keys::{self, Key, KindVisitor, Space};
use super::record::{Record, decode};
use super::{KeyRange, Reader, Row, StoreError};
use crate::model::{ApplicationStatus, Job, LogEntry, RuleModule, SigningKeys, StoredFile};
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
pub async fn check(reader: &Reader, tell: &mut dyn FnMut(String)) -> Result<Checked, StoreError> {
    examine(reader, tell).await.map(|(checked, _)| checked)
}

/// Also returns how to make the derived rows right.
async fn examine(
    reader: &Reader,
    tell: &mut dyn FnMut(String),
) -> Result<(Checked, Fixes), StoreError> {
    let mut check = Check {
        reader,
        tell,
        fixes: Fixes::default(),
        checked: Checked::default(),
        log: None,
        log_start: reader.log_start().await?,
        log_end: reader.log_end().await?,
    };
    let mut walk = reader.walk_range(KeyRange::all(), STEP);
    while let Some(rows) = walk.next().await? {
        for (key, row) in rows {
            check.checked.rows += 1;
            check.row(&key, &row).await?;
        }
    }
    Ok((check.checked, check.fixes))
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

    async fn row(&mut self, key: &Key, row: &Row) -> Result<(), StoreError> {
        match keys::space(key) {
            Some(Space::Record(kind)) => self.record(kind, key, row).await,
            Some(Space::Index) => self.index(key).await,
            Some(Space::Unique) => self.unique(key, row).await,
            Some(Space::ApplicationCount(job)) => {
                let job = ("its job", keys::job(job).into());
                self.counter(key, job, row).await
            }
            Some(Space::ShadowCount(rule)) => {
                let rule = ("its rule", keys::rule(rule).into());
                self.counter(key, rule, row).await
            }
            Some(Space::Guard | Space::Retired) => Ok(()),
            Some(Space::Chunk(file)) => {
                let file = keys::file(file);
                self.exists(key, "its file", &file).await.map(drop)
            }
            Some(Space::RuleChunk(rule)) => {
                let rule = keys::rule(rule);
                self.exists(key, "its rule", &rule).await.map(drop)
            }
            Some(Space::Log(sequence)) => {
                self.log_entry(key, sequence, row);
                Ok(())
            }
            Some(Space::Cursor) => {
                self.cursor(key, row);
                Ok(())
            }
            Some(Space::SigningKeys) => {
                self.signing_keys(key, row);
                Ok(())
            }
            None => {
                self.wrong(format!("{key}: unknown kind of key"));
                Ok(())
            }
        }
    }

    async fn record(&mut self, kind: u8, key: &Key, row: &Row) -> Result<(), StoreError> {
        self.checked.records += 1;
        match keys::of_kind(kind, Decoded { key, row }) {
            None => self.wrong(format!("{key}: unknown kind of record")),
            Some(Err(error)) => self.wrong(found(error)),
            Some(Ok(one)) if one.key != *key => {
                // Its rows belong to that one.
                self.wrong(format!("{key}: holds the record {}", one.key));
            }
            Some(Ok(one)) => self.one(one).await?,
        }
        match kind {
            Job::KIND => self.job(key, row).await,
            StoredFile::KIND => self.file(key, row).await,
            RuleModule::KIND => self.rule(key, row).await,
            _ => Ok(()),
        }
    }

    /// A record's index rows, unique keys and references.
    async fn one(&mut self, one: Claims) -> Result<(), StoreError> {
        let key = &one.key;
        for index in one.index {
            if !self.exists(key, "an index key", &index).await? {
                self.fixes.put_row(index, Vec::new());
            }
        }
        for unique in one.unique {
            let holder = self.reader.view.get(&unique).await?;
            let holder = holder.map(|holder| Key::from_bytes(&holder.value));
            if holder.as_ref() == Some(key) {
                continue;
            }
            self.wrong(format!(
                "{key}: its {unique} is missing or belongs to another record"
            ));
            let is_owned = match holder {
                Some(holder) => {
                    let has = |made: Claims| made.unique.contains(&unique);
                    self.makes(&holder, has).await?
                }
                None => false,
            };
            if !is_owned {
                self.fixes.put_row(unique, key.as_bytes().to_vec());
            }
        }
        for (what, reference) in one.references {
            self.exists(key, what, &reference).await?;
        }
        Ok(())
    }

    async fn exists(&mut self, key: &Key, what: &str, wanted: &Key) -> Result<bool, StoreError> {
        let exists = self.reader.view.version(wanted).await?.is_some();
        if !exists {
            self.wrong(format!("{key}: {what} is missing ({wanted})"));
        }
        Ok(exists)
    }

    /// An index row must be one that its record creates.
    async fn index(&mut self, key: &Key) -> Result<(), StoreError> {
        let Some(record) = keys::indexed_record(key) else {
            self.wrong(format!("{key}: a row of an unknown index"));
            return Ok(());
        };
        let has = |made: Claims| made.index.contains(key);
        let is_made = self.makes(&record, has).await?;
        if !is_made {
            self.wrong(format!("{key}: an index row without its record"));
            self.fixes.remove_row(key.clone());
        }
        Ok(())
    }

    async fn unique(&mut self, key: &Key, row: &Row) -> Result<(), StoreError> {
        let record = Key::from_bytes(&row.value);
        let has = |made: Claims| made.unique.contains(key);
        let is_made = self.makes(&record, has).await?;
        if !is_made {
            self.wrong(format!("{key}: a unique key without its record"));
            self.fixes.remove_row(key.clone());
        }
        Ok(())
    }

    /// Whether a record exists and creates a key. A record that does not decode is reported at its own row.
    async fn makes(
        &self,
        record: &Key,
        of: impl FnOnce(Claims) -> bool,
    ) -> Result<bool, StoreError> {
        let Some(row) = self.reader.view.get(record).await? else {
            return Ok(false);
        };
        let Some(Space::Record(kind)) = keys::space(record) else {
            return Ok(false);
        };
        let (key, row) = (record, &row);
        let made = keys::of_kind(kind, Decoded { key, row });
        Ok(made.is_some_and(|made| made.ok().is_none_or(of)))
    }

    /// A posting's counts must match the records.
    async fn job(&mut self, key: &Key, row: &Row) -> Result<(), StoreError> {
        let Ok(job) = decode::<Job>(key, &row.value) else {
            return Ok(());
        };
        let accepted = keys::applications_by_job_status(job.job_id, ApplicationStatus::Accepted);
        let accepted = self.count(&accepted).await?;
        if accepted != u64::from(job.positions_filled()) {
            let filled = job.positions_filled();
            self.wrong(format!(
                "{key}: its count of filled positions is {filled} and should be {accepted}"
            ));
        }
        let applications = self.count(&keys::applications_by_job(job.job_id)).await?;
        let counted = self
            .reader
            .counter(&keys::application_count(job.job_id))
            .await
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

    async fn counter(&mut self, key: &Key, of: (&str, Key), row: &Row) -> Result<(), StoreError> {
        if row.value.len() != 8 {
            let bytes = row.value.len();
            self.wrong(format!(
                "{key}: its size in bytes is {bytes} and should be 8"
            ));
        }
        if !self.exists(key, of.0, &of.1).await? {
            self.fixes.remove_count(key.clone());
        }
        Ok(())
    }

    async fn count(&self, prefix: &Key) -> Result<u64, StoreError> {
        let (mut count, mut walk) = (0, self.reader.walk(prefix));
        while let Some(rows) = walk.next().await? {
            count += rows.len() as u64;
        }
        Ok(count)
    }

    async fn file(&mut self, key: &Key, row: &Row) -> Result<(), StoreError> {
        match decode::<StoredFile>(key, &row.value) {
            Ok(file) => {
                let chunks = keys::file_chunks(file.file_id);
                self.bytes(key, &chunks, file.size_bytes, &file.sha256)
                    .await
            }
            Err(_) => Ok(()),
        }
    }

    async fn rule(&mut self, key: &Key, row: &Row) -> Result<(), StoreError> {
        match decode::<RuleModule>(key, &row.value) {
            Ok(rule) => {
                let chunks = keys::rule_chunks(rule.rule_id);
                self.bytes(key, &chunks, rule.size_bytes, &rule.digest)
                    .await
            }
            Err(_) => Ok(()),
        }
    }

    /// The bytes of a file or a module must match the digest.
    async fn bytes(
        &mut self,
        key: &Key,
        chunks: &Key,
        size: u64,
        sha256: &str,
    ) -> Result<(), StoreError> {
        let (mut digest, mut bytes) = (Sha256::new(), 0);
        let mut walk = self.reader.walk_range(KeyRange::prefix(chunks), STEP);
        while let Some(rows) = walk.next().await? {
            for (_, chunk) in rows {
                bytes += chunk.value.len() as u64;
                digest.update(&chunk.value);
            }
        }
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

    /// A server makes new keys if there are none.
    fn signing_keys(&mut self, key: &Key, row: &Row) {
        if serde_json::from_slice::<SigningKeys>(&row.value).is_err() {
            self.wrong(format!("{key}: damaged"));
            self.fixes.remove_row(key.clone());
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

/// The key of a record, and what it makes and needs of other rows.
struct Claims {
    key: Key,
    index: Vec<Key>,
    unique: Vec<Key>,
    references: Vec<(&'static str, Key)>,
}

struct Decoded<'a> {
    key: &'a Key,
    row: &'a Row,
}

impl KindVisitor for Decoded<'_> {
    type Output = Result<Claims, StoreError>;
    fn visit<R: Record>(self) -> Self::Output {
        let record: R = decode(self.key, &self.row.value)?;
        let unique = record.unique_keys().into_iter().map(Key::from);
        Ok(Claims {
            key: record.key().into(),
            index: record.index_keys(),
            unique: unique.collect(),
            references: record.references(),
        })
    }
}

#[cfg(test)]
mod tests;
