//! Builds the document from the table of routes, their descriptions, and the schemas they name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header;
use serde_json::{Map, Value, json};

use super::operation::{Operation, Schemas, reference};
use super::{accounts, applications, jobs, office, rules, service};
use crate::http::caller::{Access, Anyone, Caller};
use crate::http::cookies;
use crate::http::problem::{Document as ProblemDocument, PROBLEM_JSON};
use crate::http::routes::{Entry, routes};
use crate::model::Role;

/// All descriptions, in the order of the table.
pub(super) fn operations() -> Vec<Operation> {
    [
        accounts::operations(),
        jobs::operations(),
        applications::operations(),
        office::operations(),
        rules::operations(),
        service::operations(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Members that an answer may leave out. All others are always there.
const SOMETIMES: &[(&str, &[&str])] = &[
    ("Application", &["student"]),
    ("ApplicationResume", &["name"]),
    ("AuditRow", &["reason"]),
    ("Employer", &["numberCleared"]),
    ("ImportReport", &["rejectedInAll"]),
    (
        "Job",
        &["applicationCount", "declined", "externalId", "snippet"],
    ),
    ("JobsPage", &["corrected"]),
    ("Me", &["student", "employer"]),
    ("Problem", &["errors", "params", "reasons"]),
    ("Rejection", &["more"]),
    ("Student", &["numberCleared"]),
    ("Verdict", &["override"]),
];

/// The number of roles. A route for all of them refuses nobody by role.
const EVERY_ROLE: usize = 3;

/// The OpenAPI document.
pub fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(build);
    &DOCUMENT
}

/// GET /api/openapi.json
pub async fn read(_: Caller<Anyone>) -> HttpResponse {
    static TEXT: LazyLock<String> = LazyLock::new(|| document().to_string());
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CONTENT_TYPE, "application/json"));
    response.insert_header((header::CACHE_CONTROL, "no-cache"));
    response.body(TEXT.as_str())
}

fn build() -> Value {
    let mut described: BTreeMap<(String, &str), Operation> = operations()
        .into_iter()
        .map(|operation| ((operation.method.to_owned(), operation.path), operation))
        .collect();
    let mut paths = Map::new();
    let (mut read, mut sent): (Schemas, Schemas) = (Vec::new(), Vec::new());
    super::model::push::<ProblemDocument<'_>>(&mut sent);
    let routes = routes();
    for lines in routes.chunk_by(|one, next| (&one.method, one.path) == (&next.method, next.path)) {
        // The last line of a path covers what the other lines do not.
        let Some(entry) = lines.last() else { continue };
        // A route without a description is left out here, and a test names it.
        let Some(operation) = described.remove(&(entry.method.to_string(), entry.path)) else {
            continue;
        };
        let item = paths.entry(entry.path).or_insert_with(|| json!({}));
        item[entry.method.as_str().to_lowercase()] = describe(lines, entry, &operation);
        read.extend(operation.read);
        sent.extend(operation.sent);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Corkboard",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "The part-time job board of a campus.",
            "description": "A text parameter without a value counts as absent. Any other value that does not parse is 422, and \
                so is an unknown parameter. Every problem has a stable code (ProblemCode) and the values in its \
                sentence (params), and so does each field error (FieldCode). Quote the requestId to your \
                administrator, who can find it in the server's log.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "schemas": schemas(read, sent),
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
                "cookie": {
                    "type": "apiKey", "in": "cookie", "name": cookies::SESSION,
                    "description": "For the site's own pages. A change must come from the same origin.",
                },
            },
        },
    })
}

fn schemas(read: Schemas, sent: Schemas) -> Map<String, Value> {
    let read_names: BTreeSet<String> = read.iter().map(|(name, _)| name.clone()).collect();
    let mut schemas = Map::new();
    for (name, schema) in read.into_iter().chain(sent) {
        let mut schema = serde_json::to_value(schema).unwrap_or_default();
        if !read_names.contains(&name) {
            require(&name, &mut schema);
        }
        schemas.insert(name, schema);
    }
    schemas
}

/// All members of an answer are required, except the optional ones.
fn require(name: &str, schema: &mut Value) {
    let sometimes = SOMETIMES.iter().find(|(of, _)| *of == name);
    let sometimes = sometimes.map_or(&[][..], |(_, members)| members);
    if let Some(parts) = schema.get_mut("allOf").and_then(Value::as_array_mut) {
        for part in parts {
            require(name, part);
        }
        return;
    }
    let Some(members) = schema.get("properties").and_then(Value::as_object) else {
        return;
    };
    let required: Vec<&String> = members
        .keys()
        .filter(|member| !sometimes.contains(&member.as_str()))
        .collect();
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
}

fn describe(lines: &[Entry], entry: &Entry, operation: &Operation) -> Value {
    let mut parameters: Vec<Value> = path_parameters(entry.path);
    parameters.extend(operation.parameters.iter().cloned());
    let mut described = json!({
        "tags": [tag(entry.path)],
        "summary": operation.summary,
        "operationId": operation_id(entry),
        "parameters": parameters,
        "responses": responses(entry, operation),
    });
    let access = access(lines);
    let detail = [operation.detail, access.as_str()].join(" ");
    described["description"] = detail.trim().into();
    if let Some(body) = &operation.body {
        described["requestBody"] = body.clone();
    }
    let needed = json!([{ "bearer": [] }, { "cookie": [] }]);
    described["security"] = match (entry.access, entry.identifies) {
        (Access::Roles(_), _) => needed,
        (Access::LocalOrAdmin, _) | (Access::Anybody, true) => {
            json!([{}, { "bearer": [] }, { "cookie": [] }])
        }
        (Access::Anybody, false) => json!([]),
    };
    described
}

