//! One posting's applicants, and the decisions about them.

use actix_web::http::StatusCode;
use actix_web::web::Path;
use actix_web::{HttpResponse, ResponseError as _};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

use super::form::Form;
use super::page::{DRAFT, Page, see_other};
use super::postings::{Posting, change_status, refused, told_of};
use super::problem_text;
use super::shown::Voice;
use crate::applications::{self, ApplicationsWanted, Decision, count_by_stage};
use crate::http::applications::move_known;
use crate::http::caller::{Caller, EmployerOrAdmin};
use crate::http::etag::IfMatch;
use crate::http::jobs::id_of;
use crate::http::problem::{Code, Problem};
use crate::http::query::Query;
use crate::jobs::{self, Audience};
use crate::model::{
    ActingSide, Application, ApplicationId, ApplicationStatus, Identity, Job, JobId, Role,
    StoredFile, Student, from_text,
};
use crate::store::{Reader, Stored};

/// The decisions with a button of their own, the recommended one first.
const STEPS: [ApplicationStatus; 3] = [
    ApplicationStatus::Offered,
    ApplicationStatus::Interview,
    ApplicationStatus::UnderReview,
];
const PAGE: usize = 50;

/// What was entered about one applicant, and why it was refused.
struct Refused {
    id: ApplicationId,
    note: String,
    problem: Problem,
}

/// An applicant with everything that was sent.
#[derive(Serialize)]
struct Applicant<'a> {
    id: ApplicationId,
    version: u64,
    /// None once the account is deleted.
    name: Option<&'a str>,
    email: Option<String>,
    status: &'static str,
    group: &'static str,
    graduates: Option<String>,
    sent: String,
    skills: &'a [String],
    about: Option<&'a str>,
    cover_note: Option<&'a str>,
    answers: Vec<(&'a str, &'a str)>,
    resume: Option<(String, &'a str)>,
    messages: Vec<Message<'a>>,
    steps: Vec<&'static str>,
    can_hire: bool,
    can_reject: bool,
    /// The message as it was entered.
    note: &'a str,
    problem: Option<String>,
}

#[derive(Serialize)]
struct Message<'a> {
    by: String,
    text: &'a str,
}

fn group(status: ApplicationStatus) -> &'static str {
    match status {
        ApplicationStatus::Accepted => "accepted",
        status if status.is_final() => "over",
        _ => "waiting",
    }
}

impl<'a> Applicant<'a> {
    fn new(
        voice: Voice<'_>,
        job: &'a Job,
        stored: &'a Stored<Application>,
        student: Option<&'a Student>,
        resume: Option<&'a StoredFile>,
    ) -> Self {
        let (words, status) = (voice.words, stored.application_status());
        let allows = |to| status.allows(ActingSide::Employer, to);
        let prompt = |id: &'a str| {
            let asked = job.questions.iter().find(|one| one.question_id == id);
            asked.map_or(id, |question| &*question.prompt)
        };
        let message = |step: &'a crate::model::Move| {
            let by = match step.by {
                Role::Student => "applicants.note_by.student",
                Role::Employer => "applications.note_by.employer",
                Role::Admin => "applications.note_by.admin",
            };
            let date = words.moment(step.at, voice.zone);
            let by = words.with(by, [("date", date.into())]);
            let text = step.note.as_deref()?;
            Some(Message { by, text })
        };
        let graduates = student.and_then(|student| student.graduation_date);
        let sent = voice.day(stored.submitted_at).into();
        let file_name = resume.map_or("PDF", |file| &*file.name);
        Self {
            id: stored.application_id,
            version: stored.version,
            name: student.map(|student| &*student.name),
            email: student.map(|student| student.email.to_string()),
            status: status.name(),
            group: group(status),
            graduates: graduates.map(|day| {
                let date = words.date(day).into();
                words.with("applicants.graduates", [("date", date)])
            }),
            sent: words.with("applications.sent", [("date", sent)]),
            skills: student.map_or(&[], |student| &student.skills),
            about: student.and_then(|student| student.summary.as_deref()),
            cover_note: stored.record.cover_note.as_deref(),
            answers: (stored.record.answers.iter())
                .map(|one| (prompt(&one.question_id), &*one.answer))
                .collect(),
            resume: (stored.resume_id).map(|id| (format!("/api/v1/files/{id}"), file_name)),
            messages: stored.record.history.iter().filter_map(message).collect(),
            steps: (STEPS.into_iter().filter(|to| allows(*to)))
                .map(ApplicationStatus::name)
                .collect(),
            can_hire: allows(ApplicationStatus::Accepted) && job.has_free_position(),
            can_reject: allows(ApplicationStatus::Rejected),
            note: "",
            problem: None,
        }
    }
}

