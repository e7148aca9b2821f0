//! Keys with the type of their record, and the list of all kinds of records.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use super::super::{Record, StoreError};
use super::Key;
use crate::model::{
    Account, Application, Employer, Job, Mail, RuleModule, RuleSet, SavedAnswer, Session,
    StoredFile, Student, Token,
};

/// A key of a kind of record. `U` says whether it is the record's own key or a unique key.
///
/// A record is read with its own kind of key:
/// ```
/// use corkboard::model::{Job, JobId};
/// use corkboard::store::{Reader, StoreError, Stored, keys};
///
/// async fn find(reader: &Reader, id: JobId) -> Result<Option<Stored<Job>>, StoreError> {
///     reader.get(&keys::job(id)).await
/// }
/// ```
/// and with no other:
/// ```compile_fail,E0308
/// use corkboard::model::{AccountId, Job};
/// use corkboard::store::{Reader, StoreError, Stored, keys};
///
/// async fn find(reader: &Reader, id: AccountId) -> Result<Option<Stored<Job>>, StoreError> {
///     reader.get::<Job>(&keys::account(id)).await
/// }
/// ```
pub struct TypedKey<R, U> {
    key: Key,
    of: PhantomData<fn() -> (R, U)>,
}

pub enum Own {}
pub enum Unique {}

/// The key of a record.
pub type RecordKey<R> = TypedKey<R, Own>;
/// A unique key. Its value is the key of its record.
pub type UniqueKey<R> = TypedKey<R, Unique>;

impl<R, U> TypedKey<R, U> {
    /// The caller knows the kind of the key: the map of keys, the value of a unique key, or a test.
    pub(in super::super) fn new(key: Key) -> Self {
        Self {
            key,
            of: PhantomData,
        }
    }
}

impl<R, U> Deref for TypedKey<R, U> {
    type Target = Key;
    fn deref(&self) -> &Key {
        &self.key
    }
}

impl<R, U> From<TypedKey<R, U>> for Key {
    fn from(typed: TypedKey<R, U>) -> Self {
        typed.key
    }
}

impl<R, U> Clone for TypedKey<R, U> {
    fn clone(&self) -> Self {
        Self::new(self.key.clone())
    }
}

impl<R, U> PartialEq for TypedKey<R, U> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<R, U> fmt::Debug for TypedKey<R, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}

/// An operation on a record of any kind.
pub trait KindVisitor {
    type Output;
    fn visit<R: Record>(self) -> Self::Output;
}

macro_rules! kinds {
    ($($record:ident $name:literal,)*) => {
        /// Visits the kind of record with this letter.
        pub fn of_kind<V: KindVisitor>(kind: u8, visitor: V) -> Option<V::Output> {
            Some(match kind {
                $($record::KIND => visitor.visit::<$record>(),)*
                _ => return None,
            })
        }

        /// The name of that kind, for people and for the files of an export.
        pub fn kind_name(kind: u8) -> Option<&'static str> {
            Some(match kind {
                $($record::KIND => $name,)*
                _ => return None,
            })
        }
    };
}

// A new kind needs one line here and an `impl Record`.
kinds! {
    Account "account",
    Application "application",
    Employer "employer",
    Job "job",
    Mail "mail",
    RuleModule "rule",
    RuleSet "rulesInUse",
    SavedAnswer "savedAnswer",
    Session "session",
    StoredFile "file",
    Student "student",
    Token "token",
}

/// The record of an index row, or of its own row. `Corrupt` for a row of another kind.
pub fn indexed<R: Record>(row: &Key) -> Result<RecordKey<R>, StoreError> {
    indexed_id::<R>(row).map(|id| R::key_of(&id))
}

/// The ID of that record.
pub fn indexed_id<R: Record>(row: &Key) -> Result<R::Id, StoreError> {
    let is_its_own = match row.local() {
        [b'X', index, ..] => R::INDEXES.contains(index),
        [b'R', kind, ..] => *kind == R::KIND,
        _ => false,
    };
    is_its_own
        .then(|| R::id_at_end(row))
        .flatten()
        .ok_or_else(|| StoreError::Corrupt(format!("index key {row:?}")))
}

struct Indexed<'a>(&'a Key);

impl KindVisitor for Indexed<'_> {
    type Output = Option<Key>;
    fn visit<R: Record>(self) -> Option<Key> {
        indexed::<R>(self.0).ok().map(Key::from)
    }
}

/// The record of a row of any index.
pub fn indexed_record(row: &Key) -> Option<Key> {
    if row.as_bytes().starts_with(super::expiring().as_bytes()) {
        return super::expiring_record(row).map(Key::from);
    }
    (0..=u8::MAX).find_map(|kind| of_kind(kind, Indexed(row)).flatten())
}
