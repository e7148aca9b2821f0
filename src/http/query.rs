//! Strict query strings: an unknown or invalid parameter is 422 and is named.

use std::collections::BTreeSet;
use std::str::FromStr;

use actix_web::HttpRequest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::problem::Problem;
use crate::model::{FieldFault, Invalid, from_text};
use crate::store::Place;

const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 100;
/// Positions are IDs, times or log sequence numbers, all in whole 8-byte words.
const PLACE_WORD_BYTES: usize = 8;
/// Longest value of a parameter, in bytes.
const MAX_VALUE_BYTES: usize = 4_096;

pub struct Query {
    pairs: Vec<(String, String)>,
    list: ListMark,
}

/// The end of a list's cursors: the start of a digest of its route and parameters. It keeps a cursor from being used
/// with another list.
type ListMark = [u8; LIST_MARK_BYTES];
const LIST_MARK_BYTES: usize = 4;
/// Its length in base64.
const LIST_MARK_CHARS: usize = 6;
/// Parameters that select a page, not a list.
const PAGING: [&str; 2] = ["limit", "cursor"];

impl Query {
    /// The parameters of a request. All must be known.
    pub fn of(request: &HttpRequest, known: &[&str]) -> Result<Self, Problem> {
        let pairs = form_urlencoded::parse(request.query_string().as_bytes());
        let pairs: Vec<(String, String)> = pairs.into_owned().collect();
        Self::from_pairs(request.path(), &pairs, known)
    }

    /// The same of parameters that are read already.
    pub fn from_pairs(
        path: &str,
        pairs: &[(String, String)],
        known: &[&str],
    ) -> Result<Self, Problem> {
        let mut invalid = Invalid::default();
        let mut wrong = BTreeSet::new();
        for (name, value) in pairs {
            let max = MAX_VALUE_BYTES;
            let fault = if !known.contains(&name.as_str()) {
                FieldFault::UnknownParameter
            } else if value.len() > max {
                FieldFault::TooManyBytes { max }
            } else {
                continue;
            };
            // A parameter may be given several times, and is wrong once.
            if wrong.insert(name) {
                invalid.add(name, fault);
            }
        }
        invalid.into_result()?;
        let list = list_mark(path, pairs);
        let pairs = pairs.to_vec();
        Ok(Self { pairs, list })
    }

    /// The end of the previous page, in the list's own format.
    pub fn cursor(&self) -> Result<Option<&str>, Problem> {
        let Some(token) = self.value("cursor")? else {
            return Ok(None);
        };
        let parts = token
            .len()
            .checked_sub(LIST_MARK_CHARS)
            .and_then(|at| token.split_at_checked(at));
        match parts {
            Some((place, mark)) if mark == URL_SAFE_NO_PAD.encode(self.list) => Ok(Some(place)),
            _ => Err(wrong_cursor().into()),
        }
    }

    /// The cursor for the page after one that ended there.
    pub fn next_cursor(&self, place: Option<String>) -> Option<String> {
        place.map(|mut token| {
            URL_SAFE_NO_PAD.encode_string(self.list, &mut token);
            token
        })
    }

    /// The same, for a page that ends at a position in an index.
    pub fn place(&self) -> Result<Option<Place>, Problem> {
        let token = self.cursor()?;
        let place = token.map(|token| {
            let place = URL_SAFE_NO_PAD.decode(token).ok();
            place
                .filter(|place| !place.is_empty() && place.len().is_multiple_of(PLACE_WORD_BYTES))
                .ok_or_else(wrong_cursor)
        });
        Ok(place.transpose()?)
    }

    pub fn next_place(&self, place: Option<Place>) -> Option<String> {
        self.next_cursor(place.map(|place| URL_SAFE_NO_PAD.encode(place)))
    }

    /// A parameter's only value, as typed, for parsing into a type. It may be empty, which no type accepts.
    pub fn value(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.values(name);
        let value = values.next();
        if values.next().is_some() {
            return Err(Invalid::one(name, FieldFault::Repeated).into());
        }
        Ok(value)
    }

    pub fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        let pairs = self.pairs.iter().filter(move |(key, _)| key == name);
        pairs.map(|(_, value)| value.trim())
    }

    /// A parameter's only value as free text. An empty value counts as absent.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Problem> {
        Ok(self.value(name)?.filter(|value| !value.is_empty()))
    }

    pub fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        self.values(name).filter(|value| !value.is_empty())
    }

    /// A value of a type, or 422 with the fault.
    pub fn get<T: FromStr>(&self, name: &str, fault: FieldFault) -> Result<Option<T>, Problem> {
        let value = self.value(name)?.map(str::parse);
        Ok(value.transpose().map_err(|_| Invalid::one(name, fault))?)
    }

    /// A value from a list of names, as serde spells them.
    pub fn named<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Problem> {
        self.value(name)?
            .map(|value| parse_named(name, value))
            .transpose()
    }

    pub fn switch(&self, name: &str) -> Result<Option<bool>, Problem> {
        self.get(name, FieldFault::NotABoolean)
    }

    pub fn limit(&self) -> Result<usize, Problem> {
        self.limit_or(DEFAULT_LIMIT)
    }

    pub fn limit_or(&self, default: usize) -> Result<usize, Problem> {
        let fault = FieldFault::OutOfRange {
            min: 1,
            max: MAX_LIMIT as i64,
        };
        let limit = self.get("limit", fault.clone())?.unwrap_or(default);
        if (1..=MAX_LIMIT).contains(&limit) {
            Ok(limit)
        } else {
            Err(Invalid::one("limit", fault).into())
        }
    }
}

pub fn wrong_cursor() -> Invalid {
    Invalid::one("cursor", FieldFault::UnknownCursor)
}

/// Independent of the parameters' order. An empty value counts as absent.
fn list_mark(path: &str, pairs: &[(String, String)]) -> ListMark {
    let asked = pairs
        .iter()
        .filter(|(name, value)| !PAGING.contains(&name.as_str()) && !value.trim().is_empty());
    let mut asked: Vec<_> = asked.collect();
    asked.sort_unstable();
    let mut digest = Sha256::new();
    let parts = asked.iter().flat_map(|(name, value)| [name, value]);
    for part in std::iter::once(path).chain(parts.map(String::as_str)) {
        // The length separates parts, so that different parts never give the same input.
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    let digest = digest.finalize();
    std::array::from_fn(|at| digest[at])
}

pub fn parse_named<T: serde::de::DeserializeOwned>(name: &str, value: &str) -> Result<T, Problem> {
    from_text(value.trim()).map_err(|fault| Invalid::one(name, fault).into())
}
