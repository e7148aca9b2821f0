//! From a mail in the outbox to a message as it travels (RFC 5322, MIME).

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};

use crate::model::Mail;

/// The message of a mail: the same mail always gives the same Message-ID, so that a second delivery can be told.
pub(super) fn message(mail: &Mail, from: &Mailbox) -> Result<Message, String> {
    let address: Address = mail
        .to
        .as_str()
        .parse()
        .map_err(|error| format!("the address {}: {error}", mail.to))?;
    let name = Some(mail.to_name.clone()).filter(|name| !name.is_empty());
    let date = std::time::UNIX_EPOCH
        + std::time::Duration::from_millis(u64::try_from(mail.created_at.as_millis()).unwrap_or(0));
    // RFC 3834: a machine wrote it, and nobody's vacation notice should answer.
    let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
    let mut message = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(name, address))
        .subject(mail.subject.clone())
        .date(date)
        .message_id(Some(format!("<{}@{}>", mail.mail_id, from.email.domain())))
        .multipart(MultiPart::alternative_plain_html(
            mail.text.clone(),
            mail.html.clone(),
        ))
        .map_err(|error| error.to_string())?;
    message
        .headers_mut()
        .insert_raw(HeaderValue::new(automatic, "auto-generated".into()));
    Ok(message)
}
