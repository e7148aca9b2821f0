//! What is said about wrong settings, and what overrides what.

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
            // A private key must not end up in a log.
            "[backup]\nrecipient = \"AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33\"\n",
            "line 2: backup.recipient must be empty or a public key of age, which starts with \"age1\"",
        ),
        (
            "[backup]\nrecipient = \"age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pb\"\n",
            "line 2: backup.recipient must be empty or a public key of age, which starts with \"age1\"",
        ),
        (
            // An address can have a password in it.
            "[backup]\nbucket = \"https://key:hunter2@s3.example.edu/jobs\"\n",
            "line 2: backup.bucket must be empty or https://, a host, and the bucket as a path, such as \
             \"https://s3.us-east-1.amazonaws.com/my-bucket/corkboard\" (http:// only on this machine; the path may have letters, \
             digits, \"-\", \"_\" and \".\")",
        ),
        (
            "[backup]\nsecret_key = 12345\n",
            "line 2: backup.secret_key must be text in quotes",
        ),
        (
            "[backup]\nregion = \"\"\n",
            "line 2: backup.region is \"\", but must be a name and not empty",
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
    let key = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";
    let encrypted = load("", &[("CORKBOARD__BACKUP__RECIPIENT", key)]).unwrap();
    assert_eq!(encrypted.backup.recipient.unwrap().to_string(), key);
    let bucket = "[backup]\nbucket = \"https://s3.example.edu/jobs\"\naccess_key = \"me\"\n";
    let config = load(bucket, &[]).unwrap();
    let fault = config.backup_fault().unwrap();
    assert!(fault.contains("needs access_key and secret_key"), "{fault}");
    let config = load(bucket, &[("CORKBOARD__BACKUP__SECRET_KEY", "12345")]).unwrap();
    assert_eq!(config.backup.secret_key.reveal(), "12345");
    assert_eq!(config.backup_fault(), None);
    assert!(!format!("{config:?}").contains("12345"));
    let both = load(bucket, &[("CORKBOARD__BACKUP__FOLDER", "backups")]).unwrap();
    assert!(both.backup_fault().unwrap().contains("only one"));
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
