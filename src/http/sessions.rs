//! Log in, refresh, log out.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{JsonBody, OptionalJsonBody};
use super::caller::{Anyone, Caller, identity_of};
use super::cookies;
use super::idempotency::once_with_secrets;
use super::problem::{Because, Code, Problem, TokenKind};
use super::state::State;
use super::views::AccountView;
use crate::accounts::{self, Opened, Refreshed, Refusal};
use crate::auth::{AccessToken, Attempt, Flow, Match};
use crate::model::{Account, AccountId, Email, FieldFault, Invalid};
use crate::store::{Origin, Transaction};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginBody {
    email: String,
    password: String,
}

/// POST /auth/login
pub async fn login(
    caller: Caller<Anyone>,
    request: HttpRequest,
    state: web::Data<State>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let (origin, bytes) = (caller.origin, body.0.clone());
    let answer = log_in(caller, &request, &state, body);
    once_with_secrets(&state, &request, origin, &bytes, answer).await
}

async fn log_in(
    caller: Caller<Anyone>,
    request: &HttpRequest,
    state: &State,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let LoginBody { email, password } = body.parse()?;
    let (opened, account) = authenticate(caller.origin, request, state, &email, &password).await?;
    if cookies::wants_cookies(request) {
        end_replaced_session(caller.origin, request, state).await;
    }
    signed_in(state, request, &opened, &account)
}

/// Opens a session for whoever knows the password. Guessing is limited.
pub(super) async fn authenticate(
    origin: Origin,
    request: &HttpRequest,
    state: &State,
    email: &str,
    password: &str,
) -> Result<(Opened, Account), Problem> {
    refuse_long_email(email)?;
    let email = Email::parse(email).map_err(|_| email.trim().to_lowercase());
    let account = match &email {
        Ok(email) => accounts::credentials(&state.read()?, email).await?,
        Err(_) => None,
    };
    let account_id = account.as_ref().map(|account| account.account_id);
    let client = state.client(request);
    let known = account_id.and_then(|id| Some((id, known_device(request, state, id)?)));
    let attempt = Attempt {
        address: email.as_ref().map_or_else(String::as_str, Email::as_str),
        client,
        flow: known.map_or(Flow::Network(client.network), |(id, _)| Flow::Account(id)),
        account: account_id,
        device: known.map(|(_, mark)| mark),
    };
    let admitted = state.log_ins.admit(attempt).map_err(Problem::too_many)?;
    let hash = account
        .as_ref()
        .and_then(|account| account.password_hash.as_deref());
    let found = state.passwords.verify(attempt.flow, password, hash).await?;
    let (Some(account), true) = (account, found.is_right()) else {
        let wait = admitted.failed();
        note_failure(state, origin, &attempt).await;
        return Err(wait.map_or_else(|| Refusal::InvalidCredentials.into(), Problem::too_many));
    };
    admitted.succeeded().map_err(Problem::too_many)?;
    let new_hash = if let Match::Outdated(hash) = found {
        Some(hash)
    } else {
        None
    };
    let (opened, account) = state
        .store
        .run(origin, async |transaction: &mut Transaction| {
            state
                .registrar
                .sign_in(transaction, &account, new_hash.as_deref())
                .await
        })
        .await?;
    let client_address = origin.address.map(tracing::field::display);
    tracing::info!(account_id = %account.account_id, client_address, "logged in");
    Ok((opened, account))
}

/// Refuses an address that is too long to exist, before any work (RFC 5321 4.5.3.1).
pub(super) fn refuse_long_email(email: &str) -> Result<(), Problem> {
    if email.len() > Email::MAX_BYTES {
        let max = Email::MAX_BYTES;
        return Err(Invalid::one("email", FieldFault::TooManyBytes { max }).into());
    }
    Ok(())
}

