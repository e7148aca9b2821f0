//! The cookies of the web pages, and the check that a request comes from them.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration as CookieDuration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::{Uri, header};

use super::state::State;

/// The session, at an address with plain HTTP.
pub const SESSION: &str = "corkboard";
/// The same over TLS. Browsers accept this prefix only with TLS, from this very host and for all of its paths.
const SECURE_SESSION: &str = "__Host-corkboard";
/// The account that this browser has logged in to. Other people's wrong guesses do not block it.
pub const DEVICE: &str = "corkboard_device";
/// The language that this browser's pages were set to.
pub const LANGUAGE: &str = "corkboard_language";
/// Where to go after the email of a new account is confirmed.
pub const NEXT: &str = "corkboard_next";
/// What the next page tells: the result of a form.
pub const SAID: &str = "corkboard_said";
const SAID_SECONDS: i64 = 60;
const NEXT_SECONDS: i64 = 24 * 60 * 60;
/// The longest time that browsers keep a cookie.
const MAX_SECONDS: i64 = 400 * 24 * 60 * 60;

/// The value of a cookie.
pub fn read<'a>(request: &'a HttpRequest, name: &'a str) -> Option<&'a str> {
    values(request, name).next()
}

/// The values of all cookies with a name: other applications on the same host may have set one too. Theirs may also have
/// letters that ours never have.
fn values<'a>(request: &'a HttpRequest, name: &'a str) -> impl Iterator<Item = &'a str> {
    let headers = request.headers().get_all(header::COOKIE);
    let pairs = headers.flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(move |pair| {
        let (key, value) = std::str::from_utf8(pair).ok()?.trim().split_once('=')?;
        (key == name && !value.is_empty()).then_some(value)
    })
}

/// Whether the request comes from a page of this site, according to the browser.
pub fn is_same_origin(request: &HttpRequest) -> bool {
    if let Some(site) = request.headers().get("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = request
        .headers()
        .get(header::ORIGIN)
        .and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    origin_is_ours(request, origin)
}

/// Whether a login wants cookies: it has an `Origin` header with our origin.
pub fn wants_cookies(request: &HttpRequest) -> bool {
    request
        .headers()
        .get(header::ORIGIN)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|origin| origin_is_ours(request, origin))
}

/// The configured address always counts, and under its host nothing else does. Under another host (the machine's own
/// name, before a proxy is set up), or without a configured address, the origin must be the request's host with plain
/// HTTP, or with HTTPS if a trusted proxy removed TLS.
fn origin_is_ours(request: &HttpRequest, origin: &str) -> bool {
    let Some(state) = request.app_data::<actix_web::web::Data<State>>() else {
        return false;
    };
    let Some(origin) = Site::of(origin) else {
        return false;
    };
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|value| value.to_str().ok());
    if let Some(site) = Site::of(&state.config.server.public_url) {
        let asked = host.and_then(|host| Site::of(&format!("http://{host}")));
        if site == origin || asked.is_none_or(|asked| asked.host == site.host) {
            return site == origin;
        }
    }
    let is = |scheme: &str| {
        host.and_then(|host| Site::of(&format!("{scheme}://{host}")))
            .is_some_and(|site| site == origin)
    };
    is("http") || state.is_from_proxy(request) && is("https")
}

/// The parts that must match for two addresses to belong to one site.
#[derive(PartialEq, Eq)]
struct Site {
    scheme: String,
    host: String,
    port: u16,
}

impl Site {
    /// The site of a web address, without its path.
    fn of(address: &str) -> Option<Self> {
        let address: Uri = address.parse().ok()?;
        let scheme = address.scheme_str()?.to_ascii_lowercase();
        let usual = match scheme.as_str() {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        Some(Self {
            scheme,
            host: address.host()?.to_ascii_lowercase(),
            port: address.port_u16().unwrap_or(usual),
        })
    }
}

fn is_secure(state: &State) -> bool {
    state.public_url().starts_with("https://")
}

fn session_name(state: &State) -> &'static str {
    if is_secure(state) {
        SECURE_SESSION
    } else {
        SESSION
    }
}

/// The token of the session cookie. If there are several cookies with this name, one of them may be of a session.
pub fn sessions<'a>(request: &'a HttpRequest, state: &State) -> impl Iterator<Item = &'a str> {
    values(request, session_name(state))
}

/// The session ends on the server, so the browser keeps it as long as it can.
pub fn opened(state: &State, token: &str) -> Cookie<'static> {
    cookie(state, session_name(state), token, MAX_SECONDS)
}

/// Gives no access.
pub fn device(state: &State, mark: &str) -> Cookie<'static> {
    cookie(state, DEVICE, mark, MAX_SECONDS)
}

/// An empty path forgets it.
pub fn next(state: &State, path: &str) -> Cookie<'static> {
    let seconds = if path.is_empty() { 0 } else { NEXT_SECONDS };
    let encoded: String = form_urlencoded::byte_serialize(path.as_bytes()).collect();
    cookie(state, NEXT, &encoded, seconds)
}

/// An empty message forgets it.
pub fn said(state: &State, message: &str) -> Cookie<'static> {
    let seconds = if message.is_empty() { 0 } else { SAID_SECONDS };
    cookie(state, SAID, message, seconds)
}

/// Scripts may read it.
pub fn language(state: &State, language: &'static str) -> Cookie<'static> {
    let mut cookie = cookie(state, LANGUAGE, language, MAX_SECONDS);
    cookie.set_http_only(false);
    cookie
}

/// Ends a session in the browser.
pub fn ended(state: &State) -> Cookie<'static> {
    cookie(state, session_name(state), "", 0)
}

fn cookie(state: &State, name: &'static str, value: &str, seconds: i64) -> Cookie<'static> {
    Cookie::build(name, value.to_owned())
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(is_secure(state))
        .max_age(CookieDuration::seconds(seconds))
        .finish()
}
