//! The keys in a file so far. A second row for the same record would undo the first, and every rerun would change the
//! record twice. So it is rejected, whatever happened to the first.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use sha2::{Digest, Sha256};

use super::Rejection;
use super::rows::Row;
use crate::model::FieldFault;

/// Bytes kept of a key's digest. The keys themselves would take as much memory as the file's columns.
const DIGEST_BYTES: usize = 16;

#[derive(Default)]
pub(super) struct Repeats(HashMap<[u8; DIGEST_BYTES], u64>);

impl Repeats {
    /// Records a row's key, or rejects the row because of an earlier one.
    pub(super) fn note(&mut self, row: &Row, column: &str, key: &str) -> Result<(), Rejection> {
        let mut digest = [0; DIGEST_BYTES];
        digest.copy_from_slice(&Sha256::digest(key.as_bytes())[..DIGEST_BYTES]);
        match self.0.entry(digest) {
            Entry::Vacant(free) => {
                free.insert(row.line);
                Ok(())
            }
            Entry::Occupied(first) => {
                let fault = FieldFault::RepeatedRow { line: *first.get() };
                Err(Rejection::new(row.line, Some(column.into()), fault))
            }
        }
    }
}
