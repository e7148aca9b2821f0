//! Résumés: students upload them and send them with applications.

use sha2::{Digest as _, Sha256};

use super::Refusal;
use crate::model::{
    Application, FieldFault, FileId, Identity, Invalid, Line, Party, StoredFile, StudentId,
    check_text,
};
use crate::store::{
    Direction, KeyRange, MAX_SCAN_ROWS, Page, Reader, StoreError, Stored, Transaction, keys,
};

pub const MAX_RESUME_BYTES: usize = 5 * 1024 * 1024;
/// Most files of one student.
const MAX_FILES: usize = 50;
/// The same, counting removed files that applications still include.
const MAX_STORED: usize = 500;
const MAX_NAME_CHARS: usize = 200;
/// The header must start, and the end marker must be, within this many bytes of either end. PDF readers accept the
/// same.
const EDGE_BYTES: usize = 1024;
/// A file is stored in rows of this size, so that no row is large.
const CHUNK_BYTES: usize = 256 * 1024;
const UNNAMED: &str = "resume.pdf";

/// An uploaded file that was checked to be a PDF.
pub struct Resume {
    name: String,
    bytes: Vec<u8>,
    sha256: String,
}

impl Resume {
    /// Checks the bytes; the sender's content type does not matter.
    pub fn new(name: Option<&str>, bytes: Vec<u8>) -> Result<Self, Refusal> {
        if !is_pdf(&bytes) {
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

/// Whether there is a header (`%PDF-`) near the start and an end marker (`%%EOF`) near the end (ISO 32000-2, 7.5.2 and
/// 7.5.5). Programs leave byte order marks and white space before, and white space after.
fn is_pdf(bytes: &[u8]) -> bool {
    let holds = |edge: &[u8], mark: &[u8]| edge.windows(mark.len()).any(|bytes| bytes == mark);
    let is_blank = |byte: &u8| *byte == 0 || byte.is_ascii_whitespace();
    let filled = bytes.iter().rposition(|byte| !is_blank(byte));
    let bytes = &bytes[..filled.map_or(0, |last| last + 1)];
    holds(&bytes[..bytes.len().min(EDGE_BYTES)], b"%PDF-")
        && holds(&bytes[bytes.len().saturating_sub(EDGE_BYTES)..], b"%%EOF")
}

/// The last part of a Unix or Windows path: saving the file must not lead to another folder, and a PDF must not open as
/// something else.
fn file_name(text: &str) -> Result<String, FieldFault> {
    let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
    let name = check_text(last, Line::Single, 1, MAX_NAME_CHARS)?;
    if matches!(name.as_str(), "." | "..") {
        return Err(FieldFault::NotAFileName);
    }
    Ok(pdf_name(&name))
}

/// The name with the ending `.pdf`.
pub fn pdf_name(name: &str) -> String {
    let is_named = name.len() > 4 && name.to_ascii_lowercase().ends_with(".pdf");
    let end = if is_named { "" } else { ".pdf" };
    format!("{name}{end}")
}

/// Stores a file, its record and bytes, in one change.
pub async fn store_resume(
    transaction: &mut Transaction,
    student_id: &StudentId,
    resume: &Resume,
) -> Result<Stored<StoredFile>, Refusal> {
    let own = KeyRange::prefix(&keys::files_by_student(student_id));
    let stored = transaction
        .scan_keys(&own, Direction::Forward, MAX_STORED)
        .await?;
    let mut listed = 0;
    for row in &stored {
        let file: Option<Stored<StoredFile>> = transaction.get(&keys::indexed(row)?).await?;
        listed += usize::from(file.is_some_and(|file| file.removed_at.is_none()));
    }
    if listed >= MAX_FILES || stored.len() == MAX_STORED {
        return Err(Refusal::TooManyFiles(listed));
    }
    let now = transaction.now();
    let file_id = FileId::generate(now);
    for (number, chunk) in (0..).zip(resume.bytes.chunks(CHUNK_BYTES)) {
        transaction
            .put_bytes(&keys::file_chunk(file_id, number), chunk.to_vec())
            .await?;
    }
    Ok(transaction
        .insert(StoredFile {
            file_id,
            student_id: student_id.clone(),
            name: resume.name.clone(),
            size_bytes: resume.bytes.len() as u64,
            sha256: resume.sha256.clone(),
            created_at: now,
            removed_at: None,
        })
        .await?)
}

/// Removes a student's file. If an application includes it, it stays with that application until the student is erased,
/// but cannot be sent with another.
pub async fn remove_resume(
    transaction: &mut Transaction,
    student_id: &StudentId,
    id: FileId,
) -> Result<(), Refusal> {
    let stored: Option<Stored<StoredFile>> = transaction.get(&keys::file(id)).await?;
    let file = stored
        .filter(|file| file.is_listed_for(student_id))
        .ok_or(Refusal::NotFound)?;
    // The guard keeps an application that is being submitted from losing its file.
    transaction.guard(&keys::shown_file(id)).await?;
    let mut is_shown = false;
    let own = KeyRange::prefix(&keys::applications_by_student(student_id));
    for key in transaction
        .scan_keys(&own, Direction::Forward, MAX_SCAN_ROWS)
        .await?
    {
        let application: Option<Stored<Application>> =
            transaction.get(&keys::indexed(&key)?).await?;
        is_shown |= application.is_some_and(|application| application.resume_id == Some(id));
    }
    if is_shown {
        let removed = StoredFile {
            removed_at: Some(transaction.now()),
            ..file.record.clone()
        };
        transaction.update(&file, removed).await?;
        return Ok(());
    }
    let chunks = KeyRange::prefix(&keys::file_chunks(id));
    for chunk in transaction
        .scan_keys(&chunks, Direction::Forward, MAX_SCAN_ROWS)
        .await?
    {
        transaction.delete_bytes(chunk);
    }
    transaction.delete(&file);
    Ok(())
}

/// A student's files, newest first.
pub async fn resumes(
    reader: &Reader,
    student_id: &StudentId,
) -> Result<Vec<Stored<StoredFile>>, StoreError> {
    let own = keys::files_by_student(student_id);
    let page = Page::new(own, Direction::Backward, MAX_FILES, None);
    let is_listed = |file: &Stored<StoredFile>| file.is_listed_for(student_id);
    Ok(page.records(reader, is_listed).await?.items)
}

/// The file's record, for its student, all admins, and employers who got it with an application. For anybody else it
/// does not exist.
pub async fn see_resume(
    reader: &Reader,
    identity: &Identity,
    id: FileId,
) -> Result<Stored<StoredFile>, Refusal> {
    let stored: Option<Stored<StoredFile>> = reader.get(&keys::file(id)).await?;
    let file = stored.ok_or(Refusal::NotFound)?;
    let may = match &identity.party {
        Party::Student(own) => file.is_listed_for(own),
        Party::Admin => true,
        Party::Employer(_) => was_shown(reader, identity, &file).await?,
    };
    if may {
        Ok(file)
    } else {
        Err(Refusal::NotFound)
    }
}

async fn was_shown(
    reader: &Reader,
    identity: &Identity,
    file: &StoredFile,
) -> Result<bool, StoreError> {
    let mut walk = reader.walk(&keys::applications_by_student(&file.student_id));
    while let Some(keys) = walk.next_keys().await? {
        let applications: Vec<Stored<Application>> = reader.get_indexed(&keys).await?;
        let shows = |application: &Stored<Application>| {
            application.resume_id == Some(file.file_id) && super::may_see(application, identity)
        };
        if applications.iter().any(shows) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The bytes of a file. `Corrupt` if their number differs from the record.
pub async fn resume_bytes(reader: &Reader, file: &StoredFile) -> Result<Vec<u8>, StoreError> {
    let mut chunks = reader.walk(&keys::file_chunks(file.file_id));
    let mut bytes = Vec::with_capacity(file.size_bytes as usize);
    while let Some(rows) = chunks.next().await? {
        for (_, row) in rows {
            bytes.extend(row.value);
        }
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
