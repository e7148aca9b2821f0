//! `config.toml` and its overrides from the environment. All values in here are valid.

mod data_folder;
mod load;
mod read;
mod samples;
mod settings;
mod store;
mod values;
mod wrong;

pub use load::ConfigError;
pub use samples::Warning;
pub use settings::{
    Accounts, BackupSettings, Calendar, CampusSettings, Config, Data, MailSettings, MailTls,
    MailTransport, MetricsSettings, OnFailure, Period, Retention, RulesSettings, Server,
};
pub use store::{StoreEngine, StoreSettings};
