//! Versions as entity tags (RFC 9110 8.8.3, 13.1).

use actix_web::HttpRequest;
use actix_web::http::header;

pub fn etag(version: u64) -> String {
    format!("\"{version}\"")
}

/// Whether the client already has this version (`If-None-Match`; weak tags match too).
pub fn is_known(request: &HttpRequest, version: u64) -> bool {
    let tags = request.headers().get_all(header::IF_NONE_MATCH);
    tags.filter_map(|value| value.to_str().ok())
        .any(|value| names(value, version, true))
}

/// The condition of a change (`If-Match`). Without one, any version matches.
pub struct IfMatch(Vec<String>);

impl IfMatch {
    pub fn of(request: &HttpRequest) -> Self {
        let tags = request.headers().get_all(header::IF_MATCH);
        Self(
            tags.map(|value| value.to_str().unwrap_or_default().to_owned())
                .collect(),
        )
    }

    /// The version that a page's form was made from.
    pub fn of_form(version: &str) -> Self {
        Self(vec![format!("\"{version}\"")])
    }

    pub fn holds(&self, version: u64) -> bool {
        self.0.is_empty() || self.0.iter().any(|value| names(value, version, false))
    }
}

fn names(value: &str, version: u64, weak: bool) -> bool {
    value.split(',').map(str::trim).any(|tag| {
        let tag = if weak {
            tag.strip_prefix("W/").unwrap_or(tag)
        } else {
            tag
        };
        tag == "*" || tag == etag(version)
    })
}
