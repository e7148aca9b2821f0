//! What a person does with an account: register, verify an address, log in, reset a password, change the profile,
//! leave; and what the office does with accounts. Owns accounts, profiles, sessions and mailed tokens. Does not know
//! HTTP.

mod clear;
mod erase;
mod moderate;
mod profile;
mod recover;
mod refusal;
mod renumber;
mod session;
mod sign_in;
mod sign_up;
mod tokens;
mod verify;

pub use clear::{clear_mails_of_erased, clear_unverified};
pub use erase::{Export, erase, export};
pub use moderate::{
    AccountsWanted, Moderation, create_account, find_account, list_accounts, moderate,
};
pub use profile::{Me, MePatch, ProfilePatch, me, update_me};
pub use recover::{change_password, forgot_password, is_reset, reset_password};
pub use refusal::Refusal;
pub use renumber::{
    free_employee_number, free_student_number, renumber_employer, renumber_student,
};
pub use session::{
    Opened, end_all_sessions, end_session, identify, identify_by_cookie, is_open, keep_alive,
    open_session,
};
pub use sign_in::{
    Refreshed, credentials, note_failed_log_in, refresh, refresh_by_cookie, sign_out,
};
pub use sign_up::{SignUp, sign_up};
pub use verify::{try_link, verify_email};

use std::time::Duration;

use crate::mail::Outbox;
use crate::model::Campus;

/// What these commands need besides the store: the campus, its settings and the outbox.
pub struct Registrar {
    pub campus: Campus,
    pub outbox: Outbox,
    /// The site's public address.
    pub public_url: String,
    pub trust_campus_employers: bool,
    pub refresh_lifetime: Duration,
}
