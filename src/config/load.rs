//! Reads `config.toml`, then applies the environment. An error names the place, the setting, and what is allowed.

use std::borrow::Cow;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Config;
use super::read::read;
use super::wrong::Wrong;

/// Why the settings cannot be used: which file or variable, which line, which setting, and what is allowed.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read the settings file {path}: {reason}")]
    Unreadable { path: PathBuf, reason: String },
    #[error("{path}, line {line}, column {column}: this is not TOML{near}: {message}")]
    NotToml {
        path: PathBuf,
        line: usize,
        column: usize,
        /// The setting on that line, if any.
        near: String,
        message: String,
    },
    #[error("{path}, line {line}: {message}")]
    File {
        path: PathBuf,
        line: usize,
        message: String,
    },
    #[error("environment variable {name}: {message}")]
    Environment { name: String, message: String },
}

const PREFIX: &str = "CORKBOARD__";

impl Config {
    /// Reads a file (`None`: `config.toml` in the current folder, if there is one). Environment variables override it.
    pub fn load(
        path: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let default = Path::new("config.toml");
        let file = path.unwrap_or(default);
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if path.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                String::new()
            }
            Err(error) => {
                let reason = match error.kind() {
                    std::io::ErrorKind::InvalidData => "it is not text in UTF-8".into(),
                    _ => error.to_string(),
                };
                let path = file.into();
                return Err(ConfigError::Unreadable { path, reason });
            }
        };
        let mut overrides: Vec<_> = environment
            .filter(|(name, _)| name.starts_with(PREFIX))
            .collect();
        overrides.sort();
        let mut table = DeTable::parse(&text)
            .map_err(|error| not_toml(file, &text, &error))?
            .into_inner();
        // The file first, because its errors have a line number.
        let mut config = read(table.clone()).map_err(|wrong| ConfigError::File {
            path: file.into(),
            line: place_of(&text, wrong.span.as_ref()).0,
            message: wrong.to_string(),
        })?;
        for (name, value) in &overrides {
            config =
                overlay(&mut table, name, value).map_err(|message| ConfigError::Environment {
                    name: name.clone(),
                    message,
                })?;
        }
        Ok(config)
    }
}

/// Sets one key from the environment. The value is read as TOML (a number, a list) if possible, otherwise as text.
fn overlay<'a>(table: &mut DeTable<'a>, name: &str, value: &'a str) -> Result<Config, String> {
    let path = name[PREFIX.len()..].to_lowercase();
    let (section, key) = path
        .split_once("__")
        .ok_or("the name must be CORKBOARD__SECTION__KEY, such as CORKBOARD__SERVER__LISTEN")?;
    let text = DeValue::String(value.into());
    let parsed = DeValue::parse(value).map_or_else(|_| text.clone(), Spanned::into_inner);
    let attempt = |value: DeValue<'a>| -> Result<(DeTable<'a>, Config), Wrong> {
        let mut table = table.clone();
        let section = table
            .entry(unplaced(Cow::Owned(section.to_owned())))
            .or_insert_with(|| unplaced(DeValue::Table(DeTable::new())));
        // The file was read before, so a section of it is a table.
        if let DeValue::Table(section) = section.get_mut() {
            section.insert(unplaced(Cow::Owned(key.to_owned())), unplaced(value));
        }
        let config = read(table.clone())?;
        Ok((table, config))
    };
    let (changed, config) = match attempt(parsed) {
        // A name such as "2026" looks like a number, but its key needs text.
        Err(wrong) if wrong.wants_text() => attempt(text),
        attempted => attempted,
    }
    .map_err(|wrong| wrong.to_string())?;
    *table = changed;
    Ok(config)
}

/// A part of the settings that is in no file.
fn unplaced<T>(part: T) -> Spanned<T> {
    Spanned::new(0..0, part)
}

fn not_toml(file: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let (line, column) = place_of(text, error.span().as_ref());
    // Not the value, which may be a password.
    let key = text
        .lines()
        .nth(line - 1)
        .and_then(|line| line.split_once('='));
    let key = key.filter(|(_, value)| !value.contains('='));
    ConfigError::NotToml {
        path: file.into(),
        line,
        column,
        near: key.map_or_else(String::new, |(key, _)| format!(" (at {})", key.trim())),
        message: error.message().trim().into(),
    }
}

/// The line and column where a part of a text starts, counted from 1.
fn place_of(text: &str, span: Option<&Range<usize>>) -> (usize, usize) {
    let start = span.map_or(0, |span| span.start.min(text.len()));
    let before = text.get(..start).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}

#[cfg(test)]
mod tests;
