//! The cookies of the web pages, and whether a request comes from them.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration as CookieDuration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header;

use super::state::State;

pub const ACCESS: &str = "corkboard_access";
pub const REFRESH: &str = "corkboard_refresh";
const REFRESH_PATH: &str = "/api/v1/auth";

/// The value of a cookie, without copying the rest.
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

/// Whether the browser says that the request comes from a page of this very site.
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

/// Whether a log-in asks for cookies: it carries an `Origin`, and that is ours.
pub fn wants_cookies(request: &HttpRequest) -> bool {
    request
        .headers()
        .get(header::ORIGIN)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|origin| origin_is_ours(request, origin))
}

fn origin_is_ours(request: &HttpRequest, origin: &str) -> bool {
    let state = request.app_data::<actix_web::web::Data<State>>();
    let configured = state
        .map(|state| state.public_url())
        .is_some_and(|url| url.eq_ignore_ascii_case(origin));
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|value| value.to_str().ok());
    let same_host = host.is_some_and(|host| {
        origin
            .split_once("://")
            .is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host))
    });
    configured || same_host
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

/// The two cookies, emptied.
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
