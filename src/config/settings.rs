//! The settings, their defaults, and their allowed values.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer};

use super::backup::BackupSettings;
use super::store::StoreSettings;
use super::values;
use crate::model::{AddressRange, Campus, Parameters, Vocabulary};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub server: Server,
    pub data: Data,
    pub store: StoreSettings,
    pub campus: CampusSettings,
    pub accounts: Accounts,
    pub calendar: Calendar,
    pub mail: MailSettings,
    pub skills: Skills,
    pub metrics: MetricsSettings,
    pub rules: RulesSettings,
    pub retention: Retention,
    pub backup: BackupSettings,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    #[serde(deserialize_with = "values::address")]
    pub listen: SocketAddr,
    #[serde(deserialize_with = "values::site")]
    pub public_url: String,
    #[serde(deserialize_with = "values::origins")]
    pub allowed_origins: Vec<String>,
    #[serde(deserialize_with = "values::addresses")]
    pub trusted_proxies: Vec<IpAddr>,
    #[serde(deserialize_with = "values::positive")]
    pub body_limit_kib: usize,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Data {
    pub dir: PathBuf,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CampusSettings {
    #[serde(deserialize_with = "values::name")]
    pub name: String,
    #[serde(deserialize_with = "values::email_domains")]
    pub email_domains: Vec<String>,
    #[serde(deserialize_with = "values::time_zone")]
    pub time_zone: TimeZone,
    #[serde(deserialize_with = "values::currency")]
    pub currency: String,
    #[serde(deserialize_with = "values::languages")]
    pub languages: Vec<String>,
    #[serde(deserialize_with = "values::accent")]
    pub accent: String,
    pub logo: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Accounts {
    #[serde(deserialize_with = "values::positive")]
    pub access_minutes: NonZeroU32,
    #[serde(deserialize_with = "values::positive")]
    pub refresh_days: NonZeroU32,
    pub trust_campus_employers: bool,
    #[serde(deserialize_with = "values::positive")]
    pub failed_logins_per_account: NonZeroU32,
    #[serde(deserialize_with = "values::positive")]
    pub failed_logins_per_address: NonZeroU32,
    #[serde(deserialize_with = "values::address_ranges")]
    pub campus_networks: Vec<AddressRange>,
}

/// The academic year, for the rules.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Calendar {
    pub terms: Vec<Period>,
    pub breaks: Vec<Period>,
}

/// Both ends included.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct Period {
    pub name: String,
    #[serde(deserialize_with = "values::date")]
    pub start: Date,
    #[serde(deserialize_with = "values::date")]
    pub end: Date,
}

/// The campus's own skills, each with its aliases.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Skills {
    pub aliases: BTreeMap<String, Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTransport {
    Maildir,
    Smtp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    None,
    Starttls,
    Implicit,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default, remote = "Self")]
pub struct MailSettings {
    pub transport: MailTransport,
    #[serde(deserialize_with = "values::mailbox")]
    pub from: String,
    pub host: String,
    pub port: u16,
    pub tls: MailTls,
    pub username: String,
    pub password: String,
    pub per_second: u32,
    pub per_day: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsSettings {
    pub enabled: bool,
    /// `None`: on the main address, only for callers on this machine and admins.
    #[serde(deserialize_with = "values::address_or_nothing")]
    pub listen: Option<SocketAddr>,
}

/// How long data that nobody needs is kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    #[serde(deserialize_with = "values::positive")]
    pub sent_mail_days: NonZeroU32,
    #[serde(deserialize_with = "values::positive")]
    pub unverified_days: NonZeroU32,
    #[serde(deserialize_with = "values::positive")]
    pub log_days: NonZeroU32,
}

impl Default for Retention {
    fn default() -> Self {
        let number = |value| NonZeroU32::new(value).expect("the defaults are not zero");
        Self {
            sent_mail_days: number(30),
            unverified_days: number(7),
            // Two years, with a leap day: 29 CFR 1602.49 for records of hiring at institutions of higher education.
            log_days: number(731),
        }
    }
}

impl Default for MetricsSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            listen: None,
        }
    }
}

