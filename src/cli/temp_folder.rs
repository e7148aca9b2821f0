//! A temporary folder for one command.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use crate::telemetry::say;

/// A temporary folder, deleted when the command ends.
pub struct TempFolder(PathBuf);

impl TempFolder {
    pub fn make(what: &str) -> std::io::Result<Self> {
        let name = format!("corkboard-{what}-{:016x}", rand::random::<u64>());
        let path = std::env::temp_dir().join(name);
        // It may hold everybody's data.
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            say(format_args!(
                "corkboard: could not delete {}: {error}. Delete it yourself",
                self.0.display()
            ));
        }
    }
}
