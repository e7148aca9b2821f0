//! Access to routes as types. Nobody else can reach a handler that takes `Caller<Student>`, and the line that declares
//! the route names the same type.

use std::marker::PhantomData;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{FromRequest, HttpRequest, web};

use super::cookies;
use super::problem::{Because, Problem};
use super::state::State;
use crate::accounts::{identify, identify_by_cookie, keep_alive};
use crate::model::{Identity, Party, Role};
use crate::store::{Origin, Reader, Transaction};

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Anybody,
    /// Callers on this machine, and logged-in admins. For others the route does not exist.
    LocalOrAdmin,
    Roles(&'static [Role]),
}

/// Whom a policy admits, and what the handler then knows about them.
pub trait Policy: 'static {
    type Who: 'static;
    const ACCESS: Access;
    /// Whether the policy needs to know who is logged in.
    const IDENTIFIES: bool = true;
    fn admit(identity: Option<Identity>) -> Result<Self::Who, Problem>;
    fn identify(
        request: &HttpRequest,
        state: &State,
        reader: &Reader,
    ) -> impl Future<Output = Result<Option<Identity>, Problem>> {
        identity_of(request, state, reader)
    }
}

/// Anybody, without looking at who: a stale cookie must not prevent a login.
#[derive(Clone, Copy)]
pub struct Anyone;
/// Anybody. The handler knows who is logged in.
#[derive(Clone, Copy)]
pub struct Public;
#[derive(Clone, Copy)]
pub struct Student;
#[derive(Clone, Copy)]
pub struct Admin;
#[derive(Clone, Copy)]
pub struct EmployerOrAdmin;
#[derive(Clone, Copy)]
pub struct StudentOrEmployer;
#[derive(Clone, Copy)]
pub struct SignedIn;
/// Whoever collects metrics.
#[derive(Clone, Copy)]
pub struct LocalOrAdmin;

impl Policy for Anyone {
    type Who = ();
    const ACCESS: Access = Access::Anybody;
    const IDENTIFIES: bool = false;
    fn admit(_: Option<Identity>) -> Result<(), Problem> {
        Ok(())
    }
    async fn identify(_: &HttpRequest, _: &State, _: &Reader) -> Result<Option<Identity>, Problem> {
        Ok(None)
    }
}

impl Policy for Public {
    type Who = Option<Identity>;
    const ACCESS: Access = Access::Anybody;
    fn admit(identity: Option<Identity>) -> Result<Option<Identity>, Problem> {
        Ok(identity)
    }
}

impl Policy for Student {
    type Who = Identity;
    const ACCESS: Access = Access::Roles(&[Role::Student]);
    fn admit(identity: Option<Identity>) -> Result<Identity, Problem> {
        one_of(identity, Self::ACCESS)
    }
}

impl Policy for Admin {
    type Who = Identity;
    const ACCESS: Access = Access::Roles(&[Role::Admin]);
    fn admit(identity: Option<Identity>) -> Result<Identity, Problem> {
        one_of(identity, Self::ACCESS)
    }
}

impl Policy for EmployerOrAdmin {
    type Who = Identity;
    const ACCESS: Access = Access::Roles(&[Role::Employer, Role::Admin]);
    fn admit(identity: Option<Identity>) -> Result<Identity, Problem> {
        one_of(identity, Self::ACCESS)
    }
}

impl Policy for StudentOrEmployer {
    type Who = Identity;
    const ACCESS: Access = Access::Roles(&[Role::Student, Role::Employer]);
    fn admit(identity: Option<Identity>) -> Result<Identity, Problem> {
        one_of(identity, Self::ACCESS)
    }
}

impl Policy for SignedIn {
    type Who = Identity;
    const ACCESS: Access = Access::Roles(&[Role::Student, Role::Employer, Role::Admin]);
    fn admit(identity: Option<Identity>) -> Result<Identity, Problem> {
        one_of(identity, Self::ACCESS)
    }
}

impl Policy for LocalOrAdmin {
    type Who = ();
    const ACCESS: Access = Access::LocalOrAdmin;
    const IDENTIFIES: bool = false;
    fn admit(_: Option<Identity>) -> Result<(), Problem> {
        Ok(())
    }
    async fn identify(
        request: &HttpRequest,
        state: &State,
        reader: &Reader,
    ) -> Result<Option<Identity>, Problem> {
        if is_local(request, state) {
            return Ok(None);
        }
        match identity_of(request, state, reader).await {
            Ok(Some(identity)) if identity.role() == Role::Admin => Ok(Some(identity)),
            _ => Err(Problem::not_found()),
        }
    }
}