/// The limits of campus rules, and their parameters.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RulesSettings {
    /// CPU time of one call.
    #[serde(deserialize_with = "values::positive")]
    pub deadline_ms: NonZeroU32,
    /// Memory of one call.
    #[serde(deserialize_with = "values::positive")]
    pub memory_mib: NonZeroU32,
    /// Largest module that may be uploaded.
    #[serde(deserialize_with = "values::positive")]
    pub module_limit_kib: usize,
    /// Limits of the process that compiles a module: CPU time, wall-clock time, memory.
    #[serde(deserialize_with = "values::positive")]
    pub compile_cpu_seconds: NonZeroU32,
    #[serde(deserialize_with = "values::positive")]
    pub compile_seconds: NonZeroU32,
    #[serde(deserialize_with = "values::positive")]
    pub compile_memory_mib: NonZeroU32,
    /// The program that compiles modules, for tests and benches, which cannot do it themselves. `None`: this program.
    #[serde(skip)]
    pub compiler: Option<PathBuf>,
    pub on_failure: OnFailure,
    /// By module name. Parameters that the office sets override these.
    pub parameters: BTreeMap<String, Parameters>,
}

impl RulesSettings {
    /// All parameters of a module. What the office set overrides the values here.
    pub fn all_parameters(&self, name: &str, own: &Parameters) -> Parameters {
        let mut all = self.parameters.get(name).cloned().unwrap_or_default();
        all.extend(own.clone());
        all
    }
}

/// The verdict for a student if a module fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    Review,
    Refuse,
}

impl Default for RulesSettings {
    fn default() -> Self {
        let number = |value| NonZeroU32::new(value).expect("the defaults are not zero");
        Self {
            deadline_ms: number(50),
            memory_mib: number(64),
            module_limit_kib: 4096,
            compile_cpu_seconds: number(60),
            compile_seconds: number(300),
            compile_memory_mib: number(1024),
            compiler: None,
            on_failure: OnFailure::Review,
            parameters: BTreeMap::new(),
        }
    }
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: String::new(),
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            body_limit_kib: 256,
        }
    }
}

impl Default for Data {
    fn default() -> Self {
        Self { dir: "data".into() }
    }
}

impl Default for CampusSettings {
    fn default() -> Self {
        Self {
            name: "Example College".into(),
            email_domains: vec!["example.edu".into()],
            time_zone: TimeZone::get("America/New_York").unwrap_or(TimeZone::UTC),
            currency: "USD".into(),
            languages: vec!["en".into(), "es".into()],
            accent: String::new(),
            logo: String::new(),
        }
    }
}

impl Default for Accounts {
    fn default() -> Self {
        let number = |value| NonZeroU32::new(value).expect("the defaults are not zero");
        Self {
            access_minutes: number(15),
            refresh_days: number(30),
            trust_campus_employers: true,
            failed_logins_per_account: number(10),
            failed_logins_per_address: number(60),
            campus_networks: Vec::new(),
        }
    }
}

impl Default for MailSettings {
    fn default() -> Self {
        Self {
            transport: MailTransport::Maildir,
            from: "Corkboard <jobs@example.edu>".into(),
            host: "localhost".into(),
            port: 25,
            tls: MailTls::None,
            username: String::new(),
            password: String::new(),
            per_second: 50,
            per_day: 0,
        }
    }
}

impl Accounts {
    pub fn access_lifetime(&self) -> Duration {
        Duration::from_secs(u64::from(self.access_minutes.get()) * 60)
    }

    pub fn refresh_lifetime(&self) -> Duration {
        Duration::from_secs(u64::from(self.refresh_days.get()) * 24 * 60 * 60)
    }
}

impl Config {
    /// The setting server.public_url, or else the address that the server listens on.
    pub fn public_url(&self, listening: SocketAddr) -> String {
        if self.server.public_url.is_empty() {
            format!("http://{listening}")
        } else {
            self.server.public_url.clone()
        }
    }

    pub fn campus(&self) -> Campus {
        let campus = &self.campus;
        Campus {
            name: campus.name.clone(),
            email_domains: campus
                .email_domains
                .iter()
                .map(|domain| domain.to_lowercase())
                .collect(),
            time_zone: campus.time_zone.clone(),
            currency: campus.currency.clone(),
            languages: campus.languages.clone(),
            skills: Vocabulary::with(&self.skills.aliases),
        }
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The derived type, which rejects unknown keys.
        let period = Self::deserialize(deserializer)?;
        if period.end < period.start {
            return Err(serde::de::Error::custom(format!(
                "must not end before it starts; {:?} does",
                period.name
            )));
        }
        Ok(period)
    }
}

impl<'de> Deserialize<'de> for MailSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mail = Self::deserialize(deserializer)?;
        if mail.transport == MailTransport::Smtp && mail.host.trim().is_empty() {
            return Err(serde::de::Error::custom(
                "needs a host, the name of the mail server, because transport is \"smtp\"",
            ));
        }
        Ok(mail)
    }
}
