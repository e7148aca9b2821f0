//! Applications: submit, list, read, change status, withdraw.

use std::slice;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::JsonBody;
use super::caller::{Caller, EmployerOrAdmin, SignedIn, Student};
use super::eligibility::asked_language;
use super::etag::{IfMatch, etag, is_known};
use super::idempotency::{Reply, once};
use super::jobs::id_of;
use super::problem::{Code, Problem};
use super::query::Query;
use super::state::State;
use super::views::{ApplicationView, PageView};
use crate::applications::{self, ApplicationsWanted, Decided, Decision, Submission};
use crate::jobs::{self, Audience};
use crate::model::{
    Answer, Application, ApplicationId, ApplicationStatus, FieldFault, FileId, Identity, JobId,
    Role,
};
use crate::store::{Reader, Stored, Transaction};

#[derive(Deserialize, ToSchema)]
#[schema(as = ApplicationBody)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SubmitBody {
    #[serde(deserialize_with = "JobId::from_body")]
    job_id: JobId,
    #[serde(default)]
    cover_note: Option<String>,
    #[serde(default)]
    answers: Option<Vec<Answer>>,
    #[serde(default)]
    resume_id: Option<FileId>,
}

/// POST /applications
pub async fn submit(
    caller: Caller<Student>,
    request: HttpRequest,
    state: web::Data<State>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let SubmitBody {
        job_id,
        cover_note,
        answers,
        resume_id,
    } = body.parse()?;
    let submission = Submission {
        job_id,
        cover_note,
        answers: answers.unwrap_or_default(),
        resume_id,
        language: asked_language(&request, &state),
    };
    let student_id = caller.student_id();
    let resumes = applications::shown_resumes(&state.read()?, &[resume_id]).await?;
    let resume = resumes.into_iter().next().flatten();
    let checker = &state.checker;
    once(
        &state,
        &request,
        Some(&caller.who),
        caller.origin,
        &body.0,
        async |transaction: &mut Transaction| {
            applications::submit(checker, transaction, student_id, &submission).await
        },
        async |application| {
            let view = ApplicationView::new(application, Role::Student, None, resume.clone());
            let mut answer = Reply::json(StatusCode::CREATED, &view)?;
            answer.location = Some(format!(
                "/api/v1/applications/{}",
                application.application_id
            ));
            answer.etag = Some(etag(application.version));
            Ok(answer)
        },
    )
    .await
}

/// Applications as the caller may see them. Employers and admins also see who applied.
async fn views<'a>(
    reader: &Reader,
    identity: &Identity,
    all: &'a [Stored<Application>],
) -> Result<Vec<ApplicationView<'a>>, Problem> {
    let role = identity.role();
    let applicants = match role {
        Role::Student => vec![None; all.len()],
        Role::Employer | Role::Admin => applications::applicants(reader, all).await?,
    };
    let resume_ids: Vec<_> = all.iter().map(|one| one.resume_id).collect();
    let resumes = applications::shown_resumes(reader, &resume_ids).await?;
    let view = |((one, applicant), resume)| ApplicationView::new(one, role, applicant, resume);
    Ok(all.iter().zip(applicants).zip(resumes).map(view).collect())
}

/// GET /applications
pub async fn list(
    caller: Caller<SignedIn>,
    state: web::Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let reader = state.read()?;
    let query = Query::of(&request, &["jobId", "status", "limit", "cursor"])?;
    let wanted = ApplicationsWanted {
        job_id: query.get("jobId", FieldFault::NotAnId)?,
        status: query.named("status")?,
    };
    answer_list(&reader, &caller.who, wanted, &query).await
}

/// GET /jobs/{jobId}/applications
pub async fn list_of_job(
    caller: Caller<EmployerOrAdmin>,
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let reader = state.read()?;
    let query = Query::of(&request, &["status", "limit", "cursor"])?;
    let (job, how) = jobs::see(&reader, Some(&caller.who), id_of(&path)?).await?;
    if how != Audience::Manager {
        return Err(applications::Refusal::NotYours.into());
    }
    let wanted = ApplicationsWanted {
        job_id: Some(job.job_id),
        status: query.named("status")?,
    };
    answer_list(&reader, &caller.who, wanted, &query).await
}

