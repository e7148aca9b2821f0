//! What can go wrong in a search, told apart by what a caller can do about it.

use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// Another process writes this index; nothing was touched.
    #[error("the search index in {0} is held by a running corkboard; stop it first")]
    Locked(PathBuf),
    /// The client's cursor is none, or belongs to a list in another order.
    #[error("the cursor is not one of this list")]
    BadCursor,
    #[error("the search index failed: {0}")]
    Engine(#[from] tantivy::TantivyError),
    #[error("the search index's folder: {0}")]
    Folder(#[from] std::io::Error),
}
