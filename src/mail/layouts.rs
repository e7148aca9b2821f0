//! Renders a mail's two parts, text and HTML, from the same words.

use minijinja::{AutoEscape, Environment, context};

use super::text::MailText;
use crate::model::{Mail, MailTemplate};

/// An invalid layout, or one that does not fit its values.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct LayoutError(#[from] minijinja::Error);

const TEXT: &str = "layout.txt";
const HTML: &str = "layout.html";

/// A mail as the reader sees it.
#[derive(Debug)]
pub(super) struct Rendered {
    pub subject: String,
    pub text: String,
    pub html: String,
}

pub struct Layouts(Environment<'static>);

impl Layouts {
    pub fn new() -> Result<Self, LayoutError> {
        let mut layouts = Environment::new();
        layouts.set_auto_escape_callback(|name| {
            if name == HTML {
                AutoEscape::Html
            } else {
                AutoEscape::None
            }
        });
        layouts.add_template(TEXT, include_str!("templates/layout.txt"))?;
        layouts.add_template(HTML, include_str!("templates/layout.html"))?;
        Ok(Self(layouts))
    }

    pub(super) fn render(&self, mail: &Mail) -> Result<Rendered, LayoutError> {
        let subject = mail.subject();
        if let MailTemplate::Rendered { text, html, .. } = &mail.template {
            return Ok(Rendered {
                subject,
                text: text.clone(),
                html: html.clone(),
            });
        }
        let words = MailText::of(&mail.template, &mail.campus, &mail.site);
        let items: Vec<_> = words.items.iter().map(item).collect();
        let values = context! {
            items,
            subject => subject.as_str(), name => mail.to_name.as_str(), paragraphs => words.paragraphs, quote => words.quote,
            label => words.action.as_ref().map(|action| action.label),
            link => words.action.as_ref().map(|action| action.link.as_str()), campus => mail.campus.as_str(), site => mail.site.as_str(),
        };
        Ok(Rendered {
            text: self.0.get_template(TEXT)?.render(&values)?,
            html: self.0.get_template(HTML)?.render(&values)?,
            subject,
        })
    }
}

/// One of several notices: its sentence, a quote, and a link.
fn item(notice: &MailText) -> minijinja::Value {
    context! {
        text => notice.paragraphs.first(), quote => notice.quote.as_deref(),
        link => notice.action.as_ref().map(|action| action.link.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::{Outbox, Recipient};
    use crate::model::{ApplicationId, Email, JobId, Timestamp};

    #[test]
    fn user_text_is_escaped_in_every_part() {
        let to = Email::parse("boss@example.edu").unwrap();
        let template = MailTemplate::ApplicationReceived {
            application_id: ApplicationId::from_bytes([1; 16]),
            job_id: JobId::from_bytes([2; 16]),
            job_title: "<script>alert(1)</script> & 工作".into(),
            student_name: "Bob\r\nBcc: x@example.com".into(),
        };
        let recipient = Recipient {
            email: to,
            name: "Ann".into(),
            account_id: None,
        };
        let outbox = Outbox::new("Example College", "https://jobs.example.edu");
        let mail = outbox.mail(template, recipient, None, Timestamp::from_millis(0));
        let rendered = Layouts::new().unwrap().render(&mail).unwrap();
        assert!(!rendered.subject.contains(['\r', '\n']), "{rendered:?}");
        assert!(rendered.html.contains("&lt;script&gt;"), "{rendered:?}");
        assert!(!rendered.html.contains("<script>"), "{rendered:?}");
        assert!(
            rendered.text.contains("<script>alert(1)</script> & 工作"),
            "{rendered:?}"
        );
    }
}
