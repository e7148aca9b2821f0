//! Similar postings, and recommendations for the student.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::{Caller, Public, Student};
use super::jobs::{id_of, view};
use super::problem::Problem;
use super::query::Query;
use super::shown::may_keep_list;
use super::state::State;
use super::views::{JobView, PageView};
use crate::jobs::{self, Audience};
use crate::model::Identity;

/// A recommended posting and the reason.
#[derive(Serialize, ToSchema)]
#[schema(as = RecommendedJob)]
pub struct RecommendedView<'a> {
    #[serde(flatten)]
    job: JobView<'a>,
    why: &'a str,
}

/// GET /jobs/{jobId}/similar
pub async fn similar(
    caller: Caller<Public>,
    request: HttpRequest,
    state: web::Data<State>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let limit = Query::of(&request, &["limit"])?.limit()?;
    let (reader, who) = (&state.read()?, caller.who.as_ref());
    let id = id_of(&path)?;
    let found = jobs::similar(reader, &state.index, who, id, state.now(), limit).await?;
    let mut items = Vec::with_capacity(found.len());
    for (job, how) in &found {
        items.push(view(reader, job, *how).await?);
    }
    answer(items, who)
}

/// GET /jobs/recommended
pub async fn recommended(
    caller: Caller<Student>,
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let reader = state.read()?;
    let limit = Query::of(&request, &["limit"])?.limit()?;
    let found = jobs::recommended(
        &reader,
        &state.index,
        &state.campus().skills,
        &caller.who,
        state.now(),
        limit,
    )
    .await?;
    let items = found.iter().map(|found| RecommendedView {
        job: JobView::new(&found.job, Audience::Public, 0),
        why: &found.why,
    });
    answer(items.collect(), Some(&caller.who))
}

fn answer<T: Serialize>(
    items: Vec<T>,
    identity: Option<&Identity>,
) -> Result<HttpResponse, Problem> {
    let page = PageView {
        items,
        next_cursor: None,
    };
    let body = serde_json::to_vec(&page).map_err(|error| Problem::internal(&error))?;
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CONTENT_TYPE, "application/json"));
    response.insert_header((header::CACHE_CONTROL, may_keep_list(identity)));
    response.insert_header((header::VARY, "Authorization, Cookie"));
    Ok(response.body(body))
}
