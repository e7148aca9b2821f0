//! Every record as a line of JSON, with the files next to them, for a move to another system. What gives access
//! stays here: hashes of passwords, digests and texts of tokens, and links in mails.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use serde_json::{Value, json};

use super::backup::{BackupError, ranges};
use super::engine::{Row, StoreError};
use super::keys::{self, Key, KindVisitor, Space};
use super::record::decode;
use super::{Reader, Record};
use crate::model::{
    Account, Application, Employer, Job, LogEntry, Mail, RuleModule, RuleSet, SavedAnswer, Session,
    StoredFile, Student, Token,
};

/// For each kind of record, the members that are left out (RFC 6901, JSON Pointer).
const KINDS: [(u8, &[&str]); 12] = [
    (Account::KIND, &["/passwordHash"]),
    (Application::KIND, &[]),
    (Employer::KIND, &[]),
    (Job::KIND, &[]),
    (
        Mail::KIND,
        &[
            "/template/verifyEmail/token",
            "/template/resetPassword/token",
            "/template/rendered/text",
            "/template/rendered/html",
        ],
    ),
    (RuleModule::KIND, &[]),
    (RuleSet::KIND, &[]),
    (
        SavedAnswer::KIND,
        &["/keyDigest", "/requestDigest", "/body"],
    ),
    (
        Session::KIND,
        &["/refreshDigest", "/replaced", "/cookieDigest"],
    ),
    (StoredFile::KIND, &[]),
    (Student::KIND, &[]),
    (Token::KIND, &["/digest", "/claim/passwordHash"]),
];

/// Writes `records.jsonl` to an existing empty folder, résumés to `files/` and modules to `rules/` in it. Returns the number
/// of records.
pub async fn export(reader: &Reader, folder: &Path) -> Result<u64, BackupError> {
    let mut lines = BufWriter::new(File::create_new(folder.join("records.jsonl"))?);
    for inside in ["files", "rules"] {
        std::fs::create_dir(folder.join(inside))?;
    }
    let mut records = 0;
    for (range, step) in ranges() {
        let mut walk = reader.walk_range(range, step);
        while let Some(rows) = walk.next().await? {
            for (key, row) in &rows {
                if let Some(line) = export_row(folder, key, row)? {
                    writeln!(lines, "{line}")?;
                    records += 1;
                }
            }
        }
    }
    lines.flush()?;
    Ok(records)
}

/// The line of a record. Bytes of files are added to theirs.
fn export_row(folder: &Path, key: &Key, row: &Row) -> Result<Option<Value>, BackupError> {
    Ok(match keys::space(key) {
        Some(Space::Record(kind)) => Some(record(kind, key, row)?),
        Some(Space::Log(sequence)) => {
            let entry: LogEntry = decode(key, &row.value)?;
            let entry = to_json(key, &entry)?;
            Some(json!({ "kind": "logEntry", "sequence": sequence, "record": entry }))
        }
        Some(Space::Chunk(file)) => {
            append(&folder.join(format!("files/{file}.pdf")), &row.value)?;
            None
        }
        Some(Space::RuleChunk(rule)) => {
            append(&folder.join(format!("rules/{rule}.wasm")), &row.value)?;
            None
        }
        _ => None,
    })
}

fn append(file: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    let file = File::options().create(true).append(true).open(file);
    Ok(file?.write_all(bytes)?)
}

fn record(kind: u8, key: &Key, row: &Row) -> Result<Value, StoreError> {
    let found = KINDS.iter().find(|(letter, _)| *letter == kind);
    let name = keys::kind_name(kind);
    let record = keys::of_kind(kind, ToJson { key, row }).transpose()?;
    let (Some((_, secrets)), Some(name), Some(mut record)) = (found, name, record) else {
        return Err(StoreError::Corrupt(format!(
            "a record of an unknown kind: {key}"
        )));
    };
    for secret in *secrets {
        let (parent, member) = secret.rsplit_once('/').unwrap_or_default();
        if let Some(Value::Object(members)) = record.pointer_mut(parent) {
            members.remove(member);
        }
    }
    Ok(json!({ "kind": name, "version": row.version, "record": record }))
}

fn to_json<T: serde::Serialize>(key: &Key, value: &T) -> Result<Value, StoreError> {
    serde_json::to_value(value).map_err(|error| StoreError::Corrupt(format!("{key}: {error}")))
}

struct ToJson<'a> {
    key: &'a Key,
    row: &'a Row,
}

impl KindVisitor for ToJson<'_> {
    type Output = Result<Value, StoreError>;
    fn visit<R: Record>(self) -> Self::Output {
        to_json(self.key, &decode::<R>(self.key, &self.row.value)?)
    }
}

#[cfg(test)]
mod tests;
