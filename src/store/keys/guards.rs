//! The guards: rows whose version orders changes that would not meet otherwise.

use sha2::{Digest as _, Sha256};

use super::{Key, of_account, of_student};
use crate::model::{AccountId, Email, FileId, StudentId};

/// Changes with each change of a student's committed hours.
pub fn committed_hours(student: &StudentId) -> Key {
    of_student(student).bytes(b"Gh")
}
/// Changes with each application that includes a file, and when the file is removed.
pub fn shown_file(file: FileId) -> Key {
    Key::new(b'G', b'f').bytes(file.as_bytes())
}
/// Changes whenever a session of an account is opened or ended.
pub fn log_ins(account: AccountId) -> Key {
    of_account(account).bytes(b"Gs")
}
/// Changes with each mail that a stranger causes. Mailboxes share guards by a digest, which limits their number.
pub fn asked_mails(digest: [u8; 2]) -> Key {
    Key::new(b'G', b'm').bytes(&digest)
}
/// Changes with each registration and reset request, even if nothing else is written. Two bytes of the address's digest
/// limit the number of rows.
pub fn asked_by_strangers(email: Option<&Email>) -> Key {
    let digest = Sha256::digest(email.map_or("", Email::as_str));
    Key::new(b'G', b'a').bytes(&digest[..2])
}
/// Changes whenever an admin becomes active or inactive.
pub fn office() -> Key {
    Key::new(b'G', b'o')
}
/// Holds the day on which failing backups were last reported, so that the office is told once a day.
pub fn reported_backups() -> Key {
    Key::new(b'G', b'b')
}
/// Holds what all servers hash addresses and networks with to limit logins.
pub fn throttle_secret() -> Key {
    Key::new(b'G', b's')
}
/// Holds what has happened on one server within the last seconds, for the limits of the others.
pub fn log_in_news(server: &[u8; 16]) -> Key {
    all_log_in_news().bytes(server)
}
pub fn all_log_in_news() -> Key {
    Key::new(b'G', b'n')
}
/// Holds which failed login was logged last, and when. Addresses share guards by a digest, which limits their number.
pub fn logged_failure(digest: u64) -> Key {
    Key::new(b'G', b'w').bytes(&digest.to_be_bytes()[..2])
}
/// Holds the server that does what only one may do; nothing if none does. Its version is the term of that server.
pub fn lease() -> Key {
    Key::new(b'G', b'l')
}
/// Written again and again by the server that holds the lease.
pub fn lease_beat() -> Key {
    Key::new(b'G', b'h')
}
/// There while a database holds only a part of the backup that is restored into it.
pub fn restoring() -> Key {
    Key::new(b'G', b'r')
}
/// Keeps two concurrent uploads of rules from both succeeding.
pub fn uploads_of_rules() -> Key {
    Key::new(b'G', b'u')
}
