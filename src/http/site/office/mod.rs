//! The office's pages.

mod backup;
mod decisions;
mod mails;
mod people;
mod today;

pub use backup::{backup, take_backup};
pub use mails::{decide_mail, mails};
pub use people::{decide_person, people};
pub use today::{decide_today, today};

use actix_web::HttpResponse;
use actix_web::ResponseError as _;
use actix_web::http::StatusCode;
use minijinja::{Value, context};

use self::decisions::Refused;
use super::page::Page;
use crate::http::caller::{Admin, Caller};
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::store::Reader;

/// The parts of the office: address, and name in the catalogs.
const PARTS: [(&str, &str); 4] = [
    ("/office", "office.today"),
    ("/office/people", "office.people"),
    ("/office/mail", "office.mail"),
    ("/office/backup", "office.backup"),
];

/// Shows a page of the office. `refused`: the decision that failed, shown where it was made.
async fn show(
    page: &Page,
    caller: &Caller<Admin>,
    reader: &Reader,
    template: &str,
    refused: Option<&Refused>,
    values: Value,
) -> Result<HttpResponse, Problem> {
    let path = page.request.path();
    let parts: Vec<Value> = PARTS
        .iter()
        .map(|(address, name)| context! { address => *address, name => *name, is_here => path == *address })
        .collect();
    let status = refused.map_or(StatusCode::OK, |refused| refused.problem.status_code());
    let refused = refused.map(|refused| {
        context! { id => refused.id.as_str(), text => refused.text(page), reason => refused.reason.as_str() }
    });
    let values = context! { parts, refused, ..values };
    page.show_to(status, Some(&caller.who), reader, template, values)
        .await
}

/// The parameters of the address that a list knows, without the empty ones, which a form without scripts sends.
fn asked(page: &Page, known: &[&str]) -> Result<Query, Problem> {
    let pairs = form_urlencoded::parse(page.request.query_string().as_bytes());
    let pairs: Vec<(String, String)> = pairs
        .into_owned()
        .filter(|(name, value)| known.contains(&name.as_str()) && !value.trim().is_empty())
        .collect();
    Query::from_pairs(page.request.path(), &pairs, known)
}

/// The address of the next page of a list.
fn more(page: &Page, known: &[&str], cursor: Option<String>) -> Option<String> {
    let cursor = cursor?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    for name in known.iter().filter(|name| **name != "cursor") {
        if let Some(value) = page.query(name).filter(|value| !value.trim().is_empty()) {
            query.append_pair(name, &value);
        }
    }
    let query = query.append_pair("cursor", &cursor).finish();
    Some(format!("{}?{query}", page.request.path()))
}
