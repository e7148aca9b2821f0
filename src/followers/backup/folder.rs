//! The folder of the scheduled backups. Only files with the names of `name.rs` are ever counted or deleted.

use std::fs::{self, DirBuilder, DirEntry};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

use super::name::{Saved, beyond, name, time_in};
use crate::model::Timestamp;
use crate::store::PART_SUFFIX;

pub(super) struct Folder {
    pub(super) path: PathBuf,
    /// Whether new backups are encrypted. Both kinds may be there, since the settings can change.
    is_encrypted: bool,
    /// Whether this process has seen it.
    is_known: bool,
}

impl Folder {
    pub(super) fn new(path: PathBuf, is_encrypted: bool) -> Self {
        Self {
            // Absolute, so that the log says where it is.
            path: std::path::absolute(&path).unwrap_or(path),
            is_encrypted,
            is_known: false,
        }
    }

    /// Creates it, readable only by this user, if it was never there. One that was there and is missing is probably on a
    /// disk that is not mounted.
    pub(super) fn open(&mut self) -> io::Result<()> {
        match fs::metadata(&self.path) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(ErrorKind::NotADirectory.into()),
            Err(error) if error.kind() == ErrorKind::NotFound && !self.is_known => {
                DirBuilder::new().mode(0o700).create(&self.path)?;
            }
            Err(error) => return Err(error),
        }
        self.is_known = true;
        Ok(())
    }

    /// The file of a backup that is taken at a given time.
    pub(super) fn file(&self, taken_at: Timestamp) -> PathBuf {
        self.path.join(name(taken_at, self.is_encrypted))
    }

    /// The complete backups.
    pub(super) fn saved(&self) -> io::Result<Vec<Saved<PathBuf>>> {
        let mut saved = Vec::new();
        self.each_file(|entry, name| {
            saved.extend(time_in(name).map(|taken_at| Saved {
                taken_at,
                place: entry.path(),
            }));
            Ok(())
        })?;
        Ok(saved)
    }

    /// Deletes what a backup left that was killed.
    pub(super) fn remove_parts(&self) -> io::Result<()> {
        self.each_file(
            |entry, name| match name.strip_suffix(PART_SUFFIX).and_then(time_in) {
                Some(_) => fs::remove_file(entry.path()),
                None => Ok(()),
            },
        )
    }

    /// Deletes the oldest backups beyond the number to keep.
    pub(super) fn remove_old(&self, new: Timestamp, keep: usize) {
        let saved = match self.saved() {
            Ok(saved) => saved,
            Err(error) => {
                tracing::warn!(folder = %self.path.display(), %error, "could not look for old backups");
                return;
            }
        };
        for old in beyond(saved, &self.file(new), keep) {
            if let Err(error) = fs::remove_file(&old) {
                tracing::warn!(file = %old.display(), %error, "could not delete an old backup");
            }
        }
    }

    /// For a folder in which backups only wait for their upload: deletes all, and creates the folder again if it is
    /// missing.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.is_known = false;
        self.open()?;
        self.remove_parts()?;
        for saved in self.saved()? {
            fs::remove_file(saved.place)?;
        }
        Ok(())
    }

    fn each_file(
        &self,
        mut visit: impl FnMut(&DirEntry, &str) -> io::Result<()>,
    ) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if let Some(name) = entry.file_name().to_str()
                && entry.file_type()?.is_file()
            {
                visit(&entry, name)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::tests::at;
    use super::*;

    #[test]
    fn only_old_backups_and_their_parts_are_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let mut own = Folder::new(folder.path().join("backups"), false);
        own.open().unwrap();
        let others = ["notes.txt", "corkboard-2026-11-29.backup", "a.backup.part"];
        for name in others {
            fs::write(own.path.join(name), "").unwrap();
        }
        fs::create_dir(own.path.join("corkboard-2000-01-01T000000Z.backup")).unwrap();
        for day in 1..=5 {
            fs::write(own.file(at(&format!("2026-11-0{day}T08:00:00Z"))), "").unwrap();
        }
        let part = own.path.join("corkboard-2026-11-06T080000Z.backup.part");
        fs::write(&part, "").unwrap();
        own.remove_parts().unwrap();
        assert!(!part.exists());
        own.remove_old(at("2026-11-05T08:00:00Z"), 2);
        let names: BTreeSet<String> = fs::read_dir(&own.path)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        let wanted = [
            "corkboard-2000-01-01T000000Z.backup",
            "corkboard-2026-11-04T080000Z.backup",
            "corkboard-2026-11-05T080000Z.backup",
        ];
        let wanted = wanted.into_iter().chain(others).map(str::to_owned);
        assert_eq!(names, wanted.collect());

        // A clock that was wrong.
        fs::write(own.file(at("2027-01-01T08:00:00Z")), "").unwrap();
        own.remove_old(at("2026-11-05T08:00:00Z"), 1);
        let left: Vec<_> = own.saved().unwrap();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].taken_at, at("2026-11-05T08:00:00Z"));
    }

    #[test]
    fn backups_from_before_the_key_was_set_are_deleted_in_their_turn() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let plain = Folder::new(path.clone(), false);
        let encrypted = Folder::new(path.clone(), true);
        let days = [1, 2, 3, 4].map(|day| at(&format!("2026-11-0{day}T08:00:00Z")));
        for file in [
            plain.file(days[0]),
            encrypted.file(days[1]),
            plain.file(days[2]),
            encrypted.file(days[3]),
            path.join("corkboard-2026-11-05T080000Z.backup.part"),
            path.join("corkboard-2026-11-05T080000Z.backup.age.part"),
        ] {
            fs::write(file, "").unwrap();
        }
        encrypted.remove_parts().unwrap();
        encrypted.remove_old(days[3], 2);
        let left = encrypted.saved().unwrap();
        let mut left: Vec<PathBuf> = left.into_iter().map(|saved| saved.place).collect();
        left.sort();
        assert_eq!(left, [plain.file(days[2]), encrypted.file(days[3])]);
        assert_eq!(fs::read_dir(&path).unwrap().count(), 2);
    }

    #[test]
    fn a_folder_that_was_there_is_not_created_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backups");
        let mut own = Folder::new(path.clone(), false);
        own.open().unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o700);
        fs::remove_dir(&path).unwrap();
        assert_eq!(own.open().unwrap_err().kind(), ErrorKind::NotFound);
        fs::create_dir(&path).unwrap();
        own.open().unwrap();

        let missing = Folder::new(path.join("missing/backups"), false).open();
        assert_eq!(missing.unwrap_err().kind(), ErrorKind::NotFound);
        fs::write(path.join("file"), "").unwrap();
        let file = Folder::new(path.join("file"), false).open();
        assert_eq!(file.unwrap_err().kind(), ErrorKind::NotADirectory);
    }
}
