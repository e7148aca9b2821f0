//! Completions for the search box.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::caller::{Anyone, Caller};
use super::problem::Problem;
use super::query::Query;
use super::state::State;

#[derive(Serialize)]
struct Suggestions<T> {
    items: Vec<T>,
}

const SUGGESTIONS: usize = 10;

/// GET /jobs/suggest
pub async fn suggest(
    _: Caller<Anyone>,
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &["q", "limit"])?;
    let limit = query.limit_or(SUGGESTIONS)?;
    let text = query.text("q")?.unwrap_or_default();
    let items = if text.is_empty() {
        Vec::new()
    } else {
        state
            .index
            .suggest(text, limit)
            .map_err(|error| Problem::internal(&error))?
    };
    Ok(HttpResponse::Ok().json(Suggestions { items }))
}
