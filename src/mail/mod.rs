//! Mail: its texts, its format and its delivery. The only module that uses lettre and minijinja. Does not decide who
//! gets which mail: it sends the rows in the outbox.

mod header;
mod layouts;
mod limits;
mod message;
mod office;
mod outbox;
mod text;
mod transport;
mod worker;

pub use layouts::LayoutError;
pub use office::{OutboxRefusal, count_failed, count_waiting, hold_mail, list_outbox, retry_mail};
pub use outbox::{Outbox, Recipient, clear_mail, forget};
pub use transport::{MailSetupError, SendError, SmtpOptions, SmtpTls, Transport};
pub use worker::{MailHealth, Worker, WorkerState};
