//! Cross-origin requests: the configured origins may read answers, all others may not.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{HttpResponse, web};

use super::state::State;

const METHODS: &str = "GET, POST, PATCH, DELETE";
const HEADERS: &str = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match";
const EXPOSED: &str = "Content-Disposition, ETag, Location, Retry-After";
/// How long a browser may cache a preflight answer, in seconds.
const MAX_AGE: &str = "600";

pub async fn cors<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let state = request.app_data::<web::Data<State>>();
    let origins = state.map_or(&[][..], |state| &state.config.server.allowed_origins);
    // A cached answer for no origin must not be served to one of these.
    let varies = !origins.is_empty();
    let Some(origin) = request.headers().get(header::ORIGIN).cloned() else {
        let mut response = next.call(request).await?.map_into_left_body();
        if varies {
            vary(response.headers_mut());
        }
        return Ok(response);
    };
    let allowed = origins.iter().any(|allowed| origin == allowed.as_str());
    let preflight = request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if preflight {
        let mut response = HttpResponse::NoContent();
        if varies {
            response.insert_header((header::VARY, "Origin"));
        }
        if allowed {
            response.insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, origin));
            response.insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, METHODS));
            response.insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS));
            response.insert_header((header::ACCESS_CONTROL_MAX_AGE, MAX_AGE));
        }
        return Ok(request
            .into_response(response.finish())
            .map_into_right_body());
    }
    let mut response = next.call(request).await?.map_into_left_body();
    let headers = response.headers_mut();
    if varies {
        vary(headers);
    }
    if allowed {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            header::HeaderValue::from_static(EXPOSED),
        );
    }
    Ok(response)
}

fn vary(headers: &mut header::HeaderMap) {
    headers.append(header::VARY, header::HeaderValue::from_static("Origin"));
}
