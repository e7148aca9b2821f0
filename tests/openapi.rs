//! Compares the API's description with the running server: the server accepts the described input and gives the
//! described answers. `support::contract` checks every answer in every test against the description.

mod outcomes;

use crate::support::{Board, PASSWORD, job};
use reqwest::Method;
use serde_json::{Value, json};

/// Values just inside and just outside the limits of a schema.
fn edges(schema: &Value) -> (Vec<Value>, Vec<Value>) {
    let (mut inside, mut outside) = (Vec::new(), Vec::new());
    if let Some(several) = schema["anyOf"].as_array() {
        return edges(several.iter().find(|one| one["type"] != "null").unwrap());
    }
    let text = |length: u64| Value::from("a".repeat(length as usize));
    if let Some(most) = schema["maxLength"].as_u64() {
        inside.push(text(most));
        outside.push(text(most + 1));
    }
    if let Some(least) = schema["minLength"].as_u64() {
        inside.push(text(least));
        outside.push(text(least - 1));
    }
    if let Some(most) = schema["maximum"].as_f64() {
        inside.push(json!(most as i64));
        outside.push(json!(most as i64 + 1));
    }
    if let Some(least) = schema["minimum"].as_f64() {
        inside.push(json!(least as i64));
        outside.push(json!(least as i64 - 1));
    }
    if let Some(least) = schema["exclusiveMinimum"].as_f64() {
        outside.push(json!(least as i64));
    }
    if let Some(most) = schema["maxItems"].as_u64() {
        let item = |number: u64| match schema["items"]["type"].as_str() {
            Some("object") => json!({ "prompt": format!("{number}?") }),
            _ => json!(format!("skill {number}")),
        };
        inside.push((0..most).map(item).collect());
        outside.push((0..=most).map(item).collect());
    }
    if let Some(names) = schema["enum"].as_array() {
        inside.extend(names.iter().cloned());
        outside.push("another".into());
    }
    if schema["format"] == "date" {
        inside.push("2098-12-31".into());
        outside.push("31.12.2098".into());
    }
    if schema["type"] == "boolean" {
        inside.push(true.into());
        outside.push("yes".into());
    }
    (inside, outside)
}

#[actix_web::test]
async fn the_described_limits_are_enforced() {
    let board = Board::start();
    let document = board
        .get(None, "/api/openapi.json")
        .await
        .expect(200)
        .json();
    let schemas = &document["components"]["schemas"];
    let employer = board.join("employer", "library@example.edu").await;
    let mut looked_at = 0;
    for (name, schema) in schemas["JobBody"]["properties"].as_object().unwrap() {
        let (inside, outside) = edges(schema);
        looked_at += inside.len() + outside.len();
        for value in inside {
            // Keeps one date from being before the other.
            let change = match name.as_str() {
                "endDate" => json!({ name: value }),
                _ => json!({ name: value, "endDate": null }),
            };
            let reply = board.post(Some(&employer), "jobs", job(change)).await;
            assert_eq!(reply.status, 201, "{name}: {value} gave {}", reply.text);
        }
        for value in outside {
            let reply = board
                .post(Some(&employer), "jobs", job(json!({ name: value })))
                .await;
            assert_eq!(reply.status, 422, "{name}: {value} was taken");
            let named = reply.fields();
            assert!(named[0].starts_with(name.as_str()), "{named:?} for {name}");
        }
    }
    assert!(looked_at >= 40, "{looked_at}");
    let student = board.join("student", "ann@example.edu").await;
    let members = [
        "summary",
        "enrolledCredits",
        "gpa",
        "skills",
        "visa",
        "graduationDate",
    ];
    for name in members {
        let (inside, outside) = edges(&schemas["MePatchBody"]["properties"][name]);
        assert!(!inside.is_empty() && !outside.is_empty(), "{name}");
        for value in inside {
            let reply = board
                .patch(Some(&student), "me", json!({ name: value }))
                .await;
            assert_eq!(reply.status, 200, "{name}: {value} gave {}", reply.text);
        }
        for value in outside {
            let reply = board
                .patch(Some(&student), "me", json!({ name: value }))
                .await;
            assert_eq!(reply.status, 422, "{name}: {value} was taken");
        }
    }
    board.stop().await;
}

#[actix_web::test]
async fn the_described_parameters_and_members_are_accepted() {
    let board = Board::start();
    let document = board
        .get(None, "/api/openapi.json")
        .await
        .expect(200)
        .json();
    let people = [
        board.admin().await,
        board.join("student", "ann@example.edu").await,
        board.join("employer", "library@example.edu").await,
    ];
    let mut looked_at = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let place = path.replace("{kind}", "jobs");
            let place = place
                .split('/')
                .map(|part| {
                    if part.starts_with('{') {
                        "0190a1b2-0000-7000-8000-000000000000"
                    } else {
                        part
                    }
                })
                .collect::<Vec<_>>()
                .join("/");
            let method: Method = method.to_uppercase().parse().unwrap();
            let parameters = operation["parameters"].as_array().unwrap();
            let in_query = parameters.iter().filter(|one| one["in"] == "query");
            for parameter in in_query {
                let name = parameter["name"].as_str().unwrap();
                for person in &people {
                    let request = board
                        .request(method.clone(), &format!("{place}?{name}="))
                        .bearer_auth(&person.token);
                    let reply = board.send(request).await;
                    assert!(
                        !reply.text.contains("unknown_parameter"),
                        "{method} {path} takes no {name}"
                    );
                    looked_at += 1;
                }
            }
            let body = &operation["requestBody"]["content"]["application/json"];
            if body.is_object() {
                let mut refused = Vec::new();
                for person in &people {
                    let request = board
                        .request(method.clone(), &place)
                        .bearer_auth(&person.token)
                        .json(
                            &json!({"nobodyKnows": 1, "role": "student", "email": "x@example.edu",
                            "password": PASSWORD, "name": "X", "currentPassword": PASSWORD}),
                        );
                    let reply = board.send(request).await;
                    refused.push((reply.status.as_u16(), reply.text));
                }
                // A missing record is 404 before the body's members are checked.
                let is_sound = refused
                    .iter()
                    .all(|(status, _)| matches!(status, 403 | 404 | 422));
                assert!(is_sound, "{method} {path}: {refused:?}");
                looked_at += 1;
            }
        }
    }
    assert!(looked_at > 60, "{looked_at}");
    board.stop().await;
}

#[actix_web::test]
async fn the_page_needs_nothing_from_elsewhere() {
    let board = Board::start();
    let page = board.get(None, "/api/docs").await.expect(200);
    assert!(page.header("content-type").starts_with("text/html"));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'self'"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    for inline in [
        "<script",
        "<style",
        " style=",
        " onclick=",
        "http://",
        "https://",
    ] {
        assert!(!page.text.contains(inline), "{inline}");
    }
    assert!(page.text.contains("/api/v1/jobs/{jobId}"));
    let style = board.get(None, "/api-docs.css").await.expect(200);
    assert!(style.header("content-type").starts_with("text/css"));
    board.stop().await;
}