async fn answer_list(
    reader: &Reader,
    identity: &Identity,
    wanted: ApplicationsWanted,
    query: &Query,
) -> Result<HttpResponse, Problem> {
    let after = query.place()?;
    let page = applications::list(reader, identity, wanted, after.as_ref(), query.limit()?).await?;
    let page = PageView {
        items: views(reader, identity, &page.items).await?,
        next_cursor: query.next_place(page.next),
    };
    Ok(HttpResponse::Ok().json(page))
}

/// GET /applications/{id}
pub async fn read(
    caller: Caller<SignedIn>,
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let reader = state.read()?;
    let application = applications::see(&reader, &caller.who, id_of(&path)?).await?;
    let tag = (header::ETAG, etag(application.version));
    if is_known(&request, application.version) {
        return Ok(HttpResponse::NotModified().insert_header(tag).finish());
    }
    let mut response = HttpResponse::Ok();
    response.insert_header(tag);
    let views = views(&reader, &caller.who, slice::from_ref(&application)).await?;
    Ok(response.json(views.first()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MoveBody {
    application_status: ApplicationStatus,
    #[serde(default)]
    note: Option<String>,
}

/// PATCH /applications/{id}
pub async fn update(
    caller: Caller<SignedIn>,
    request: HttpRequest,
    state: web::Data<State>,
    path: web::Path<String>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let MoveBody {
        application_status,
        note,
    } = body.parse()?;
    let decision = Decision {
        to: application_status,
        note,
    };
    let application = move_application(&request, &state, &caller, id_of(&path)?, &decision).await?;
    answer_moved(&state, &caller.who, &application).await
}

pub async fn answer_moved(
    state: &State,
    identity: &Identity,
    application: &Stored<Application>,
) -> Result<HttpResponse, Problem> {
    let mut response = HttpResponse::Ok();
    response.insert_header((header::ETAG, etag(application.version)));
    let views = views(&state.read()?, identity, slice::from_ref(application)).await?;
    Ok(response.json(views.first()))
}

/// DELETE /applications/{id}
pub async fn withdraw(
    caller: Caller<Student>,
    request: HttpRequest,
    state: web::Data<State>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    withdraw_application(&request, &state, &caller, id_of(&path)?).await
}

pub async fn withdraw_application(
    request: &HttpRequest,
    state: &State,
    caller: &Caller<Student>,
    id: ApplicationId,
) -> Result<HttpResponse, Problem> {
    let decision = Decision {
        to: ApplicationStatus::Withdrawn,
        note: None,
    };
    move_application(request, state, caller, id, &decision).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub async fn move_application<P: super::caller::Policy<Who = Identity>>(
    request: &HttpRequest,
    state: &State,
    caller: &Caller<P>,
    id: ApplicationId,
    decision: &Decision,
) -> Result<Stored<Application>, Problem> {
    move_known(state, caller, id, decision, &IfMatch::of(request)).await
}

/// The same, for whoever knows a version in another way than by a header.
pub async fn move_known<P: super::caller::Policy<Who = Identity>>(
    state: &State,
    caller: &Caller<P>,
    id: ApplicationId,
    decision: &Decision,
    if_match: &IfMatch,
) -> Result<Stored<Application>, Problem> {
    let known = |version| if_match.holds(version);
    let decided = state
        .store
        .run(caller.origin, async |transaction: &mut Transaction| {
            let (checker, who) = (&state.checker, &caller.who);
            applications::decide(checker, transaction, who, id, decision, &known).await
        })
        .await?;
    match decided {
        Decided::Moved(application) => Ok(*application),
        Decided::Waits => Err(Code::ReviewPending.into()),
        // The reasons are for the student and the office. The employer only sees the refusal.
        Decided::Refused(_) if caller.who.role() == Role::Employer => Err(Code::NotEligible.into()),
        Decided::Refused(reasons) => Err(Problem::with_reasons(Code::NotEligible, reasons)),
    }
}
