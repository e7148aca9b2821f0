//! Postings: list, search, read, create, change, close.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::body::{JsonBody, take};
use super::caller::{Caller, EmployerOrAdmin, Public};
use super::eligibility::{BY_READER, eligible_jobs};
use super::etag::{IfMatch, etag, is_known};
use super::idempotency::{Reply, once};
use super::problem::Problem;
use super::query::{Query, parse_named};
use super::shown::{append_members, may_keep_list, write_job};
use super::state::State;
use super::views::JobView;
use crate::jobs::{self, Audience, JobCursor, JobPatch, JobsWanted, Posting};
use crate::model::{
    EmployeeId, FieldFault, Identity, Invalid, Job, JobId, JobInput, JobStatus, Line, Money,
    check_text, from_text, read_json,
};
use crate::search::{Facets, JobQuery, Sort};
use crate::store::{Reader, Stored, Transaction, keys};

/// An ID in a path. A malformed one is answered like an unknown one.
pub fn id_of<T: std::str::FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

/// A posting as the reader may see it, with the fields for managers.
pub(super) async fn view<'a>(
    reader: &Reader,
    job: &'a Stored<Job>,
    view: Audience,
) -> Result<JobView<'a>, Problem> {
    let count = match view {
        Audience::Manager => reader.counter(&keys::application_count(job.job_id)).await?,
        Audience::Public => 0,
    };
    Ok(JobView::new(job, view, count))
}

/// GET /jobs/{jobId}
pub async fn read(
    caller: Caller<Public>,
    request: HttpRequest,
    state: web::Data<State>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let (reader, who) = (&state.read()?, caller.who.as_ref());
    let (job, how) = jobs::see_cached(reader, &state.cached_jobs, who, id_of(&path)?).await?;
    let mut response = HttpResponse::Ok();
    let known = is_known(&request, job.version);
    if known {
        response.status(StatusCode::NOT_MODIFIED);
    }
    response.insert_header((header::ETAG, etag(job.version)));
    // A manager's copy includes the number of applications, which changes without the record. So browsers must not
    // cache it, and a version in the request applies to the record only.
    let keep = match how {
        Audience::Public => "no-cache",
        Audience::Manager => "no-store",
    };
    response.insert_header((header::CACHE_CONTROL, keep));
    response.insert_header((header::VARY, "Authorization, Cookie"));
    if known {
        return Ok(response.finish());
    }
    let mut body = Vec::new();
    write_job(&mut body, reader, &job, how, None).await?;
    response.insert_header((header::CONTENT_TYPE, "application/json"));
    Ok(response.body(body))
}

pub const LIST_PARAMETERS: &[&str] = &[
    "q",
    "skill",
    "setting",
    "location",
    "workSpace",
    "minPay",
    "maxHours",
    "workStudy",
    "employeeId",
    "status",
    "eligible",
    "sort",
    "limit",
    "cursor",
];

#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "described by this, written as its items and its end"
)]
pub struct JobsPage<'a> {
    items: Vec<JobView<'a>>,
    next_cursor: Option<String>,
    total: usize,
    facets: &'a Facets,
    /// Set if a word that no posting contains was replaced.
    corrected: Option<Correction<'a>>,
}

/// The words as typed, and the words searched instead.
#[derive(Serialize, ToSchema)]
pub struct Correction<'a> {
    from: &'a str,
    to: &'a str,
}

/// Initial size of a page's body; 20 postings take about this much.
const PAGE_BYTES: usize = 96 * 1024;

/// The part of a page after its items.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PageEnd<'a> {
    next_cursor: Option<String>,
    total: usize,
    facets: &'a Facets,
    #[serde(skip_serializing_if = "Option::is_none")]
    corrected: Option<Correction<'a>>,
}

/// GET /jobs
pub async fn list(
    caller: Caller<Public>,
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, LIST_PARAMETERS)?;
    let mut wanted = wanted(&state, &query)?;
    let (reader, who) = (&state.read()?, caller.who.as_ref());
    if query.switch("eligible")? == Some(true) {
        wanted.query.only = Some(eligible_jobs(&state, reader, who, &request).await?);
    }
    answer_list(&state, reader, who, wanted, &query).await
}

