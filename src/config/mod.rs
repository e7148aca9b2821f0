//! `config.toml` and its overrides from the environment. All values in here are valid.

mod backup;
mod bucket;
mod data_folder;
mod load;
mod read;
mod samples;
mod settings;
mod store;
mod values;
mod wrong;

pub use backup::BackupSettings;
pub use bucket::{BucketAddress, SecretKey};
pub use load::ConfigError;
pub use samples::Warning;
pub use settings::{
    Accounts, Calendar, CampusSettings, Config, Data, MailSettings, MailTls, MailTransport,
    MetricsSettings, OnFailure, Period, Retention, RulesSettings, Server,
};
pub use store::{StoreEngine, StoreSettings};
pub use values::parse_recipient;

/// A public key of `age`.
pub use age::x25519::Recipient;
