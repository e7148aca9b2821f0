//! A student's applications, and what the student decides about them.

use std::collections::{HashMap, HashSet};

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError as _};
use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;

use super::form::Form;
use super::page::{Page, see_other};
use super::problem_text;
use super::shown::Voice;
use crate::accounts;
use crate::applications::{self, ApplicationsWanted, Decision};
use crate::http::applications::move_known;
use crate::http::caller::{Caller, Student};
use crate::http::etag::IfMatch;
use crate::http::jobs::id_of;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::model::{
    Application, ApplicationId, ApplicationStatus, Identity, Job, JobId, Role, StoredFile,
};
use crate::store::{Reader, Stored, keys};

const ON_A_PAGE: usize = 20;
/// The stages of an application that ends well.
const LINE: [ApplicationStatus; 5] = [
    ApplicationStatus::Submitted,
    ApplicationStatus::UnderReview,
    ApplicationStatus::Interview,
    ApplicationStatus::Offered,
    ApplicationStatus::Accepted,
];

/// An application as its student sees it.
#[derive(Serialize)]
struct Mine<'a> {
    id: String,
    version: u64,
    job_id: JobId,
    title: &'a str,
    status: &'static str,
    is_open: bool,
    stages: Vec<Stage>,
    sent: String,
    notes: Vec<Note<'a>>,
    cover_note: Option<&'a str>,
    answers: Vec<Answered<'a>>,
    resume: Option<&'a str>,
    job: Option<Posting<'a>>,
}

/// What the student needs to know about the job to decide.
#[derive(Serialize)]
struct Posting<'a> {
    by: &'a str,
    pay: String,
    hours: String,
    place: String,
    starts: Option<String>,
    status: &'static str,
}

#[derive(Serialize)]
struct Stage {
    name: &'static str,
    /// `past`, `now`, or `ended` if it ended without a hire. Empty if it has not happened.
    kind: &'static str,
}

#[derive(Serialize)]
struct Note<'a> {
    text: &'a str,
    by: Role,
    date: String,
}

#[derive(Serialize)]
struct Answered<'a> {
    question: Option<&'a str>,
    answer: &'a str,
}

/// A decision that was not carried out.
struct Refused {
    id: ApplicationId,
    problem: Problem,
}

/// GET /applications
pub async fn applications(caller: Caller<Student>, page: Page) -> Result<HttpResponse, Problem> {
    show(&page, &caller.who, None).await
}

/// POST /applications: accept or decline an offer, or withdraw.
pub async fn decide_application(
    caller: Caller<Student>,
    page: Page,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let (to, text) = match form.text("do") {
        "accept" => (ApplicationStatus::Accepted, "applications.did.accepted"),
        "decline" => (ApplicationStatus::Declined, "applications.did.declined"),
        "withdraw" => (ApplicationStatus::Withdrawn, "applications.did.withdrawn"),
        _ => return Err(Problem::not_found()),
    };
    let id = id_of(form.text("id"))?;
    let decision = Decision { to, note: None };
    let known = IfMatch::of_form(form.text("version"));
    match move_known(&page.state, &caller, id, &decision, &known).await {
        Ok(application) => {
            let mut response = see_other(&page.here());
            page.tell(&mut response, text, &[("title", &application.job_title)])?;
            Ok(response)
        }
        Err(problem) if problem.status_code() == StatusCode::NOT_FOUND => Err(problem),
        Err(problem) => show(&page, &caller.who, Some(Refused { id, problem })).await,
    }
}

