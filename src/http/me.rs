//! The caller's own account and profile.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::body::{JsonBody, take};
use super::caller::{Caller, SignedIn, StudentOrEmployer};
use super::etag::{IfMatch, etag, is_known};
use super::problem::Problem;
use super::state::State;
use super::views::{AccountView, MeView};
use crate::accounts::{self, MePatch, ProfilePatch, Refusal};
use crate::auth::{Attempt, Client, Flow, check_password};
use crate::model::{Identity, Invalid, Party, read_json};
use crate::store::{Origin, Reader, Transaction};

/// GET /me
pub async fn read(
    caller: Caller<SignedIn>,
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let reader = state.read()?;
    answer(&request, &state, &reader, &caller.who).await
}

async fn answer(
    request: &HttpRequest,
    state: &State,
    reader: &Reader,
    identity: &Identity,
) -> Result<HttpResponse, Problem> {
    let today = state.now().day(&state.campus().time_zone);
    let me = accounts::me(reader, identity, today).await?;
    let tag = etag(me.version());
    if request.method().is_safe() && is_known(request, me.version()) {
        return Ok(HttpResponse::NotModified()
            .insert_header((header::ETAG, tag))
            .finish());
    }
    let mut response = HttpResponse::Ok();
    response.insert_header((header::ETAG, tag));
    // Not cached: the URL is the same for everybody, and the versions of two people may be equal, so a browser that
    // revalidates its copy could show the previous user.
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    Ok(response.json(MeView::from(&me)))
}

/// PATCH /me
pub async fn update(
    caller: Caller<SignedIn>,
    request: HttpRequest,
    state: web::Data<State>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    change(&state, &caller, &request, &body, &IfMatch::of(&request)).await?;
    answer(&request, &state, &state.read()?, &caller.who).await
}

/// Applies the body of such a request.
pub async fn change(
    state: &State,
    caller: &Caller<SignedIn>,
    request: &HttpRequest,
    body: &JsonBody,
    if_match: &IfMatch,
) -> Result<(), Problem> {
    let mut members = body.members()?;
    let mut invalid = Invalid::default();
    let name = take(&mut members, "name", &mut invalid);
    let email = take(&mut members, "email", &mut invalid);
    let password: Option<String> = take(&mut members, "password", &mut invalid);
    let current: Option<String> = take(&mut members, "currentPassword", &mut invalid);
    if let Some(password) = &password {
        invalid.field("password", check_password(password));
    }
    let profile = read_profile(&caller.who.party, members, &mut invalid);
    let profile = invalid.complete(profile)?;
    let checked_hash = match &current {
        Some(current) => {
            let client = state.client(request);
            Some(check_current_password(state, &caller.who, client, current).await?)
        }
        None => None,
    };
    let password_hash = match &password {
        Some(password) => Some(state.passwords.hash(password).await?),
        None => None,
    };
    let patch = MePatch {
        name,
        email,
        password_hash,
        checked_hash,
        profile,
    };
    let update = async |transaction: &mut Transaction| {
        let (registrar, who) = (&state.registrar, &caller.who);
        let matches = |version| if_match.holds(version);
        accounts::update_me(registrar, transaction, who, &patch, matches).await
    };
    Ok(state.store.run(caller.origin, update).await?)
}

fn read_profile(
    party: &Party,
    members: Map<String, Value>,
    invalid: &mut Invalid,
) -> Option<ProfilePatch> {
    let members = Value::Object(members);
    match party {
        Party::Student(_) => read_json(members, invalid).map(ProfilePatch::Student),
        Party::Employer(_) => read_json(members, invalid).map(ProfilePatch::Employer),
        Party::Admin => {
            let NoProfile {} = read_json(members, invalid)?;
            Some(ProfilePatch::None)
        }
    }
}

/// The profile of an admin: no members.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoProfile {}

/// Checks the current password. Returns the stored hash that it matches.
async fn check_current_password(
    state: &State,
    identity: &Identity,
    client: Client,
    password: &str,
) -> Result<String, Problem> {
    let own = identity.account_id.to_string();
    let attempt = Attempt {
        address: &own,
        client,
        flow: Flow::Account(identity.account_id),
        account: None,
        device: None,
    };
    let admitted = state.log_ins.admit(attempt).map_err(Problem::too_many)?;
    let account = accounts::find_account(&state.read()?, identity.account_id).await?;
    let account = account.ok_or_else(Problem::not_found)?;
    let hash = account.record.password_hash;
    let passwords = &state.passwords;
    let found = passwords
        .verify(attempt.flow, password, hash.as_deref())
        .await?;
    let is_right = found.is_right();
    if let Some(hash) = hash.filter(|_| is_right) {
        admitted.succeeded().map_err(Problem::too_many)?;
        return Ok(hash);
    }
    admitted.failed();
    Err(Refusal::WrongPassword.into())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct EraseBody {
    current_password: String,
}

/// DELETE /me
pub async fn erase(
    caller: Caller<StudentOrEmployer>,
    request: HttpRequest,
    state: web::Data<State>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let EraseBody { current_password } = body.parse()?;
    erase_account(
        &state,
        &caller.who,
        caller.origin,
        &request,
        &current_password,
    )
    .await?;
    let mut response = HttpResponse::NoContent();
    response.cookie(super::cookies::ended(&state));
    Ok(response.finish())
}

/// Checks the password and If-Match, and erases the account.
pub async fn erase_account(
    state: &State,
    who: &Identity,
    origin: Origin,
    request: &HttpRequest,
    password: &str,
) -> Result<(), Problem> {
    let client = state.client(request);
    let checked_hash = check_current_password(state, who, client, password).await?;
    let if_match = IfMatch::of(request);
    let erase = async |transaction: &mut Transaction| {
        let matches = |version| if_match.holds(version);
        accounts::erase(transaction, who, &checked_hash, matches).await
    };
    state.store.run(origin, erase).await?;
    state.in_flight.forget(who.account_id);
    Ok(())
}

/// GET /me/export
pub async fn export(
    caller: Caller<StudentOrEmployer>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let reader = state.read()?;
    let all = accounts::export(&reader, &caller.who).await?;
    let mails: Vec<Value> = all
        .mails
        .iter()
        .map(|mail| json!({"subject": mail.subject(), "createdAt": mail.created_at, "state": mail.state}))
        .collect();
    let sessions: Vec<Value> = all
        .sessions
        .iter()
        .map(|session| json!({"createdAt": session.created_at, "expiresAt": session.expires_at}))
        .collect();
    let export = json!({
        "account": AccountView::from(&all.account),
        "student": all.student,
        "employer": all.employer,
        "applications": all.applications,
        "jobs": all.jobs,
        "files": all.files,
        "mails": mails,
        "sessions": sessions,
    });
    let body = serde_json::to_vec_pretty(&export).map_err(|error| Problem::internal(&error))?;
    let mut response = HttpResponse::build(StatusCode::OK);
    response.insert_header((header::CONTENT_TYPE, "application/json"));
    response.insert_header((
        header::CONTENT_DISPOSITION,
        "attachment; filename=\"corkboard-export.json\"",
    ));
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    Ok(response.body(body))
}
