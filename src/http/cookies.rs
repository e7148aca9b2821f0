//! The cookies of the web pages, and the check that a request comes from them.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration as CookieDuration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::{Uri, header};

use super::state::State;

pub const ACCESS: &str = "corkboard_access";
pub const REFRESH: &str = "corkboard_refresh";
/// The account that this browser has logged in to. Other people's wrong guesses do not block it.
pub const DEVICE: &str = "corkboard_device";
const REFRESH_PATH: &str = "/api/v1/auth";

/// The value of a cookie, without copying the others.
pub fn read<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let values = request.headers().get_all(header::COOKIE);
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
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

pub fn access(state: &State, token: &str) -> Cookie<'static> {
    let age = state.config.accounts.access_lifetime();
    cookie(
        state,
        ACCESS,
        token,
        "/",
        i64::try_from(age.as_secs()).unwrap_or(i64::MAX),
    )
}

pub fn refresh(state: &State, token: &str) -> Cookie<'static> {
    let age = state.config.accounts.refresh_lifetime();
    cookie(
        state,
        REFRESH,
        token,
        REFRESH_PATH,
        i64::try_from(age.as_secs()).unwrap_or(i64::MAX),
    )
}

/// Kept for the longest time that browsers allow (400 days), since it gives no access.
pub fn device(state: &State, mark: &str) -> Cookie<'static> {
    cookie(state, DEVICE, mark, "/", 400 * 24 * 60 * 60)
}

/// Empty cookies that end a session.
pub fn cleared(state: &State) -> [Cookie<'static>; 2] {
    [
        cookie(state, ACCESS, "", "/", 0),
        cookie(state, REFRESH, "", REFRESH_PATH, 0),
    ]
}

fn cookie(
    state: &State,
    name: &'static str,
    value: &str,
    path: &'static str,
    seconds: i64,
) -> Cookie<'static> {
    Cookie::build(name, value.to_owned())
        .path(path)
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(state.public_url().starts_with("https://"))
        .max_age(CookieDuration::seconds(seconds))
        .finish()
}
