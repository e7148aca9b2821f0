//! Whether what is stored hangs together: every row read, every value decoded, every index and unique key held against its
//! record both ways, every reference, count and file followed. Reads alone; what is wrong is told, not mended.

use sha2::{Digest as _, Sha256};

use super::keys::{self, Key, Space};
use super::record::{Record, decode};
use super::{Direction, KeyRange, MAX_SCAN_ROWS, Reader, Row, StoreError};
use crate::model::{
    Account, Application, ApplicationStatus, Employer, Job, LogEntry, Mail, RuleModule, RuleSet,
    SavedAnswer, Session, StoredFile, Student, Token,
};

/// Rows held at a time; a chunk of a file has 256 KiB.
const STEP: usize = 100;

/// How much was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    pub rows: u64,
    pub records: u64,
    pub wrong: u64,
}

/// Looks at every row; `tell` gets a sentence for each thing that is wrong.
pub fn check(reader: &Reader, tell: &mut dyn FnMut(String)) -> Result<Checked, StoreError> {
    let mut check = Check {
        reader,
        tell,
        checked: Checked::default(),
        log: None,
        log_end: reader.log_end()?,
    };
    let mut range = KeyRange::all();
    loop {
        let rows = reader
            .snapshot
            .scan(&range, Direction::Forward, STEP.min(MAX_SCAN_ROWS))?;
        let Some((last, _)) = rows.last() else {
            return Ok(check.checked);
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
    /// The sequence number of the log entry before.
    log: Option<u64>,
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
                self.counter(key, ("its job", keys::job(job)), row)
            }
            Some(Space::ShadowCount(rule)) => {
                self.counter(key, ("its rule", keys::rule(rule)), row)
            }
            Some(Space::Guard | Space::Retired) => Ok(()),
            Some(Space::Chunk(file)) => self.exists(key, "its file", &keys::file(file)),
            Some(Space::RuleChunk(rule)) => self.exists(key, "its rule", &keys::rule(rule)),
            Some(Space::Log(sequence)) => {
                self.log_entry(key, sequence, row);
                Ok(())
            }
            Some(Space::Cursor) => {
                self.cursor(key, row);
                Ok(())
            }
            None => {
                self.wrong(format!("{key:?}: a key that nothing makes"));
                Ok(())
            }
        }
    }

    fn record(&mut self, kind: u8, key: &Key, row: &Row) -> Result<(), StoreError> {
        self.checked.records += 1;
        match kind {
            b'a' => self.one(key, row, |account: &Account| {
                let student = account.student_id.as_ref().map(keys::student);
                let employer = account.employee_id.as_ref().map(keys::employer);
                vec![("its student", student), ("its employer", employer)]
            }),
            b't' => self.one(key, row, |student: &Student| {
                vec![("its account", student.account_id.map(keys::account))]
            }),
            b'e' => self.one(key, row, |employer: &Employer| {
                vec![("its account", employer.account_id.map(keys::account))]
            }),
            b'j' => {
                self.one(key, row, |job: &Job| {
                    vec![("its employer", Some(keys::employer(&job.employee_id)))]
                })?;
                self.job(key, row)
            }
            b'p' => self.one(key, row, |application: &Application| {
                vec![
                    ("its job", Some(keys::job(application.job_id))),
                    ("its student", Some(keys::student(&application.student_id))),
                    (
                        "its employer",
                        Some(keys::employer(&application.employee_id)),
                    ),
                    ("its résumé", application.resume_id.map(keys::file)),
                ]
            }),
            b'f' => {
                self.one(key, row, |file: &StoredFile| {
                    vec![("its student", Some(keys::student(&file.student_id)))]
                })?;
                self.file(key, row)
            }
            b'm' => self.one(key, row, |mail: &Mail| {
                vec![("its account", mail.account_id.map(keys::account))]
            }),
            b's' => self.one(key, row, |session: &Session| {
                vec![("its account", Some(keys::account(session.account_id)))]
            }),
            b'k' => self.one(key, row, |token: &Token| {
                vec![("its account", Some(keys::account(token.account_id)))]
            }),
            b'i' => self.one(key, row, |_: &SavedAnswer| Vec::new()),
            b'u' => {
                self.one(key, row, |_: &RuleModule| Vec::new())?;
                self.rule(key, row)
            }
            b'U' => self.one(key, row, |_: &RuleSet| Vec::new()),
            _ => {
                self.wrong(format!("{key:?}: a record of no known kind"));
                Ok(())
            }
        }
    }

    /// A record by itself, its own index and unique keys, and what it refers to.
    fn one<R: Record>(
        &mut self,
        key: &Key,
        row: &Row,
        references: impl FnOnce(&R) -> Vec<(&'static str, Option<Key>)>,
    ) -> Result<(), StoreError> {
        let record: R = match decode(key, &row.value) {
            Ok(record) => record,
            Err(error) => {
                self.wrong(format!("{key:?}: {error}"));
                return Ok(());
            }
        };
        if record.key() != *key {
            self.wrong(format!("{key:?}: the record is {:?}", record.key()));
        }
        for index in record.index_keys() {
            self.exists(key, "an index key", &index)?;
        }
        for unique in record.unique_keys() {
            let holder = self.reader.snapshot.get(&unique)?;
            if holder.is_none_or(|holder| holder.value != key.as_bytes()) {
                self.wrong(format!(
                    "{key:?}: its unique key {unique:?} is missing or another's"
                ));
            }
        }
        for (what, reference) in references(&record) {
            if let Some(reference) = reference {
                self.exists(key, what, &reference)?;
            }
        }
        Ok(())
    }

    fn exists(&mut self, key: &Key, what: &str, wanted: &Key) -> Result<(), StoreError> {
        if self.reader.snapshot.get(wanted)?.is_none() {
            self.wrong(format!("{key:?}: {what} is missing ({wanted:?})"));
        }
        Ok(())
    }

    /// An index row must be one that its record makes.
    fn index(&mut self, key: &Key) -> Result<(), StoreError> {
        let Some(record) = keys::indexed_record(key) else {
            self.wrong(format!("{key:?}: a row of no known index"));
            return Ok(());
        };
        let is_made = self.makes(&record, |keys, _| keys.contains(key))?;
        if !is_made {
            self.wrong(format!("{key:?}: an index row without its record"));
        }
        Ok(())
    }

    fn unique(&mut self, key: &Key, row: &Row) -> Result<(), StoreError> {
        let record = Key::from_bytes(&row.value);
        let is_made = self.makes(&record, |_, unique| unique.contains(key))?;
        if !is_made {
            self.wrong(format!("{key:?}: a unique key without its record"));
        }
        Ok(())
    }

    /// Whether a record is there and makes a key. One that does not decode is told of where it is itself.
    fn makes(
        &self,
        record: &Key,
        of: impl FnOnce(&[Key], &[Key]) -> bool,
    ) -> Result<bool, StoreError> {
        fn keys_of<R: Record>(key: &Key, row: &Row) -> Option<(Vec<Key>, Vec<Key>)> {
            let record: R = decode(key, &row.value).ok()?;
            Some((record.index_keys(), record.unique_keys()))
        }
        let Some(row) = self.reader.snapshot.get(record)? else {
            return Ok(false);
        };
        let made = match keys::space(record) {
            Some(Space::Record(b'a')) => keys_of::<Account>(record, &row),
            Some(Space::Record(b't')) => keys_of::<Student>(record, &row),
            Some(Space::Record(b'e')) => keys_of::<Employer>(record, &row),
            Some(Space::Record(b'j')) => keys_of::<Job>(record, &row),
            Some(Space::Record(b'p')) => keys_of::<Application>(record, &row),
            Some(Space::Record(b'f')) => keys_of::<StoredFile>(record, &row),
            Some(Space::Record(b'm')) => keys_of::<Mail>(record, &row),
            Some(Space::Record(b's')) => keys_of::<Session>(record, &row),
            Some(Space::Record(b'k')) => keys_of::<Token>(record, &row),
            Some(Space::Record(b'i')) => keys_of::<SavedAnswer>(record, &row),
            Some(Space::Record(b'u')) => keys_of::<RuleModule>(record, &row),
            Some(Space::Record(b'U')) => keys_of::<RuleSet>(record, &row),
            _ => return Ok(false),
        };
        Ok(made.is_none_or(|(index, unique)| of(&index, &unique)))
    }

    /// What a posting counts must be what there is.
    fn job(&mut self, key: &Key, row: &Row) -> Result<(), StoreError> {
        let Ok(job) = decode::<Job>(key, &row.value) else {
            return Ok(());
        };
        let accepted = keys::applications_by_job_status(job.job_id, ApplicationStatus::Accepted);
        let accepted = self.count(&accepted)?;
        if accepted != u64::from(job.positions_filled()) {
            let filled = job.positions_filled();
            self.wrong(format!(
                "{key:?}: {filled} positions filled, and {accepted} accepted applications"
            ));
        }
        let applications = self.count(&keys::applications_by_job(job.job_id))?;
        let counted = self
            .reader
            .counter(&keys::application_count(job.job_id))
            .unwrap_or(-1);
        if counted != applications as i64 {
            self.wrong(format!(
                "{key:?}: counted {counted} applications, and there are {applications}"
            ));
        }
        Ok(())
    }

    fn counter(&mut self, key: &Key, of: (&str, Key), row: &Row) -> Result<(), StoreError> {
        if row.value.len() != 8 {
            self.wrong(format!("{key:?}: a counter of {} bytes", row.value.len()));
        }
        self.exists(key, of.0, &of.1)
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

    /// The bytes of a file or a module must be those that came.
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
            self.wrong(format!("{key:?}: {bytes} bytes of a file of {size}"));
        } else if digits != sha256 {
            self.wrong(format!("{key:?}: the file's bytes are not those that came"));
        }
        Ok(())
    }

    fn log_entry(&mut self, key: &Key, sequence: u64, row: &Row) {
        if let Err(error) = decode::<LogEntry>(key, &row.value) {
            self.wrong(format!("{key:?}: {error}"));
        }
        if self.log.is_some_and(|before| before + 1 != sequence) {
            self.wrong(format!("{key:?}: log entries are missing before it"));
        }
        self.log = Some(sequence);
    }

    /// A follower's cursor begins with the sequence number it has come to.
    fn cursor(&mut self, key: &Key, row: &Row) {
        let sequence = row
            .value
            .first_chunk::<8>()
            .map(|bytes| u64::from_be_bytes(*bytes));
        if sequence.is_none_or(|sequence| sequence > self.log_end) {
            self.wrong(format!("{key:?}: a cursor beyond the log"));
        }
    }
}

#[cfg(test)]
mod tests;
