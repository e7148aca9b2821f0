//! One job: what it asks for, what its reader can do about it, and the application form.

use actix_web::http::StatusCode;
use actix_web::web::Path;
use actix_web::{HttpResponse, ResponseError as _};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde_json::{Map, json};

use super::form::{FileForm, Form};
use super::page::{Page, empty_form, safe_next, see_other};
use super::problem_text;
use super::shown::{DeclinedNote, Detail};
use crate::applications::{self, ApplicationsWanted, MAX_RESUME_BYTES};
use crate::http::applications::submit;
use crate::http::caller::{Caller, Public, Student};
use crate::http::eligibility::{student, verdict_of};
use crate::http::files;
use crate::http::jobs::id_of;
use crate::http::problem::{Code, Problem};
use crate::jobs::{self, Audience, CachedJob, Refusal};
use crate::model::{
    ApplicationStatus, FieldFault, Identity, Invalid, JobId, Party, Role, StudentId,
};
use crate::store::{Reader, keys};

/// GET /jobs/{jobId}
pub async fn job(
    caller: Caller<Public>,
    page: Page,
    path: Path<String>,
) -> Result<HttpResponse, Problem> {
    let reader = page.state.read()?;
    let who = caller.who.as_ref();
    match opened(&page, &reader, who, &path, 1).await? {
        Some(values) => {
            // Search engines and strangers learn that it is over; an applicant still needs the page.
            let is_over = values.get_attr("is_over").is_ok_and(|over| over.is_true());
            let status = if is_over {
                StatusCode::GONE
            } else {
                StatusCode::OK
            };
            page.show_to(status, who, &reader, "job.html", values).await
        }
        None => Err(Problem::not_found()),
    }
}

/// The values of detail.html, if the reader may see the job.
pub async fn opened(
    page: &Page,
    reader: &Reader,
    who: Option<&Identity>,
    id: &str,
    level: u8,
) -> Result<Option<Value>, Problem> {
    let Ok(id) = id.parse::<JobId>() else {
        return Ok(None);
    };
    let cached_jobs = &page.state.cached_jobs;
    let seen = match jobs::see_cached(reader, cached_jobs, who, id).await {
        Err(Refusal::NotFound) => return Ok(None),
        seen => seen?,
    };
    let (job, audience) = seen;
    let place = place(page, reader, who, &job, audience).await?;
    Ok(Some(values(page, &job, place, level, None)))
}

/// `form`: what was entered, and what is wrong with it.
fn values(page: &Page, job: &CachedJob, place: Value, level: u8, form: Option<Value>) -> Value {
    let form = form.unwrap_or_else(|| empty_form(context! {}));
    let detail = Value::from(Serde(Detail::new(job, page.voice())));
    let kind = place.get_attr("kind").unwrap_or_default();
    let is_over = kind.as_str() == Some("ended");
    context! { job => detail, place, level, form, is_over }
}

/// What the reader can do about a job.
async fn place(
    page: &Page,
    reader: &Reader,
    who: Option<&Identity>,
    job: &CachedJob,
    audience: Audience,
) -> Result<Value, Problem> {
    let next = page.here();
    if audience == Audience::Manager {
        let applicants = reader.counter(&keys::application_count(job.job_id)).await?;
        let declined = DeclinedNote::of(job, page.voice());
        let is_employer = who.is_some_and(|who| who.role() == Role::Employer);
        return Ok(
            context! { kind => "manager", applicants, is_employer, declined => Serde(declined) },
        );
    }
    let takes = job.takes_applications(page.state.now());
    match who.map(|who| (who, &who.party)) {
        Some((who, Party::Student(id))) => {
            let wanted = ApplicationsWanted {
                job_id: Some(job.job_id),
                status: None,
            };
            let mine = applications::list(reader, who, wanted, None, 1).await?;
            let newest = mine.items.first().map(|one| one.application_status());
            if let Some(status) = newest.filter(|one| *one != ApplicationStatus::Withdrawn) {
                let waits = !status.is_final();
                return Ok(context! { kind => "applied", status => status.name(), waits });
            }
            if !takes {
                return Ok(context! { kind => "ended" });
            }
            to_apply(page, reader, id, job, &next).await
        }
        _ if !takes => Ok(context! { kind => "ended" }),
        None => Ok(context! { kind => "visitor", next }),
        Some(_) => Ok(context! { kind => "other" }),
    }
}

/// The verdict of the campus rules, and the résumés to choose from.
async fn to_apply(
    page: &Page,
    reader: &Reader,
    id: &StudentId,
    job: &CachedJob,
    next: &str,
) -> Result<Value, Problem> {
    let mut student = student(reader, id).await?;
    // The page has one language, also for somebody whose emails have another.
    student.record.preferences.language = Some(page.words.language.to_owned());
    let asked = Some(page.words.language);
    let verdict = verdict_of(&page.state, reader, &student, job, asked).await?;
    let mut resumes: Vec<(String, String)> = applications::resumes(reader, id)
        .await?
        .into_iter()
        .map(|file| (file.file_id.to_string(), file.record.name))
        .collect();
    if !resumes.is_empty() {
        resumes.push((String::new(), page.words.plain("resume.none")));
    }
    Ok(context! {
        kind => "form", next, resumes,
        verdict => Serde(verdict),
        award_unknown => job.work_study_required && student.work_study_remaining.is_none(),
    })
}

