//! Who did what, when and from where: the change log, newest first. It ends where the log was trimmed.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::accounts;
use crate::http::caller::{Admin, Caller};
use crate::http::problem::Problem;
use crate::http::query::{Query, wrong_cursor};
use crate::http::state::State;
use crate::http::views::PageView;
use crate::model::{AccountId, Actor, Application, Email, Event, LogEntry, Role, Timestamp};
use crate::store::{Logged, Reader, Stored, keys};

#[derive(Serialize, ToSchema)]
pub struct AuditRow {
    sequence: u64,
    at: Timestamp,
    actor: ActorView,
    #[schema(value_type = Option<String>)]
    address: Option<std::net::IpAddr>,
    /// The kind of event, such as `applicationMoved`.
    action: String,
    /// What the event concerns: IDs, and from and to for a status change.
    #[schema(value_type = Object)]
    details: Map<String, Value>,
    /// For an override: the admin's reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Actor)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum ActorView {
    Anonymous,
    Account {
        #[schema(rename = "accountId")]
        account_id: AccountId,
        role: Role,
        email: Option<Email>,
    },
    Operator,
    System,
}

impl ActorView {
    pub async fn new(reader: &Reader, actor: Actor) -> Result<Self, Problem> {
        let email = match actor {
            Actor::Account(id, _) => {
                let account = accounts::find_account(reader, id).await?;
                account.map(|account| account.record.email)
            }
            _ => None,
        };
        Ok(match actor {
            Actor::Anonymous => Self::Anonymous,
            Actor::Operator => Self::Operator,
            Actor::System => Self::System,
            Actor::Account(account_id, role) => Self::Account {
                account_id,
                role,
                email,
            },
        })
    }
}

impl AuditRow {
    async fn new(reader: &Reader, logged: Logged) -> Result<Self, Problem> {
        let Logged { sequence, entry } = logged;
        let event = serde_json::to_value(&entry.event);
        let Ok(Value::Object(mut details)) = event else {
            return Err(Problem::internal(&"an event is not an object"));
        };
        let Some(Value::String(action)) = details.remove("kind") else {
            return Err(Problem::internal(&"an event has no kind"));
        };
        Ok(Self {
            reason: reason(reader, &entry).await?,
            sequence,
            at: entry.at,
            actor: ActorView::new(reader, entry.actor).await?,
            address: entry.address,
            action,
            details,
        })
    }
}

/// The log contains no text that people wrote. An override's reason is in the application.
async fn reason(reader: &Reader, entry: &LogEntry) -> Result<Option<String>, Problem> {
    let Event::EligibilityOverridden { application_id, .. } = &entry.event else {
        return Ok(None);
    };
    let stored: Option<Stored<Application>> =
        reader.get(&keys::application(*application_id)).await?;
    let word = stored.and_then(|application| {
        let mut words = application.record.overrides.into_iter();
        words.find(|word| word.at == entry.at)
    });
    Ok(word.map(|word| word.reason))
}

/// GET /admin/audit
pub async fn list(
    _: Caller<Admin>,
    state: web::Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &["limit", "cursor"])?;
    let limit = query.limit()?;
    let before: Option<u64> = query
        .cursor()?
        .map(|sequence| sequence.parse().map_err(|_| wrong_cursor()))
        .transpose()?;
    let reader = &state.read()?;
    let logged = reader.log_before(before.unwrap_or(u64::MAX), limit).await?;
    let next_cursor = match logged.last() {
        Some(last) if logged.len() == limit && last.sequence > reader.log_start().await? => {
            Some(last.sequence.to_string())
        }
        _ => None,
    };
    let mut items = Vec::with_capacity(logged.len());
    for logged in logged {
        items.push(AuditRow::new(reader, logged).await?);
    }
    Ok(HttpResponse::Ok().json(PageView {
        items,
        next_cursor: query.next_cursor(next_cursor),
    }))
}
