//! Mail: what it says, how it is written, how it leaves. The only place that knows lettre and minijinja. Decides nothing
//! about who gets which mail; a mail is sent because a row in the outbox says so.

mod compose;
mod letter;
mod message;
mod outbox;
mod transport;
mod worker;

pub use compose::{ComposeError, Composer};
pub use letter::{ClosedBecause, Letter, Ruling};
pub use outbox::{OutboxRefusal, count_failed, count_waiting, list_outbox, retry_mail};
pub use transport::{MailSetupError, SendError, SmtpOptions, SmtpTls, Transport};
pub use worker::{Health, Worker, WorkerState};