/// Whether the caller is on this machine, and not behind a proxy on it that the settings do not list.
fn is_local(request: &HttpRequest, state: &State) -> bool {
    let loopback = state
        .client_address(request)
        .is_some_and(|address| address.to_canonical().is_loopback());
    let passed_on = ["x-forwarded-for", "forwarded"]
        .iter()
        .any(|name| request.headers().contains_key(*name));
    loopback && !passed_on
}

fn one_of(identity: Option<Identity>, access: Access) -> Result<Identity, Problem> {
    let identity = identity.ok_or_else(Problem::unauthenticated)?;
    match access {
        Access::Roles(roles) if roles.contains(&identity.role()) => Ok(identity),
        _ => Err(Problem::forbidden(Because::Role)),
    }
}

/// A caller whom the policy admitted. It holds no snapshot: while a body arrives slowly, redb would keep every page that
/// commits replace.
pub struct Caller<P: Policy> {
    pub who: P::Who,
    pub origin: Origin,
    policy: PhantomData<P>,
}

impl<P: Policy> FromRequest for Caller<P> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Box::pin(find(request.clone()))
    }
}

async fn find<P: Policy>(request: HttpRequest) -> Result<Caller<P>, Problem> {
    let state = request
        .app_data::<web::Data<State>>()
        .expect("the server is built with its state");
    // The session is one row.
    let reader = state.read_latest()?;
    let identity = P::identify(&request, state, &reader).await?;
    let origin = state.origin(&request, identity.as_ref());
    Ok(Caller {
        who: P::admit(identity)?,
        origin,
        policy: PhantomData,
    })
}

/// The identity of the access token in the header, or else of the session cookie. An invalid header is an error. An
/// invalid cookie is ignored, since the browser sends it automatically. For the same reason, an unsafe method with a valid
/// cookie must come from our own pages.
pub async fn identity_of(
    request: &HttpRequest,
    state: &State,
    reader: &Reader,
) -> Result<Option<Identity>, Problem> {
    let now = state.now();
    let authorization = request.headers().get(header::AUTHORIZATION);
    if let Some(token) = authorization.and_then(bearer_token) {
        let access = state.access_keys.verify(token, now);
        let access = access.ok_or_else(Problem::unauthenticated)?;
        let identity = identify(reader, access.sid, now).await?;
        return identity.map(Some).ok_or_else(Problem::unauthenticated);
    }
    let mut known = None;
    for token in cookies::sessions(request, state) {
        known = identify_by_cookie(&state.registrar, reader, token, now).await?;
        if known.is_some() {
            break;
        }
    }
    let Some((identity, is_due)) = known else {
        return Ok(None);
    };
    if !request.method().is_safe() && !cookies::is_same_origin(request) {
        return Err(Problem::forbidden(Because::Origin));
    }
    if is_due {
        stay_signed_in(state, &identity).await;
    }
    Ok(Some(identity))
}

/// What follows the word "Bearer". Another scheme, such as that of a proxy with its own passwords, is not for us.
fn bearer_token(authorization: &HeaderValue) -> Option<&str> {
    let Ok(text) = authorization.to_str() else {
        return Some("");
    };
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    let is_ours = scheme.eq_ignore_ascii_case("bearer");
    is_ours.then_some(token.trim())
}

/// Each use keeps a browser's session alive. If that fails, as on a full disk, a later use does.
async fn stay_signed_in(state: &State, identity: &Identity) {
    let (registrar, id) = (&state.registrar, identity.session_id);
    let keep = async |transaction: &mut Transaction| keep_alive(registrar, transaction, id).await;
    if let Err(error) = state.store.run(Origin::SYSTEM, keep).await {
        tracing::warn!(%error, "could not keep a session alive");
    }
}

impl Caller<Student> {
    pub fn student_id(&self) -> &crate::model::StudentId {
        match &self.who.party {
            Party::Student(id) => id,
            _ => unreachable!("the policy admits students alone"),
        }
    }
}
