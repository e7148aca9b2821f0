//! Mail that waits, was sent or failed, and sending again.

use actix_web::HttpResponse;
use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;

use super::decisions::{Refused, decide};
use super::{asked, more, show};
use crate::http::admin::outbox::MailRow;
use crate::http::caller::{Admin, Caller};
use crate::http::problem::Problem;
use crate::http::site::form::Form;
use crate::http::site::page::Page;
use crate::mail::list_outbox;
use crate::model::Mail;

const PARAMETERS: [&str; 2] = ["state", "cursor"];
const ON_A_PAGE: usize = 20;

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    mail: MailRow<'a>,
    /// When it was sent, or written.
    when: String,
}

impl<'a> Shown<'a> {
    fn new(mail: &'a Mail, page: &Page) -> Self {
        let (at, text) = match mail.sent_at {
            Some(at) => (at, "office.sent_at"),
            None => (mail.created_at, "office.written_at"),
        };
        let date = page.words.moment(at, &page.state.campus().time_zone);
        let when = page.words.with(text, [("date", date.into())]);
        let mail = MailRow::from(mail);
        Self { mail, when }
    }
}

/// GET /office/mail
pub async fn mails(caller: Caller<Admin>, page: Page) -> Result<HttpResponse, Problem> {
    show_mails(&caller, &page, None).await
}

/// POST /office/mail
pub async fn decide_mail(
    caller: Caller<Admin>,
    page: Page,
    form: Form,
) -> Result<HttpResponse, Problem> {
    match decide(&caller, &page, &form).await? {
        Ok(response) => Ok(response),
        Err(refused) => show_mails(&caller, &page, Some(&refused)).await,
    }
}

async fn show_mails(
    caller: &Caller<Admin>,
    page: &Page,
    refused: Option<&Refused>,
) -> Result<HttpResponse, Problem> {
    let reader = page.state.read()?;
    let query = asked(page, &PARAMETERS)?;
    let after = query.place()?;
    let found = list_outbox(&reader, query.named("state")?, after.as_ref(), ON_A_PAGE).await?;
    let mails = found.items.iter();
    let mails: Vec<_> = mails.map(|mail| Shown::new(&mail.record, page)).collect();
    let values = context! {
        mails => Serde(mails), state => page.query("state").unwrap_or_default(),
        more => more(page, &PARAMETERS, query.next_place(found.next)),
    };
    show(page, caller, &reader, "office_mail.html", refused, values).await
}
