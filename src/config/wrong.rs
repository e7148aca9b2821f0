//! What is wrong with a setting, in words for the person who wrote it: the setting, its value, and what it must be.

use std::fmt::{self, Display};
use std::ops::Range;

use toml::de::DeValue;

/// A setting that cannot be used.
#[derive(Debug)]
pub(super) struct Wrong {
    /// Where it is, innermost first.
    path: Vec<Step>,
    /// Its bytes in the file.
    pub(super) span: Option<Range<usize>>,
    /// As written. `None` for a table, which is too long to repeat.
    value: Option<String>,
    fault: Fault,
}

#[derive(Debug)]
enum Step {
    Key(String),
    /// An entry of a list, counted from 1.
    Entry(usize),
}

#[derive(Debug)]
enum Fault {
    /// A sentence without its subject, such as "must be true or false".
    Unusable(String),
    /// A value of another kind, where a text is wanted.
    NotText,
    Unknown {
        name: String,
        known: &'static [&'static str],
    },
    Missing(&'static str),
}

/// Most characters of a value to repeat.
const MAX_SHOWN_CHARS: usize = 80;
/// Settings whose values nobody else may read, and error messages end up in logs. A private key may be where the public one
/// belongs, and an address may have a password in it.
const SECRETS: [&str; 5] = ["password", "url", "recipient", "bucket", "secret_key"];

impl Wrong {
    fn new(fault: Fault) -> Self {
        Self {
            path: Vec::new(),
            span: None,
            value: None,
            fault,
        }
    }

    pub(super) fn not_text() -> Self {
        Self::new(Fault::NotText)
    }

    /// Whether the whole setting must be a text, rather than an entry of a list or of a table in it.
    pub(super) fn wants_text(&self) -> bool {
        let is_whole = matches!(self.path[..], [Step::Key(_), Step::Key(_)]);
        is_whole && matches!(self.fault, Fault::NotText)
    }

    /// A value that does not have the right kind.
    pub(super) fn must_be(what: impl Display) -> Self {
        Self::new(Fault::Unusable(format!("must be {what}")))
    }

    /// Notes where the error is, unless that is known.
    pub(super) fn at(mut self, span: Range<usize>) -> Self {
        self.span.get_or_insert(span);
        self
    }

    /// Notes the key of the value that is wrong, or that has a part that is wrong.
    pub(super) fn under_key(mut self, key: &str, value: &DeValue<'_>) -> Self {
        if !SECRETS.contains(&key) {
            self.note_value(value);
        }
        self.path.push(Step::Key(key.into()));
        self
    }

    /// The same in a list. `position` counts from 0.
    pub(super) fn in_entry(mut self, position: usize, value: &DeValue<'_>) -> Self {
        self.note_value(value);
        self.path.push(Step::Entry(position + 1));
        self
    }

    fn note_value(&mut self, value: &DeValue<'_>) {
        if self.path.is_empty() && matches!(self.fault, Fault::Unusable(_) | Fault::NotText) {
            self.value = shown(value);
        }
    }
}

impl serde::de::Error for Wrong {
    /// The checks of single settings pass a sentence without its subject.
    fn custom<T: Display>(sentence: T) -> Self {
        Self::new(Fault::Unusable(sentence.to_string()))
    }

    fn unknown_field(name: &str, known: &'static [&'static str]) -> Self {
        let name = name.into();
        Self::new(Fault::Unknown { name, known })
    }

    fn unknown_variant(_: &str, names: &'static [&'static str]) -> Self {
        let names: Vec<_> = names.iter().map(|name| format!("{name:?}")).collect();
        let sentence = match names.split_last() {
            Some((last, [])) => format!("must be {last}"),
            Some((last, others)) => format!("must be {} or {last}", others.join(", ")),
            None => "cannot be set".into(),
        };
        Self::new(Fault::Unusable(sentence))
    }

    fn missing_field(name: &'static str) -> Self {
        Self::new(Fault::Missing(name))
    }
}

impl std::error::Error for Wrong {}

impl Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place();
        let unusable = |f: &mut fmt::Formatter<'_>, sentence: &str| match &self.value {
            Some(value) => write!(f, "{place} is {value}, but {sentence}"),
            None => write!(f, "{place} {sentence}"),
        };
        match &self.fault {
            Fault::Unusable(sentence) => unusable(f, sentence),
            Fault::NotText => unusable(f, "must be text in quotes"),
            Fault::Missing(name) => write!(f, "{place} has no {name}"),
            Fault::Unknown { name, known } => {
                let meant = nearest(name, known);
                let known = known.join(", ");
                if self.path.is_empty() {
                    write!(f, "there is no section [{name}].")?;
                    if let Some(meant) = meant {
                        write!(f, " Did you mean [{meant}]?")?;
                    }
                    return write!(f, " The sections are {known}");
                }
                write!(f, "{place} has no setting {name}.")?;
                if let Some(meant) = meant {
                    write!(f, " Did you mean {meant}?")?;
                }
                write!(f, " Its settings are {known}")
            }
        }
    }
}

impl Wrong {
    /// The setting's name, such as `server.listen`, `[server]` for a section, or `calendar.terms, entry 2`.
    fn place(&self) -> String {
        if let ([Step::Key(section)], None) = (&self.path[..], &self.value) {
            return format!("[{section}]");
        }
        let mut place = String::new();
        let mut separator = "";
        for step in self.path.iter().rev() {
            match step {
                Step::Key(key) => {
                    place = format!("{place}{separator}{key}");
                    separator = ".";
                }
                Step::Entry(number) => {
                    place = format!("{place}, entry {number}");
                    separator = ", ";
                }
            }
        }
        place
    }
}

/// A value as written, if it is short.
fn shown(value: &DeValue<'_>) -> Option<String> {
    let text = match value {
        DeValue::String(text) => format!("{text:?}"),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Array(entries) => {
            let entries: Option<Vec<_>> =
                entries.iter().map(|entry| shown(entry.get_ref())).collect();
            format!("[{}]", entries?.join(", "))
        }
        DeValue::Table(_) => return None,
    };
    let Some((end, _)) = text.char_indices().nth(MAX_SHOWN_CHARS) else {
        return Some(text);
    };
    Some(format!("{}…", &text[..end]))
}

/// The known name that was probably meant.
fn nearest(typed: &str, known: &[&'static str]) -> Option<&'static str> {
    let close = known
        .iter()
        .map(|name| (typos(typed, name), *name))
        .min_by_key(|(typos, _)| *typos);
    // In a word of three letters, one changed letter makes a different word.
    close
        .filter(|(typos, name)| typos * 3 < name.chars().count().max(4))
        .map(|(_, name)| name)
}

/// Letters to add, remove, replace or swap with the next one, until both texts are equal (optimal string alignment).
fn typos(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (
        one.to_lowercase().chars().collect(),
        other.to_lowercase().chars().collect(),
    );
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for i in 1..=one.len() {
        let mut row = vec![i];
        for j in 1..=other.len() {
            let is_same = one[i - 1] == other[j - 1];
            let mut least = (rows[i - 1][j - 1] + usize::from(!is_same))
                .min(rows[i - 1][j] + 1)
                .min(row[j - 1] + 1);
            if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_is_recognized_and_another_word_is_not() {
        let known = ["listen", "public_url", "from", "tls"];
        for (typed, meant) in [
            ("lisen", Some("listen")),
            ("Listen", Some("listen")),
            ("public-url", Some("public_url")),
            ("publicUrl", Some("public_url")),
            ("form", Some("from")),
            ("port", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, &known), meant, "{typed}");
        }
    }
}
