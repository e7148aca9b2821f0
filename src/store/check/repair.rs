//! Makes derived rows again from the records: index rows, unique keys and the counts of applications. Removes damaged keys of
//! access tokens, which a server makes again. Records, files and the change log stay as they are.

use std::collections::BTreeMap;

use super::{Checked, examine};
use crate::store::keys::Key;
use crate::store::{Origin, Store, StoreError, Transaction};

/// Most rows to remember in one pass. There are as many passes as it takes.
const MAX_FIXES: usize = 100_000;
/// Rows per change.
const BATCH: usize = 500;

type Rows = BTreeMap<Key, Option<Vec<u8>>>;

/// What the derived rows must be. `None`: absent.
#[derive(Default)]
pub(super) struct Fixes {
    rows: Rows,
    /// Counted from index rows, so they are only right once those are.
    counts: Rows,
}

impl Fixes {
    pub fn put_row(&mut self, key: Key, value: Vec<u8>) {
        if self.rows.len() < MAX_FIXES {
            self.rows.insert(key, Some(value));
        }
    }

    /// A row that another record must have stays.
    pub fn remove_row(&mut self, key: Key) {
        if self.rows.len() < MAX_FIXES {
            self.rows.entry(key).or_insert(None);
        }
    }

    pub fn set_count(&mut self, key: Key, count: i64) {
        if self.counts.len() < MAX_FIXES {
            self.counts.insert(key, Some(count.to_le_bytes().to_vec()));
        }
    }

    pub fn remove_count(&mut self, key: Key) {
        if self.counts.len() < MAX_FIXES {
            self.counts.entry(key).or_insert(None);
        }
    }

    fn first(self) -> Vec<(Key, Option<Vec<u8>>)> {
        let Self { rows, counts } = self;
        let due = if rows.is_empty() { counts } else { rows };
        due.into_iter().collect()
    }
}

/// Repairs a store that no server uses. `tell` gets a sentence for each change. Returns what a check of the repaired store
/// says; it still counts what cannot be made from the records. Without anything to repair, nothing is written.
pub async fn repair(store: &Store, tell: &mut dyn FnMut(String)) -> Result<Checked, StoreError> {
    loop {
        let (checked, fixes) = examine(&store.read()?, &mut |_| {}).await?;
        let due = fixes.first();
        if due.is_empty() {
            return Ok(checked);
        }
        for batch in due.chunks(BATCH) {
            let write = async |transaction: &mut Transaction| write(transaction, batch).await;
            store.run(Origin::OPERATOR, write).await?;
            for (key, value) in batch {
                let what = if value.is_some() {
                    "rebuilt"
                } else {
                    "removed"
                };
                tell(format!("{key}: {what}"));
            }
        }
    }
}

async fn write(
    transaction: &mut Transaction,
    rows: &[(Key, Option<Vec<u8>>)],
) -> Result<(), StoreError> {
    for (key, value) in rows {
        match value {
            Some(value) => transaction.put_bytes(key, value.clone()).await?,
            None => transaction.delete_bytes(key.clone()),
        }
    }
    Ok(())
}
