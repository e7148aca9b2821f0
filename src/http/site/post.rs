//! Posting a job, also as a copy of an earlier one, and changing a posting.

use actix_web::http::{StatusCode, header};
use actix_web::web::Path;
use actix_web::{HttpResponse, ResponseError as _};
use minijinja::value::Serde;
use minijinja::{Value as Shown, context};
use serde_json::{Map, Value, json};

use super::form::Form;
use super::job_form::{AMOUNTS, TEXTS, entered, members, part, rows, typed};
use super::navigation::home;
use super::page::{DRAFT, Page, empty_form, see_other};
use super::posting::own_job;
use super::postings::{tab, told_of};
use crate::http::caller::{Caller, EmployerOrAdmin};
use crate::http::etag::IfMatch;
use crate::http::jobs::{self, update_job};
use crate::http::problem::{Because, Code, Problem};
use crate::model::{Employer, Identity, Job, JobId, Party, Role};
use crate::store::{Stored, keys};

/// The dates of a year, which a copy leaves out.
const DATES: [&str; 3] = ["deadline", "startDate", "endDate"];
/// The button adds questions up to this number.
const OFFERED_QUESTIONS: usize = 5;
/// Longest saved text that is shown beside what was typed.
const MAX_SAVED_CHARS: usize = 400;

/// Where the form is shown.
struct Place {
    /// The name of the draft in the browser.
    draft: String,
    /// The posting that is changed.
    job: Option<Stored<Job>>,
}

impl Place {
    fn new_posting() -> Self {
        let draft = "post".to_owned();
        Self { draft, job: None }
    }

    /// The draft belongs to a version, so that it does not come back over a newer one.
    fn edit(job: Stored<Job>) -> Self {
        let draft = format!("edit.{}.{}", job.job_id, job.version);
        let job = Some(job);
        Self { draft, job }
    }

    async fn show(
        &self,
        page: &Page,
        who: &Identity,
        code: StatusCode,
        form: Shown,
        rows: usize,
    ) -> Result<HttpResponse, Problem> {
        let reader = page.state.read()?;
        let job = self.job.as_ref().map(|job| {
            context! { id => job.job_id.to_string(), title => job.job_title.as_str(), version => job.version }
        });
        let offered = OFFERED_QUESTIONS;
        let values = context! { form, rows, offered, draft => self.draft.as_str(), job };
        page.show_to(code, Some(who), &reader, "post.html", values)
            .await
    }

    /// The form again, after a press on a button that sends nothing, or with what is wrong.
    async fn again(
        &self,
        page: &Page,
        who: &Identity,
        values: Map<String, Value>,
        problem: Option<&Problem>,
    ) -> Result<HttpResponse, Problem> {
        let Some(problem) = problem else {
            let row = rows(&values);
            let mut values = values;
            if row < OFFERED_QUESTIONS {
                values.insert(part(row, "prompt"), "".into());
                values.insert(part(row, "required"), "true".into());
            }
            let rows = rows(&values);
            let form = empty_form(Shown::from(Serde(values)));
            return self.show(page, who, StatusCode::OK, form, rows).await;
        };
        let rows = rows(&values);
        let shown = match &self.job {
            Some(job) if problem.is(&Code::Stale) => newer(page, &values, job),
            _ => page.wrong(&Form::of(&values), problem),
        };
        let code = problem.status_code();
        let mut response = self.show(page, who, code, shown, rows).await?;
        problem.add_headers(response.headers_mut());
        Ok(response)
    }
}

/// What was typed, with the saved value at each field that differs.
fn newer(page: &Page, values: &Map<String, Value>, job: &Job) -> Shown {
    let saved = typed(job, &page.state.campus().time_zone);
    let text = |values: &Map<String, Value>, name: &str| {
        let text = values.get(name).and_then(Value::as_str);
        text.unwrap_or_default().trim().to_owned()
    };
    let mut errors = Map::new();
    for name in TEXTS.iter().chain(&AMOUNTS).chain(&["skillsRequired"]) {
        let mut now = text(&saved, name);
        if now == text(values, name) {
            continue;
        }
        if *name == "setting" {
            now = page.words.plain(&format!("setting.{now}"));
        }
        let now: String = now.chars().take(MAX_SAVED_CHARS).collect();
        let said = page.words.with("post.saved_now", [("value", now.into())]);
        errors.insert((*name).to_owned(), said.into());
    }
    let first = errors.keys().next().cloned();
    let wrong = page.words.plain("post.stale");
    context! { errors => Serde(errors), wrong, first, others => (), values => Serde(values) }
}

