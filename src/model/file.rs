//! A file that a student keeps here: a résumé.

use serde::{Deserialize, Serialize};

use super::{FileId, StudentId, Timestamp};

/// The description of a file; its bytes lie in chunks beside it.
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
}
