//! The header of an import: which column is which field in src/http/README.md. Case, spaces and hyphens in names do not
//! matter.

use crate::model::{FieldFault, Invalid};

/// Longest column name to show, in characters.
const MAX_SHOWN: usize = 60;
/// Most columns to list.
const MAX_IGNORED: usize = 100;

#[derive(Debug)]
pub(super) struct Header {
    /// For each cell, its column. `None` if the column is unknown.
    pub columns: Vec<Option<String>>,
    /// The names of unknown columns.
    pub ignored: Vec<String>,
}

/// The column that a name means.
pub(super) fn column_of<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let folded = |name: &str| -> String {
        let letters = name.chars().filter(|letter| letter.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    let exact = known.iter().find(|column| **column == name);
    let wanted = folded(name);
    let alike = || known.iter().find(|column| folded(column) == wanted);
    exact.or_else(alike).copied()
}

impl Header {
    /// The required columns must be there, and none twice. `strict`: no unknown columns.
    pub(super) fn parse(
        mut names: Vec<String>,
        known: &[&str],
        required: &[&str],
        strict: bool,
    ) -> Result<Self, Invalid> {
        // Spreadsheets write empty cells after the last column if there was something once.
        while names.last().is_some_and(|name| name.trim().is_empty()) {
            names.pop();
        }
        let mut invalid = Invalid::default();
        let (mut columns, mut ignored): (Vec<Option<String>>, Vec<String>) = Default::default();
        for (position, name) in names.iter().enumerate() {
            let column = column_of(name.trim(), known).map(str::to_owned);
            if column.is_none() {
                ignored.push(shown(name, position));
            } else if columns.contains(&column) {
                invalid.add(shown(name, position), FieldFault::Repeated);
            }
            columns.push(column);
        }
        if strict {
            for name in &ignored {
                let allowed = known.iter().map(|&name| name.to_owned()).collect();
                invalid.add(name, FieldFault::UnknownColumn { allowed });
            }
        }
        let has = |wanted: &&&str| columns.iter().flatten().any(|column| column == **wanted);
        for missing in required.iter().filter(|name| !has(name)) {
            invalid.add(*missing, FieldFault::MissingColumn);
        }
        invalid.into_result()?;
        if ignored.len() > MAX_IGNORED {
            let more = ignored.len() - MAX_IGNORED;
            ignored.truncate(MAX_IGNORED);
            ignored.push(format!("and {more} more"));
        }
        Ok(Self { columns, ignored })
    }
}

/// A name to show: short, and without control characters.
fn shown(name: &str, position: usize) -> String {
    let name: String = name
        .trim()
        .chars()
        .map(|letter| {
            let is_odd = letter.is_control() || letter == char::REPLACEMENT_CHARACTER;
            if is_odd { '?' } else { letter }
        })
        .take(MAX_SHOWN)
        .collect();
    if name.is_empty() {
        format!("column {}", position + 1)
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["name", "email", "studentId"];

    fn header(names: &[&str], strict: bool) -> Result<Header, Invalid> {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Header::parse(names, KNOWN, &["name", "email"], strict)
    }

    #[test]
    fn case_spaces_and_trailing_empty_columns_do_not_matter() {
        let found = header(&[" NAME ", "E-Mail", "student_id", "", " "], true).unwrap();
        let columns: Vec<_> = found.columns.into_iter().flatten().collect();
        assert_eq!(columns, KNOWN);
        assert!(found.ignored.is_empty());
    }

    /// B8: an unknown column is left out and named. It is refused only with `strict`.
    #[test]
    fn an_unknown_column_is_named() {
        let long = "x".repeat(100_000);
        let names = ["name", "major", "", "email", "tab\tand\u{fffd}", &long];
        let found = header(&names, false).unwrap();
        let wanted = ["major", "column 3", "tab?and?", &long[..MAX_SHOWN]];
        assert_eq!(found.ignored, wanted);
        assert_eq!(found.columns[3].as_deref(), Some("email"));
        let Invalid(errors) = header(&names, true).unwrap_err();
        assert_eq!(errors[0].field, "major");
        assert_eq!(errors.len(), 4);
        let many: Vec<_> = ["name", "email"].into_iter().chain(["x"; 300]).collect();
        let ignored = header(&many, false).unwrap().ignored;
        assert_eq!(ignored.len(), MAX_IGNORED + 1);
        assert_eq!(ignored.last().unwrap(), "and 200 more");
    }

    #[test]
    fn a_missing_or_repeated_column_is_refused() {
        let fields = |names: &[&str]| -> Vec<String> {
            let Invalid(errors) = header(names, false).unwrap_err();
            errors.into_iter().map(|error| error.field).collect()
        };
        assert_eq!(fields(&["name", "mail"]), ["email"]);
        assert_eq!(fields(&["name", "email", "Name"]), ["Name"]);
        assert_eq!(fields(&[]), ["name", "email"]);
    }
}