pub fn wanted(state: &State, query: &Query) -> Result<JobsWanted, Problem> {
    let q = query.text("q")?.map(str::to_owned);
    let money = |name: &str| -> Result<Option<Money>, Problem> {
        let amount = query.get::<f64>(name, FieldFault::NotAnAmount)?;
        Ok(amount
            .map(Money::from_decimal)
            .transpose()
            .map_err(|fault| Invalid::one(name, fault))?)
    };
    let max_hours = query.get::<f64>("maxHours", FieldFault::NotANumber)?;
    if max_hours.is_some_and(|hours| !hours.is_finite()) {
        return Err(Invalid::one("maxHours", FieldFault::NotANumber).into());
    }
    let sort = match query.value("sort")? {
        None if q.is_some() => Sort::Relevance,
        None | Some("newest") => Sort::Newest,
        // Without words, there is no relevance.
        Some("relevance") => {
            if q.is_some() {
                Sort::Relevance
            } else {
                Sort::Newest
            }
        }
        Some("pay") => Sort::Pay,
        Some("deadline") => Sort::Deadline,
        Some(_) => {
            let sorts = ["relevance", "newest", "pay", "deadline"];
            return Err(Invalid::one("sort", FieldFault::not_one_of(sorts)).into());
        }
    };
    let employee_id = query
        .value("employeeId")?
        .map(EmployeeId::parse)
        .transpose();
    Ok(JobsWanted {
        query: JobQuery {
            q,
            skills: query.texts("skill").map(str::to_owned).collect(),
            settings: query
                .values("setting")
                .map(|value| parse_named("setting", value))
                .collect::<Result<_, _>>()?,
            location: query.text("location")?.map(str::to_owned),
            work_space: query.text("workSpace")?.map(str::to_owned),
            min_pay: money("minPay")?,
            max_hours,
            work_study: query.switch("workStudy")?,
            employee_id: employee_id.map_err(|fault| Invalid::one("employeeId", fault))?,
            only: None,
            status: query.named("status")?.unwrap_or(JobStatus::Open),
            now: state.now(),
            sort,
            limit: query.limit()?,
            after: None,
        },
        cursor: query.cursor()?.map(JobCursor::parse).transpose()?,
    })
}

pub async fn answer_list(
    state: &State,
    reader: &Reader,
    identity: Option<&Identity>,
    wanted: JobsWanted,
    query: &Query,
) -> Result<HttpResponse, Problem> {
    let q = wanted.query.q.clone();
    let found = jobs::find(reader, &state.cached_jobs, &state.index, identity, wanted).await?;
    let snippeter = q
        .map(|q| state.index.snippeter(&q))
        .transpose()
        .map_err(|error| Problem::internal(&error))?;
    let mut body = Vec::with_capacity(PAGE_BYTES);
    body.extend_from_slice(br#"{"items":["#);
    for (at, (job, how)) in found.jobs.iter().enumerate() {
        if at > 0 {
            body.push(b',');
        }
        let snippet = snippeter
            .as_ref()
            .map(|snippeter| snippeter.snippet_of(job, job.version));
        write_job(&mut body, reader, job, *how, snippet.as_deref()).await?;
    }
    body.extend_from_slice(b"]}");
    let end = PageEnd {
        next_cursor: query.next_cursor(found.next.map(|cursor| cursor.to_token())),
        total: found.total,
        facets: &found.facets,
        corrected: found.corrected.as_ref().map(|corrected| Correction {
            from: &corrected.from,
            to: &corrected.to,
        }),
    };
    append_members(&mut body, &end)?;
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CONTENT_TYPE, "application/json"));
    response.insert_header((header::CACHE_CONTROL, may_keep_list(identity)));
    response.insert_header((header::VARY, BY_READER));
    Ok(response.body(body))
}

