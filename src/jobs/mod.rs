//! What people do with postings: post, edit, open, close, find; and what happens at a deadline. Owns jobs: nothing else
//! changes one. Does not know HTTP.

mod cached_jobs;
mod edit;
mod expire;
mod fill;
mod find;
mod like;
mod of_employer;
mod post;
mod refusal;
mod see;
mod source;
mod write;

pub use cached_jobs::{CachedJob, CachedJobs};
pub use edit::{JobPatch, edit};
pub use expire::{EXPIRE_BATCH, expire_due};
pub(crate) use fill::take_position;
pub use find::{JobCursor, JobsFound, JobsWanted, count_of_employer, find};
pub use like::{Recommended, recommended, similar};
pub(crate) use of_employer::{
    close_of_employer, erase_employer, rename_employer, renumber_employer,
};
pub use post::{Posting, post};
pub use refusal::Refusal;
pub use see::{audience_of, see, see_cached};
pub(crate) use source::{follow_source, post_from_source};

/// How much of a posting a reader may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    Public,
    /// Its employer, and all admins.
    Manager,
}
