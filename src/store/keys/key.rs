//! A key, and the encoding of its parts, which keeps their order.

use std::fmt;

use crate::model::Timestamp;

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub(super) Vec<u8>);

impl Key {
    pub(super) fn new(space: u8, kind: u8) -> Self {
        let mut bytes = Vec::with_capacity(64);
        bytes.extend([space, kind]);
        Self(bytes)
    }

    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    #[must_use]
    pub(super) fn byte(self, byte: u8) -> Self {
        self.bytes(&[byte])
    }

    #[must_use]
    pub(super) fn number(self, number: u64) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    #[must_use]
    pub(super) fn time(self, time: Timestamp) -> Self {
        self.number((time.as_millis() as u64) ^ (1 << 63))
    }

    #[must_use]
    pub(super) fn text(mut self, text: &str) -> Self {
        for byte in text.bytes() {
            self.0.push(byte);
            if byte == 0 {
                self.0.push(0xFF);
            }
        }
        self.byte(0)
    }

    /// The first bytes, which name the key's family. An engine may store each family separately: no key of one family
    /// sorts between two keys of another.
    pub fn family(&self) -> &[u8] {
        let length = match self.0.first() {
            Some(b'A' | b'E' | b'F' | b'J' | b'L' | b'S') => 1,
            _ => 2,
        };
        &self.0[..length.min(self.0.len())]
    }

    /// The key without the account, employer, job or student that it may begin with.
    pub fn local(&self) -> &[u8] {
        let own = match self.0.first() {
            Some(b'A' | b'J') => self.0.get(17..),
            Some(b'E' | b'S') => {
                let end = self.0.iter().position(|byte| *byte == 0);
                end.and_then(|end| self.0.get(end + 1..))
            }
            _ => Some(self.0.as_slice()),
        };
        own.unwrap_or_default()
    }

    /// The smallest key greater than every key that begins with this one; none if there is no such key.
    pub fn after_prefix(&self) -> Option<Self> {
        let mut bytes = self.0.clone();
        while let Some(last) = bytes.pop() {
            if last < u8::MAX {
                bytes.push(last + 1);
                return Some(Self(bytes));
            }
        }
        None
    }

    /// This key followed by a place (see `Page`).
    #[must_use]
    pub fn join(&self, place: &[u8]) -> Self {
        self.clone().bytes(place)
    }

    /// The part of this key after a prefix.
    pub fn place_in(&self, prefix: &Self) -> Vec<u8> {
        self.0
            .strip_prefix(prefix.as_bytes())
            .unwrap_or_default()
            .to_vec()
    }

    /// The generated ID at the end of a record's index key.
    pub(super) fn trailing_id(&self) -> Option<[u8; 16]> {
        self.0
            .len()
            .checked_sub(16)
            .and_then(|start| self.0[start..].try_into().ok())
    }

    /// The text at the end of an index key.
    pub(super) fn trailing_text(&self) -> Option<String> {
        let end = self.0.len().checked_sub(1)?;
        let start = self.0[..end]
            .iter()
            .rposition(|byte| *byte == 0)
            // In a record's own key, only the space and the kind come before the text.
            .map_or(2, |nul| nul + 1);
        String::from_utf8(self.0.get(start..end)?.to_vec()).ok()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_and_time_keep_their_order(a in "\\PC{0,8}", b in "\\PC{0,8}", m in any::<i64>(), n in any::<i64>()) {
            let text = |text: &str| Key::new(b'X', b'T').text(text);
            prop_assert_eq!(a.cmp(&b), text(&a).cmp(&text(&b)));
            let time = |millis| Key::new(b'X', b'T').time(Timestamp::from_millis(millis));
            prop_assert_eq!(m.cmp(&n), time(m).cmp(&time(n)));
        }

        #[test]
        fn a_prefix_ends_before_what_does_not_begin_with_it(prefix in prop::collection::vec(any::<u8>(), 0..4), other in prop::collection::vec(any::<u8>(), 0..6)) {
            let (prefix, other) = (Key(prefix), Key(other));
            let inside = other >= prefix && prefix.after_prefix().is_none_or(|end| other < end);
            prop_assert_eq!(inside, other.0.starts_with(&prefix.0));
        }
    }
}
