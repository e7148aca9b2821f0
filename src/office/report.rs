//! The result of an import.

use std::fmt;

use serde::Serialize;

use crate::model::{FieldFault, in_full};

/// A rejected row. `field` is `None` if the fault concerns the whole row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rejection {
    /// The record's first physical line. The header is line 1.
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

/// Counts of rows by effect, and the columns that were not read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub rejected: u64,
    /// The names of unknown columns.
    pub ignored_columns: Vec<String>,
}

/// The effect of an accepted row.
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