/// POST /jobs/{jobId}: an application. A new file is stored first, so that it is kept whatever is wrong with the rest.
pub async fn apply(
    caller: Caller<Student>,
    page: Page,
    path: Path<String>,
    mut form: FileForm,
) -> Result<HttpResponse, Problem> {
    let reader = page.state.read()?;
    let id: JobId = id_of(&path)?;
    let seen = jobs::see_cached(&reader, &page.state.cached_jobs, Some(&caller.who), id).await?;
    let (job, audience) = seen;
    let who = caller.who.clone();
    let sent = send(caller, &page, &job, &mut form).await;
    let max_kib = MAX_RESUME_BYTES / 1024;
    let most = [("most", (max_kib / 1024).into())];
    let too_large = page.words.with("resume.too_large", most);
    let (problem, file_text) = match sent {
        Ok(()) => {
            let address = format!("/jobs/{id}");
            let next = safe_next(form.fields.text("next")).unwrap_or(&address);
            let mut response = see_other(next);
            page.tell(&mut response, "apply.sent", &[])?;
            return Ok(response);
        }
        // Sent twice.
        Err(Wrong::Application(problem)) if problem.is(&Code::AlreadyApplied) => {
            return Ok(see_other(&format!("/jobs/{id}")));
        }
        Err(Wrong::TooLarge) => (Code::BodyTooLarge { max_kib }.into(), Some(too_large)),
        Err(Wrong::File(problem)) => {
            let text = problem_text::of_file(page.words, &problem);
            (problem, Some(text))
        }
        Err(Wrong::Application(problem)) => (problem, None),
    };
    // The new file may be among the résumés now.
    let reader = page.state.read()?;
    let place = place(&page, &reader, Some(&who), &job, audience).await?;
    let shown = match file_text {
        Some(text) => page.wrong_field(&form.fields, "resume", text),
        None => page.wrong(&form.fields, &problem),
    };
    let values = values(&page, &job, place, 1, Some(shown));
    let status = problem.status_code();
    let mut response = page
        .show_to(status, Some(&who), &reader, "job.html", values)
        .await?;
    problem.add_headers(response.headers_mut());
    Ok(response)
}

/// What was refused.
enum Wrong {
    TooLarge,
    File(Problem),
    Application(Problem),
}

async fn send(
    caller: Caller<Student>,
    page: &Page,
    job: &CachedJob,
    form: &mut FileForm,
) -> Result<(), Wrong> {
    if let Some((name, bytes)) = form.file.take() {
        if bytes.len() > MAX_RESUME_BYTES {
            return Err(Wrong::TooLarge);
        }
        let stored = files::store(&page.state, &caller, Some(&name), bytes).await;
        let stored = stored.map_err(Wrong::File)?;
        form.fields.set("resumeId", stored.to_string());
    }
    let mut asked = Vec::new();
    let mut answers = Vec::new();
    for question in &job.questions {
        let answer = form
            .fields
            .text(&format!("answer.{}", question.question_id));
        if !answer.trim().is_empty() {
            asked.push(question.question_id.clone());
            answers.push(json!({ "questionId": question.question_id, "answer": answer }));
        }
    }
    let mut members = Map::new();
    members.insert("jobId".into(), json!(job.job_id));
    for name in ["coverNote", "resumeId"] {
        if !form.fields.is_blank(name) {
            members.insert(name.into(), form.fields.text(name).into());
        }
    }
    if !answers.is_empty() {
        members.insert("answers".into(), answers.into());
    }
    let (request, state) = (page.request.clone(), page.state.clone());
    let body = Form::json(members).map_err(Wrong::Application)?;
    let sent = submit(caller, request, state, body).await;
    let wrong = |problem| Wrong::Application(at_questions(problem, &asked));
    sent.map(drop).map_err(wrong)
}

/// The API names an answer by its place in the body, and a missing one by its question. A form has a field for each.
fn at_questions(problem: Problem, asked: &[String]) -> Problem {
    let mut invalid = Invalid::default();
    for error in problem.errors() {
        let place = error.field.strip_prefix("answers[");
        let place = place.and_then(|rest| rest.split_once(']')?.0.parse::<usize>().ok());
        let question = match &error.fault {
            FieldFault::Unanswered { question_id, .. } => Some(question_id),
            _ => place.and_then(|place| asked.get(place)),
        };
        match question {
            Some(question) => invalid.add(format!("answer.{question}"), error.fault.clone()),
            None => invalid.add(error.field.clone(), error.fault.clone()),
        }
    }
    if invalid.0.is_empty() {
        problem
    } else {
        invalid.into()
    }
}
