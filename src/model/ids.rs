//! Distinct ID types. The server generates UUIDv7, so its IDs sort by creation time.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::{FieldFault, Line, Timestamp, check_text};

/// A generated ID of a record of type `T`.
pub struct Id<T>(Uuid, PhantomData<fn() -> T>);

pub type AccountId = Id<super::Account>;
pub type ApplicationId = Id<super::Application>;
pub type FileId = Id<super::StoredFile>;
pub type JobId = Id<super::Job>;
pub type MailId = Id<super::Mail>;
pub type QuestionId = Id<super::Question>;
pub type RuleId = Id<super::RuleModule>;
pub type SessionId = Id<super::Session>;
pub type TokenId = Id<super::Token>;

impl<T> Id<T> {
    pub fn generate(now: Timestamp) -> Self {
        let millis = u64::try_from(now.as_millis()).unwrap_or(0);
        let stamp = uuid::Timestamp::from_unix(
            uuid::timestamp::context::NoContext,
            millis / 1000,
            u32::try_from(millis % 1000 * 1_000_000).expect("below a second"),
        );
        Self(Uuid::new_v7(stamp), PhantomData)
    }

    /// Reads an ID that a body must have, in the form in which answers give it. A missing one is missing, not malformed.
    pub fn from_body<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let id = text.parse();
        id.map_err(|_| serde::de::Error::custom(FieldFault::NotAnId))
    }

    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes), PhantomData)
    }

    pub const fn from_parts(high: u64, low: u64) -> Self {
        Self(Uuid::from_u64_pair(high, low), PhantomData)
    }

    /// The two halves, the most significant first. They sort as the ID does.
    pub fn parts(&self) -> (u64, u64) {
        self.0.as_u64_pair()
    }

    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl<T> FromStr for Id<T> {
    type Err = uuid::Error;

    /// Accepts only the hyphenated form, so that each record has one URL.
    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        if text.len() != 36 {
            return Uuid::parse_str("").map(|id| Self(id, PhantomData));
        }
        Uuid::try_parse(text).map(|id| Self(id, PhantomData))
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}
impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl<T> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
impl<'de, T> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Uuid::deserialize(deserializer) {
            Ok(id) => Ok(Self(id, PhantomData)),
            Err(_) => Err(serde::de::Error::custom(FieldFault::NotAnId)),
        }
    }
}

/// The campus's own number for a person: any text of 1 to 64 characters, unique for students and for employers.
pub struct CampusId<T>(Box<str>, PhantomData<fn() -> T>);

pub type StudentId = CampusId<super::Student>;
pub type EmployeeId = CampusId<super::Employer>;

/// Longest campus number, in characters (src/http/README.md).
const CAMPUS_ID_CHARS: usize = 64;

impl<T> CampusId<T> {
    /// A number for a person without one from the campus.
    pub fn generate(now: Timestamp) -> Self {
        Self(Id::<T>::generate(now).to_string().into(), PhantomData)
    }

    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        let text = check_text(text, Line::Single, 1, CAMPUS_ID_CHARS)?;
        match text.chars().position(char::is_control) {
            None => Ok(Self(text.into(), PhantomData)),
            Some(before) => Err(FieldFault::ControlCharacter {
                position: before + 1,
            }),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T> Clone for CampusId<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}
impl<T> PartialEq for CampusId<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for CampusId<T> {}
impl<T> fmt::Debug for CampusId<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl<T> fmt::Display for CampusId<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl<T> Serialize for CampusId<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
impl<'de, T> Deserialize<'de> for CampusId<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
