//! Reads `config.toml`, then applies the environment. An error names the place, the key, and what is allowed.

use std::path::{Path, PathBuf};

use super::Config;

/// Why the settings cannot be used: which file or variable, which line, which key, and what is allowed.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read the settings file {path}: {error}")]
    Unreadable {
        path: PathBuf,
        error: std::io::Error,
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
                return Err(ConfigError::Unreadable {
                    path: file.into(),
                    error,
                });
            }
        };
        let wrong = |error: toml::de::Error| ConfigError::File {
            path: file.into(),
            line: line_of(&text, error.span()),
            message: described(&text, &error),
        };
        // The file first, because its errors have a line number.
        let mut config: Self = toml::from_str(&text).map_err(wrong)?;
        let mut table: toml::Table = toml::from_str(&text).map_err(wrong)?;
        let mut overrides: Vec<_> = environment
            .filter(|(name, _)| name.starts_with(PREFIX))
            .collect();
        overrides.sort();
        for (name, value) in overrides {
            config = overlay(&mut table, &name, &value)
                .map_err(|message| ConfigError::Environment { name, message })?;
        }
        Ok(config)
    }
}

/// Sets one key from the environment. The value is read as TOML (a number, a list) if possible, otherwise as text.
fn overlay(table: &mut toml::Table, name: &str, value: &str) -> Result<Config, String> {
    let path = name[PREFIX.len()..].to_lowercase();
    let (section, key) = path
        .split_once("__")
        .ok_or("the name must be CORKBOARD__SECTION__KEY, such as CORKBOARD__SERVER__LISTEN")?;
    let text = toml::Value::String(value.into());
    let parsed = toml::from_str::<toml::Table>(&format!("value = {value}"))
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| text.clone());
    let attempt = |value: toml::Value| -> Result<(toml::Table, Config), String> {
        let mut table = table.clone();
        let section = table
            .entry(section)
            .or_insert_with(|| toml::Table::new().into());
        section
            .as_table_mut()
            .ok_or("its section is no table")?
            .insert(key.into(), value);
        let config = table
            .clone()
            .try_into::<Config>()
            .map_err(|error| error.message().to_string())?;
        Ok((table, config))
    };
    // A name such as "2026" looks like a number, but its key needs text.
    let (changed, config) =
        attempt(parsed).or_else(|message| attempt(text).map_err(|_| message))?;
    *table = changed;
    Ok(config)
}

fn line_of(text: &str, span: Option<std::ops::Range<usize>>) -> usize {
    let start = span.map_or(0, |span| span.start.min(text.len()));
    text[..start].matches('\n').count() + 1
}

/// The message and its line, which names the key.
fn described(text: &str, error: &toml::de::Error) -> String {
    let line = text
        .lines()
        .nth(line_of(text, error.span()) - 1)
        .unwrap_or("")
        .trim();
    format!("{} (`{line}`)", error.message().trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        let environment = environment
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        Config::load(Some(&path), environment).map_err(|error| error.to_string())
    }

    #[test]
    fn the_commented_file_has_the_defaults() {
        let file = Config::load(Some(Path::new("config.toml")), std::iter::empty()).unwrap();
        assert_eq!(format!("{file:?}"), format!("{:?}", Config::default()));
    }

    #[test]
    fn an_error_names_line_key_and_what_is_allowed() {
        let error = load("[server]\nlisten = \"127.0.0.1:0\"\nlisen = 1\n", &[]).unwrap_err();
        assert!(
            error.contains("line 3") && error.contains("lisen") && error.contains("body_limit_kib"),
            "{error}"
        );
        let error = load("[mail]\ntransport = \"pigeon\"\n", &[]).unwrap_err();
        assert!(
            error.contains("line 2") && error.contains("smtp"),
            "{error}"
        );
        let error = load("[campus]\ntime_zone = \"Mars\"\n", &[]).unwrap_err();
        assert!(
            error.contains("line 2") && error.contains("Mars"),
            "{error}"
        );
    }

    #[test]
    fn the_environment_overrides_the_file() {
        let set = [
            ("CORKBOARD__SERVER__LISTEN", "0.0.0.0:1"),
            ("CORKBOARD__CAMPUS__NAME", "1865"),
            ("OTHER", "x"),
        ];
        let config = load("[server]\nlisten = \"127.0.0.1:2\"\n", &set).unwrap();
        assert_eq!(config.server.listen.port(), 1);
        assert_eq!(config.campus.name, "1865");
        let list = load(
            "",
            &[("CORKBOARD__CAMPUS__EMAIL_DOMAINS", "[\"a.edu\", \"b.edu\"]")],
        )
        .unwrap();
        assert_eq!(list.campus.email_domains.len(), 2);
        let error = load("", &[("CORKBOARD__SERVER__PORT", "1")]).unwrap_err();
        assert!(
            error.contains("CORKBOARD__SERVER__PORT") && error.contains("listen"),
            "{error}"
        );
    }
}
