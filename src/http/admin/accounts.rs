//! Accounts: list, approve, suspend, reinstate.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::accounts::{self, AccountsWanted, Moderation};
use crate::http::body::JsonBody;
use crate::http::caller::{Admin, Caller};
use crate::http::etag::{IfMatch, etag};
use crate::http::jobs::id_of;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::state::State;
use crate::http::views::{AccountRow, PageView};
use crate::model::{AccountStatus, Invalid, Line, check_text};
use crate::store::Transaction;

/// GET /admin/accounts
pub async fn list(
    _: Caller<Admin>,
    state: web::Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let reader = state.read()?;
    let query = Query::of(&request, &["q", "status", "role", "limit", "cursor"])?;
    let after = query.place()?;
    let wanted = accounts_wanted(&query)?;
    let page = accounts::list_accounts(&reader, &wanted, after.as_ref(), query.limit()?).await?;
    Ok(HttpResponse::Ok().json(PageView {
        items: AccountRow::all(&reader, &page.items).await?,
        next_cursor: query.next_place(page.next),
    }))
}

pub fn accounts_wanted(query: &Query) -> Result<AccountsWanted<'_>, Problem> {
    Ok(AccountsWanted {
        q: query.text("q")?.unwrap_or_default(),
        status: query.named("status")?,
        role: query.named("role")?,
    })
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModerateBody {
    status: Option<AccountStatus>,
    trusted: Option<bool>,
    reason: Option<String>,
}

const MAX_REASON_CHARS: usize = 2_000;

/// The text that goes into the mail about a decision, if there is one.
pub fn reason_of(typed: Option<&str>) -> Result<Option<String>, Invalid> {
    let reason = typed
        .map(|reason| check_text(reason, Line::Many, 0, MAX_REASON_CHARS))
        .transpose()
        .map_err(|fault| Invalid::one("reason", fault))?;
    Ok(reason.filter(|reason| !reason.is_empty()))
}

/// PATCH /admin/accounts/{id}
pub async fn moderate(
    caller: Caller<Admin>,
    request: HttpRequest,
    state: web::Data<State>,
    path: web::Path<String>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let ModerateBody {
        status,
        trusted,
        reason,
    } = body.parse()?;
    let reason = reason_of(reason.as_deref())?;
    let id = id_of(&path)?;
    let moderation = Moderation {
        status,
        trusted,
        reason,
    };
    let if_match = IfMatch::of(&request);
    let account = state
        .store
        .run(caller.origin, async |transaction: &mut Transaction| {
            let matches = |version| if_match.holds(version);
            accounts::moderate(&state.registrar, transaction, id, &moderation, &matches).await
        })
        .await?;
    let mut response = HttpResponse::Ok();
    response.insert_header((header::ETAG, etag(account.version)));
    let accounts = [account];
    let row = AccountRow::all(&state.read()?, &accounts).await?.pop();
    Ok(response.json(row))
}
