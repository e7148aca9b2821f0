//! Registration, verification, and resetting a password by mail. Requests of strangers are limited by network before
//! any costly work.

use std::num::NonZeroU32;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::body::JsonBody;
use super::caller::{Anyone, Caller};
use super::equal_time::in_equal_time;
use super::idempotency::{Reply, once, once_with_secrets};
use super::problem::Problem;
use super::sessions::{refuse_long_email, signed_in};
use super::state::State;
use crate::accounts::{self, Opened, Refusal, SignUp};
use crate::auth::{Flow, check_password};
use crate::model::{Account, Email, FieldFault, Invalid, Registration, read_json};
use crate::store::{Origin, Transaction};

/// Requests per minute from one network: registrations and reset links.
pub const REQUESTS_A_MINUTE: NonZeroU32 = NonZeroU32::new(60).expect("not zero");
pub const REQUESTS_AT_ONCE: NonZeroU32 = NonZeroU32::new(200).expect("not zero");

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
        Some(Value::String(text)) => Some(text),
        Some(_) => {
            invalid.add(name, FieldFault::NotText);
            None
        }
        None => {
            invalid.add(name, FieldFault::Required);
            None
        }
    };
    let [email, password, name] =
        ["email", "password", "name"].map(|name| take(name).unwrap_or_default());
    let role = take("role");
    let profile = match role.as_deref() {
        Some("student") => {
            read_json(Value::Object(members), &mut invalid).map(Registration::Student)
        }
        Some("employer") => {
            read_json(Value::Object(members), &mut invalid).map(Registration::Employer)
        }
        Some(_) => {
            let roles = FieldFault::not_one_of(["student", "employer"]);
            invalid.add("role", roles);
            None
        }
        None => None,
    };
    refuse_long_email(&email)?;
    let input = profile.and_then(|profile| {
        let input = SignUp::parse(&state.registrar, &email, &password, &name, profile);
        invalid.part(input)
    });
    let input = invalid.complete(input)?;
    state.spend_request(&request)?;
    // Hashed for a taken address too, so that the answer takes the same time.
    let hash = state.passwords.hash(&password).await?;
    let answer = once(
        &state,
        &request,
        None,
        caller.origin,
        &body.0,
        async |transaction: &mut Transaction| {
            accounts::sign_up(&state.registrar, transaction, &input, &hash).await
        },
        // Saved without a body: the erasure of an account could not find the address in it.
        async |()| Ok(Reply::empty(StatusCode::ACCEPTED)),
    );
    in_equal_time(answer).await?;
    let registered = Registered {
        email: &input.email,
        status: "verification_sent",
    };
    Ok(Reply::json(StatusCode::ACCEPTED, &registered)?.respond())
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
    let answer = async {
        let VerifyBody { token, password } = body.parse()?;
        let entered = enter_by_link(origin, &request, &state, &token, &password);
        let (opened, account) = entered.await?;
        signed_in(&state, &request, &opened, &account)
    };
    once_with_secrets(&state, &request, origin, &bytes, answer).await
}

/// Verifies an address by the link in a mail, and opens a session.
pub(super) async fn enter_by_link(
    origin: Origin,
    request: &HttpRequest,
    state: &State,
    token: &str,
    password: &str,
) -> Result<(Opened, Account), Problem> {
    let entered = verify_address(origin, request, state, token, password);
    Box::pin(state.follow_link(request, entered)).await
}

async fn verify_address(
    origin: Origin,
    request: &HttpRequest,
    state: &State,
    token: &str,
    password: &str,
) -> Result<(Opened, Account), Problem> {
    let hash = state
        .store
        .run(origin, async |transaction: &mut Transaction| {
            accounts::try_link(transaction, token).await
        })
        .await?;
    let flow = Flow::Network(state.client(request).network);
    let passwords = &state.passwords;
    let found = passwords.verify(flow, password, Some(&hash)).await?;
    if !found.is_right() {
        return Err(Refusal::WrongRegistrationPassword.into());
    }
    let verified = state
        .store
        .run(origin, async |transaction: &mut Transaction| {
            accounts::verify_email(&state.registrar, transaction, token, &hash).await
        });
    Ok(verified.await?)
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
    refuse_long_email(&email)?;
    state.spend_request(&request)?;
    // An invalid address has no account either, so the answer is the same (README.md).
    let email = Email::parse(&email).ok();
    let answer = once(
        &state,
        &request,
        None,
        caller.origin,
        &body.0,
        async |transaction: &mut Transaction| {
            accounts::forgot_password(&state.registrar, transaction, email.as_ref()).await
        },
        async |()| Ok(Reply::empty(StatusCode::ACCEPTED)),
    );
    in_equal_time(answer).await
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
    let answer = set_password(&caller, &request, &state, &body, &token, &password);
    state.follow_link(&request, answer).await
}

async fn set_password(
    caller: &Caller<Anyone>,
    request: &HttpRequest,
    state: &State,
    body: &JsonBody,
    token: &str,
    password: &str,
) -> Result<HttpResponse, Problem> {
    // A retry must get the first answer even though the token is spent by then.
    let hash = if accounts::is_reset(&state.read()?, token, state.now()).await? {
        state.passwords.hash(password).await?
    } else {
        String::new()
    };
    once(
        state,
        request,
        None,
        caller.origin,
        &body.0,
        async |transaction: &mut Transaction| {
            accounts::reset_password(&state.registrar, transaction, token, &hash).await
        },
        async |account| {
            state.log_ins.password_reset(*account);
            Ok(Reply::empty(StatusCode::NO_CONTENT))
        },
    )
    .await
}
