//! Mail: what it says, how it is written, how it leaves. The only place that knows lettre and minijinja. Decides nothing
//! about who gets which mail; a mail is sent because a row in the outbox says so.

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
pub use office::{OutboxRefusal, count_failed, count_waiting, list_outbox, retry_mail};
pub use outbox::{Outbox, Recipient, clear_mail, forget};
pub use transport::{MailSetupError, SendError, SmtpOptions, SmtpTls, Transport};
pub use worker::{MailHealth, Worker, WorkerState};
