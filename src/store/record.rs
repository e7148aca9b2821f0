//! Typed records: their keys, indexes and encoding.

use std::ops::Deref;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::keys::{Key, RecordKey, UniqueKey};
use super::{Row, StoreError};
use crate::model::Event;

/// A kind of record. `keys/records.rs` implements it for each.
pub trait Record: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// The letter in its keys; see `keys/typed.rs`.
    const KIND: u8;
    /// The letters of its indexes.
    const INDEXES: &'static [u8] = &[];
    type Id;
    fn key(&self) -> RecordKey<Self>;
    fn key_of(id: &Self::Id) -> RecordKey<Self>;
    /// The ID at the end of one of its index rows. See `keys::indexed`.
    fn id_at_end(row: &Key) -> Option<Self::Id>;
    /// The records that it refers to, each with its role.
    fn references(&self) -> Vec<(&'static str, Key)> {
        Vec::new()
    }
    /// Its index rows. Each ends with the record's own ID.
    fn index_keys(&self) -> Vec<Key> {
        Vec::new()
    }
    /// Its unique keys. The value of each is the record's key.
    fn unique_keys(&self) -> Vec<UniqueKey<Self>> {
        Vec::new()
    }
    /// The event for the change log when this record replaces `before` (`None`: it is new). The transaction logs it
    /// with the write, so that no change can forget its event.
    fn event(&self, _before: Option<&Self>) -> Option<Event> {
        None
    }
}

/// A record as it was read, with the version that a change will check.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored<R> {
    pub version: u64,
    pub record: R,
}

impl<R: Record> Stored<R> {
    pub(super) fn decode(key: &RecordKey<R>, row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            version: row.version,
            record: decode(key, &row.value)?,
        })
    }
}

impl<R> Deref for Stored<R> {
    type Target = R;
    fn deref(&self) -> &R {
        &self.record
    }
}

/// The first byte of every value says how the rest is encoded.
/// 1: MessagePack, with each struct as a map with member names. Only earlier versions wrote it.
/// 2: MessagePack, with each struct as an array of its members in the order of declaration. To add a member without a
/// migration, append it to its struct with `#[serde(default)]`, and never skip, move or remove one. Compared with format
/// 1, a posting takes a quarter less space. The tests in `earlier.rs` check the order of all types.
const NAMED: u8 = 1;
const FORMAT: u8 = 2;

pub(super) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::with_capacity(512);
    bytes.push(FORMAT);
    rmp_serde::encode::write(&mut bytes, value)
        .map_err(|error| StoreError::Corrupt(format!("a value that cannot be encoded: {error}")))?;
    Ok(bytes)
}

pub(super) fn decode<T: DeserializeOwned>(key: &Key, bytes: &[u8]) -> Result<T, StoreError> {
    match bytes.split_first() {
        Some((&(NAMED | FORMAT), rest)) => rmp_serde::from_slice(rest)
            .map_err(|error| StoreError::Corrupt(format!("the value of {key}: {error}"))),
        Some((format, _)) => Err(StoreError::Corrupt(format!("format {format} of {key}"))),
        None => Err(StoreError::Corrupt(format!("the empty value of {key}"))),
    }
}
