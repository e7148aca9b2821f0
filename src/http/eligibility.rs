//! What the campus rules say: to the student before he applies, beside an application, in lists; and an admin's word in
//! their place.

use std::collections::HashSet;
use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::applications::answer_moved;
use super::body::JsonBody;
use super::caller::{Admin, Caller, Student};
use super::etag::IfMatch;
use super::jobs::id_of;
use super::problem::{Because, Problem};
use super::state::State;
use crate::applications;
use crate::eligibility::rule_set;
use crate::jobs;
use crate::model::{
    self, AccountId, Application, ApplicationId, Eligibility, Identity, JobId, Outcome, Override,
    Party, Reason, Role, StudentId, Timestamp,
};
use crate::store::{Reader, Stored, keys};

#[derive(Serialize, ToSchema)]
#[schema(as = Verdict)]
pub struct EligibilityView<'a> {
    outcome: Outcome,
    reasons: &'a [Reason],
    /// An admin's word that took the place of the rules'; for admins.
    #[serde(rename = "override", skip_serializing_if = "Option::is_none")]
    word: Option<OverrideView<'a>>,
}

impl<'a> EligibilityView<'a> {
    /// The reasons of a verdict are the student's and the office's; what an admin wrote is the office's.
    pub fn of(application: &'a Application, reader: Role) -> Self {
        let word = application.overrides.last();
        Self {
            outcome: application.eligibility.outcome,
            reasons: match reader {
                Role::Employer => &[],
                Role::Student | Role::Admin => &application.eligibility.reasons,
            },
            word: word
                .filter(|_| reader == Role::Admin)
                .map(OverrideView::from),
        }
    }
}

impl<'a> From<&'a Eligibility> for EligibilityView<'a> {
    fn from(verdict: &'a Eligibility) -> Self {
        Self {
            outcome: verdict.outcome,
            reasons: &verdict.reasons,
            word: None,
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = Override)]
struct OverrideView<'a> {
    at: Timestamp,
    by: AccountId,
    outcome: Outcome,
    reason: &'a str,
}

impl<'a> From<&'a Override> for OverrideView<'a> {
    fn from(word: &'a Override) -> Self {
        Self {
            at: word.at,
            by: word.by,
            outcome: word.outcome,
            reason: &word.reason,
        }
    }
}

/// GET /jobs/{jobId}/eligibility: the verdict for the caller, before he applies.
pub async fn verdict(
    caller: Caller<Student>,
    state: web::Data<State>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let (job, _) = jobs::see(&caller.reader, Some(&caller.who), id_of(&path)?)?;
    let student = student(&caller.reader, caller.student_id())?;
    let set = rule_set(&caller.reader)?;
    let (verdict, _) = state
        .judge
        .judge_one(&caller.reader, &set, &student, &job, state.now())
        .await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .json(EligibilityView::from(&verdict)))
}

fn student(reader: &Reader, id: &StudentId) -> Result<Stored<model::Student>, Problem> {
    reader
        .get(&keys::student(id))?
        .ok_or_else(Problem::not_found)
}

/// The jobs that the campus rules let a student have.
pub async fn eligible_jobs(
    state: &State,
    reader: &Reader,
    identity: Option<&Identity>,
) -> Result<Arc<HashSet<JobId>>, Problem> {
    let Some(Party::Student(id)) = identity.map(|identity| &identity.party) else {
        return Err(Problem::forbidden(Because::StudentsOnly));
    };
    let student = student(reader, id)?;
    let (judge, now) = (&state.judge, state.now());
    Ok(state
        .open_jobs
        .eligible(judge, reader, &student, now)
        .await?)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OverrideBody {
    outcome: Outcome,
    reason: String,
}

/// PATCH /admin/applications/{id}/eligibility
pub async fn override_verdict(
    caller: Caller<Admin>,
    request: HttpRequest,
    state: web::Data<State>,
    path: web::Path<String>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let id: ApplicationId = id_of(&path)?;
    let OverrideBody { outcome, reason } = body.parse()?;
    let if_match = IfMatch::of(&request);
    let application = state
        .store
        .run(caller.origin, |transaction| {
            let matches = |version| if_match.holds(version);
            applications::override_verdict(transaction, &caller.who, id, outcome, &reason, &matches)
        })
        .await?;
    answer_moved(&state, &caller.who, &application)
}
