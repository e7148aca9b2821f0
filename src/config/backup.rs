//! Where the board's own backups go.

use std::num::NonZeroU32;
use std::path::PathBuf;

use age::x25519::Recipient;
use jiff::civil::Time;
use serde::Deserialize;

use super::Config;
use super::bucket::{BucketAddress, SecretKey, bucket_or_nothing};
use super::values;

/// The backups that the board takes by itself, once a day.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BackupSettings {
    /// Without a folder and without a bucket, it takes none.
    #[serde(deserialize_with = "values::folder_or_nothing")]
    pub folder: Option<PathBuf>,
    #[serde(deserialize_with = "bucket_or_nothing")]
    pub bucket: Option<BucketAddress>,
    #[serde(deserialize_with = "values::name")]
    pub region: String,
    pub access_key: String,
    pub secret_key: SecretKey,
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
            bucket: None,
            region: "us-east-1".into(),
            access_key: String::new(),
            secret_key: SecretKey::default(),
            at: Time::constant(3, 0, 0, 0),
            keep: NonZeroU32::new(14).expect("it is not zero"),
            recipient: None,
        }
    }
}

impl BackupSettings {
    pub fn is_on(&self) -> bool {
        self.folder.is_some() || self.bucket.is_some()
    }
}

impl Config {
    /// What is wrong with the settings of backups together. Each alone may come from another place, such as the key from the
    /// environment.
    pub fn backup_fault(&self) -> Option<String> {
        let backup = &self.backup;
        let has_keys = !backup.access_key.is_empty() && !backup.secret_key.reveal().is_empty();
        match (&backup.folder, &backup.bucket) {
            (Some(_), Some(_)) => {
                Some("[backup] has a folder and a bucket; set only one of them".into())
            }
            (Some(folder), None) if self.is_in_data_folder(folder) => Some(format!(
                "backup.folder: {} is in the data folder {}; save the backups somewhere else",
                folder.display(),
                self.data.dir.display()
            )),
            (None, Some(_)) if !has_keys => {
                Some("[backup] needs access_key and secret_key, because it has a bucket".into())
            }
            _ => None,
        }
    }
}
