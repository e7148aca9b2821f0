//! Whether a path leads into the data folder.

use std::path::{Path, PathBuf};

use super::Config;

impl Config {
    /// Whether a path leads into the data folder. Neither has to exist yet.
    pub fn is_in_data_folder(&self, path: &Path) -> bool {
        resolved(path).starts_with(resolved(&self.data.dir))
    }
}

/// A path from the root, without symbolic links in the part of it that exists.
fn resolved(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let there = |part: &Path| {
        let rest = path.strip_prefix(part).ok()?;
        Some(part.canonicalize().ok()?.join(rest))
    };
    path.ancestors().find_map(there).unwrap_or(path.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_in_the_data_folder_by_any_name_and_before_either_exists() {
        let site = tempfile::tempdir().unwrap();
        let path = |name: &str| site.path().join(name);
        let mut config = Config::default();
        let is_in = |config: &Config, name: &str| config.is_in_data_folder(&path(name));
        config.data.dir = path("data");
        for _ in 0..2 {
            for inside in ["data", "data/a", "data/a/b"] {
                assert!(is_in(&config, inside), "{inside}");
            }
            for outside in ["", "database", "backups/data", "backups"] {
                assert!(!is_in(&config, outside), "{outside}");
            }
            std::fs::create_dir_all(path("data/a")).unwrap();
        }
        std::os::unix::fs::symlink(path("data"), path("link")).unwrap();
        assert!(is_in(&config, "link/b"));
        assert!(is_in(&config, "data/a/../b"));
        assert!(!is_in(&config, "data/../b"));
        config.data.dir = path("link");
        assert!(is_in(&config, "data/b"));
    }
}
