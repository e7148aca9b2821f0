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

    /// What is said of a file, without the file's name.
    fn said(text: &str) -> String {
        let error = load(text, &[]).unwrap_err();
        let (_, said) = error.split_once("config.toml, ").unwrap();
        said.to_owned()
    }

    #[test]
    fn an_error_names_the_setting_its_value_and_what_is_allowed() {
        for (text, wanted) in [
            (
                "[server]\nlisten = \"localhost\"\n",
                "line 2: server.listen is \"localhost\", but must be an IP address and a port, such as \"127.0.0.1:8080\"",
            ),
            (
                "[server]\nlisten = 8080\n",
                "line 2: server.listen is 8080, but must be text in quotes",
            ),
            (
                "[mail]\n\nport = \"25\"\n",
                "line 3: mail.port is \"25\", but must be a whole number from 0 to 65535, without quotes",
            ),
            (
                "[mail]\nport = \"smtp\"\n",
                "line 2: mail.port is \"smtp\", but must be a whole number from 0 to 65535",
            ),
            (
                "[mail]\nport = 70000\n",
                "line 2: mail.port is 70000, but must be a whole number from 0 to 65535",
            ),
            (
                "[mail]\nper_day = -1\n",
                "line 2: mail.per_day is -1, but must be a whole number from 0 to 4294967295",
            ),
            (
                "[accounts]\naccess_minutes = 0\n",
                "line 2: accounts.access_minutes is 0, but must be a whole number from 1 to 4294967295",
            ),
            (
                "[rules]\ncompile_seconds = \"5m\"\n",
                "line 2: rules.compile_seconds is \"5m\", but must be a whole number",
            ),
            (
                "[backup]\nat = \"3 am\"\n",
                "line 2: backup.at is \"3 am\", but must be a time of day from \"00:00\" to \"23:59\", such as \"03:00\"",
            ),
            (
                "[backup]\nat = \"24:00\"\n",
                "line 2: backup.at is \"24:00\", but must be a time of day from \"00:00\" to \"23:59\", such as \"03:00\"",
            ),
            (
                "[backup]\nat = 3\n",
                "line 2: backup.at is 3, but must be text in quotes",
            ),
            (
                "[backup]\nkeep = 0\n",
                "line 2: backup.keep is 0, but must be a whole number from 1 to 4294967295",
            ),
            (
                "[backup]\nfolder = false\n",
                "line 2: backup.folder is false, but must be text in quotes",
            ),
            (
                "[retention]\nunverified_days = 1.5\n",
                "line 2: retention.unverified_days is 1.5, but must be a whole number",
            ),
            (
                "[metrics]\nenabled = \"true\"\n",
                "line 2: metrics.enabled is \"true\", but must be true or false, without quotes",
            ),
            (
                "[mail]\ntransport = \"pigeon\"\n",
                "line 2: mail.transport is \"pigeon\", but must be \"maildir\" or \"smtp\"",
            ),
            (
                "[campus]\ntime_zone = \"Mars\"\n",
                "line 2: campus.time_zone is \"Mars\", but must be the IANA name of a time zone, such as \"America/New_York\"",
            ),
            (
                "[campus]\nlanguages = \"en\"\n",
                "line 2: campus.languages is \"en\", but must be a list in square brackets",
            ),
            (
                "[campus]\nemail_domains = [\"a.edu\", \"@b.edu\"]\n",
                "line 2: campus.email_domains is [\"a.edu\", \"@b.edu\"], but each entry must be the part of an address after the @, \
                 such as \"example.edu\", and \"@b.edu\" is not",
            ),
            (
                "[campus]\nemail_domains = []\n",
                "line 2: campus.email_domains is [], but must have at least one entry, such as [\"example.edu\"]",
            ),
            (
                "[server]\npublic_url = \"https://a.edu/board\"\n",
                "line 2: server.public_url is \"https://a.edu/board\", but must be empty or start with http:// or https:// and have \
                 no path, such as \"https://jobs.example.edu\"",
            ),
            (
                "[campus]\nemail_domains = [\n\"a.edu\",\n7,\n]\n",
                "line 4: campus.email_domains, entry 2 is 7, but must be text in quotes",
            ),
            (
                "[calendar]\nterms = [\n{ name = \"A\", start = 2026-08-31, end = 2026-02-30 },\n]\n",
                "line 3, column 41: this is not TOML: ",
            ),
            (
                "[calendar]\nterms = [{ name = \"A\", start = \"soon\", end = 2026-12-18 }]\n",
                "line 2: calendar.terms, entry 1, start is \"soon\", but must be a date, such as 2026-08-31",
            ),
            (
                "[calendar]\nterms = [{ name = \"A\", start = 2026-08-31 }]\n",
                "line 2: calendar.terms, entry 1 has no end",
            ),
            (
                "server = 5\n",
                "line 1: server is 5, but must be a section or a table",
            ),
            (
                "[mail]\ntransport = \"smtp\"\nhost = \"\"\n",
                "line 1: [mail] needs a host, the name of the mail server, because transport is \"smtp\"",
            ),
        ] {
            let said = said(text);
            let is_start = wanted.ends_with(": ");
            assert!(
                said == wanted || is_start && said.starts_with(wanted),
                "{said}\n{wanted}"
            );
        }
    }

    #[test]
    fn an_unknown_setting_comes_with_the_one_that_was_meant() {
        for (text, wanted) in [
            (
                "[server]\nlisten = \"127.0.0.1:0\"\nlisen = 1\n",
                "line 3: [server] has no setting lisen. Did you mean listen? Its settings are listen, public_url, allowed_origins, \
                 trusted_proxies, body_limit_kib",
            ),
            (
                "[metrics]\nport = 1\n",
                "line 2: [metrics] has no setting port. Its settings are enabled, listen",
            ),
            (
                "\n[sever]\n",
                "line 2: there is no section [sever]. Did you mean [server]? The sections are server, data, store, campus, accounts, calendar, \
                 mail, skills, metrics, rules, retention, backup",
            ),
            (
                "[calendar]\nbreaks = [\n{ nam = \"A\" }]\n",
                "line 3: calendar.breaks, entry 1 has no setting nam. Did you mean name? Its settings are name, start, end",
            ),
        ] {
            assert_eq!(said(text), wanted);
        }
    }

    #[test]
    fn a_file_that_is_not_toml_gets_a_line_and_a_column() {
        let said = |text: &str| said(text);
        let missing = said("[server]\nlisten = \n");
        assert!(
            missing.starts_with("line 2, column 10: this is not TOML (at listen): "),
            "{missing}"
        );
        let unquoted = said("[mail]\n  password = hunter2\n");
        assert!(
            unquoted.starts_with("line 2, column 14: this is not TOML (at password): "),
            "{unquoted}"
        );
        assert!(!unquoted.contains("hunter2"), "{unquoted}");
    }

    /// Errors end up in logs.
    #[test]
    fn an_error_does_not_repeat_a_password() {
        let said = said("[mail]\npassword = 12345\n");
        assert_eq!(said, "line 2: mail.password must be text in quotes");
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
        let wanted = "environment variable CORKBOARD__SERVER__PORT: [server] has no setting port.";
        assert!(error.starts_with(wanted), "{error}");
        for (name, value, wanted) in [
            (
                "MAIL__PORT",
                "smtp",
                "mail.port is \"smtp\", but must be a whole number from 0 to 65535",
            ),
            (
                "MAIL__TLS",
                "1",
                "mail.tls is \"1\", but must be \"none\", \"starttls\" or \"implicit\"",
            ),
            (
                "BACKUP__AT",
                "3",
                "backup.at is \"3\", but must be a time of day from \"00:00\" to \"23:59\", such as \"03:00\"",
            ),
            (
                "CAMPUS__LANGUAGES",
                "[1]",
                "campus.languages, entry 1 is 1, but must be text in quotes",
            ),
        ] {
            let error = load("", &[(&format!("CORKBOARD__{name}"), value)]).unwrap_err();
            assert_eq!(
                error,
                format!("environment variable CORKBOARD__{name}: {wanted}")
            );
        }
    }
}