/// POST /jobs
pub async fn post(
    caller: Caller<EmployerOrAdmin>,
    request: HttpRequest,
    state: web::Data<State>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let mut members = body.members()?;
    let mut invalid = Invalid::default();
    let status: Option<Option<String>> = take(&mut members, "jobStatus", &mut invalid);
    let status = read_status(status.flatten(), &mut invalid);
    if !matches!(status, None | Some(JobStatus::Open | JobStatus::Draft)) {
        let drafts = FieldFault::not_one_of([JobStatus::Draft.name()]);
        invalid.add("jobStatus", drafts);
    }
    let employee_id: Option<Option<EmployeeId>> = take(&mut members, "employeeId", &mut invalid);
    let input: JobInput = read_json(Value::Object(members), &mut invalid).unwrap_or_default();
    let fields = invalid.part(input.over(None, &state.campus().time_zone, state.now()));
    let mut fields = invalid.complete(fields)?;
    let skills = &state.campus().skills;
    fields.skills_required = skills.canonical_list(&fields.skills_required);
    let posting = Posting {
        fields,
        draft: status == Some(JobStatus::Draft),
        employee_id: employee_id.flatten(),
    };
    once(
        &state,
        &request,
        Some(&caller.who),
        caller.origin,
        &body.0,
        async |transaction: &mut Transaction| {
            jobs::post(state.campus(), transaction, &caller.who, &posting).await
        },
        async |job| {
            let mut answer = Reply::json(
                StatusCode::CREATED,
                &JobView::new(job, Audience::Manager, 0),
            )?;
            answer.location = Some(format!("/api/v1/jobs/{}", job.job_id));
            answer.etag = Some(etag(job.version));
            Ok(answer)
        },
    )
    .await
}

fn read_status(name: Option<String>, invalid: &mut Invalid) -> Option<JobStatus> {
    invalid.field("jobStatus", from_text(name?.trim()))
}

const MAX_REASON_CHARS: usize = 2_000;

/// PATCH /jobs/{jobId}
pub async fn update(
    caller: Caller<EmployerOrAdmin>,
    request: HttpRequest,
    state: web::Data<State>,
    path: web::Path<String>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let if_match = IfMatch::of(&request);
    let job = update_job(&state, &caller, id_of(&path)?, &body, &if_match).await?;
    let reader = state.read()?;
    let mut response = HttpResponse::Ok();
    response.insert_header((header::ETAG, etag(job.version)));
    Ok(response.json(view(&reader, &job, Audience::Manager).await?))
}

/// Applies the body of such a request.
pub async fn update_job(
    state: &State,
    caller: &Caller<EmployerOrAdmin>,
    job_id: JobId,
    body: &JsonBody,
    if_match: &IfMatch,
) -> Result<Stored<Job>, Problem> {
    let mut members = body.members()?;
    let mut invalid = Invalid::default();
    let status = take(&mut members, "jobStatus", &mut invalid);
    let status = read_status(status, &mut invalid);
    let reason: Option<Option<String>> = take(&mut members, "reason", &mut invalid);
    let reason = (reason.flatten()).map(|text| check_text(&text, Line::Many, 0, MAX_REASON_CHARS));
    let reason = reason.and_then(|reason| invalid.field("reason", reason));
    let members = read_json(Value::Object(members), &mut invalid);
    let patch = JobPatch {
        members: invalid.complete(members)?,
        status,
        reason: reason.filter(|reason| !reason.is_empty()),
    };
    change(state, caller, job_id, &patch, if_match).await
}

/// DELETE /jobs/{jobId}: closes the job and keeps its history.
pub async fn close(
    caller: Caller<EmployerOrAdmin>,
    request: HttpRequest,
    state: web::Data<State>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    close_job(&request, &state, &caller, id_of(&path)?).await
}

pub async fn close_job(
    request: &HttpRequest,
    state: &State,
    caller: &Caller<EmployerOrAdmin>,
    job_id: JobId,
) -> Result<HttpResponse, Problem> {
    let patch = JobPatch {
        members: JobInput::default(),
        status: Some(JobStatus::Closed),
        reason: None,
    };
    let if_match = IfMatch::of(request);
    change(state, caller, job_id, &patch, &if_match).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn change(
    state: &State,
    caller: &Caller<EmployerOrAdmin>,
    job_id: JobId,
    patch: &JobPatch,
    if_match: &IfMatch,
) -> Result<Stored<Job>, Problem> {
    let changed = state
        .store
        .run(caller.origin, async |transaction: &mut Transaction| {
            let who = &caller.who;
            jobs::edit(
                state.campus(),
                &state.registrar.outbox,
                transaction,
                who,
                job_id,
                patch,
                &|version| if_match.holds(version),
            )
            .await
        })
        .await;
    Ok(changed?)
}
