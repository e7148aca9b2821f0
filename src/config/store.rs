//! Where the records are: in the data folder, or in a database.

use std::fmt;
use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::Deserialize;

use super::values;

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreSettings {
    pub engine: StoreEngine,
    /// May contain a password.
    pub url: String,
    #[serde(deserialize_with = "values::folder_or_nothing")]
    pub root_certificates: Option<PathBuf>,
    #[serde(deserialize_with = "values::positive")]
    pub connections: NonZeroU32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreEngine {
    Redb,
    Postgres,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self {
            engine: StoreEngine::Redb,
            url: String::new(),
            root_certificates: None,
            connections: NonZeroU32::new(16).expect("it is not zero"),
        }
    }
}

impl fmt::Debug for StoreSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreSettings")
            .field("engine", &self.engine)
            .finish_non_exhaustive()
    }
}
