//! Error answers: RFC 9457 `application/problem+json`, with a stable `code`. Causes go to the log with the request ID,
//! never to the client.

mod code;
mod refusals;

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::watch;
use crate::model::{FieldError, Invalid, Reason};

pub use code::{Because, Code, TokenKind};

pub const PROBLEM_JSON: &str = "application/problem+json";

/// Boxed, so that a `Result` with it stays small.
#[derive(Debug)]
pub struct Problem(Box<Parts>);

#[derive(Debug)]
struct Parts {
    code: Code,
    errors: Vec<FieldError>,
    reasons: Vec<Reason>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
#[serde(rename_all = "camelCase")]
pub struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    /// In English. Clients choose their text by `code` and `params`.
    detail: &'a str,
    #[schema(value_type = Code)]
    code: &'a str,
    /// The values in the sentence.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    params: Map<String, Value>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    reasons: &'a [Reason],
    request_id: String,
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self(Box::new(Parts {
            code,
            errors: Vec::new(),
            reasons: Vec::new(),
        }))
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        Self::of_fields(Code::Invalid, invalid)
    }
}

impl Problem {
    /// A problem with single fields.
    pub fn of_fields(code: Code, invalid: Invalid) -> Self {
        let mut problem = Self::from(code);
        problem.0.errors = invalid.0;
        problem
    }

    /// Closes the connection.
    pub fn too_slow() -> Self {
        Code::RequestTimeout.into()
    }

    pub fn is_too_slow(&self) -> bool {
        self.0.code == Code::RequestTimeout
    }

    /// The reasons of campus rules, if they are one.
    pub fn reasons(&self) -> &[Reason] {
        &self.0.reasons
    }

    /// A problem with reasons from campus rules.
    pub fn with_reasons(code: Code, reasons: Vec<Reason>) -> Self {
        let mut problem = Self::from(code);
        problem.0.reasons = reasons;
        problem
    }

    pub fn not_found() -> Self {
        Code::NotFound.into()
    }

    pub fn forbidden(because: Because) -> Self {
        Code::Forbidden { because }.into()
    }

    pub fn unauthenticated() -> Self {
        Code::Unauthenticated.into()
    }

    pub fn too_many(wait: Duration) -> Self {
        let retry_after = wait.as_secs().max(1);
        Code::TooManyAttempts { retry_after }.into()
    }

    /// An internal error. Its cause goes to the log.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(request_id = %watch::request_id(), error = %cause, "a request failed");
        Code::Internal.into()
    }

    pub fn code(&self) -> &Code {
        &self.0.code
    }

    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    /// The headers that say how to go on.
    pub fn add_headers(&self, headers: &mut HeaderMap) {
        if let Some(seconds) = self.0.code.retry_after() {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if let Code::MethodNotAllowed { allow } = &self.0.code
            && let Ok(allow) = allow.parse()
        {
            headers.insert(header::ALLOW, allow);
        }
    }

    pub fn is(&self, code: &Code) -> bool {
        self.0.code == *code
    }

    fn detail(&self) -> String {
        let Parts { code, errors, .. } = &*self.0;
        let sentence = code.sentence();
        match code {
            Code::Invalid if !errors.is_empty() => {
                format!("{sentence} {}.", Invalid(errors.clone()))
            }
            // The faults say the same as the sentence; only their fields or reasons are new.
            Code::HasApplications if !errors.is_empty() => {
                let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
                format!("{}: {}.", sentence.trim_end_matches('.'), fields.join(", "))
            }
            Code::InvalidModule if !errors.is_empty() => {
                let faults: Vec<_> = errors.iter().map(|error| error.fault.to_string()).collect();
                format!("The module {}.", faults.join("; "))
            }
            _ => sentence,
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (code, _) = self.0.code.parts();
        let status = self.0.code.status().as_u16();
        write!(f, "{status} {code}: {}", self.detail())
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        let mut response = HttpResponse::build(status);
        response.insert_header((header::CONTENT_TYPE, PROBLEM_JSON));
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if self.is_too_slow() {
            response.force_close();
        }
        if status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        let (code, params) = self.0.code.parts();
        let document = Document {
            r#type: format!("urn:corkboard:problem:{code}"),
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: &self.detail(),
            code: &code,
            params,
            errors: &self.0.errors,
            reasons: &self.0.reasons,
            request_id: watch::request_id(),
        };
        let body = serde_json::to_vec(&document);
        let body = body.expect("plain strings and numbers are always JSON");
        let mut response = response.body(body);
        self.add_headers(response.headers_mut());
        response
    }
}
