//! From a letter to a mail that waits: two layouts, text and HTML, over the same words.

use minijinja::{AutoEscape, Environment, context};

use super::letter::Letter;
use crate::model::{AccountId, Email, Mail, MailId, MailState, Timestamp};

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ComposeError(#[from] minijinja::Error);

const TEXT: &str = "layout.txt";
const HTML: &str = "layout.html";
/// Longest subject, in characters; a title is cut before its mail gets unreadable.
const MAX_SUBJECT_CHARS: usize = 150;

pub struct Composer {
    layouts: Environment<'static>,
    campus: String,
    site: String,
}

impl Composer {
    pub fn new(campus: &str, public_url: &str) -> Result<Self, ComposeError> {
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
        Ok(Self {
            layouts,
            campus: campus.into(),
            site: public_url.into(),
        })
    }

    /// A mail that is due at once.
    pub fn compose(
        &self,
        letter: &Letter<'_>,
        to: &Email,
        to_name: &str,
        account_id: Option<AccountId>,
        now: Timestamp,
    ) -> Result<Mail, ComposeError> {
        let words = letter.words(&self.campus);
        let subject = one_line(&words.subject);
        let values = context! {
            subject => subject.as_str(), name => to_name, paragraphs => words.paragraphs, quote => words.quote,
            label => words.action.as_ref().map(|action| action.label),
            link => words.action.as_ref().map(|action| action.link.as_str()), campus => self.campus.as_str(), site => self.site.as_str(),
        };
        Ok(Mail {
            mail_id: MailId::generate(now),
            kind: letter.kind(),
            to: to.clone(),
            to_name: one_line(to_name),
            account_id,
            text: self.layouts.get_template(TEXT)?.render(&values)?,
            html: self.layouts.get_template(HTML)?.render(&values)?,
            subject,
            state: MailState::Waiting,
            attempts: 0,
            last_error: None,
            next_attempt_at: now,
            created_at: now,
            sent_at: None,
        })
    }
}

/// A header is one line, whatever a title holds.
fn one_line(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let words: Vec<&str> = line.split_whitespace().collect();
    let line = words.join(" ");
    if line.chars().count() <= MAX_SUBJECT_CHARS {
        return line;
    }
    line.chars()
        .take(MAX_SUBJECT_CHARS - 1)
        .chain(['…'])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_typed_is_text_in_every_part() {
        let composer = Composer::new("Example College", "https://jobs.example.edu").unwrap();
        let letter = Letter::ApplicationReceived {
            student_name: "Bob\r\nBcc: x@example.com",
            job_title: "<script>alert(1)</script> & 工作",
            link: "https://jobs.example.edu/postings/1",
        };
        let to = Email::parse("boss@example.edu").unwrap();
        let mail = composer
            .compose(&letter, &to, "Ann\n", None, Timestamp::from_millis(0))
            .unwrap();
        assert!(!mail.subject.contains(['\r', '\n']), "{:?}", mail.subject);
        assert!(
            mail.html.contains("&lt;script&gt;") && !mail.html.contains("<script>"),
            "{}",
            mail.html
        );
        assert!(
            mail.text.contains("<script>alert(1)</script> & 工作"),
            "{}",
            mail.text
        );
        assert_eq!(mail.to_name, "Ann");
    }
}
