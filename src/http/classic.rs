//! The routes of the previous service, under the names that existing clients use. They share the handlers.

use std::str::FromStr;

use actix_web::{HttpRequest, HttpResponse, web};
use utoipa::ToSchema;

use super::applications::{answer_moved, move_application, withdraw_application};
use super::body::JsonBody;
use super::caller::{Caller, EmployerOrAdmin, SignedIn, Student};
use super::jobs::close_job;
use super::problem::Problem;
use super::query::Query;
use super::state::State;
use crate::applications::Decision;
use crate::model::{ApplicationId, ApplicationStatus, FieldFault, Invalid};

#[derive(serde::Deserialize, ToSchema)]
#[schema(as = ClassicMoveBody)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Move {
    #[serde(deserialize_with = "ApplicationId::from_body")]
    application_id: ApplicationId,
    application_status: ApplicationStatus,
    #[serde(default)]
    note: Option<String>,
}

/// PATCH /update-application-jobs, /update-application-status: the ID is in the body.
pub async fn update_application(
    caller: Caller<SignedIn>,
    request: HttpRequest,
    state: web::Data<State>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let Move {
        application_id,
        application_status,
        note,
    } = body.parse()?;
    let decision = Decision {
        to: application_status,
        note,
    };
    let application =
        move_application(&request, &state, &caller, application_id, &decision).await?;
    answer_moved(&state, &caller.who, &application).await
}

/// DELETE /delete-service?jobId=: closes the job.
pub async fn delete_job(
    caller: Caller<EmployerOrAdmin>,
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    close_job(&request, &state, &caller, id_in_query(&request, "jobId")?).await
}

/// DELETE /delete-service?applicationId=: withdraws the application.
pub async fn delete_application(
    caller: Caller<Student>,
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let id = id_in_query(&request, "applicationId")?;
    withdraw_application(&request, &state, &caller, id).await
}

/// DELETE /delete-service with both IDs or neither.
pub async fn delete_neither(
    _: Caller<SignedIn>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &["jobId", "applicationId"])?;
    let other = "applicationId".into();
    Err(Invalid::one("jobId", FieldFault::ExactlyOne { other }).into())
}

fn id_in_query<T: FromStr>(request: &HttpRequest, name: &str) -> Result<T, Problem> {
    let id = Query::of(request, &[name])?.get(name, FieldFault::NotAnId)?;
    Ok(id.ok_or_else(|| Invalid::one(name, FieldFault::Required))?)
}
