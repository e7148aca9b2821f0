//! Names a row for people, by its key.

use std::fmt;

use super::super::Record;
use super::{Key, Space, indexed_record, kind_name, space};
use crate::model::{Employer, FileId, RuleSet, Student};

/// The record's kind and ID, such as `job 01900000-0000-7000-8000-000000000000`. For other rows, what they are and whose.
/// A key without such a name is shown byte by byte.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match name(self) {
            Some(name) => f.write_str(&name),
            None => fmt::Debug::fmt(self, f),
        }
    }
}

fn name(key: &Key) -> Option<String> {
    Some(match space(key)? {
        Space::Record(kind) => record(kind, key)?,
        Space::Index => {
            let (index, record) = (key.local().get(..2)?, indexed_record(key)?);
            format!("index {} of {record}", index.escape_ascii())
        }
        Space::Unique => {
            let (unique, own) = (key.local().get(..2)?, Key::from_bytes(key.local()));
            let text = own.trailing_text()?;
            format!("unique key {} {text}{}", unique.escape_ascii(), owner(key))
        }
        Space::ApplicationCount(job) => format!("application count of job {job}"),
        Space::ShadowCount(rule) => format!("shadow count of rule {rule}"),
        Space::Chunk(file) => format!("chunk of file {file}"),
        Space::RuleChunk(rule) => format!("chunk of rule {rule}"),
        Space::Log(sequence) => format!("log entry {sequence}"),
        Space::Cursor => {
            let follower = key.0.get(1..)?.strip_suffix(b"\0")?;
            format!("cursor {}", follower.escape_ascii())
        }
        Space::SigningKeys => "the keys of access tokens".into(),
        Space::Guard | Space::Retired => return None,
    })
}

fn record(kind: u8, key: &Key) -> Option<String> {
    let name = kind_name(kind)?;
    let id = key.0.get(2..)?;
    let id = match (kind, <[u8; 16]>::try_from(id)) {
        (RuleSet::KIND, _) => return Some(name.into()),
        (Student::KIND | Employer::KIND, _) => key.trailing_text()?,
        // All generated IDs look the same.
        (_, Ok(id)) => FileId::from_bytes(id).to_string(),
        (_, Err(_)) => id.iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    Some(format!("{name} {id}"))
}

/// The job that a unique key begins with.
fn owner(key: &Key) -> String {
    match (key.0.first(), key.0.get(1..17).map(<[u8; 16]>::try_from)) {
        (Some(b'J'), Some(Ok(job))) => format!(" of job {}", FileId::from_bytes(job)),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::*;

    #[test]
    fn a_key_is_named_by_its_record() {
        let id = "01900000-0000-7000-8000-000000000001";
        let job: JobId = id.parse().unwrap();
        let account: AccountId = id.parse().unwrap();
        let student = StudentId::parse("S-1").unwrap();
        let saved = saved_answer(&[0xAB; 32]);
        let session: RecordKey<Session> = session(id.parse().unwrap());
        let of = |what: &str| format!("{what} {id}");
        let cases: [(Key, String); 14] = [
            (super::super::job(job).into(), of("job")),
            (super::super::student(&student).into(), "student S-1".into()),
            (saved.into(), format!("savedAnswer {}", "ab".repeat(32))),
            (rule_set().into(), "rulesInUse".into()),
            (
                accounts().bytes(account.as_bytes()),
                of("index Xa of account"),
            ),
            (
                applications_by_job(job).bytes(account.as_bytes()),
                of("index Xq of application"),
            ),
            (
                expiring()
                    .time(Timestamp::from_millis(1))
                    .bytes(session.as_bytes()),
                of("index Xx of session"),
            ),
            (job_external_id("X1").into(), "unique key Uj X1".into()),
            (
                standing_application(job, &student).into(),
                of("unique key Up S-1 of job"),
            ),
            (application_count(job), of("application count of job")),
            (file_chunk(id.parse().unwrap(), 3), of("chunk of file")),
            (log(7), "log entry 7".into()),
            (cursor("notify"), "cursor notify".into()),
            (Key::from_bytes(b"Z\x01"), "Z\\x01".into()),
        ];
        for (key, name) in cases {
            assert_eq!(key.to_string(), name);
        }
    }
}
