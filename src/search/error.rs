//! Search errors, grouped by what a caller can do about them.

use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// Another process uses this index. Nothing was changed.
    #[error("a running corkboard is using the search index in {0}; stop it first")]
    Locked(PathBuf),
    /// The client's cursor is malformed, or belongs to a list with another sort order.
    #[error("the cursor does not belong to this list")]
    BadCursor,
    #[error(
        "search index error: {0}; stop the server and run `corkboard reindex` if this does not go away"
    )]
    Engine(#[from] tantivy::TantivyError),
    #[error("cannot use the search index folder: {0}")]
    Folder(#[from] std::io::Error),
}
