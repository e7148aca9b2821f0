//! The keys that a file has given so far. A record's second row would undo what its first one did, and every rerun would
//! change it twice; so it is refused, whatever became of the first.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use sha2::{Digest, Sha256};

use super::Rejection;
use super::rows::Row;
use crate::model::FieldFault;

/// Of a key; the keys themselves would take as much memory as the file's columns.
const DIGEST_BYTES: usize = 16;

#[derive(Default)]
pub(super) struct Repeats(HashMap<[u8; DIGEST_BYTES], u64>);

impl Repeats {
    /// Notes a row's key, or refuses the row because of an earlier one.
    pub(super) fn note(&mut self, row: &Row, column: &str, key: &str) -> Result<(), Rejection> {
        let mut digest = [0; DIGEST_BYTES];
        digest.copy_from_slice(&Sha256::digest(key.as_bytes())[..DIGEST_BYTES]);
        match self.0.entry(digest) {
            Entry::Vacant(free) => {
                free.insert(row.line);
                Ok(())
            }
            Entry::Occupied(first) => Err(Rejection {
                line: row.line,
                field: Some(column.into()),
                fault: FieldFault::RepeatedRow { line: *first.get() },
            }),
        }
    }
}
