//! The index's folder: whether it is intact, and the position of the index in it. Never touches a folder that another
//! process is writing to.

use std::path::Path;

use sha2::{Digest, Sha256};
use tantivy::directory::error::LockError;
use tantivy::directory::{INDEX_WRITER_LOCK, MmapDirectory};
use tantivy::index::SegmentComponent;
use tantivy::{Directory, Index, IndexSettings, TantivyError};

use super::schema::{self, VERSION};
use super::{SearchError, tokens};

const META: &str = "meta.json";

/// Fails if another process has the index open. A lock file of a killed process does not count: the lock belongs to the
/// operating system and ended with the process.
pub fn check_free(dir: &Path) -> Result<(), SearchError> {
    let directory = MmapDirectory::open(dir).map_err(TantivyError::from)?;
    match directory.acquire_lock(&INDEX_WRITER_LOCK) {
        Ok(_) => Ok(()),
        Err(LockError::LockBusy) => Err(SearchError::Locked(dir.to_owned())),
        Err(LockError::IoError(error)) => Err(std::io::Error::other(error).into()),
    }
}

pub fn has_index(dir: &Path) -> bool {
    dir.join(META).exists()
}

/// Whether files listed by the index are missing from the folder.
pub fn lacks_files(dir: &Path, index: &Index) -> bool {
    const ALWAYS: [SegmentComponent; 6] = [
        SegmentComponent::Postings,
        SegmentComponent::Positions,
        SegmentComponent::FastFields,
        SegmentComponent::FieldNorms,
        SegmentComponent::Terms,
        SegmentComponent::Store,
    ];
    let Ok(segments) = index.searchable_segment_metas() else {
        return true;
    };
    segments.iter().any(|segment| {
        let mut files = ALWAYS
            .iter()
            .map(|part| segment.relative_path(part.clone()));
        files.any(|file| !dir.join(file).exists())
    })
}

/// Opens an intact index of this version. Returns its position too.
pub fn open(dir: &Path, stamp: &str) -> Result<(Index, u64), SearchError> {
    let index = Index::open_in_dir(dir)?;
    let (schema, _) = schema::build();
    if index.schema() != schema {
        return Err(unusable("it has other fields"));
    }
    let metas = index.load_metas()?;
    let position = match &metas.payload {
        Some(payload) => {
            read_payload(payload, stamp).ok_or_else(|| unusable("it is of another version"))?
        }
        None => 0,
    };
    if position == 0 && !metas.segments.is_empty() {
        return Err(unusable("it was never finished"));
    }
    let damaged = index.validate_checksum()?;
    if let Some(file) = damaged.iter().min() {
        return Err(unusable(&format!("{} is damaged", file.display())));
    }
    Ok((index, position))
}

pub fn create(dir: &Path) -> Result<Index, SearchError> {
    let (schema, _) = schema::build();
    let settings = IndexSettings {
        // Nothing is stored.
        docstore_compress_dedicated_thread: false,
        ..IndexSettings::default()
    };
    let index = Index::builder()
        .schema(schema)
        .settings(settings)
        .tokenizers(tokens::manager())
        .create_in_dir(dir)?;
    Ok(index)
}

/// Deletes everything in the folder.
pub fn clear(dir: &Path) -> Result<(), SearchError> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        } else {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The payload of a commit: version, position, and a digest of both and of the campus's skill names. tantivy has no
/// checksum for its meta file, and documents depend on those names.
pub fn payload(position: u64, stamp: &str) -> String {
    let text = format!("{VERSION} {position}");
    let digest = Sha256::digest(format!("{text} {stamp}").as_bytes());
    format!("{text} {}", hex(&digest[..8]))
}

fn read_payload(payload_found: &str, stamp: &str) -> Option<u64> {
    let position = payload_found.split(' ').nth(1)?.parse().ok()?;
    (payload(position, stamp) == payload_found).then_some(position)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unusable(why: &str) -> SearchError {
    TantivyError::InternalError(why.to_owned()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_payload_is_detected() {
        assert_eq!(read_payload(&payload(12_345, ""), ""), Some(12_345));
        assert_eq!(
            read_payload(&payload(12_345, "").replace("12345", "12346"), ""),
            None
        );
        assert_eq!(read_payload("", ""), None);
        assert_eq!(read_payload(&payload(1, "x"), "y"), None);
    }
}
