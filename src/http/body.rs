//! Request bodies: read up to a limit, with the right media type, parsed into types.

use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::{Method, header};
use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{FromRequest, HttpRequest};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Map, Value};

use super::pace::Pace;
use super::problem::{Code, Problem};
use super::state::State;
use crate::model::{FieldFault, Invalid, StrictJson, field_at, from_json, from_member};

/// The error for an empty body, where serde_json's error also points.
const EMPTY: Code = Code::MalformedJson { line: 1, column: 0 };

/// The bytes of a JSON body.
pub struct JsonBody(pub Bytes);

impl JsonBody {
    /// Malformed JSON is 400. An unknown, missing, wrong or repeated member is 422 and is named.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        Ok(from_json(Value::Object(self.members()?))?)
    }

    /// The members of the body, which is always an object.
    pub fn members(&self) -> Result<Map<String, Value>, Problem> {
        // Parse the whole text first, so that a malformed body gives no field errors.
        serde_json::from_slice::<IgnoredAny>(&self.0).map_err(|error| malformed(&error))?;
        let mut reader = serde_json::Deserializer::from_slice(&self.0);
        match serde_path_to_error::deserialize(&mut reader) {
            Ok(StrictJson(Value::Object(members))) => Ok(members),
            Ok(_) => Err(Invalid::one("body", FieldFault::NotAnObject).into()),
            Err(error) => {
                // StrictJson accepts any value, so a repeated member is the only possible error here.
                let fault = match error.inner() {
                    inner if inner.is_data() => FieldFault::Repeated,
                    inner if is_too_large_a_number(inner) => FieldFault::NotANumber,
                    inner => return Err(malformed(inner)),
                };
                Err(Invalid::one(field_at(&error.path().to_string(), None), fault).into())
            }
        }
    }
}

/// Removes a member from the body. The other members form a type of their own. The fault of a wrong one is recorded.
pub fn take<T: DeserializeOwned>(
    members: &mut Map<String, Value>,
    name: &str,
    invalid: &mut Invalid,
) -> Option<T> {
    let value = members.remove(name)?;
    invalid.part(from_member(name, value))
}

/// serde_json counts this as a syntax error, but 1e400 is valid JSON, so only the member is wrong.
fn is_too_large_a_number(error: &serde_json::Error) -> bool {
    error.to_string().starts_with("number out of range")
}

fn malformed(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    Code::MalformedJson { line, column }.into()
}

impl FromRequest for JsonBody {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let state = request
                .app_data::<Data<State>>()
                .expect("the server is built with its state");
            let limit = state.config.server.body_limit_kib * 1024;
            let bytes = read_to_limit(&request, &mut payload, limit).await?;
            if bytes.is_empty() {
                return Err(EMPTY.into());
            }
            if !is_json(&request) {
                return Err(wrong_media_type("application/json"));
            }
            Ok(Self(bytes))
        })
    }
}

/// An optional body. A missing one is an empty object, where a cookie can replace it.
pub struct OptionalJsonBody(pub JsonBody);

impl FromRequest for OptionalJsonBody {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = JsonBody::from_request(request, payload);
        Box::pin(async move {
            match body.await {
                Err(problem) if problem.is(&EMPTY) => Ok(Self(JsonBody(Bytes::from_static(b"{}")))),
                body => body.map(Self),
            }
        })
    }
}

/// The request's media type, without parameters.
pub fn media_type(request: &HttpRequest) -> &str {
    let kind = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    kind.and_then(|kind| kind.split(';').next())
        .unwrap_or_default()
        .trim()
}

/// A parameter of the media type, without quotes.
pub fn parameter<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let kind = request.headers().get(header::CONTENT_TYPE)?;
    kind.to_str().ok()?.split(';').skip(1).find_map(|one| {
        let (key, value) = one.split_once('=')?;
        let is_it = key.trim().eq_ignore_ascii_case(name);
        is_it.then(|| value.trim().trim_matches('"'))
    })
}

fn is_json(request: &HttpRequest) -> bool {
    let kind = media_type(request);
    kind.eq_ignore_ascii_case("application/json")
        || request.method() == Method::PATCH
            && kind.eq_ignore_ascii_case("application/merge-patch+json")
}

pub fn broken_body(error: &PayloadError) -> Problem {
    let reason = error.to_string();
    Code::BrokenBody { reason }.into()
}

pub fn wrong_media_type(allowed: &str) -> Problem {
    let allowed = allowed.into();
    Code::UnsupportedMediaType { allowed }.into()
}

/// Reads the whole body. Beyond the limit, the answer is 413, and no more than the limit is kept in memory.
pub async fn read_to_limit(
    request: &HttpRequest,
    payload: &mut Payload,
    limit: usize,
) -> Result<Bytes, Problem> {
    let too_large = || {
        let max_kib = limit / 1024;
        Problem::from(Code::BodyTooLarge { max_kib })
    };
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > limit) {
        return Err(too_large());
    }
    let mut bytes = BytesMut::with_capacity(announced.unwrap_or(0));
    let mut pace = Pace::default();
    while let Some(chunk) = pace.next(payload).await? {
        if bytes.len() + chunk.len() > limit {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}