/// GET /post, for a copy with the ID of a posting in `copy`.
pub async fn post_form(
    caller: Caller<EmployerOrAdmin>,
    page: Page,
) -> Result<HttpResponse, Problem> {
    let Party::Employer(employer) = &caller.who.party else {
        return Ok(see_other(home(Some(Role::Admin))));
    };
    let reader = page.state.read()?;
    let mut place = Place::new_posting();
    let mut values = Map::new();
    if let Some(id) = page.query("copy") {
        let job = own_job(&reader, &caller.who, &id).await?;
        values = typed(&job, &page.state.campus().time_zone);
        values.retain(|name, _| !DATES.contains(&name.as_str()) && !name.ends_with(".questionId"));
        place.draft = format!("copy.{}", job.job_id);
    } else {
        let employer: Option<Stored<Employer>> = reader.get(&keys::employer(employer)).await?;
        let setting = employer.map(|employer| json!(employer.record.setting));
        values.insert("setting".into(), setting.unwrap_or_default());
        values.insert("positions".into(), "1".into());
    }
    let rows = rows(&values);
    let form = empty_form(Shown::from(Serde(values)));
    place
        .show(&page, &caller.who, StatusCode::OK, form, rows)
        .await
}

/// POST /post
pub async fn post(
    caller: Caller<EmployerOrAdmin>,
    page: Page,
    form: Form,
) -> Result<HttpResponse, Problem> {
    if caller.who.role() != Role::Employer {
        return Err(Problem::forbidden(Because::Role));
    }
    let mut place = Place::new_posting();
    if let Some(id) = page.query("copy") {
        let id: JobId = jobs::id_of(&id)?;
        place.draft = format!("copy.{id}");
    }
    let who = caller.who.clone();
    let values = entered(&form);
    if form.text("do") == "question" {
        return place.again(&page, &who, values, None).await;
    }
    let mut members = members(&values, None, &sign(&page));
    match form.text("do") {
        "draft" => drop(members.insert("jobStatus".into(), "draft".into())),
        // The Enter key in a field presses no button.
        "post" | "" => {}
        _ => return Err(Problem::not_found()),
    }
    let (request, state) = (page.request.clone(), page.state.clone());
    match jobs::post(caller, request, state, Form::json(members)?).await {
        Ok(posted) => {
            let place_of = posted.headers().get(header::LOCATION);
            let id = place_of.and_then(|place| place.to_str().ok()?.rsplit('/').next());
            let job = own_job(&page.state.read()?, &who, id.unwrap_or_default()).await?;
            told_of(&page, &tab(job.job_status()), &job, Some(&place.draft))
        }
        Err(problem) => place.again(&page, &who, values, Some(&problem)).await,
    }
}

fn sign(page: &Page) -> String {
    crate::words::sign(&page.state.campus().currency)
}

/// GET /postings/{jobId}/edit
pub async fn edit_form(
    caller: Caller<EmployerOrAdmin>,
    page: Page,
    path: Path<String>,
) -> Result<HttpResponse, Problem> {
    let job = own_job(&page.state.read()?, &caller.who, &path).await?;
    let values = typed(&job, &page.state.campus().time_zone);
    let rows = rows(&values);
    let form = empty_form(Shown::from(Serde(values)));
    let place = Place::edit(job);
    place
        .show(&page, &caller.who, StatusCode::OK, form, rows)
        .await
}

/// POST /postings/{jobId}/edit
pub async fn edit(
    caller: Caller<EmployerOrAdmin>,
    page: Page,
    path: Path<String>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let job = own_job(&page.state.read()?, &caller.who, &path).await?;
    let values = entered(&form);
    let who = &caller.who;
    let version = form.text("version");
    let if_match = IfMatch::of_form(version);
    let is_current = if_match.holds(job.version);
    if form.text("do") == "question" && is_current {
        return Place::edit(job).again(&page, who, values, None).await;
    }
    let id = job.job_id;
    let saved = if is_current {
        let before = typed(&job, &page.state.campus().time_zone);
        let body = Form::json(members(&values, Some(&before), &sign(&page)))?;
        update_job(&page.state, &caller, id, &body, &if_match).await
    } else {
        Err(Code::Stale.into())
    };
    match saved {
        Ok(_) => {
            let mut response = see_other(&format!("/postings/{id}"));
            let draft = format!("edit.{id}.{}", job.version);
            page.tell(&mut response, "post.saved", &[(DRAFT, &draft)])?;
            Ok(response)
        }
        Err(problem) => {
            let job = own_job(&page.state.read()?, who, &path).await?;
            Place::edit(job)
                .again(&page, who, values, Some(&problem))
                .await
        }
    }
}
