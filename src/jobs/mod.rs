//! What people do with postings: post, edit, open and close, find; and what the clock does. Owns jobs.
//! Knows nothing of HTTP.

mod cards;
mod edit;
mod expire;
mod find;
mod like;
mod post;
mod refusal;
mod see;
mod write;

pub use cards::{Card, Cards};
pub use edit::{JobPatch, edit};
pub use expire::{EXPIRE_BATCH, expire_due};
pub use find::{JobCursor, JobsFound, JobsWanted, find};
pub use like::{Recommended, recommended, similar};
pub(crate) use post::new_job;
pub use post::{Posting, post};
pub use refusal::Refusal;
pub use see::{see, see_card, view_of};
pub(crate) use write::{check_filled, frozen_changes, write};

/// How much of a posting a reader may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    Public,
    /// Its employer, and every admin.
    Manager,
}
