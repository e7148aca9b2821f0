//! Pages that the server renders: a template (web/templates), the texts of the reader's language, and what a handler of
//! the API would answer. They work without JavaScript.

mod account;
mod amount;
mod applications;
mod form;
mod job;
mod job_form;
mod jobs;
mod navigation;
mod office;
mod page;
mod post;
mod posting;
mod postings;
mod problem_text;
mod profile;
mod shown;
mod templates;

pub use account::{
    confirm, confirm_form, forgot, forgot_form, log_in, log_in_form, log_out, reset, reset_form,
    sign_up, sign_up_form,
};
pub use applications::{applications, decide_application};
pub use job::{apply, job};
pub use jobs::jobs;
pub use office::{
    backup, decide_mail, decide_person, decide_today, mails, people, take_backup, today,
};
pub use page::{IsPage, as_page, choose_language, missing};
pub use post::{edit, edit_form, post, post_form};
pub use posting::{decide, posting};
pub use postings::{move_posting, postings};
pub use profile::{change_profile, profile};
pub use templates::{asset_path, content, file};
