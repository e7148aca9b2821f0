//! What is noted of every request: an id, the time it took, and the headers that every answer carries.

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;

tokio::task_local! {
    static REQUEST_ID: u64;
}

/// The id of the request that this task serves.
pub fn request_id() -> String {
    REQUEST_ID
        .try_with(|id| format!("{id:016x}"))
        .unwrap_or_default()
}

/// Wraps every request.
pub async fn watch<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let id: u64 = rand::random();
    let started = Instant::now();
    let mut response = REQUEST_ID.scope(id, next.call(request)).await?;
    harden(response.headers_mut());
    if tracing::enabled!(tracing::Level::DEBUG) || response.status().is_server_error() {
        let (status, request) = (response.status().as_u16(), response.request());
        let (method, path) = (request.method(), request.path());
        let micros = started.elapsed().as_micros() as u64;
        if status >= 500 {
            tracing::error!(request_id = format!("{id:016x}"), %method, path, status, micros, "answered");
        } else {
            tracing::debug!(request_id = format!("{id:016x}"), %method, path, status, micros, "answered");
        }
    }
    Ok(response)
}

const NOSNIFF: HeaderName = HeaderName::from_static("x-content-type-options");
const REFERRER: HeaderName = HeaderName::from_static("referrer-policy");

fn harden(headers: &mut HeaderMap) {
    headers.insert(NOSNIFF, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER, HeaderValue::from_static("same-origin"));
}
