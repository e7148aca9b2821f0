//! The description as a page: plain HTML created here, so that it needs no script and no other host.

use std::fmt::{self, Write as _};
use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header;
use serde_json::Value;

use super::document::document;
use crate::http::caller::{Anyone, Caller};

/// GET /api/docs
pub async fn docs(_: Caller<Anyone>) -> HttpResponse {
    static PAGE: LazyLock<String> = LazyLock::new(|| page(document()));
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"));
    response.insert_header((header::CACHE_CONTROL, "no-cache"));
    response.body(PAGE.as_str())
}

/// Text, escaped for HTML.
struct Text<'a>(&'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                _ => f.write_char(letter)?,
            }
        }
        Ok(())
    }
}

fn text<'a>(value: &'a Value, member: &str) -> Text<'a> {
    Text(value[member].as_str().unwrap_or_default())
}

fn page(document: &Value) -> String {
    let mut page = String::with_capacity(256 * 1024);
    write(&mut page, document).expect("a string takes every write");
    page
}

fn write(page: &mut String, document: &Value) -> fmt::Result {
    page.push_str(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>Corkboard API</title><link rel=\"stylesheet\" href=\"/api-docs.css\"></head><body><main>\
         <h1>Corkboard API</h1>\
         <p>Generated from this server's code. Programs can read it as <a href=\"/api/openapi.json\">openapi.json</a>. \
         Errors are <code>application/problem+json</code> with a stable <code>code</code>.</p>",
    );
    let mut by_tag: std::collections::BTreeMap<&str, Vec<(&str, &str, &Value)>> =
        std::collections::BTreeMap::new();
    for (path, item) in members(&document["paths"]) {
        for (method, operation) in members(item) {
            let tag = operation["tags"][0].as_str().unwrap_or_default();
            by_tag
                .entry(tag)
                .or_default()
                .push((path, method, operation));
        }
    }
    for (tag, operations) in by_tag {
        write!(page, "<section><h2>{}</h2>", Text(tag))?;
        for (path, method, described) in operations {
            operation(page, path, method, described)?;
        }
        page.push_str("</section>");
    }
    page.push_str("<section><h2>Schemas</h2>");
    for (name, schema) in members(&document["components"]["schemas"]) {
        let name = Text(name);
        write!(
            page,
            "<details id=\"{name}\"><summary><code>{name}</code></summary>"
        )?;
        code(page, schema)?;
        page.push_str("</details>");
    }
    page.push_str("</section></main></body></html>\n");
    Ok(())
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value))
}

fn operation(page: &mut String, path: &str, method: &str, described: &Value) -> fmt::Result {
    let (id, summary) = (text(described, "operationId"), text(described, "summary"));
    write!(
        page,
        "<details id=\"{id}\"><summary><b>{}</b> <code>{}</code> {summary}</summary><p>{}</p>",
        Text(&method.to_uppercase()),
        Text(path),
        text(described, "description"),
    )?;
    let parameters = described["parameters"].as_array();
    if let Some(parameters) = parameters.filter(|parameters| !parameters.is_empty()) {
        page.push_str(
            "<table><thead><tr><th scope=\"col\">Parameter</th><th scope=\"col\">In</th>\
             <th scope=\"col\">Meaning</th><th scope=\"col\">Type</th></tr></thead><tbody>",
        );
        for parameter in parameters {
            write!(
                page,
                "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td><code>{}</code></td></tr>",
                text(parameter, "name"),
                text(parameter, "in"),
                text(parameter, "description"),
                Text(&parameter["schema"].to_string()),
            )?;
        }
        page.push_str("</tbody></table>");
    }
    for (media_type, content) in members(&described["requestBody"]["content"]) {
        write!(page, "<p>Body <code>{}</code>: ", Text(media_type))?;
        schema(page, &content["schema"])?;
        page.push_str("</p>");
    }
    page.push_str(
        "<table><thead><tr><th scope=\"col\">Status</th><th scope=\"col\">Meaning</th>\
         <th scope=\"col\">Type</th></tr></thead><tbody>",
    );
    for (status, answer) in members(&described["responses"]) {
        write!(
            page,
            "<tr><td>{}</td><td>{}</td><td>",
            Text(status),
            text(answer, "description")
        )?;
        for (_, content) in members(&answer["content"]) {
            schema(page, &content["schema"])?;
        }
        page.push_str("</td></tr>");
    }
    page.push_str("</tbody></table></details>");
    Ok(())
}

/// A link to a named schema, or the schema itself.
fn schema(page: &mut String, schema: &Value) -> fmt::Result {
    let name = schema["$ref"]
        .as_str()
        .and_then(|path| path.rsplit('/').next());
    match name.map(Text) {
        Some(name) => write!(page, "<a href=\"#{name}\"><code>{name}</code></a>"),
        None => write!(page, "<code>{}</code>", Text(&schema.to_string())),
    }
}

fn code(page: &mut String, schema: &Value) -> fmt::Result {
    let shown = serde_json::to_string_pretty(schema).map_err(|_| fmt::Error)?;
    write!(page, "<pre><code>{}</code></pre>", Text(&shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_never_html() {
        assert_eq!(
            Text("<b a=\"1\">&</b>").to_string(),
            "&lt;b a=&quot;1&quot;&gt;&amp;&lt;/b&gt;"
        );
    }
}
