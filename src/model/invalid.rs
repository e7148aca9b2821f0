//! Field errors of an input.

use std::fmt;

use serde::Serialize;

use super::{FieldFault, in_full};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldError {
    pub field: String,
    #[serde(flatten, serialize_with = "in_full")]
    pub fault: FieldFault,
}

/// All errors of one input, so that a person can fix them all at once. Empty means valid.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Invalid(pub Vec<FieldError>);

impl Invalid {
    pub fn one(field: impl Into<String>, fault: FieldFault) -> Self {
        let mut invalid = Self::default();
        invalid.add(field, fault);
        invalid
    }

    pub fn add(&mut self, field: impl Into<String>, fault: FieldFault) {
        self.0.push(FieldError {
            field: field.into(),
            fault,
        });
    }

    /// Returns a valid value, or records its fault.
    pub fn field<T>(&mut self, field: &str, value: Result<T, FieldFault>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(fault) => {
                self.add(field, fault);
                None
            }
        }
    }

    /// Keeps a part that is valid, and notes the faults of one that is not.
    pub fn part<T>(&mut self, part: Result<T, Self>) -> Option<T> {
        match part {
            Ok(part) => Some(part),
            Err(Self(errors)) => {
                self.0.extend(errors);
                None
            }
        }
    }

    pub fn into_result(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, error) in self.0.iter().enumerate() {
            let between = if position > 0 { "; " } else { "" };
            write!(f, "{between}{} {}", error.field, error.fault)?;
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}
