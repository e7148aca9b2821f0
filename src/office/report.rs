//! The result of an import.

use std::fmt;

use serde::Serialize;

use crate::model::{FieldError, FieldFault, Invalid, in_full};

/// A rejected row, with its first fault. `field` is `None` if the fault concerns the whole row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rejection {
    /// The record's first physical line. The header is line 1.
    pub line: u64,
    pub field: Option<String>,
    #[serde(flatten, serialize_with = "in_full")]
    pub fault: FieldFault,
    /// The row's other faults. Absent from the JSON if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<FieldError>,
}

impl Rejection {
    pub(super) fn new(line: u64, field: Option<String>, fault: FieldFault) -> Self {
        Self {
            line,
            field,
            fault,
            more: Vec::new(),
        }
    }

    /// A row with faulty fields.
    pub(super) fn of_fields(line: u64, invalid: Invalid) -> Self {
        let mut errors = invalid.0.into_iter();
        let (field, fault) = match errors.next() {
            Some(FieldError { field, fault }) => (Some(field), fault),
            None => (None, FieldFault::Malformed),
        };
        Self {
            line,
            field,
            fault,
            more: errors.collect(),
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            field,
            fault,
            more,
        } = self;
        let Some(field) = field else {
            return write!(f, "line {line}: {fault}");
        };
        let mut invalid = Invalid::one(field, fault.clone());
        invalid.0.extend(more.iter().cloned());
        write!(f, "line {line}: {invalid}")
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
