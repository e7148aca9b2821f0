//! One table per family of keys. New rows of a family mostly go to its end, which fills redb's pages. In one table for
//! all rows they would go to the middle, and a third of each page would stay empty.

use std::ops::Bound;

use redb::{
    ReadOnlyTable, ReadTransaction, ReadableTable as _, Table, TableDefinition, TableError,
    TableHandle as _, WriteTransaction,
};

use super::unavailable;
use crate::store::engine::{KeyRange, StoreError};
use crate::store::keys::{self, Key};

/// Key to version (8 bytes, little-endian) and value.
type Rows = TableDefinition<'static, &'static [u8], &'static [u8]>;
pub(super) type RowsToRead = ReadOnlyTable<&'static [u8], &'static [u8]>;
pub(super) type RowsToWrite<'t> = Table<'t, &'static [u8], &'static [u8]>;

/// The table that had all rows in format 1.
const ALL_ROWS: Rows = TableDefinition::new("rows");
/// The start of a table's name. The family follows.
const NAME: &str = "rows of ";

/// Each byte becomes the character with its number, so that names sort like families.
fn name(family: &[u8]) -> String {
    let family = family.iter().map(|byte| char::from(*byte));
    NAME.chars().chain(family).collect()
}

fn family(name: &str) -> Option<Vec<u8>> {
    let family = name.strip_prefix(NAME)?;
    family.chars().map(|one| u8::try_from(one).ok()).collect()
}

/// The tables that one transaction writes to.
pub(super) struct Tables<'t> {
    transaction: &'t WriteTransaction,
    opened: Vec<(Vec<u8>, RowsToWrite<'t>)>,
}

impl<'t> Tables<'t> {
    pub(super) fn of(transaction: &'t WriteTransaction) -> Self {
        Self {
            transaction,
            opened: Vec::with_capacity(32),
        }
    }

    /// The table of a key. Creates it if it does not exist.
    pub(super) fn with(&mut self, key: &Key) -> Result<&mut RowsToWrite<'t>, StoreError> {
        let family = key.family();
        let opened = self.opened.iter().position(|(one, _)| one == family);
        let index = if let Some(index) = opened {
            index
        } else {
            let name = name(family);
            let table = self.transaction.open_table(TableDefinition::new(&name));
            self.opened
                .push((family.to_vec(), table.map_err(unavailable)?));
            self.opened.len() - 1
        };
        Ok(&mut self.opened[index].1)
    }
}

/// The table of a family. `None` if nothing was ever written to it.
pub(super) fn read(
    transaction: &ReadTransaction,
    family: &[u8],
) -> Result<Option<RowsToRead>, StoreError> {
    match transaction.open_table(TableDefinition::new(&name(family))) {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(unavailable(error)),
    }
}

/// The families that the keys of a range can belong to, in order.
pub(super) fn families(
    transaction: &ReadTransaction,
    range: &KeyRange,
) -> Result<Vec<Vec<u8>>, StoreError> {
    if let Some(family) = only_family(range) {
        return Ok(vec![family]);
    }
    let tables = transaction.list_tables().map_err(unavailable)?;
    let mut families: Vec<_> = tables.filter_map(|table| family(table.name())).collect();
    families.sort();
    Ok(families)
}

/// The family of a range, if all its keys have the same one.
fn only_family(range: &KeyRange) -> Option<Vec<u8>> {
    let (Bound::Included(start) | Bound::Excluded(start)) = &range.start else {
        return None;
    };
    let family = Key::from_bytes(start.family());
    // A prefix that is shorter than a family's name has keys of several families.
    let is_whole = family.join(&[0]).family() == family.as_bytes();
    let is_within = match &range.end {
        Bound::Included(end) => end.family() == family.as_bytes(),
        Bound::Excluded(end) => family.after_prefix().is_some_and(|after| *end <= after),
        Bound::Unbounded => false,
    };
    (is_whole && is_within).then(|| family.as_bytes().to_vec())
}

/// Whether one table has all rows, as in format 1.
pub(super) fn has_one_for_all(transaction: &ReadTransaction) -> Result<bool, StoreError> {
    let mut tables = transaction.list_tables().map_err(unavailable)?;
    Ok(tables.any(|table| table.name() == ALL_ROWS.name()))
}

/// Moves all rows from their one table to the tables of their families, with today's keys.
pub(super) fn move_rows(transaction: &WriteTransaction) -> Result<(), StoreError> {
    {
        let old = transaction.open_table(ALL_ROWS).map_err(unavailable)?;
        let mut tables = Tables::of(transaction);
        for row in old.iter().map_err(unavailable)? {
            let (key, value) = row.map_err(unavailable)?;
            let key = keys::moved(Key::from_bytes(key.value()));
            tables
                .with(&key)?
                .insert(key.as_bytes(), value.value())
                .map_err(unavailable)?;
        }
    }
    transaction.delete_table(ALL_ROWS).map_err(unavailable)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn key() -> impl Strategy<Value = Key> {
        let byte = prop_oneof![Just(b'J'), Just(b'X'), Just(0), Just(255), any::<u8>()];
        vec(byte, 0..5).prop_map(|bytes| Key::from_bytes(&bytes))
    }

    proptest! {
        /// Otherwise a scan over several tables would return rows out of order, or skip some.
        #[test]
        fn families_and_their_names_keep_the_order_of_keys(a in key(), b in key()) {
            let names = |key: &Key| name(key.family());
            prop_assert!(a > b || names(&a) <= names(&b));
            prop_assert_eq!(family(&names(&a)), Some(a.family().to_vec()));
        }

        #[test]
        fn a_range_in_one_family_holds_keys_of_no_other(start in key(), end in key(), other in key()) {
            let range = KeyRange { start: Bound::Included(start), end: Bound::Excluded(end) };
            let is_in = std::ops::RangeBounds::contains(&(range.start.clone(), range.end.clone()), &other);
            if let (Some(family), true) = (only_family(&range), is_in) {
                prop_assert_eq!(other.family(), family);
            }
        }
    }
}
