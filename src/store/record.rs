//! Typed records: how they are named, indexed and encoded.

use std::ops::Deref;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use super::keys::{Key, RecordKey, UniqueKey};
use crate::model::Event;

/// A kind of thing that is stored. `keys/records.rs` implements it for each.
pub trait Record: Serialize + DeserializeOwned + Clone {
    /// The letter that its keys have; see `keys::of_kind`.
    const KIND: u8;
    /// The letters of its indexes.
    const INDEXES: &'static [u8] = &[];
    type Id;
    fn key(&self) -> RecordKey<Self>;
    fn key_of(id: &Self::Id) -> RecordKey<Self>;
    /// The id that a row of one of its indexes ends in. See `keys::indexed`.
    fn id_at_end(row: &Key) -> Option<Self::Id>;
    /// Other records that it names, each with what it is to this one.
    fn references(&self) -> Vec<(&'static str, Key)> {
        Vec::new()
    }
    /// Index rows under which it is found in order; each ends in the record's own id.
    fn index_keys(&self) -> Vec<Key> {
        Vec::new()
    }
    /// Keys that no two records may share; each leads to the record's key.
    fn unique_keys(&self) -> Vec<UniqueKey<Self>> {
        Vec::new()
    }
    /// What the change log says when this record takes the place of `before` (none: it is new). The transaction logs it
    /// with the write, so that nobody can change such a record and forget its event.
    fn event(&self, _before: Option<&Self>) -> Option<Event> {
        None
    }
}

/// A record as it was read, with the version that a change of it checks.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored<R> {
    pub version: u64,
    pub record: R,
}

impl<R> Deref for Stored<R> {
    type Target = R;
    fn deref(&self) -> &R {
        &self.record
    }
}

/// The first byte of every value: how the rest is written.
/// 1: MessagePack maps with member names, so that a member can be added (with a default) without a migration.
const FORMAT: u8 = 1;

pub(super) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::with_capacity(512);
    bytes.push(FORMAT);
    rmp_serde::encode::write_named(&mut bytes, value)
        .map_err(|error| StoreError::Corrupt(format!("a value that cannot be encoded: {error}")))?;
    Ok(bytes)
}

pub(super) fn decode<T: DeserializeOwned>(key: &Key, bytes: &[u8]) -> Result<T, StoreError> {
    match bytes.split_first() {
        Some((&FORMAT, rest)) => rmp_serde::from_slice(rest)
            .map_err(|error| StoreError::Corrupt(format!("the value of {key:?}: {error}"))),
        Some((format, _)) => Err(StoreError::Corrupt(format!("format {format} of {key:?}"))),
        None => Err(StoreError::Corrupt(format!("the empty value of {key:?}"))),
    }
}
