//! Checks every answer that a test gets against the API's description: the operation lists its status and code, and its
//! body has exactly the described members.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use corkboard::http::openapi_document;
use jsonschema::Validator;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::Reply;

/// An operation of the API and the result of one request to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outcome {
    /// Such as `GET /api/v1/jobs/{jobId}`.
    pub operation: String,
    pub status: u16,
    /// Empty if the answer is not a problem.
    pub code: String,
}

/// Fails if the reply is not described. Returns `None` for what the description does not cover: pages, unknown paths,
/// and methods that a path does not allow.
#[track_caller]
pub fn check(method: &Method, path: &str, reply: &Reply) -> Option<Outcome> {
    let read = if method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    let (pattern, described) = described(read, path)?;
    let (operation, status) = (format!("{read} {pattern}"), reply.status.as_u16());
    let answer = &described["responses"][reply.status.as_str()];
    assert!(
        answer.is_object(),
        "{operation} answers {status}, which is not described: {}",
        reply.text
    );
    // A compressed body is not text, and HEAD has no body.
    if method != Method::HEAD && reply.header("content-encoding").is_empty() {
        check_body(&operation, status, answer, reply);
    }
    Some(Outcome {
        operation,
        status,
        code: reply.problem_code(),
    })
}

/// The operation's path pattern, and its description.
fn described(method: &Method, path: &str) -> Option<(&'static str, &'static Value)> {
    let paths = openapi_document()["paths"].as_object().unwrap();
    let pattern = match paths.get_key_value(path) {
        Some((exact, _)) => exact,
        None => paths.keys().find(|pattern| matches(pattern, path))?,
    };
    let operation = paths[pattern].get(method.as_str().to_lowercase())?;
    Some((pattern, operation))
}

fn matches(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(part), Some(given)) if part == given || part.starts_with('{') => {}
            _ => return false,
        }
    }
}

#[track_caller]
fn check_body(operation: &str, status: u16, answer: &'static Value, reply: &Reply) {
    let Some(content) = answer["content"].as_object() else {
        assert_eq!(reply.text, "", "{operation} {status} has a body");
        return;
    };
    let kind = reply.header("content-type").split(';').next().unwrap();
    let described = content.get(kind);
    let described = described.unwrap_or_else(|| panic!("{operation} {status} is {kind}"));
    if kind.ends_with("json") {
        let validator = validator(format!("{operation} {status}"), &described["schema"], true);
        assert_valid(&validator, operation, &reply.json());
    }
}

/// Fails if the server accepted a body that the description does not allow. Formats are not checked: the server may
/// accept an address or a date in other spellings.
#[track_caller]
pub fn check_request(method: &Method, path: &str, body: &Value) {
    let Some((pattern, described)) = described(method, path) else {
        return;
    };
    let described = &described["requestBody"]["content"]["application/json"];
    if described.is_object() {
        let operation = format!("{method} {pattern}");
        let validator = validator(operation.clone(), &described["schema"], false);
        assert_valid(&validator, &operation, body);
    }
}

#[track_caller]
fn assert_valid(validator: &Validator, what: &str, value: &Value) {
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{what}: {errors:#?} in {value}");
}

/// Compiled once per name, because compiling takes longer than validating.
fn validator(name: String, schema: &Value, formats: bool) -> Arc<Validator> {
    static COMPILED: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> =
        LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let validator = compiled.entry(name).or_insert_with(|| {
        let mut schema = schema.clone();
        close(&mut schema, &openapi_document()["components"]["schemas"]);
        let root = json!({ "allOf": [schema], "components": &*COMPONENTS });
        let options = jsonschema::options().should_validate_formats(formats);
        Arc::new(options.build(&root).unwrap())
    });
    validator.clone()
}

/// The described schemas, without other members allowed.
static COMPONENTS: LazyLock<Value> = LazyLock::new(|| {
    let schemas = &openapi_document()["components"]["schemas"];
    let mut closed = Map::new();
    for (name, schema) in schemas.as_object().unwrap() {
        let mut schema = schema.clone();
        close(&mut schema, schemas);
        closed.insert(name.clone(), schema);
    }
    json!({ "schemas": closed })
});

/// Allows only the described members in an object.
fn close(schema: &mut Value, schemas: &Value) {
    if schema["$ref"].is_string() {
        return;
    }
    if let Some(parts) = schema.get_mut("allOf").and_then(Value::as_array_mut) {
        for part in parts {
            if let Some(reference) = part["$ref"].as_str() {
                let name = reference.rsplit('/').next().unwrap();
                *part = schemas[name].clone();
                // A part must allow other members; the whole does not.
                part.as_object_mut().unwrap().remove("additionalProperties");
            }
        }
        schema["unevaluatedProperties"] = false.into();
    } else if schema["properties"].is_object() {
        schema["additionalProperties"] = false.into();
    }
    for several in ["oneOf", "anyOf"] {
        if let Some(parts) = schema.get_mut(several).and_then(Value::as_array_mut) {
            parts.iter_mut().for_each(|part| close(part, schemas));
        }
    }
}
