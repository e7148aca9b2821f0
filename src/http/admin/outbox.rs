//! The outbox: waiting, sent and failed mail, and sending again.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::caller::{Admin, Caller};
use crate::http::idempotency::{Reply, once};
use crate::http::jobs::id_of;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::state::State;
use crate::http::views::PageView;
use crate::mail::{list_outbox, retry_mail};
use crate::model::{Email, Mail, MailId, MailKind, MailState, Timestamp};
use crate::store::Transaction;

/// A mail without its text, which may contain a secret link.
#[derive(Serialize, ToSchema)]
#[schema(as = Mail)]
#[serde(rename_all = "camelCase")]
pub struct MailRow<'a> {
    mail_id: MailId,
    kind: MailKind,
    to: &'a Email,
    subject: String,
    state: MailState,
    attempts: u32,
    last_error: Option<&'a str>,
    next_attempt_at: Timestamp,
    created_at: Timestamp,
    sent_at: Option<Timestamp>,
}

impl<'a> From<&'a Mail> for MailRow<'a> {
    fn from(mail: &'a Mail) -> Self {
        Self {
            mail_id: mail.mail_id,
            kind: mail.template.kind(),
            to: &mail.to,
            subject: mail.subject(),
            state: mail.state,
            attempts: mail.attempts,
            last_error: mail.last_error.as_deref(),
            next_attempt_at: mail.next_attempt_at,
            created_at: mail.created_at,
            sent_at: mail.sent_at,
        }
    }
}

/// GET /admin/outbox
pub async fn list(
    _: Caller<Admin>,
    state: web::Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let reader = state.read()?;
    let query = Query::of(&request, &["state", "limit", "cursor"])?;
    let after = query.place()?;
    let state = query.named("state")?;
    let page = list_outbox(&reader, state, after.as_ref(), query.limit()?).await?;
    Ok(HttpResponse::Ok().json(PageView {
        items: page
            .items
            .iter()
            .map(|mail| MailRow::from(&mail.record))
            .collect(),
        next_cursor: query.next_place(page.next),
    }))
}

/// POST /admin/outbox/{id}/retry
pub async fn retry(
    caller: Caller<Admin>,
    request: HttpRequest,
    state: web::Data<State>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id: MailId = id_of(&path)?;
    once(
        &state,
        &request,
        Some(&caller.who),
        caller.origin,
        b"",
        async |transaction: &mut Transaction| retry_mail(transaction, id).await,
        async |mail| Reply::json(StatusCode::OK, &MailRow::from(&mail.record)),
    )
    .await
}
