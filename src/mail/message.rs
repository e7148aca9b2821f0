//! Creates the message to send (RFC 5322, MIME) from a mail in the outbox.

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};

use super::header::encoded;
use super::layouts::Layouts;
use super::text::one_line;
use crate::model::Mail;

/// The message of a mail. The same mail always gets the same Message-ID, so that a second delivery can be recognized.
pub(super) fn message(mail: &Mail, layouts: &Layouts, from: &Mailbox) -> Result<Message, String> {
    let address: Address = mail
        .to
        .as_str()
        .parse()
        .map_err(|error| format!("the address {}: {error}", mail.to))?;
    let rendered = layouts.render(mail).map_err(|error| error.to_string())?;
    let name = Some(one_line(&mail.to_name)).filter(|name| !name.is_empty());
    let date = std::time::UNIX_EPOCH
        + std::time::Duration::from_millis(u64::try_from(mail.created_at.as_millis()).unwrap_or(0));
    let mut message = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(name.clone(), address))
        .subject(rendered.subject.clone())
        .date(date)
        .message_id(Some(format!("<{}@{}>", mail.mail_id, from.email.domain())))
        .multipart(MultiPart::alternative_plain_html(
            rendered.text,
            rendered.html,
        ))
        .map_err(|error| error.to_string())?;
    let mut set = |name, raw: String, value| {
        let name = HeaderName::new_from_ascii_str(name);
        let value = HeaderValue::dangerous_new_pre_encoded(name, raw, value);
        message.headers_mut().insert_raw(value);
    };
    // lettre does not encode text that already looks like an encoded word.
    if let Some(subject) = encoded(&rendered.subject) {
        set("Subject", rendered.subject, subject);
    }
    let to = format!("<{}>", mail.to);
    match name.map(|name| (encoded(&name), name)) {
        None => set("To", to.clone(), to),
        Some((Some(words), name)) => set("To", format!("{name} {to}"), format!("{words}\r\n {to}")),
        Some((None, _)) => {}
    }
    // RFC 3834: marks an automatic mail, so that vacation notices do not answer it.
    let automatic = "auto-generated";
    set("Auto-Submitted", automatic.into(), automatic.into());
    Ok(message)
}
