//! A form as a browser sends it.

use std::pin::Pin;

use actix_multipart::{Multipart, MultipartError};
use actix_web::dev::Payload;
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpRequest};
use futures_util::TryStreamExt as _;
use serde_json::{Map, Value};

use crate::applications::MAX_RESUME_BYTES;
use crate::http::body::{JsonBody, media_type, read_to_limit, wrong_media_type};
use crate::http::cookies;
use crate::http::problem::{Because, Code, Problem};
use crate::http::state::State;
use crate::model::{FieldFault, Invalid};

/// With it, the sender's file name and bytes.
type File = (String, Vec<u8>);

/// A form with at most one file.
pub struct FileForm {
    pub fields: Form,
    pub file: Option<File>,
}

/// A file that is too large for a résumé is still read, so that the form comes back with what was typed.
const MAX_FILE_BYTES: usize = 4 * MAX_RESUME_BYTES;

const MULTIPART: &str = "multipart/form-data";
const URL_ENCODED: &str = "application/x-www-form-urlencoded";

/// Fields that a page fills in itself.
const HIDDEN: [&str; 3] = ["role", "token", "next"];

/// The fields of a form of our own pages. From another site's page, it is refused.
pub struct Form(Vec<(String, String)>);

impl Form {
    /// A form with these values.
    pub fn of(values: &Map<String, Value>) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let fields = values
            .iter()
            .map(|(name, value)| (name.clone(), text(value)));
        Self(fields.collect())
    }

    /// What was entered, or nothing.
    pub fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(field, _)| field == name);
        found.map_or("", |(_, value)| value)
    }

    pub fn set(&mut self, name: &str, value: String) {
        self.0.retain(|(field, _)| field != name);
        self.0.push((name.to_owned(), value));
    }

    /// Whether people see this field. The hidden ones are set by the page.
    pub fn shows(&self, name: &str) -> bool {
        !HIDDEN.contains(&name) && self.0.iter().any(|(field, _)| field == name)
    }

    pub fn is_blank(&self, name: &str) -> bool {
        self.text(name).trim().is_empty()
    }

    /// Fails if one of these fields is empty.
    pub fn needs(&self, names: &[&str]) -> Result<(), Problem> {
        let mut invalid = Invalid::default();
        // Spaces can be a password.
        let is_missing = |name: &str| match name {
            "password" => self.text(name).is_empty(),
            _ => self.is_blank(name),
        };
        for name in names.iter().filter(|name| is_missing(name)) {
            invalid.add(*name, FieldFault::Required);
        }
        if invalid.0.is_empty() {
            return Ok(());
        }
        Err(invalid.into())
    }

    /// The body that a client of the API would send.
    pub fn json(members: Map<String, Value>) -> Result<JsonBody, Problem> {
        let bytes = serde_json::to_vec(&members).map_err(|error| Problem::internal(&error))?;
        Ok(JsonBody(Bytes::from(bytes)))
    }

    /// Everything that was entered, to be shown again, except passwords.
    pub fn entered(&self) -> Map<String, Value> {
        let shown = self
            .0
            .iter()
            .filter(|(name, _)| !name.to_lowercase().contains("password"));
        let shown = shown.map(|(name, value)| (name.clone(), value.clone().into()));
        shown.collect()
    }
}

impl FromRequest for Form {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let bytes = own_body(&request, &mut payload, URL_ENCODED, 0).await?;
            Ok(Self(form_urlencoded::parse(&bytes).into_owned().collect()))
        })
    }
}

/// The body of a form of our own pages.
async fn own_body(
    request: &HttpRequest,
    payload: &mut Payload,
    kind: &str,
    file_bytes: usize,
) -> Result<Bytes, Problem> {
    if !cookies::is_same_origin(request) {
        return Err(Problem::forbidden(Because::Origin));
    }
    let state = request
        .app_data::<Data<State>>()
        .expect("the server is built with its state");
    let limit = state.config.server.body_limit_kib * 1024 + file_bytes;
    let bytes = read_to_limit(request, payload, limit).await?;
    if !media_type(request).eq_ignore_ascii_case(kind) {
        return Err(wrong_media_type(kind));
    }
    Ok(bytes)
}

impl FromRequest for FileForm {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let bytes = own_body(&request, &mut payload, MULTIPART, MAX_FILE_BYTES).await?;
            let parts = read_parts(&request, bytes).await;
            parts.map_err(|error| {
                let reason = error.to_string();
                Code::BrokenBody { reason }.into()
            })
        })
    }
}

async fn read_parts(request: &HttpRequest, bytes: Bytes) -> Result<FileForm, MultipartError> {
    let body = futures_util::stream::iter([Ok(bytes)]);
    let mut parts = Multipart::new(request.headers(), body);
    let mut fields = Vec::new();
    let mut file = None;
    while let Some(mut part) = parts.try_next().await? {
        let name = part.name().unwrap_or_default().to_owned();
        let disposition = part.content_disposition();
        let file_name = disposition.and_then(|one| one.get_filename().map(str::to_owned));
        let mut content = Vec::new();
        while let Some(chunk) = part.try_next().await? {
            content.extend_from_slice(&chunk);
        }
        match file_name {
            // Browsers send a field without a file too.
            Some(file_name) if !file_name.is_empty() || !content.is_empty() => {
                file = Some((file_name, content));
            }
            Some(_) => {}
            None => fields.push((name, String::from_utf8_lossy(&content).into_owned())),
        }
    }
    let fields = Form(fields);
    Ok(FileForm { fields, file })
}
