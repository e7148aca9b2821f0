//! What people do with applications: submit, read, move. Owns applications. Knows nothing of HTTP.

mod decide;
mod list;
mod refusal;
mod see;
mod submit;

pub use decide::{Decision, decide};
pub use list::{ApplicationsWanted, list};
pub use refusal::Refusal;
pub use see::{Applicant, applicant, may_see, see};
pub use submit::{Submission, submit};
