//! Changes as bytes, for records of redb's write-ahead log and of backups. Checks are left out, since only changes that
//! passed them are logged.

use super::engine::{Change, StoreError, Write};
use super::keys::Key;

const PUT: u8 = 0;
const DELETE: u8 = 1;
const ADD: u8 = 2;

pub(super) fn encode<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Vec<u8> {
    let mut out = Vec::with_capacity(4096);
    for change in changes {
        number(&mut out, change.writes.len() as u64);
        for (key, write) in &change.writes {
            bytes(&mut out, key.as_bytes());
            match write {
                Write::Put { version, value } => {
                    out.push(PUT);
                    number(&mut out, *version);
                    bytes(&mut out, value);
                }
                Write::Delete => out.push(DELETE),
                Write::Add(amount) => {
                    out.push(ADD);
                    out.extend(amount.to_le_bytes());
                }
            }
        }
        number(&mut out, change.events.len() as u64);
        for event in &change.events {
            bytes(&mut out, event);
        }
    }
    out
}

/// Fails with `Corrupt` if these are not the bytes of changes.
pub(super) fn decode(record: &[u8]) -> Result<Vec<Change>, StoreError> {
    let mut input = Input(record);
    let mut changes = Vec::new();
    while !input.0.is_empty() {
        let change = input.change();
        changes.push(
            change.ok_or_else(|| {
                StoreError::Corrupt("a record of changes cannot be decoded".into())
            })?,
        );
    }
    Ok(changes)
}

/// LEB128: seven bits per byte, lowest first; the top bit says that more bytes follow.
fn number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn change(&mut self) -> Option<Change> {
        let mut change = Change::default();
        for _ in 0..self.number()? {
            let key = Key::from_bytes(self.bytes()?);
            let write = match self.byte()? {
                PUT => Write::Put {
                    version: self.number()?,
                    value: self.bytes()?.to_vec(),
                },
                DELETE => Write::Delete,
                ADD => Write::Add(i64::from_le_bytes(self.take(8)?.try_into().ok()?)),
                _ => return None,
            };
            change.writes.push((key, write));
        }
        for _ in 0..self.number()? {
            change.events.push(self.bytes()?.to_vec());
        }
        Some(change)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn bytes(&mut self) -> Option<&[u8]> {
        let length = self.number()?;
        self.take(usize::try_from(length).ok()?)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|byte| byte[0])
    }

    fn take(&mut self, length: usize) -> Option<&[u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn a_write() -> impl Strategy<Value = Write> {
        prop_oneof![
            (any::<u64>(), vec(any::<u8>(), 0..300))
                .prop_map(|(version, value)| Write::Put { version, value }),
            Just(Write::Delete),
            any::<i64>().prop_map(Write::Add),
        ]
    }

    fn a_change() -> impl Strategy<Value = Change> {
        let key = vec(any::<u8>(), 0..200).prop_map(|bytes| Key::from_bytes(&bytes));
        let events = vec(vec(any::<u8>(), 0..200), 0..3);
        (vec((key, a_write()), 0..5), events).prop_map(|(writes, events)| Change {
            writes,
            events,
            ..Change::default()
        })
    }

    proptest! {
        #[test]
        fn encoding_round_trips(changes in vec(a_change(), 0..4)) {
            prop_assert_eq!(decode(&encode(&changes)).unwrap(), changes);
        }

        #[test]
        fn decoding_random_bytes_never_panics(bytes in vec(any::<u8>(), 0..60)) {
            let _ = decode(&bytes);
        }
    }

    #[test]
    fn a_truncated_record_is_refused() {
        let change = Change {
            writes: vec![(Key::from_bytes(b"key"), Write::Add(7))],
            events: vec![vec![1; 300]],
            ..Change::default()
        };
        let record = encode([&change]);
        for length in 1..record.len() {
            assert!(decode(&record[..length]).is_err(), "{length}");
        }
    }
}
