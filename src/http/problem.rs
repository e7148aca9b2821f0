//! Every error answer: RFC 9457 `application/problem+json`, with a stable `code`. Causes go to the log with the request
//! id, never to the client.

use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use super::watch;
use crate::model::{FieldError, Invalid, Reason};
use crate::store::StoreError;
use crate::{accounts, applications, jobs};

pub const PROBLEM_JSON: &str = "application/problem+json";

/// Boxed, so that a `Result` with one is no larger than what it usually holds.
#[derive(Debug)]
pub struct Problem(Box<Parts>);

#[derive(Debug)]
struct Parts {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    reasons: Vec<Reason>,
    retry_after: Option<Duration>,
    allow: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
#[serde(rename_all = "camelCase")]
pub struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    reasons: &'a [Reason],
    request_id: String,
}

impl Problem {
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            reasons: Vec::new(),
            retry_after: None,
            allow: None,
        }))
    }

    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "There is nothing here, or nothing that you may know of.",
        )
    }

    pub fn forbidden(detail: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    pub fn unauthenticated() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
            "Sign in first: the access token is missing, wrong, expired or ended.",
        )
    }

    pub fn method_not_allowed(allow: String) -> Self {
        let detail = format!("This address takes {allow}.");
        let mut problem = Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail);
        problem.0.allow = Some(allow);
        problem
    }

    pub fn too_many(wait: Duration) -> Self {
        let detail = "Too many failed log-ins; try again a little later.";
        let mut problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", detail);
        problem.0.retry_after = Some(wait);
        problem
    }

    pub fn busy() -> Self {
        let detail = "The server has more to do than it can take; try again in a moment.";
        let mut problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail);
        problem.0.retry_after = Some(Duration::from_secs(1));
        problem
    }

    pub fn conflict(code: &'static str, detail: &str) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// An accept that the campus rules refuse.
    pub fn not_eligible(reasons: Vec<Reason>) -> Self {
        let mut problem = Self::conflict("not_eligible", "The campus rules do not allow it.");
        problem.0.reasons = reasons;
        problem
    }

    pub fn stale() -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "stale",
            "The record has changed since it was read; read it again.",
        )
    }

    /// An error of ours: its cause goes to the log.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(request_id = %watch::request_id(), %cause, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong here; it is in the log.",
        )
    }

    /// The same answer under a code of its own.
    pub fn set_code(&mut self, code: &'static str) {
        self.0.code = code;
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} {}: {}",
            self.0.status.as_u16(),
            self.0.code,
            self.0.detail
        )
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.0.status);
        response.insert_header((header::CONTENT_TYPE, PROBLEM_JSON));
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(wait) = self.0.retry_after {
            response.insert_header((header::RETRY_AFTER, wait.as_secs().max(1).to_string()));
        }
        if let Some(allow) = &self.0.allow {
            response.insert_header((header::ALLOW, allow.as_str()));
        }
        if self.0.status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        let document = Document {
            r#type: format!("urn:corkboard:problem:{}", self.0.code),
            title: self.0.status.canonical_reason().unwrap_or("Error"),
            status: self.0.status.as_u16(),
            detail: &self.0.detail,
            code: self.0.code,
            errors: &self.0.errors,
            reasons: &self.0.reasons,
            request_id: watch::request_id(),
        };
        response
            .body(serde_json::to_vec(&document).expect("plain strings and numbers are always JSON"))
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        let mut problem = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
            invalid.to_string(),
        );
        problem.0.errors = invalid.0;
        problem
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::busy(),
            StoreError::Contended => Self::new(
                StatusCode::CONFLICT,
                "contended",
                "Others keep changing the same record; try again.",
            ),
            StoreError::TooLarge(what) => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                format!("A {what} is too large to store."),
            ),
            StoreError::Unavailable(_) | StoreError::Unknown(_) => {
                tracing::error!(request_id = %watch::request_id(), %error, "the store failed");
                let detail =
                    "The store cannot take this now; try again with the same Idempotency-Key.";
                let mut problem =
                    Self::new(StatusCode::SERVICE_UNAVAILABLE, "store_unavailable", detail);
                problem.0.retry_after = Some(Duration::from_secs(5));
                problem
            }
            StoreError::Corrupt(_) => Self::internal(&error),
        }
    }
}

