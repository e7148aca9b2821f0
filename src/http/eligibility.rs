//! Verdicts of the campus rules: for students before they apply, in applications, in lists; and admin overrides.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;

use actix_web::http::header::{self, AcceptLanguage, Header as _, Preference, Quality};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::applications::answer_moved;
use super::body::JsonBody;
use super::caller::{Admin, Caller, Student};
use super::etag::IfMatch;
use super::jobs::id_of;
use super::problem::{Because, Code, Problem};
use super::state::State;
use crate::applications;
use crate::eligibility::rule_set;
use crate::jobs;
use crate::model::{
    self, AccountId, Application, ApplicationId, Eligibility, Identity, JobId, Outcome, Override,
    Party, Reason, Role, StudentId, Timestamp, language_for,
};
use crate::store::{Reader, Stored, Transaction, keys};

/// What a verdict varies by: its reader and the language.
pub const BY_READER: &str = "Authorization, Cookie, Accept-Language";

#[derive(Serialize, ToSchema)]
#[schema(as = Verdict)]
pub struct EligibilityView<'a> {
    outcome: Outcome,
    reasons: &'a [Reason],
    /// An admin's override of the rules. Only admins see it.
    #[serde(rename = "override", skip_serializing_if = "Option::is_none")]
    word: Option<OverrideView<'a>>,
}

impl<'a> EligibilityView<'a> {
    /// Reasons are for the student and the office. An admin's text is for the office.
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

/// GET /jobs/{jobId}/eligibility: the caller's verdict before applying.
pub async fn verdict(
    caller: Caller<Student>,
    request: HttpRequest,
    state: web::Data<State>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let reader = state.read()?;
    let (job, _) = jobs::see(&reader, Some(&caller.who), id_of(&path)?).await?;
    let asked = asked_language(&request, &state);
    let student = student(&reader, caller.student_id()).await?;
    let verdict = verdict_of(&state, &reader, &student, &job, asked.as_deref()).await?;
    let language = state.checker.language_of(&student, asked.as_deref());
    Ok(HttpResponse::Ok()
        .insert_header((header::VARY, BY_READER))
        .insert_header((header::CONTENT_LANGUAGE, language))
        .json(EligibilityView::from(&verdict)))
}

/// What the rules say about a student and a job, in the student's language or else in the one that is asked for.
pub async fn verdict_of(
    state: &State,
    reader: &Reader,
    student: &model::Student,
    job: &model::Job,
    asked: Option<&str>,
) -> Result<Eligibility, Problem> {
    let set = rule_set(reader).await?;
    let (checker, now) = (&state.checker, state.now());
    let language = checker.language_of(student, asked);
    let checked = checker.check_one(reader, &set, student, job, now, language);
    Ok(checked.await?.verdict)
}

/// The campus language that the request prefers.
pub fn asked_language(request: &HttpRequest, state: &State) -> Option<String> {
    let languages = &state.campus().languages;
    let header = AcceptLanguage::parse(request).ok()?;
    let mut wanted: Vec<_> = header
        .iter()
        .filter(|one| one.quality > Quality::ZERO)
        .collect();
    wanted.sort_by_key(|one| Reverse(one.quality));
    let own = wanted.into_iter().find_map(|one| match &one.item {
        Preference::Any => languages.first().map(String::as_str),
        Preference::Specific(tag) => language_for(languages, tag.as_str()),
    });
    own.map(str::to_owned)
}

pub async fn student(reader: &Reader, id: &StudentId) -> Result<Stored<model::Student>, Problem> {
    reader
        .get(&keys::student(id))
        .await?
        .ok_or_else(Problem::not_found)
}

/// The jobs that the campus rules allow a student. `Busy` if the machine has no time to ask the rules about all of them:
/// a list without the rest would be wrong.
pub async fn eligible_jobs(
    state: &State,
    reader: &Reader,
    identity: Option<&Identity>,
    request: &HttpRequest,
) -> Result<Arc<HashSet<JobId>>, Problem> {
    let Some(Party::Student(id)) = identity.map(|identity| &identity.party) else {
        return Err(Problem::forbidden(Because::StudentsOnly));
    };
    let student = student(reader, id).await?;
    let (checker, now) = (&state.checker, state.now());
    let language = checker.language_of(&student, asked_language(request, state).as_deref());
    let eligible = (state.open_jobs).eligible(checker, reader, &student, now, language);
    eligible.await?.ok_or_else(|| Code::Busy.into())
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
        .run(caller.origin, async |transaction: &mut Transaction| {
            let matches = |version| if_match.holds(version);
            applications::override_verdict(transaction, &caller.who, id, outcome, &reason, &matches)
                .await
        })
        .await?;
    answer_moved(&state, &caller.who, &application).await
}
