//! What an import did.

use std::fmt;

use serde::Serialize;

use crate::model::{FieldFault, in_full};

/// A row that did not land. `field` is none when it is about the whole row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rejection {
    /// The first physical line of the record; the header is line 1.
    pub line: u64,
    pub field: Option<String>,
    #[serde(flatten, serialize_with = "in_full")]
    pub fault: FieldFault,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, field, fault } = self;
        let field = field.as_deref().unwrap_or_default();
        let between = if field.is_empty() { "" } else { " " };
        write!(f, "line {line}: {field}{between}{fault}")
    }
}

/// How many rows did what, and what of the file was not read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub rejected: u64,
    /// The names of columns that nobody knows.
    pub ignored_columns: Vec<String>,
}

/// What one good row did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Created,
    Updated,
    Unchanged,
}

impl Report {
    pub(super) fn count(&mut self, effect: Effect) {
        match effect {
            Effect::Created => self.created += 1,
            Effect::Updated => self.updated += 1,
            Effect::Unchanged => self.unchanged += 1,
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        let Self {
            created,
            updated,
            unchanged,
            rejected,
            ignored_columns: _,
        } = other;
        self.created += created;
        self.updated += updated;
        self.unchanged += unchanged;
        self.rejected += rejected;
    }
}