impl From<accounts::Refusal> for Problem {
    fn from(refusal: accounts::Refusal) -> Self {
        use accounts::Refusal;
        let detail = sentence(&refusal);
        match refusal {
            Refusal::Invalid(invalid) => invalid.into(),
            Refusal::InvalidCredentials => {
                Self::new(StatusCode::UNAUTHORIZED, "invalid_credentials", detail)
            }
            Refusal::EmailUnverified => {
                Self::new(StatusCode::FORBIDDEN, "email_unverified", detail)
            }
            Refusal::Suspended => Self::new(StatusCode::FORBIDDEN, "account_suspended", detail),
            Refusal::InvalidToken => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_token", detail)
            }
            Refusal::AlreadyVerified => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_token", detail)
            }
            Refusal::WrongRegistrationPassword => {
                let message = "is not the one chosen when this link was sent";
                let mut problem = Self::from(Invalid::one("password", message));
                problem.0.code = "wrong_registration_password";
                problem
            }
            Refusal::NotFound => Self::not_found(),
            Refusal::WrongPassword => {
                let mut problem =
                    Self::from(Invalid::one("currentPassword", "is missing or wrong"));
                problem.0.code = "wrong_password";
                problem
            }
            Refusal::Stale => Self::stale(),
            Refusal::WrongStanding => Self::new(StatusCode::CONFLICT, "invalid_transition", detail),
            Refusal::Compose(error) => Self::internal(&error),
            Refusal::Store(error) => error.into(),
        }
    }
}

impl From<jobs::Refusal> for Problem {
    fn from(refusal: jobs::Refusal) -> Self {
        use jobs::Refusal;
        let detail = sentence(&refusal);
        match refusal {
            Refusal::Invalid(invalid) => invalid.into(),
            Refusal::NotFound => Self::not_found(),
            Refusal::NotYours | Refusal::StatusNotYours => Self::forbidden(&detail),
            Refusal::Stale => Self::stale(),
            Refusal::InvalidTransition { .. } => {
                Self::new(StatusCode::CONFLICT, "invalid_transition", detail)
            }
            Refusal::HasApplications(members) => {
                let mut problem = Self::new(StatusCode::CONFLICT, "has_applications", detail);
                for member in members {
                    let error = Invalid::one(member, "cannot change while applications are open");
                    problem.0.errors.extend(error.0);
                }
                problem
            }
            Refusal::Compose(error) => Self::internal(&error),
            Refusal::Search(error) => Self::internal(&error),
            Refusal::Store(error) => error.into(),
        }
    }
}

impl From<applications::Refusal> for Problem {
    fn from(refusal: applications::Refusal) -> Self {
        use applications::Refusal;
        let conflict = |code| Self::new(StatusCode::CONFLICT, code, sentence(&refusal));
        match refusal {
            Refusal::JobNotFound | Refusal::NotFound => Self::not_found(),
            Refusal::JobNotOpen => conflict("job_not_open"),
            Refusal::AlreadyApplied => conflict("already_applied"),
            Refusal::NotYours => Self::forbidden(&sentence(&refusal)),
            Refusal::Stale => Self::stale(),
            Refusal::InvalidTransition { .. } | Refusal::Decided(_) => {
                conflict("invalid_transition")
            }
            Refusal::PositionsFilled => conflict("positions_filled"),
            Refusal::TooManyFiles(_) => conflict("too_many_files"),
            Refusal::Ineligible(ref reasons) => {
                let mut problem = Self::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "ineligible",
                    sentence(&refusal),
                );
                problem.0.reasons.clone_from(reasons);
                problem
            }
            Refusal::NotAPdf => Self::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                sentence(&refusal),
            ),
            Refusal::Invalid(invalid) => invalid.into(),
            Refusal::Store(error) => error.into(),
        }
    }
}

/// An error's text as a sentence.
pub fn sentence(error: &dyn std::fmt::Display) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_uppercase(), letters.as_str())
    })
}