/// A posting that the reader manages. Somebody else's does not exist here.
pub async fn own_job(reader: &Reader, who: &Identity, id: &str) -> Result<Stored<Job>, Problem> {
    match jobs::see(reader, Some(who), id_of(id)?).await? {
        (job, Audience::Manager) => Ok(job),
        (_, Audience::Public) => Err(Problem::not_found()),
    }
}

/// GET /postings/{jobId}
pub async fn posting(
    caller: Caller<EmployerOrAdmin>,
    page: Page,
    path: Path<String>,
) -> Result<HttpResponse, Problem> {
    let reader = page.state.read()?;
    let job = own_job(&reader, &caller.who, &path).await?;
    let shown = Posting::of(&page, &reader, &job).await?;
    show(
        &page,
        &reader,
        &caller.who,
        (&job, shown),
        StatusCode::OK,
        None,
    )
    .await
}

/// POST /postings/{jobId}: a decision about an applicant, or about the posting itself.
pub async fn decide(
    caller: Caller<EmployerOrAdmin>,
    page: Page,
    path: Path<String>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let job = own_job(&page.state.read()?, &caller.who, &path).await?;
    if !form.is_blank("status") {
        return move_job(&caller, &page, job.job_id, &form).await;
    }
    let id: ApplicationId = id_of(form.text("application"))?;
    let reader = page.state.read()?;
    let before = applications::see(&reader, &caller.who, id).await?;
    if before.job_id != job.job_id {
        return Err(Problem::not_found());
    }
    let note = form.text("note").replace("\r\n", "\n");
    match send(&caller, &page, id, &form, &note).await {
        Ok(to) => {
            let mut response = see_other(&page.here());
            let mut one = applications::applicants(&reader, std::slice::from_ref(&before)).await?;
            let name = one.pop().flatten().map(|student| student.name);
            let name = name.unwrap_or_else(|| page.words.plain("applicants.unknown"));
            let from = before.application_status();
            let took_back = from == ApplicationStatus::Offered && to == ApplicationStatus::Rejected;
            let did = if took_back { "unoffered" } else { to.name() };
            let draft = format!("decide.{id}");
            let values = [("name", &*name), (DRAFT, &*draft)];
            page.tell(&mut response, &format!("applicants.did.{did}"), &values)?;
            Ok(response)
        }
        Err(problem) => {
            let reader = page.state.read()?;
            let job = own_job(&reader, &caller.who, &path).await?;
            let shown = Posting::of(&page, &reader, &job).await?;
            let status = problem.status_code();
            let refused = Refused { id, note, problem };
            show(
                &page,
                &reader,
                &caller.who,
                (&job, shown),
                status,
                Some(&refused),
            )
            .await
        }
    }
}

/// Opens or closes the posting.
async fn move_job(
    caller: &Caller<EmployerOrAdmin>,
    page: &Page,
    id: JobId,
    form: &Form,
) -> Result<HttpResponse, Problem> {
    match change_status(page, caller, id, form).await {
        Ok(job) => told_of(page, &format!("/postings/{id}"), &job, None),
        Err(problem) => {
            let reader = page.state.read()?;
            let job = own_job(&reader, &caller.who, &id.to_string()).await?;
            let shown = Posting::of(page, &reader, &job).await?;
            let shown = shown.with_problem(Some(refused(page, &problem)));
            let status = problem.status_code();
            show(page, &reader, &caller.who, (&job, shown), status, None).await
        }
    }
}

async fn send(
    caller: &Caller<EmployerOrAdmin>,
    page: &Page,
    id: ApplicationId,
    form: &Form,
    note: &str,
) -> Result<ApplicationStatus, Problem> {
    let to: ApplicationStatus = from_text(form.text("to")).map_err(|fault| {
        let invalid = crate::model::Invalid::one("applicationStatus", fault);
        Problem::from(invalid)
    })?;
    let note = Some(note.to_owned());
    let decision = Decision { to, note };
    let if_match = IfMatch::of_form(form.text("version"));
    let moved = move_known(&page.state, caller, id, &decision, &if_match).await?;
    Ok(moved.application_status())
}