/// Who may call a route, in words: OpenAPI has no roles.
fn access(lines: &[Entry]) -> String {
    let words: Vec<String> = lines
        .iter()
        .filter(|line| line.only_with.is_some() || lines.len() == 1)
        .map(|line| {
            let who = match line.access {
                Access::Anybody => "For everybody.".into(),
                Access::LocalOrAdmin => {
                    "For callers on the same machine and for admins. Others get 404.".into()
                }
                Access::Roles(roles) => format!("For {}.", plural(roles).join(", ")),
            };
            match line.only_with {
                Some(name) => format!("With {name}: {who}"),
                None => who,
            }
        })
        .collect();
    words.join(" ")
}

fn plural(roles: &[Role]) -> Vec<&'static str> {
    let name = |role: &Role| match role {
        Role::Student => "students",
        Role::Employer => "employers",
        Role::Admin => "admins",
    };
    roles.iter().map(name).collect()
}

fn operation_id(entry: &Entry) -> String {
    let path = entry
        .path
        .trim_start_matches("/api")
        .trim_start_matches("/v1");
    let words = path.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    let words: Vec<&str> = words.collect();
    format!(
        "{}_{}",
        entry.method.as_str().to_lowercase(),
        words.join("_")
    )
}

fn tag(path: &str) -> &str {
    let Some(inside) = path.strip_prefix("/api/v1/") else {
        let service = ["/api/", "/healthz", "/readyz", "/metrics"];
        return if service.iter().any(|start| path.starts_with(start)) {
            "service"
        } else {
            "classic"
        };
    };
    inside.split('/').next().unwrap_or_default()
}

fn path_parameters(path: &str) -> Vec<Value> {
    let names = path.split('{').skip(1);
    let names = names.filter_map(|rest| rest.split('}').next());
    names
        .map(|name| {
            let schema = match name {
                "kind" => json!({ "type": "string", "enum": ["students", "employers", "jobs"] }),
                _ => json!({ "type": "string", "format": "uuid" }),
            };
            json!({ "in": "path", "name": name, "required": true, "schema": schema })
        })
        .collect()
}

/// A route's own answers and problems, and those that every route of its kind can have.
fn responses(entry: &Entry, operation: &Operation) -> Value {
    let mut problems: BTreeMap<u16, BTreeSet<&str>> = BTreeMap::new();
    let mut add = |status, codes: &'static str| {
        problems
            .entry(status)
            .or_default()
            .extend(codes.split(", "));
    };
    for (status, codes) in &operation.problems {
        add(*status, codes);
    }
    let changes = entry.method != actix_web::http::Method::GET;
    if entry.identifies {
        add(401, "unauthenticated");
    }
    // The wrong role, or a cookie from another site.
    if matches!(entry.access, Access::Roles(roles) if changes || roles.len() < EVERY_ROLE) {
        add(403, "forbidden");
    }
    if entry.path.contains('{') {
        add(404, "not_found");
    }
    if operation
        .parameters
        .iter()
        .any(|parameter| parameter["in"] == "query")
    {
        add(422, "invalid");
    }
    if changes {
        add(409, "contended");
        add(507, "disk_full");
    }
    add(500, "internal");
    add(503, "busy, store_unavailable");
    let mut responses = Map::new();
    for (status, codes) in problems {
        let codes: Vec<&str> = codes.into_iter().collect();
        responses.insert(status.to_string(), problem(&codes));
    }
    for (status, answer) in &operation.answers {
        responses.insert(status.to_string(), answer.clone());
    }
    responses.into()
}

fn problem(codes: &[&str]) -> Value {
    let mut schema = reference("Problem");
    schema["properties"] = json!({ "code": { "enum": codes } });
    let what = format!("A problem; its code is {}.", codes.join(" or "));
    json!({ "description": what, "content": { PROBLEM_JSON: { "schema": schema } } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_described_and_every_description_has_its_route() {
        let table: BTreeSet<(String, &str)> = routes()
            .iter()
            .map(|entry| (entry.method.to_string(), entry.path))
            .collect();
        let described: Vec<(String, &str)> = operations()
            .iter()
            .map(|operation| (operation.method.to_owned(), operation.path))
            .collect();
        let unique: BTreeSet<_> = described.iter().cloned().collect();
        assert_eq!(unique.len(), described.len(), "described twice");
        let missing: Vec<_> = table.difference(&unique).collect();
        let extra: Vec<_> = unique.difference(&table).collect();
        assert!(
            missing.is_empty() && extra.is_empty(),
            "not described: {missing:?}; described without a route: {extra:?}"
        );
    }

    #[test]
    fn every_reference_leads_to_a_schema() {
        fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
            match value {
                Value::Object(members) => {
                    found.extend(members.get("$ref").and_then(Value::as_str));
                    members.values().for_each(|value| references(value, found));
                }
                Value::Array(items) => items.iter().for_each(|value| references(value, found)),
                _ => {}
            }
        }
        let mut found = Vec::new();
        references(document(), &mut found);
        assert!(found.len() > 100);
        for reference in found {
            let pointer = reference.trim_start_matches('#');
            assert!(document().pointer(pointer).is_some(), "{reference}");
        }
    }

    #[test]
    fn an_enum_is_described_as_serde_reads_it() {
        let schemas = &document()["components"]["schemas"];
        assert_eq!(
            schemas["JobStatus"]["enum"],
            json!(["draft", "pending", "open", "filled", "closed", "expired"])
        );
        assert_eq!(schemas["ApplicationStatus"]["enum"][1], "under_review");
    }
}
