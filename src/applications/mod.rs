//! What people do with applications: submit, read, decide. Owns applications, which nothing else changes, and the
//! résumés sent with them. Does not know HTTP.

mod decide;
mod erase;
mod list;
mod refusal;
mod resume;
mod see;
mod submit;
mod verdict;

pub use decide::{Decided, Decision, decide};
pub(crate) use erase::{erase_of_employer, erase_of_student, forget_in_mail};
pub use list::{ApplicationsWanted, count_by_stage, list};
pub use refusal::Refusal;
pub use resume::{
    MAX_RESUME_BYTES, Resume, pdf_name, remove_resume, resume_bytes, resumes, see_resume,
    store_resume,
};
pub use see::{applicants, may_see, see, shown_resumes};
pub use submit::{Submission, submit};
use verdict::ask_rules;
pub use verdict::override_verdict;
