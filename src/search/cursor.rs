//! Where a page ended: the last hit's position in the order and its ID, so that later changes do not shift the next
//! page.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::top::Rank;
use super::{SearchError, Sort};

/// The position after a page's last hit, opaque to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct After {
    pub(super) sort: Sort,
    /// The list fell back to postings that match only some words.
    pub(super) any_word: bool,
    pub(super) place: Rank,
}

const TOKEN_BYTES: usize = 25;
const ANY_WORD: u8 = 4;

impl After {
    pub fn to_token(&self) -> String {
        let sort = match self.sort {
            Sort::Relevance => 0,
            Sort::Newest => 1,
            Sort::Pay => 2,
            Sort::Deadline => 3,
        };
        let mut bytes = Vec::with_capacity(TOKEN_BYTES);
        bytes.push(sort | if self.any_word { ANY_WORD } else { 0 });
        bytes.extend(self.place.key.to_be_bytes());
        bytes.extend(self.place.id.0.to_be_bytes());
        bytes.extend(self.place.id.1.to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    pub fn parse(token: &str) -> Result<Self, SearchError> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok();
        let bytes: [u8; TOKEN_BYTES] = bytes
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(SearchError::BadCursor)?;
        let number = |at: usize| {
            u64::from_be_bytes(bytes[at..at + 8].try_into().expect("eight of 25 bytes"))
        };
        let sort = match bytes[0] & !ANY_WORD {
            0 => Sort::Relevance,
            1 => Sort::Newest,
            2 => Sort::Pay,
            3 => Sort::Deadline,
            _ => return Err(SearchError::BadCursor),
        };
        Ok(Self {
            sort,
            any_word: bytes[0] & ANY_WORD != 0,
            place: Rank {
                key: number(1),
                id: (number(9), number(17)),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cursors_round_trip(key: u64, high: u64, low: u64, any_word: bool) {
            for sort in [Sort::Relevance, Sort::Newest, Sort::Pay, Sort::Deadline] {
                let after = After { sort, any_word, place: Rank { key, id: (high, low) } };
                prop_assert_eq!(After::parse(&after.to_token()).unwrap(), after);
            }
        }

        #[test]
        fn garbage_is_refused(token in "\\PC{0,60}") {
            if let Ok(after) = After::parse(&token) {
                prop_assert_eq!(after.to_token(), token);
            }
        }
    }
}
