//! `config.toml` and its overrides from the environment. A value that is here is a value that is valid.

mod load;
mod settings;
mod values;

pub use load::ConfigError;
pub use settings::{
    Accounts, Calendar, CampusSettings, Config, Data, MailSettings, MailTls, MailTransport,
    MetricsSettings, OnFailure, Period, Retention, RulesSettings, Server,
};
