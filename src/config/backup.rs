//! Where the board's own backups go.

use std::num::NonZeroU32;
use std::path::PathBuf;

use age::x25519::Recipient;
use jiff::civil::Time;
use serde::Deserialize;

use super::values;

/// The backups that the board takes by itself, once a day.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BackupSettings {
    /// `None`: it takes none.
    #[serde(deserialize_with = "values::folder_or_nothing")]
    pub folder: Option<PathBuf>,
    /// In the campus's time zone.
    #[serde(deserialize_with = "values::time_of_day")]
    pub at: Time,
    /// How many files to keep.
    #[serde(deserialize_with = "values::positive")]
    pub keep: NonZeroU32,
    /// Whom to encrypt them for. `None`: they are not encrypted.
    #[serde(deserialize_with = "values::recipient_or_nothing")]
    pub recipient: Option<Recipient>,
}

impl Default for BackupSettings {
    fn default() -> Self {
        Self {
            folder: None,
            at: Time::constant(3, 0, 0, 0),
            keep: NonZeroU32::new(14).expect("it is not zero"),
            recipient: None,
        }
    }
}
