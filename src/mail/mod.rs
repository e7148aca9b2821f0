//! Mail: its texts, its format, the outbox and the way to a mail server. The only module that uses lettre and minijinja.
//! Does not decide who gets which mail, or when one is sent.

mod header;
mod layouts;
mod limits;
mod message;
mod office;
mod outbox;
mod smtp;
mod text;
mod transport;

pub use layouts::LayoutError;
pub use limits::merge_held;
pub use office::{OutboxRefusal, count_failed, count_waiting, hold_mail, list_outbox, retry_mail};
pub use outbox::{Outbox, Recipient, clear_mail, forget};
pub use transport::{MailSetupError, SendError, SmtpOptions, SmtpTls, Transport};
