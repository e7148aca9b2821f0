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

    /// Keeps a part that is valid, and notes the faults of one that is not. A field that is already known to be wrong gets no
    /// second fault, because that may be only a consequence of the first: a value that cannot be read is missing later.
    pub fn part<T>(&mut self, part: Result<T, Self>) -> Option<T> {
        match part {
            Ok(part) => Some(part),
            Err(Self(errors)) => {
                let is_new =
                    |error: &FieldError| !self.0.iter().any(|one| one.field == error.field);
                let new: Vec<_> = errors.into_iter().filter(is_new).collect();
                self.0.extend(new);
                None
            }
        }
    }

    /// A value that was read from the whole input, if nothing is wrong.
    pub fn complete<T>(self, value: Option<T>) -> Result<T, Self> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(self),
        }
    }

    pub fn into_result(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for Invalid {
    /// Fields with the same fault share its sentence, which may be long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut groups: Vec<(&FieldFault, Vec<&str>)> = Vec::new();
        for FieldError { field, fault } in &self.0 {
            match groups.iter_mut().find(|(known, _)| *known == fault) {
                Some((_, fields)) => fields.push(field),
                None => groups.push((fault, vec![field])),
            }
        }
        let mut between = "";
        for (fault, fields) in groups {
            match &fields[..] {
                [field] => write!(f, "{between}{field} {fault}")?,
                fields => write!(f, "{between}{}: each {fault}", fields.join(", "))?,
            }
            between = "; ";
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sentence_is_repeated() {
        let mut invalid = Invalid::one("jobTitle", FieldFault::Required);
        invalid.add("positions", FieldFault::OutOfRange { min: 1, max: 9 });
        invalid.add("deadline", FieldFault::Required);
        assert_eq!(
            invalid.to_string(),
            "jobTitle, deadline: each is required; positions must be from 1 to 9"
        );
    }
}
