//! `config.toml` and its overrides from the environment. All values in here are valid.

mod load;
mod settings;
mod values;

pub use load::ConfigError;
pub use settings::{
    Accounts, Calendar, CampusSettings, Config, Data, MailSettings, MailTls, MailTransport,
    MetricsSettings, OnFailure, Period, Retention, RulesSettings, Server,
};