async fn show(
    page: &Page,
    who: &Identity,
    refused: Option<Refused>,
) -> Result<HttpResponse, Problem> {
    let reader = page.state.read()?;
    let pairs: Vec<_> = page
        .query("cursor")
        .map(|cursor| ("cursor".to_owned(), cursor))
        .into_iter()
        .collect();
    let query = Query::from_pairs(page.request.path(), &pairs, &["cursor"])?;
    let after = query.place()?;
    let wanted = ApplicationsWanted::default();
    let mut found = applications::list(&reader, who, wanted, after.as_ref(), ON_A_PAGE).await?;
    if let Some(Refused { id, .. }) = &refused
        && !found.items.iter().any(|one| one.application_id == *id)
    {
        let one = applications::see(&reader, who, *id).await?;
        found.items.insert(0, one);
    }
    let jobs = jobs_of(&reader, &found.items).await?;
    let resume_ids: Vec<_> = found.items.iter().map(|one| one.resume_id).collect();
    let resumes = applications::shown_resumes(&reader, &resume_ids).await?;
    let voice = page.voice();
    let mine: Vec<_> = found
        .items
        .iter()
        .zip(&resumes)
        .map(|(one, resume)| Mine::new(one, jobs.get(&one.job_id), resume.as_ref(), voice))
        .collect();
    let today = page.state.now().day(&page.state.campus().time_zone);
    let me = accounts::me(&reader, who, today).await?;
    let status = refused
        .as_ref()
        .map_or(StatusCode::OK, |refused| refused.problem.status_code());
    let refused = refused.map(|refused| {
        let reasons = refused.problem.reasons().iter();
        let reasons: Vec<_> = reasons.map(|reason| reason.message.clone()).collect();
        let text = why(page, &refused.problem);
        context! { id => refused.id.to_string(), text, reasons }
    });
    let more = query.next_place(found.next).map(|cursor| {
        let cursor = form_urlencoded::byte_serialize(cursor.as_bytes());
        format!("/applications?cursor={}", cursor.collect::<String>())
    });
    let values = context! {
        applications => Serde(&mine), refused, more, is_later => after.is_some(),
        weekly_hours => me.student.map_or(0.0, |(_, hours)| hours),
    };
    page.show_to(status, Some(who), &reader, "applications.html", values)
        .await
}

/// Why a decision was refused. The usual sentences of some problems are for employers.
fn why(page: &Page, problem: &Problem) -> String {
    let name = format!("applications.refused.{}", problem.code().parts().0);
    if page.words.has(&name) {
        page.words.plain(&name)
    } else {
        problem_text::problem(page.words, problem)
    }
}

/// The postings of applications, without those that are gone.
async fn jobs_of(
    reader: &Reader,
    all: &[Stored<Application>],
) -> Result<HashMap<JobId, Stored<Job>>, Problem> {
    let ids: HashSet<JobId> = all.iter().map(|one| one.job_id).collect();
    let keys: Vec<_> = ids.into_iter().map(keys::job).collect();
    let jobs = reader.get_many(&keys).await?.into_iter().flatten();
    Ok(jobs.map(|job: Stored<Job>| (job.job_id, job)).collect())
}

impl<'a> Mine<'a> {
    fn new(
        stored: &'a Stored<Application>,
        job: Option<&'a Stored<Job>>,
        resume: Option<&'a StoredFile>,
        voice: Voice<'_>,
    ) -> Self {
        let one = &stored.record;
        let questions = job.map_or(&[][..], |job| &job.questions);
        let answers = one.answers.iter().map(|answer| {
            let mut questions = questions.iter();
            let question = questions.find(|question| question.question_id == answer.question_id);
            Answered {
                question: question.map(|question| &*question.prompt),
                answer: &answer.answer,
            }
        });
        let notes = one.history.iter().filter_map(|step| {
            Some(Note {
                text: step.note.as_deref()?,
                by: step.by,
                date: voice.words.moment(step.at, voice.zone),
            })
        });
        let status = one.application_status();
        Self {
            id: one.application_id.to_string(),
            version: stored.version,
            job_id: one.job_id,
            title: &one.job_title,
            status: status.name(),
            is_open: !status.is_final(),
            stages: stages(one),
            sent: voice.day(one.submitted_at),
            notes: notes.collect(),
            cover_note: one.cover_note.as_deref(),
            answers: answers.collect(),
            resume: resume.map(|resume| &*resume.name),
            job: job.map(|job| Posting::new(job, voice)),
        }
    }
}

impl<'a> Posting<'a> {
    fn new(job: &'a Job, voice: Voice<'_>) -> Self {
        Self {
            by: job.work_space.as_deref().unwrap_or(&job.employer_name),
            pay: voice.pay(job),
            hours: voice.hours(job),
            place: voice.place(job),
            starts: job.start_date.map(|day| voice.words.date(day)),
            status: job.job_status().name(),
        }
    }
}

/// The line of stages. Only those that happened are marked. After an early end, it stops with the outcome.
fn stages(application: &Application) -> Vec<Stage> {
    let now = application.application_status();
    let has_been = |stage| application.history.iter().any(|step| step.to == stage);
    let ended = !LINE.contains(&now);
    let mut line: Vec<Stage> = LINE
        .into_iter()
        .filter(|stage| !ended || has_been(*stage))
        .map(|stage| Stage {
            name: stage.name(),
            kind: match stage {
                stage if stage == now => "now",
                stage if has_been(stage) => "past",
                _ => "",
            },
        })
        .collect();
    if ended {
        let name = now.name();
        line.push(Stage {
            name,
            kind: "now ended",
        });
    }
    line
}
