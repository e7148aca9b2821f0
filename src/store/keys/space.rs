//! Reads the map backwards: finds what a key belongs to, for checks.

use super::{Key, log_sequence, retired};
use crate::model::{FileId, JobId, RuleId};

/// What a key belongs to, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    Record(u8),
    Index,
    /// An index row of an earlier version.
    Retired,
    Unique,
    ApplicationCount(JobId),
    ShadowCount(RuleId),
    Guard,
    Chunk(FileId),
    RuleChunk(RuleId),
    Log(u64),
    Cursor,
    SigningKeys,
}

pub fn space(key: &Key) -> Option<Space> {
    let id = |bytes: &[u8]| <[u8; 16]>::try_from(bytes).ok();
    match key.local() {
        [b'R', kind, ..] => Some(Space::Record(*kind)),
        [b'X', ..] if retired().iter().any(|index| key.0.starts_with(&index.0)) => {
            Some(Space::Retired)
        }
        [b'X', ..] => Some(Space::Index),
        [b'U', ..] => Some(Space::Unique),
        [b'C', b'p'] => {
            let job = key.0.get(1..17).and_then(id);
            job.map(|job| Space::ApplicationCount(JobId::from_bytes(job)))
        }
        [b'C', b's' | b'd', rule @ ..] => {
            id(rule).map(|rule| Space::ShadowCount(RuleId::from_bytes(rule)))
        }
        [b'G', ..] => Some(Space::Guard),
        [b'B', b'f', rest @ ..] if rest.len() == 20 => {
            id(&rest[..16]).map(|file| Space::Chunk(FileId::from_bytes(file)))
        }
        [b'B', b'u', rest @ ..] if rest.len() == 20 => {
            id(&rest[..16]).map(|rule| Space::RuleChunk(RuleId::from_bytes(rule)))
        }
        [b'L', ..] => log_sequence(key).map(Space::Log),
        [b'F', ..] => Some(Space::Cursor),
        [b'K'] => Some(Space::SigningKeys),
        _ => None,
    }
}
