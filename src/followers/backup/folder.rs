//! The folder of the scheduled backups. Only files with the names that are made here are ever counted or deleted.

use std::fs::{self, DirBuilder, DirEntry};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

use crate::model::Timestamp;
use crate::store::{ENCRYPTED_SUFFIX, PART_SUFFIX};

pub(super) struct Folder {
    pub(super) path: PathBuf,
    /// Whether new backups are encrypted. Both kinds may be there, since the settings can change.
    is_encrypted: bool,
    /// Whether this process has seen it.
    is_known: bool,
}

/// A complete backup in the folder.
pub(super) struct Saved {
    pub(super) taken_at: Timestamp,
    path: PathBuf,
}

impl Folder {
    pub(super) fn new(path: PathBuf, is_encrypted: bool) -> Self {
        Self {
            // What is logged about "backups" alone would not say where it is.
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
        let suffix = if self.is_encrypted {
            ENCRYPTED_SUFFIX
        } else {
            ""
        };
        self.path.join(name(taken_at) + suffix)
    }

    /// The complete backups, oldest first.
    pub(super) fn saved(&self) -> io::Result<Vec<Saved>> {
        let mut saved = Vec::new();
        self.each_file(|entry, name| {
            saved.extend(time_in(name).map(|taken_at| Saved {
                taken_at,
                path: entry.path(),
            }));
            Ok(())
        })?;
        saved.sort_by_key(|saved| saved.taken_at);
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

    /// Deletes the oldest backups beyond the number to keep. The new one stays, even if others have a later time in their
    /// names because a clock was wrong.
    pub(super) fn remove_old(&self, new: Timestamp, keep: usize) {
        let new = self.file(new);
        let old = match self.saved() {
            Ok(saved) => saved.into_iter().rev().filter(|saved| saved.path != new),
            Err(error) => {
                tracing::warn!(folder = %self.path.display(), %error, "could not look for old backups");
                return;
            }
        };
        for saved in old.skip(keep.saturating_sub(1)) {
            if let Err(error) = fs::remove_file(&saved.path) {
                tracing::warn!(file = %saved.path.display(), %error, "could not delete an old backup");
            }
        }
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

const START: &str = "corkboard-";
const END: &str = "Z.backup";

/// The name of a backup, such as `corkboard-2026-11-29T080000Z.backup`: the time in UTC, to the second, without colons,
/// which some file systems do not allow.
fn name(taken_at: Timestamp) -> String {
    let seconds = "2026-11-29T08:00:00".len();
    let text = taken_at.to_string();
    let text = text.chars().take(seconds).filter(|c| *c != ':');
    format!("{START}{}{END}", text.collect::<String>())
}

/// The time in the name of a backup, encrypted or not. `None`: it is another file.
fn time_in(file: &str) -> Option<Timestamp> {
    let file = file.strip_suffix(ENCRYPTED_SUFFIX).unwrap_or(file);
    let text = file.strip_prefix(START)?.strip_suffix(END)?;
    let (day, time) = text.split_once('T')?;
    let (hour, rest) = time.split_at_checked(2)?;
    let (minute, second) = rest.split_at_checked(2)?;
    let time = format!("{day}T{hour}:{minute}:{second}Z");
    let time: jiff::Timestamp = time.parse().ok()?;
    let taken_at = Timestamp::from_millis(time.as_millisecond());
    // The parser takes other forms too.
    (name(taken_at) == file).then_some(taken_at)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::tests::at;
    use super::*;

    #[test]
    fn only_the_names_of_backups_have_a_time() {
        let own = "corkboard-2026-11-29T080000Z.backup";
        assert_eq!(name(at("2026-11-29T08:00:00.999Z")), own);
        for own in [own, "corkboard-2026-11-29T080000Z.backup.age"] {
            assert_eq!(time_in(own), Some(at("2026-11-29T08:00:00Z")));
        }
        for other in [
            "corkboard-2026-11-29T080000Z.backup.part",
            "corkboard-2026-11-29T080000Z.backup.age.part",
            "corkboard-2026-11-29T080000Z.backup.age.age",
            "corkboard-2026-11-29T080000Z.age",
            "corkboard-2026-11-29T08:00:00Z.backup",
            "corkboard-2026-11-29T0800Z.backup",
            "corkboard-2026-11-29T080060Z.backup",
            "corkboard-2026-11-31T080000Z.backup",
            "corkboard-2026-11-29T080000.5Z.backup",
            "corkboard-2026-11-29t080000Z.backup",
            "corkboard-2026-11-29T08000éZ.backup",
            "corkboard-2026-11-29.backup",
            "Corkboard-2026-11-29T080000Z.backup",
            "corkboard-.backup",
            "",
        ] {
            assert_eq!(time_in(other), None, "{other}");
        }
    }

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
        let left: Vec<PathBuf> = encrypted
            .saved()
            .unwrap()
            .into_iter()
            .map(|saved| saved.path)
            .collect();
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
