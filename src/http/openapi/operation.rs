//! The description of one operation: its purpose, input and answers. What follows from the route itself (path, access,
//! the problems of every route of its kind) is added in document.rs.

use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::model::push;
use crate::model::names_of;

pub type Schemas = Vec<(String, RefOr<Schema>)>;

pub struct Operation {
    pub method: &'static str,
    pub path: &'static str,
    pub summary: &'static str,
    pub detail: &'static str,
    pub parameters: Vec<Value>,
    pub body: Option<Value>,
    /// By status, in this order.
    pub answers: Vec<(u16, Value)>,
    /// The status, and the codes that the problem may have.
    pub problems: Vec<(u16, &'static str)>,
    pub read: Schemas,
    pub sent: Schemas,
}

pub const JSON: &str = "application/json";

/// A line of the table of routes, and a sentence about it.
pub fn operation(method: &'static str, path: &'static str, summary: &'static str) -> Operation {
    Operation {
        method,
        path,
        summary,
        detail: "",
        parameters: Vec::new(),
        body: None,
        answers: Vec::new(),
        problems: Vec::new(),
        read: Vec::new(),
        sent: Vec::new(),
    }
}

pub fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

impl Operation {
    pub fn detail(mut self, detail: &'static str) -> Self {
        self.detail = detail;
        self
    }

    pub fn parameter(mut self, at: &str, name: &str, what: &str, schema: Value) -> Self {
        let required = at == "path";
        let parameter = json!({
            "in": at, "name": name, "required": required, "description": what, "schema": schema,
        });
        self.parameters.push(parameter);
        self
    }

    pub fn query(self, name: &str, what: &str, schema: Value) -> Self {
        self.parameter("query", name, what, schema)
    }

    /// A parameter that may be repeated.
    pub fn each(mut self, name: &str, what: &str, item: Value) -> Self {
        let schema = json!({ "type": "array", "items": item });
        self = self.query(name, what, schema);
        self
    }

    pub fn named<T: serde::de::DeserializeOwned>(self, name: &str, what: &str) -> Self {
        let schema = json!({ "type": "string", "enum": names_of::<T>() });
        self.query(name, what, schema)
    }

    pub fn pages(self) -> Self {
        let limit = json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": 20 });
        let cursor = json!({ "type": "string", "maxLength": 4096 });
        self.query("limit", "Most items on the page.", limit).query(
            "cursor",
            "The nextCursor of the previous page.",
            cursor,
        )
    }

    /// Accepts a condition for a change.
    pub fn if_match(self) -> Self {
        let what =
            "The ETag of the version to change. If the current version differs, the answer is 412.";
        self.parameter("header", "If-Match", what, json!({ "type": "string" }))
            .problem(412, "stale")
    }

    /// Answers 304 if the client already has the version.
    pub fn if_none_match(mut self) -> Self {
        let what = "The ETag of the version that the client has. If it is still current, the answer is 304.";
        self = self.parameter("header", "If-None-Match", what, json!({ "type": "string" }));
        self.answers
            .push((304, json!({ "description": "Not changed." })));
        self
    }

    /// Gives verdicts in the reader's language.
    pub fn in_a_language(self) -> Self {
        let what =
            "The reader's languages, for verdicts. The language in the profile has priority.";
        self.parameter(
            "header",
            "Accept-Language",
            what,
            json!({ "type": "string" }),
        )
    }

    /// Runs once per Idempotency-Key.
    pub fn once(self) -> Self {
        let what =
            "A retry with the same key, account and body within a day gets the first answer.";
        let schema = json!({ "type": "string", "minLength": 1, "maxLength": 255 });
        self.parameter("header", "Idempotency-Key", what, schema)
            .problem(409, "in_progress")
            .problem(422, "idempotency_mismatch")
    }

    pub fn body<T: ToSchema>(mut self) -> Self {
        push::<T>(&mut self.read);
        let mut content = Map::new();
        content.insert(JSON.into(), json!({ "schema": reference(&T::name()) }));
        if self.method == "PATCH" {
            let merge = "application/merge-patch+json";
            content.insert(merge.into(), json!({ "schema": reference(&T::name()) }));
        }
        self.body = Some(json!({ "required": true, "content": content }));
        self.problem(400, "malformed_json, broken_body")
            .problem(408, "request_timeout")
            .problem(413, "body_too_large")
            .problem(415, "unsupported_media_type")
            .problem(422, "invalid")
    }

    /// The body may be left out, because a cookie can replace it.
    pub fn optional(mut self) -> Self {
        if let Some(body) = &mut self.body {
            body["required"] = false.into();
        }
        self
    }

    /// A body that is a file.
    pub fn raw(mut self, media_type: &str) -> Self {
        let mut content = Map::new();
        content.insert(media_type.into(), json!({ "schema": {} }));
        self.body = Some(json!({ "required": true, "content": content }));
        self.problem(400, "broken_body")
            .problem(408, "request_timeout")
    }

    pub fn answer<T: ToSchema>(mut self, status: u16, what: &str) -> Self {
        push::<T>(&mut self.sent);
        self.content(status, what, JSON, reference(&T::name()))
    }

    /// A page of a list.
    pub fn page<T: ToSchema>(mut self, what: &str) -> Self {
        push::<T>(&mut self.sent);
        let schema = json!({
            "type": "object",
            "required": ["items", "nextCursor"],
            "properties": {
                "items": { "type": "array", "items": reference(&T::name()) },
                "nextCursor": { "type": ["string", "null"] },
            },
        });
        self.content(200, what, JSON, schema)
    }

    pub fn content(mut self, status: u16, what: &str, media_type: &str, schema: Value) -> Self {
        let mut content = Map::new();
        content.insert(media_type.into(), json!({ "schema": schema }));
        self.answers
            .push((status, json!({ "description": what, "content": content })));
        self
    }

    /// The last answer has another media type for some callers.
    pub fn or_as(mut self, media_type: &str, schema: Value) -> Self {
        if let Some((_, answer)) = self.answers.last_mut() {
            answer["content"][media_type] = json!({ "schema": schema });
        }
        self
    }

    pub fn empty(mut self, status: u16, what: &str) -> Self {
        self.answers.push((status, json!({ "description": what })));
        self
    }

    /// The last answer has this header.
    pub fn with_header(mut self, name: &str, what: &str) -> Self {
        if let Some((_, answer)) = self.answers.last_mut() {
            answer["headers"][name] =
                json!({ "description": what, "schema": { "type": "string" } });
        }
        self
    }

    pub fn etag(self) -> Self {
        self.with_header("ETag", "The version, for If-Match and If-None-Match.")
    }

    pub fn location(self) -> Self {
        self.with_header("Location", "The URL of the new record.")
    }

    pub fn problem(mut self, status: u16, code: &'static str) -> Self {
        self.problems.push((status, code));
        self
    }
}
