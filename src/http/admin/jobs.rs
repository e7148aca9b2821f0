//! Postings that wait for the office's approval.

use actix_web::{HttpRequest, HttpResponse, web};

use crate::http::caller::{Admin, Caller};
use crate::http::jobs::answer_list;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::state::State;
use crate::jobs::{JobCursor, JobsWanted};
use crate::model::{JobStatus, Timestamp};
use crate::search::{JobQuery, Sort};

/// GET /admin/jobs
pub async fn list(
    caller: Caller<Admin>,
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let reader = state.read()?;
    let query = Query::of(&request, &["status", "limit", "cursor"])?;
    let status = query.named("status")?.unwrap_or(JobStatus::Pending);
    let wanted = JobsWanted {
        query: moderated(status, state.now(), query.limit()?),
        cursor: query.cursor()?.map(JobCursor::parse).transpose()?,
    };
    answer_list(&state, &reader, Some(&caller.who), wanted, &query).await
}

/// The postings with a status, newest first.
pub fn moderated(status: JobStatus, now: Timestamp, limit: usize) -> JobQuery {
    JobQuery {
        q: None,
        skills: Vec::new(),
        settings: Vec::new(),
        location: None,
        work_space: None,
        min_pay: None,
        max_hours: None,
        work_study: None,
        employee_id: None,
        only: None,
        status,
        now,
        sort: Sort::Newest,
        limit,
        after: None,
    }
}