async fn show(
    page: &Page,
    reader: &Reader,
    who: &Identity,
    (job, shown): (&Stored<Job>, Posting<'_>),
    code: StatusCode,
    refused: Option<&Refused>,
) -> Result<HttpResponse, Problem> {
    // The stage of a refused application may have changed.
    let stage = page.query("status").filter(|_| refused.is_none());
    let stage = stage.and_then(|name| from_text::<ApplicationStatus>(&name).ok());
    let counts = count_by_stage(reader, job.job_id).await?;
    let (mut all, more) = listed(page, reader, who, job.job_id, stage).await?;
    if let Some(refused) = refused
        && !all.iter().any(|one| one.application_id == refused.id)
    {
        all.insert(0, applications::see(reader, who, refused.id).await?);
    }
    let students = applications::applicants(reader, &all).await?;
    let resumes: Vec<_> = all.iter().map(|one| one.resume_id).collect();
    let resumes = applications::shown_resumes(reader, &resumes).await?;
    let applicants: Vec<Applicant<'_>> = all
        .iter()
        .zip(students.iter().zip(&resumes))
        .map(|(one, (student, resume))| {
            let voice = page.voice();
            let shown = Applicant::new(voice, job, one, student.as_ref(), resume.as_ref());
            match refused.filter(|refused| refused.id == one.application_id) {
                Some(refused) => Applicant {
                    note: &refused.note,
                    problem: Some(problem_of(page, &refused.problem, shown.status)),
                    ..shown
                },
                None => shown,
            }
        })
        .collect();
    let detail = Value::from(Serde(shown));
    let is_employer = who.role() == Role::Employer;
    let values = context! {
        job => detail, is_employer, applicants => Serde(&applicants), more,
        tabs => tabs(job.job_id, &counts, stage), stage => stage.map(ApplicationStatus::name),
    };
    page.show_to(code, Some(who), reader, "posting.html", values)
        .await
}

/// Why a decision was refused. `stage`: where the application stands now.
fn problem_of(page: &Page, problem: &Problem, stage: &str) -> String {
    let words = page.words;
    if let Some(error) = problem.errors().first() {
        return problem_text::fault(words, error, false);
    }
    if problem.is(&Code::Stale) {
        let stage = words.plain(&format!("stage.{stage}"));
        return words.with("applicants.stale", [("stage", stage.into())]);
    }
    if problem.is(&Code::ReviewPending) {
        return words.plain("applicants.review_pending");
    }
    problem_text::problem(words, problem)
}

/// Links to the stages that have applications.
fn tabs(
    id: JobId,
    counts: &[(ApplicationStatus, usize)],
    stage: Option<ApplicationStatus>,
) -> Vec<Value> {
    let total: usize = counts.iter().map(|(_, count)| count).sum();
    let all = context! { href => format!("/postings/{id}"), label => "applicants.all", count => total, is_here => stage.is_none() };
    let one = |(status, count): &(ApplicationStatus, usize)| {
        let name = status.name();
        context! { href => format!("/postings/{id}?status={name}"), label => format!("stage.{name}"), count, is_here => stage == Some(*status) }
    };
    std::iter::once(all).chain(counts.iter().map(one)).collect()
}

/// A page of the applications, and the address of the next one.
async fn listed(
    page: &Page,
    reader: &Reader,
    who: &Identity,
    job_id: JobId,
    status: Option<ApplicationStatus>,
) -> Result<(Vec<Stored<Application>>, Option<String>), Problem> {
    let mut pairs = Vec::new();
    pairs.extend(status.map(|status| ("status".to_owned(), status.name().to_owned())));
    let cursor = page.query("cursor").filter(|cursor| !cursor.is_empty());
    pairs.extend(cursor.map(|cursor| ("cursor".to_owned(), cursor)));
    let query = Query::from_pairs(page.request.path(), &pairs, &["status", "cursor"])?;
    let job = Some(job_id);
    let wanted = ApplicationsWanted {
        job_id: job,
        status,
    };
    let found = applications::list(reader, who, wanted, query.place()?.as_ref(), PAGE).await?;
    let more = query.next_place(found.next).map(|next| {
        let stage = status.map(|status| format!("status={}&", status.name()));
        let stage = stage.unwrap_or_default();
        format!("/postings/{job_id}?{stage}cursor={next}")
    });
    Ok((found.items, more))
}
