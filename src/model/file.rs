//! A student's file: a résumé.

use serde::{Deserialize, Serialize};

use super::{FileId, StudentId, Timestamp};

/// The description of a file. Its bytes are stored in chunks under keys of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredFile {
    pub file_id: FileId,
    pub student_id: StudentId,
    pub name: String,
    pub size_bytes: u64,
    /// Lower-case hexadecimal.
    pub sha256: String,
    pub created_at: Timestamp,
    /// When the student removed it. It stays for the applications that include it.
    #[serde(default)]
    pub removed_at: Option<Timestamp>,
}

impl StoredFile {
    /// Whether this student has the file and may send it with an application.
    pub fn is_listed_for(&self, student_id: &StudentId) -> bool {
        self.student_id == *student_id && self.removed_at.is_none()
    }
}
