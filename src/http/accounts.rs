//! Signing up, in and out; recovering.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::body::{JsonBody, OptionalJsonBody};
use super::caller::{Anyone, Caller, identity_of};
use super::cookies;
use super::idempotency::{Answer, once, once_with_secrets};
use super::problem::{Because, Code, Problem, TokenKind};
use super::state::State;
use super::views::AccountView;
use crate::accounts::{self, Opened, Refreshed, Refusal, SignUp};
use crate::auth::{AccessToken, check_password};
use crate::model::{Account, Email, FieldFault, Invalid, Registration, from_json};
use crate::store::{Origin, Transaction};

#[derive(Serialize, ToSchema)]
pub struct Registered<'a> {
    email: &'a Email,
    status: &'static str,
}

/// POST /auth/register
pub async fn register(
    caller: Caller<Anyone>,
    request: HttpRequest,
    state: web::Data<State>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let mut members = body.members()?;
    let mut invalid = Invalid::default();
    let mut take = |name: &str| match members.remove(name) {
        Some(Value::String(text)) => text,
        Some(_) => {
            invalid.add(name, FieldFault::NotText);
            String::new()
        }
        None => {
            invalid.add(name, FieldFault::Required);
            String::new()
        }
    };
    let (email, password, name) = (take("email"), take("password"), take("name"));
    let role = take("role");
    invalid.into_result()?;
    let profile = match role.as_str() {
        "student" => Registration::Student(from_json(Value::Object(members))?),
        "employer" => Registration::Employer(from_json(Value::Object(members))?),
        _ => {
            let roles = FieldFault::not_one_of(["student", "employer"]);
            return Err(Invalid::one("role", roles).into());
        }
    };
    let wish = SignUp::parse(&state.registrar, &email, &password, &name, profile)?;
    // Hashed for a taken address as well: the answer takes the same time.
    let hash = state.passwords.hash(&password).await?;
    once(
        &state,
        &request,
        None,
        caller.origin,
        &body.0,
        |transaction| accounts::sign_up(&state.registrar, transaction, &wish, &hash),
        |()| {
            let registered = Registered {
                email: &wish.email,
                status: "verification_sent",
            };
            Answer::json(StatusCode::ACCEPTED, &registered)
        },
    )
    .await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyBody {
    token: String,
    password: String,
}

/// POST /auth/verify-email
pub async fn verify_email(
    caller: Caller<Anyone>,
    request: HttpRequest,
    state: web::Data<State>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let (origin, bytes) = (caller.origin, body.0.clone());
    let answer = prove_mailbox(caller, &request, &state, body);
    once_with_secrets(&state, &request, origin, &bytes, answer).await
}

async fn prove_mailbox(
    caller: Caller<Anyone>,
    request: &HttpRequest,
    state: &State,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let VerifyBody { token, password } = body.parse()?;
    let hash = state
        .store
        .run(caller.origin, |transaction| {
            accounts::try_link(transaction, &token)
        })
        .await?;
    if !state.passwords.verify(&password, Some(&hash)).await? {
        return Err(Refusal::WrongRegistrationPassword.into());
    }
    let (opened, account) = state
        .store
        .run(caller.origin, |transaction| {
            accounts::verify_email(&state.registrar, transaction, &token, &hash)
        })
        .await?;
    signed_in(state, request, &opened, &account)
}

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
    let typed = email.trim().to_lowercase();
    let address = caller.origin.address;
    let may_try = || {
        let by_address = address.and_then(|address| state.address_throttle.wait(&address));
        match state.account_throttle.wait(&typed).or(by_address) {
            Some(wait) => Err(Problem::too_many(wait)),
            None => Ok(()),
        }
    };
    may_try()?;
    let account = match Email::parse(&email) {
        Ok(email) => accounts::credentials(&caller.reader, &email)?,
        Err(_) => None,
    };
    let hash = account
        .as_ref()
        .and_then(|account| account.password_hash.as_deref());
    let right = state.passwords.verify(&password, hash).await?;
    let (Some(account), true) = (account, right) else {
        state.account_throttle.failed(typed);
        if let Some(address) = address {
            state.address_throttle.failed(address);
        }
        return Err(Refusal::InvalidCredentials.into());
    };
    // Guesses that ran side by side may have spent the allowance meanwhile.
    may_try()?;
    let (opened, account) = state
        .store
        .run(caller.origin, |transaction| {
            state.registrar.sign_in(transaction, &account)
        })
        .await?;
    signed_in(state, request, &opened, &account)
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

fn signed_in(
    state: &State,
    request: &HttpRequest,
    opened: &Opened,
    account: &Account,
) -> Result<HttpResponse, Problem> {
    let lifetime = state.config.accounts.access_lifetime();
    let expires = state.now().plus(lifetime);
    let token = AccessToken {
        sub: account.account_id,
        sid: opened.session.session_id,
        exp: expires.as_millis() / 1000,
    };
    let access_token = state
        .access_keys
        .sign(&token)
        .map_err(|error| Problem::internal(&error))?;
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    if cookies::wants_cookies(request) {
        response.cookie(cookies::access(state, &access_token));
        response.cookie(cookies::refresh(state, &opened.refresh_token));
    }
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

/// The refresh token of the body, else of the cookie, which counts from our own pages alone.
fn refresh_token(request: &HttpRequest, body: &JsonBody) -> Result<Option<String>, Problem> {
    let RefreshBody { refresh_token } = body.parse()?;
    if refresh_token.is_some() {
        return Ok(refresh_token);
    }
    match cookies::read(request, cookies::REFRESH) {
        Some(_) if !cookies::is_same_origin(request) => Err(Problem::forbidden(Because::Origin)),
        token => Ok(token.map(str::to_owned)),
    }
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
    let Some(token) = refresh_token(&request, &body)? else {
        return Err(Invalid::one("refreshToken", FieldFault::Required).into());
    };
    let origin = caller.origin;
    let answer = renew(&request, &state, origin, &token);
    // With the token: from a page it comes in the cookie, not in the body.
    once_with_secrets(&state, &request, origin, token.as_bytes(), answer).await
}

async fn renew(
    request: &HttpRequest,
    state: &State,
    origin: Origin,
    token: &str,
) -> Result<HttpResponse, Problem> {
    let refreshed = state
        .store
        .run(origin, |transaction| {
            accounts::refresh(&state.registrar, transaction, token)
        })
        .await;
    match refreshed {
        Ok(Refreshed::Renewed(renewed)) => signed_in(state, request, &renewed.0, &renewed.1),
        Ok(Refreshed::Reused) | Err(Refusal::InvalidToken) => Err(spent_token()),
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
    let token = refresh_token(request, &body)?;
    let origin = caller.origin;
    if let Some(token) = token {
        state
            .store
            .run(origin, |transaction| {
                accounts::sign_out(transaction, &token)
            })
            .await?;
    } else if let Some(identity) = identity_of(request, state, &caller.reader)? {
        // Without a refresh token, the access token says which session ends.
        let end =
            |transaction: &mut Transaction| accounts::end_session(transaction, identity.session_id);
        state.store.run(origin, end).await?;
    }
    let mut response = HttpResponse::NoContent();
    for cookie in cookies::cleared(state) {
        response.cookie(cookie);
    }
    Ok(response.finish())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ForgotBody {
    email: String,
}

/// POST /auth/forgot-password
pub async fn forgot_password(
    caller: Caller<Anyone>,
    request: HttpRequest,
    state: web::Data<State>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let ForgotBody { email } = body.parse()?;
    // What is no address has no account either: the same answer (API.md).
    let email = Email::parse(&email).ok();
    once(
        &state,
        &request,
        None,
        caller.origin,
        &body.0,
        |transaction| match &email {
            Some(email) => accounts::forgot_password(&state.registrar, transaction, email),
            None => Ok(()),
        },
        |()| {
            Ok(Answer {
                status: StatusCode::ACCEPTED,
                location: None,
                etag: None,
                body: Vec::new(),
            })
        },
    )
    .await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetBody {
    token: String,
    password: String,
}

/// POST /auth/reset-password
pub async fn reset_password(
    caller: Caller<Anyone>,
    request: HttpRequest,
    state: web::Data<State>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let ResetBody { token, password } = body.parse()?;
    check_password(&password).map_err(|fault| Invalid::one("password", fault))?;
    let hash = state.passwords.hash(&password).await?;
    once(
        &state,
        &request,
        None,
        caller.origin,
        &body.0,
        |transaction| accounts::reset_password(&state.registrar, transaction, &token, &hash),
        |()| {
            Ok(Answer {
                status: StatusCode::NO_CONTENT,
                location: None,
                etag: None,
                body: Vec::new(),
            })
        },
    )
    .await
}
