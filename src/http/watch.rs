//! Wraps every request: request ID, duration, and the headers of every answer.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use actix_web::HttpRequest;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    STRICT_TRANSPORT_SECURITY,
};
use actix_web::middleware::Next;
use actix_web::web::Data;

use super::metrics::RouteNumber;
use super::state::State;
use super::unread::Held;

tokio::task_local! {
    static REQUEST_ID: u64;
}

/// The ID of the request that this task serves.
pub fn request_id() -> String {
    REQUEST_ID
        .try_with(|id| format!("{id:016x}"))
        .unwrap_or_default()
}

/// Wraps every request.
pub async fn watch<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let id: u64 = rand::random();
    let started = Instant::now();
    let held = Held::of(&mut request);
    let mut response = REQUEST_ID.scope(id, next.call(request)).await?;
    note(&response, started.elapsed());
    let is_https = response
        .request()
        .app_data::<Data<State>>()
        .is_some_and(|state| state.public_url().starts_with("https://"));
    harden(response.headers_mut(), is_https);
    if tracing::enabled!(tracing::Level::DEBUG) || response.status().is_server_error() {
        let (status, request) = (response.status().as_u16(), response.request());
        let (method, path) = (request.method(), shown(request));
        let duration_us = started.elapsed().as_micros() as u64;
        if status >= 500 {
            tracing::error!(request_id = format!("{id:016x}"), %method, %path, status, duration_us, "answered");
        } else {
            tracing::debug!(request_id = format!("{id:016x}"), %method, %path, status, duration_us, "answered");
        }
    }
    let response = response.map_into_boxed_body();
    Ok(match held {
        Some(held) => response.map_body(|_, body| held.until_sent(body)),
        None => response,
    })
}

/// The path as logged: without its query, and without a secret that is part of it.
fn shown(request: &HttpRequest) -> Cow<'_, str> {
    match request.match_pattern() {
        Some(pattern) if pattern.contains("token") => pattern.into(),
        _ => request.path().into(),
    }
}

fn note<B>(response: &ServiceResponse<B>, took: Duration) {
    let request = response.request();
    let Some(state) = request.app_data::<Data<State>>() else {
        return;
    };
    if state.config.metrics.enabled {
        let route = request.app_data::<RouteNumber>().copied();
        let status = response.status().as_u16();
        state.metrics.note(route, request.method(), status, took);
    }
}

/// For all pages: nothing from other hosts, no inline scripts, no frames.
const PAGE_POLICY: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; \
    frame-ancestors 'none'; form-action 'self'";

const NOSNIFF: HeaderName = HeaderName::from_static("x-content-type-options");
const REFERRER: HeaderName = HeaderName::from_static("referrer-policy");

fn harden(headers: &mut HeaderMap, is_https: bool) {
    headers.insert(NOSNIFF, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER, HeaderValue::from_static("same-origin"));
    if is_https {
        // One year, the least that hstspreload.org asks for.
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(STRICT_TRANSPORT_SECURITY, year);
    }
    // Most answers are personal. What may be cached sets its own header.
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    let is_page = headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if is_page && !headers.contains_key(CONTENT_SECURITY_POLICY) {
        let policy = HeaderValue::from_static(PAGE_POLICY);
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
}
