//! Where the scheduled backups go: into a folder, or through a folder in the data folder into a bucket.

use std::fmt::{self, Display};
use std::fs::{self, File};
use std::io::{self, ErrorKind};

use super::bucket::{Bucket, BucketError};
use super::folder::Folder;
use super::name::name;
use crate::config::{Config, Recipient};
use crate::model::{BackupFault, Timestamp};
use crate::store::{About, BackupError, Contents, Reader, save_backup};

/// The folder in the data folder from which backups go to a bucket.
const OUTGOING: &str = "outgoing";

pub(super) struct Destination {
    kind: Kind,
    recipient: Option<Recipient>,
}

enum Kind {
    Folder(Folder),
    Bucket {
        bucket: Box<Bucket>,
        outgoing: Folder,
    },
}

/// Why there is no new backup.
#[derive(Debug, thiserror::Error)]
pub(super) enum SaveError {
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[error(transparent)]
    Bucket(#[from] BucketError),
}

impl From<io::Error> for SaveError {
    fn from(error: io::Error) -> Self {
        Self::Backup(error.into())
    }
}

impl From<crate::store::StoreError> for SaveError {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Backup(error.into())
    }
}

impl Destination {
    /// `None`: the settings ask for no backups.
    pub(super) fn new(config: &Config) -> Option<Self> {
        let settings = &config.backup;
        let recipient = settings.recipient.clone();
        let is_encrypted = recipient.is_some();
        let kind = match Bucket::new(settings) {
            Some(bucket) => Kind::Bucket {
                bucket: bucket.into(),
                outgoing: Folder::new(config.data.dir.join(OUTGOING), is_encrypted),
            },
            None => Kind::Folder(Folder::new(settings.folder.clone()?, is_encrypted)),
        };
        Some(Self { kind, recipient })
    }

    /// When the complete backups there were taken.
    pub(super) fn saved(
        &mut self,
        may_go_on: &dyn Fn() -> bool,
    ) -> Result<Vec<Timestamp>, SaveError> {
        Ok(match &mut self.kind {
            Kind::Folder(folder) => {
                folder.open()?;
                let saved = folder.saved()?.into_iter();
                saved.map(|saved| saved.taken_at).collect()
            }
            Kind::Bucket { bucket, .. } => {
                let saved = bucket.saved(may_go_on)?.into_iter();
                saved.map(|saved| saved.taken_at).collect()
            }
        })
    }

    /// Saves a view. `may_go_on` is asked often; after a no, this fails soon. What an earlier backup left that was killed
    /// is deleted first.
    pub(super) async fn save(
        &mut self,
        reader: Reader,
        about: About,
        may_go_on: &dyn Fn() -> bool,
    ) -> Result<Contents, SaveError> {
        let taken_at = about.taken_at;
        match &mut self.kind {
            Kind::Folder(folder) => {
                folder.open()?;
                folder.remove_parts()?;
            }
            Kind::Bucket { outgoing, .. } => outgoing.clear()?,
        }
        let (Kind::Folder(folder)
        | Kind::Bucket {
            outgoing: folder, ..
        }) = &self.kind;
        let file = folder.file(taken_at);
        let recipient = self.recipient.as_ref();
        let contents = save_backup(reader, about, &file, recipient, may_go_on).await?;
        if let Kind::Bucket { bucket, .. } = &self.kind {
            let opened = File::open(&file)?;
            let uploaded = bucket.upload(&opened, &self.name(taken_at), may_go_on);
            let removed = fs::remove_file(&file);
            uploaded?;
            removed?;
        }
        Ok(contents)
    }

    /// Deletes the oldest backups beyond the number to keep.
    pub(super) fn remove_old(&self, new: Timestamp, keep: usize, may_go_on: &dyn Fn() -> bool) {
        match &self.kind {
            Kind::Folder(folder) => folder.remove_old(new, keep),
            Kind::Bucket { bucket, .. } => bucket.remove_old(&self.name(new), keep, may_go_on),
        }
    }

    /// The name of a backup that is taken at a given time.
    pub(super) fn name(&self, taken_at: Timestamp) -> String {
        name(taken_at, self.recipient.is_some())
    }
}

impl Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Folder(folder) => folder.path.display().fmt(f),
            Kind::Bucket { bucket, .. } => bucket.address.fmt(f),
        }
    }
}

/// What the office is told about a failure.
pub(super) fn fault(error: &SaveError) -> BackupFault {
    match error {
        SaveError::Backup(BackupError::Io(error)) | SaveError::Bucket(BucketError::File(error)) => {
            disk_fault(error)
        }
        SaveError::Backup(BackupError::Store(_)) => BackupFault::Store,
        SaveError::Backup(
            BackupError::ReadBack(_)
            | BackupError::Changed
            | BackupError::Encrypted
            | BackupError::WrongKey
            | BackupError::NotABackup
            | BackupError::Newer(_)
            | BackupError::Unknown(_)
            | BackupError::Cut(_)
            | BackupError::Damaged(_),
        ) => BackupFault::Damaged,
        SaveError::Bucket(BucketError::Unreachable(_)) => BackupFault::BucketUnreachable,
        SaveError::Bucket(BucketError::Refused(refusal)) => match refusal.status {
            401 | 403 => BackupFault::BucketRefused,
            404 if matches!(&*refusal.code, "NoSuchBucket" | "") => BackupFault::NoBucket,
            _ => BackupFault::Bucket,
        },
        SaveError::Bucket(
            BucketError::Unclear(_) | BucketError::Incomplete { .. } | BucketError::Stopped,
        ) => BackupFault::Bucket,
    }
}

fn disk_fault(error: &io::Error) -> BackupFault {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => BackupFault::DiskFull,
        ErrorKind::NotFound | ErrorKind::NotADirectory => BackupFault::NoFolder,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => BackupFault::NotAllowed,
        _ => BackupFault::Disk,
    }
}