/// Proof that this device has logged in to the account before: the mark in a browser's cookie, or an earlier access
/// token of any age that another client sends.
fn known_device<'a>(
    request: &'a HttpRequest,
    state: &State,
    account: AccountId,
) -> Option<&'a str> {
    let authorization = request.headers().get(header::AUTHORIZATION);
    let bearer = authorization
        .and_then(|value| value.to_str().ok()?.split_once(' '))
        .map(|(_, token)| token.trim());
    let marks = cookies::read(request, cookies::DEVICE)
        .into_iter()
        .chain(bearer);
    marks
        .into_iter()
        .find(|mark| state.access_keys.signed_in_before(mark) == Some(account))
}

/// Logs a failed login, without what was typed, which may be a password. If logging fails, the answer is the same.
async fn note_failure(state: &State, origin: Origin, attempt: &Attempt<'_>) {
    let client = attempt.client;
    let Some(failure) = state.failures.admit(attempt.address, client.network) else {
        return;
    };
    let account_id = attempt.account;
    let client_address = origin.address.map(tracing::field::display);
    let known = account_id.map(tracing::field::display);
    tracing::info!(
        account_id = known,
        client_address,
        suppressed = failure.suppressed,
        "login failed"
    );
    let note = async |transaction: &mut Transaction| {
        accounts::note_failed_log_in(transaction, account_id, &failure).await
    };
    match state.store.run(origin, note).await {
        Ok(true) => {}
        Ok(false) => state.failures.suppress(failure.suppressed + 1),
        Err(error) => tracing::warn!(%error, "could not record a failed login"),
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedIn<'a> {
    access_token: &'a str,
    token_type: &'static str,
    /// Seconds.
    expires_in: u64,
    refresh_token: &'a str,
    account: AccountView<'a>,
}

/// The answer to a login. A page gets cookies: the session, and what identifies the browser later.
pub(super) fn signed_in(
    state: &State,
    request: &HttpRequest,
    opened: &Opened,
    account: &Account,
) -> Result<HttpResponse, Problem> {
    let mut response = renewed(state, opened, account)?;
    if cookies::wants_cookies(request) {
        add_cookies(state, &mut response, opened, account)?;
    }
    Ok(response)
}

/// The cookies of a browser that has logged in.
pub(super) fn add_cookies(
    state: &State,
    response: &mut HttpResponse,
    opened: &Opened,
    account: &Account,
) -> Result<(), Problem> {
    let mark = state
        .access_keys
        .mark_device(account.account_id, state.now());
    let mark = mark.map_err(|error| Problem::internal(&error))?;
    let session = opened.cookie_token.as_deref();
    let session = session.map(|token| cookies::opened(state, token));
    for cookie in session.into_iter().chain([cookies::device(state, &mark)]) {
        let added = response.add_cookie(&cookie);
        added.map_err(|error| Problem::internal(&error))?;
    }
    Ok(())
}

fn renewed(state: &State, opened: &Opened, account: &Account) -> Result<HttpResponse, Problem> {
    let lifetime = state.config.accounts.access_lifetime();
    let now = state.now();
    let expires = now.plus(lifetime);
    let token = AccessToken {
        sub: account.account_id,
        sid: opened.session.session_id,
        exp: expires.as_millis() / 1000,
    };
    let access_token = state
        .access_keys
        .sign(&token, now)
        .map_err(|error| Problem::internal(&error))?;
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    Ok(response.json(SignedIn {
        access_token: &access_token,
        token_type: "Bearer",
        expires_in: lifetime.as_secs(),
        refresh_token: &opened.refresh_token,
        account: account.into(),
    }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RefreshBody {
    refresh_token: Option<String>,
}

fn spent_token() -> Problem {
    let kind = TokenKind::Refresh;
    Code::InvalidToken { kind }.into()
}

/// POST /auth/refresh
pub async fn refresh(
    caller: Caller<Anyone>,
    request: HttpRequest,
    state: web::Data<State>,
    OptionalJsonBody(body): OptionalJsonBody,
) -> Result<HttpResponse, Problem> {
    let RefreshBody { refresh_token } = body.parse()?;
    let origin = caller.origin;
    if let Some(token) = refresh_token {
        let answer = renew(&state, origin, &token);
        return once_with_secrets(&state, &request, origin, token.as_bytes(), answer).await;
    }
    let Some(cookie) = cookies::sessions(&request, &state).next() else {
        return Err(Invalid::one("refreshToken", FieldFault::Required).into());
    };
    // Before a saved answer is given again.
    if !cookies::is_same_origin(&request) {
        return Err(Problem::forbidden(Because::Origin));
    }
    let answer = renew_by_cookie(&state, &request, origin);
    once_with_secrets(&state, &request, origin, cookie.as_bytes(), answer).await
}

async fn renew(state: &State, origin: Origin, token: &str) -> Result<HttpResponse, Problem> {
    let refreshed = state
        .store
        .run(origin, async |transaction: &mut Transaction| {
            accounts::refresh(&state.registrar, transaction, token).await
        })
        .await;
    match refreshed {
        Ok(Refreshed::Renewed(opened)) => renewed(state, &opened.0, &opened.1),
        Ok(Refreshed::Reused) | Err(Refusal::InvalidToken) => Err(spent_token()),
        Err(refusal) => Err(refusal.into()),
    }
}

/// A page's session gets tokens of its own.
async fn renew_by_cookie(
    state: &State,
    request: &HttpRequest,
    origin: Origin,
) -> Result<HttpResponse, Problem> {
    let identity = identity_of(request, state, &state.read()?).await?;
    let session_id = identity.ok_or_else(spent_token)?.session_id;
    let refresh = async |transaction: &mut Transaction| {
        accounts::refresh_by_cookie(&state.registrar, transaction, session_id).await
    };
    match state.store.run(origin, refresh).await {
        Ok((opened, account)) => renewed(state, &opened, &account),
        Err(Refusal::InvalidToken) => Err(spent_token()),
        Err(refusal) => Err(refusal.into()),
    }
}

/// POST /auth/logout
pub async fn logout(
    caller: Caller<Anyone>,
    request: HttpRequest,
    state: web::Data<State>,
    OptionalJsonBody(body): OptionalJsonBody,
) -> Result<HttpResponse, Problem> {
    let (origin, bytes) = (caller.origin, body.0.clone());
    let answer = log_out(caller, &request, &state, body);
    once_with_secrets(&state, &request, origin, &bytes, answer).await
}

async fn log_out(
    caller: Caller<Anyone>,
    request: &HttpRequest,
    state: &State,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let RefreshBody { refresh_token } = body.parse()?;
    let origin = caller.origin;
    if let Some(token) = refresh_token {
        state
            .store
            .run(origin, async |transaction: &mut Transaction| {
                accounts::sign_out(transaction, &token).await
            })
            .await?;
    } else {
        end_own_session(origin, request, state).await?;
    }
    let mut response = HttpResponse::NoContent();
    // Another site's form could otherwise log this browser out.
    if cookies::is_same_origin(request) {
        response.cookie(cookies::ended(state));
    }
    Ok(response.finish())
}

/// Ends the session of a browser that has just got another one. If that fails, it ends by itself later.
pub(super) async fn end_replaced_session(origin: Origin, request: &HttpRequest, state: &State) {
    if let Err(error) = end_own_session(origin, request, state).await {
        tracing::warn!(%error, "could not end a session that another one replaces");
    }
}

/// Ends the session of the access token or the cookie.
pub(super) async fn end_own_session(
    origin: Origin,
    request: &HttpRequest,
    state: &State,
) -> Result<(), Problem> {
    let identity = identity_of(request, state, &state.read()?).await?;
    if let Some(session_id) = identity.map(|identity| identity.session_id) {
        let end = async |transaction: &mut Transaction| {
            accounts::end_session(transaction, session_id).await
        };
        state.store.run(origin, end).await?;
    }
    Ok(())
}
