//! Résumés: a student keeps one here, and shows it with an application.

use sha2::{Digest as _, Sha256};

use super::Refusal;
use crate::model::{
    Application, FieldFault, FileId, Identity, Invalid, Line, Party, StoredFile, StudentId,
    check_text,
};
use crate::store::{
    Direction, KeyRange, MAX_SCAN_ROWS, Reader, StoreError, Stored, Transaction, keys,
};

pub const MAX_RESUME_BYTES: usize = 5 * 1024 * 1024;
/// Files that one student may keep.
const MAX_FILES: usize = 50;
const MAX_NAME_CHARS: usize = 200;
/// A file lies in rows of this size, so that no row is large.
const CHUNK_BYTES: usize = 256 * 1024;
const UNNAMED: &str = "resume.pdf";

/// A file as it came, found to be a PDF.
pub struct Resume {
    name: String,
    bytes: Vec<u8>,
    sha256: String,
}

impl Resume {
    /// Looks at the bytes, not at what the sender calls them: a PDF begins with `%PDF-` (ISO 32000-2, 7.5.2).
    pub fn new(name: Option<&str>, bytes: Vec<u8>) -> Result<Self, Refusal> {
        if !bytes.starts_with(b"%PDF-") {
            return Err(Refusal::NotAPdf);
        }
        let name =
            file_name(name.unwrap_or(UNNAMED)).map_err(|fault| Invalid::one("name", fault))?;
        let sha256 = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(Self {
            name,
            bytes,
            sha256,
        })
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The last part of what may be a path, of Unix or of Windows: whoever saves the file must not be led to another folder.
fn file_name(text: &str) -> Result<String, FieldFault> {
    let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
    let name = check_text(last, Line::Single, 1, MAX_NAME_CHARS)?;
    if matches!(name.as_str(), "." | "..") {
        return Err(FieldFault::NotAFileName);
    }
    Ok(name)
}

/// Keeps a file, record and bytes in one change.
pub fn keep_resume(
    transaction: &mut Transaction,
    student_id: &StudentId,
    resume: &Resume,
) -> Result<Stored<StoredFile>, Refusal> {
    let own = KeyRange::prefix(&keys::files_by_student(student_id));
    if transaction
        .scan_keys(&own, Direction::Forward, MAX_FILES)?
        .len()
        == MAX_FILES
    {
        return Err(Refusal::TooManyFiles(MAX_FILES));
    }
    let now = transaction.now();
    let file_id = FileId::generate(now);
    for (number, chunk) in (0..).zip(resume.bytes.chunks(CHUNK_BYTES)) {
        transaction.put_bytes(&keys::file_chunk(file_id, number), chunk.to_vec())?;
    }
    Ok(transaction.insert(StoredFile {
        file_id,
        student_id: student_id.clone(),
        name: resume.name.clone(),
        size_bytes: resume.bytes.len() as u64,
        sha256: resume.sha256.clone(),
        created_at: now,
    })?)
}

/// The file's record, for the student who keeps it, every admin, and an employer to whom it was shown with an
/// application; to anybody else it does not exist.
pub fn see_resume(
    reader: &Reader,
    identity: &Identity,
    id: FileId,
) -> Result<Stored<StoredFile>, Refusal> {
    let stored: Option<Stored<StoredFile>> = reader.get(&keys::file(id))?;
    let file = stored.ok_or(Refusal::NotFound)?;
    let may = match &identity.party {
        Party::Student(own) => *own == file.student_id,
        Party::Admin => true,
        Party::Employer(_) => was_shown(reader, identity, &file)?,
    };
    if may {
        Ok(file)
    } else {
        Err(Refusal::NotFound)
    }
}

fn was_shown(reader: &Reader, identity: &Identity, file: &StoredFile) -> Result<bool, StoreError> {
    let mut shown = false;
    reader.each_key(&keys::applications_by_student(&file.student_id), |key| {
        let application: Option<Stored<Application>> = if shown {
            None
        } else {
            reader.get(&keys::indexed(&key)?)?
        };
        shown |= application.is_some_and(|application| {
            application.resume_id == Some(file.file_id) && super::may_see(&application, identity)
        });
        Ok::<(), StoreError>(())
    })?;
    Ok(shown)
}

/// The bytes of a file. `Corrupt` if they are not as many as its record says.
pub fn resume_bytes(reader: &Reader, file: &StoredFile) -> Result<Vec<u8>, StoreError> {
    let chunks = KeyRange::prefix(&keys::file_chunks(file.file_id));
    let mut bytes = Vec::with_capacity(file.size_bytes as usize);
    for key in reader.scan_keys(&chunks, Direction::Forward, MAX_SCAN_ROWS)? {
        bytes.extend(reader.bytes(&key)?.unwrap_or_default());
    }
    if bytes.len() as u64 != file.size_bytes {
        let found = bytes.len();
        return Err(StoreError::Corrupt(format!(
            "{found} bytes of file {}, which has {}",
            file.file_id, file.size_bytes
        )));
    }
    Ok(bytes)
}
