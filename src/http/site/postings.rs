//! An employer's postings by status, and what can be done with one.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError as _};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;
use serde_json::{Map, json};

use super::form::Form;
use super::navigation::home;
use super::page::{DRAFT, Page, see_other};
use super::problem_text;
use super::shown::DeclinedNote;
use crate::applications::count_by_stage;
use crate::http::caller::{Caller, EmployerOrAdmin};
use crate::http::etag::IfMatch;
use crate::http::jobs::{id_of, update_job, wanted};
use crate::http::problem::{Because, Code, Problem};
use crate::http::query::Query;
use crate::jobs;
use crate::model::{
    Account, AccountStatus, ApplicationStatus, EmployeeId, Employer, FieldError, Identity, Job,
    JobId, JobStatus, Party, Role,
};
use crate::store::{Reader, Stored, keys};

/// The tabs in their order.
const TABS: [JobStatus; 6] = [
    JobStatus::Open,
    JobStatus::Pending,
    JobStatus::Draft,
    JobStatus::Filled,
    JobStatus::Expired,
    JobStatus::Closed,
];
const PAGE: &str = "20";

/// A posting, for whoever manages it.
#[derive(Serialize)]
pub struct Posting<'a> {
    id: JobId,
    version: u64,
    title: &'a str,
    status: &'static str,
    pay: String,
    hours: String,
    openings: String,
    deadline: String,
    declined: Option<DeclinedNote<'a>>,
    applicants: usize,
    /// "3 new", "1 interview"
    stages: Vec<String>,
    /// Applications that nobody has decided about.
    waiting: usize,
    /// The button that opens it: `publish` or `reopen`.
    opens: Option<&'static str>,
    /// The question before it is closed, if it can be.
    close_ask: Option<&'static str>,
    /// Why the last change was refused.
    problem: Option<Vec<String>>,
}

impl<'a> Posting<'a> {
    pub async fn of(page: &Page, reader: &Reader, job: &'a Stored<Job>) -> Result<Self, Problem> {
        let (words, voice) = (page.words, page.voice());
        let counts = count_by_stage(reader, job.job_id).await?;
        let waits = |status: &ApplicationStatus| {
            use ApplicationStatus::{Submitted, UnderReview};
            matches!(status, Submitted | UnderReview)
        };
        let waiting = counts.iter().filter(|(status, _)| waits(status));
        let waiting = waiting.map(|(_, count)| count).sum();
        let said = |(status, count): &(ApplicationStatus, usize)| {
            let name = format!("stage.count.{}", status.name());
            words.with(&name, [("count", (*count).into())])
        };
        let status = job.job_status();
        let openings = [
            ("filled", job.positions_filled().into()),
            ("positions", job.positions.into()),
        ];
        let deadline = if status == JobStatus::Open {
            voice.closes(job)
        } else {
            let date = voice.day(job.deadline);
            words.with("job.deadline", [("date", date.into())])
        };
        Ok(Self {
            id: job.job_id,
            version: job.version,
            title: &job.job_title,
            status: status.name(),
            pay: voice.pay(job),
            hours: voice.hours(job),
            openings: words.with("job.positions_of", openings),
            deadline,
            declined: DeclinedNote::of(job, voice),
            applicants: counts.iter().map(|(_, count)| count).sum(),
            stages: counts.iter().map(said).collect(),
            waiting,
            opens: match status {
                JobStatus::Draft => Some("publish"),
                JobStatus::Closed | JobStatus::Expired | JobStatus::Filled => Some("reopen"),
                JobStatus::Open | JobStatus::Pending => None,
            },
            close_ask: match status {
                JobStatus::Closed => None,
                JobStatus::Draft => Some("postings.close_ask.draft"),
                JobStatus::Pending => Some("postings.close_ask.pending"),
                _ => Some("postings.close_ask"),
            },
            problem: None,
        })
    }

    #[must_use]
    pub fn with_problem(mut self, problem: Option<Vec<String>>) -> Self {
        self.problem = problem;
        self
    }
}

/// Why a change of a posting was refused, with the name of each field that stands in its way.
pub fn refused(page: &Page, problem: &Problem) -> Vec<String> {
    let words = page.words;
    if problem.is(&Code::Stale) {
        return vec![words.plain("postings.stale")];
    }
    if problem.errors().is_empty() {
        return vec![problem_text::problem(words, problem)];
    }
    let named = |error: &FieldError| {
        let fault = problem_text::fault(words, error, false);
        let name = format!("field.{}", error.field);
        if words.has(&name) {
            format!("{}: {}", words.plain(&name), fault)
        } else {
            fault
        }
    };
    problem.errors().iter().map(named).collect()
}

/// Opens or closes a posting, as its buttons ask.
pub async fn change_status(
    page: &Page,
    caller: &Caller<EmployerOrAdmin>,
    id: JobId,
    form: &Form,
) -> Result<Stored<Job>, Problem> {
    let status = json!(form.text("status"));
    let body = Form::json(Map::from_iter([("jobStatus".to_owned(), status)]))?;
    let if_match = IfMatch::of_form(form.text("version"));
    update_job(&page.state, caller, id, &body, &if_match).await
}

/// A page that says what has become of a posting. `draft`: what the browser forgets then.
pub fn told_of(
    page: &Page,
    address: &str,
    job: &Job,
    draft: Option<&str>,
) -> Result<HttpResponse, Problem> {
    let mut response = see_other(address);
    let mut values = vec![("title", &*job.job_title)];
    values.extend(draft.map(|draft| (DRAFT, draft)));
    let name = format!("postings.did.{}", job.job_status().name());
    page.tell(&mut response, &name, &values)?;
    Ok(response)
}

/// The address of a tab.
pub fn tab(status: JobStatus) -> String {
    format!("/postings?status={}", status.name())
}

/// GET /postings
pub async fn postings(
    caller: Caller<EmployerOrAdmin>,
    page: Page,
) -> Result<HttpResponse, Problem> {
    let Party::Employer(employer) = &caller.who.party else {
        return Ok(see_other(home(Some(Role::Admin))));
    };
    show(&page, &caller.who, employer, None).await
}

/// POST /postings: opens or closes one of them.
pub async fn move_posting(
    caller: Caller<EmployerOrAdmin>,
    page: Page,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let Party::Employer(employer) = &caller.who.party else {
        return Err(Problem::forbidden(Because::Role));
    };
    let id: JobId = id_of(form.text("job"))?;
    match change_status(&page, &caller, id, &form).await {
        Ok(job) => told_of(&page, &tab(job.job_status()), &job, None),
        Err(problem) if problem.is(&Code::NotFound) => Err(problem),
        // Somebody else's posting does not exist here.
        Err(problem) if problem.status_code() == StatusCode::FORBIDDEN => Err(Problem::not_found()),
        Err(problem) => show(&page, &caller.who, employer, Some((id, problem))).await,
    }
}

async fn show(
    page: &Page,
    who: &Identity,
    employer: &EmployeeId,
    refusal: Option<(JobId, Problem)>,
) -> Result<HttpResponse, Problem> {
    let reader = page.state.read()?;
    let mut counts = Vec::new();
    for status in TABS {
        let count = jobs::count_of_employer(&reader, employer, status).await?;
        counts.push((status, count));
    }
    // After a refusal, the tab of the posting opens.
    let refused_job = match &refusal {
        Some((id, _)) => Some(jobs::see(&reader, Some(who), *id).await?.0),
        None => None,
    };
    let asked = page.query("status");
    let asked = TABS
        .into_iter()
        .find(|one| asked.as_deref() == Some(one.name()));
    let first = counts.iter().find(|(_, count)| *count > 0);
    let status = refused_job.as_ref().map(|job| job.job_status()).or(asked);
    let status = status.or(first.map(|(status, _)| *status));
    let status = status.unwrap_or(JobStatus::Open);
    let (found, more) = listed(page, &reader, who, employer, status).await?;
    let mut shown = Vec::new();
    for (job, _) in &found.jobs {
        let problem = refusal.as_ref().filter(|(id, _)| *id == job.job_id);
        let problem = problem.map(|(_, problem)| refused(page, problem));
        let posting = Posting::of(page, &reader, job).await?;
        shown.push(posting.with_problem(problem));
    }
    let tabs: Vec<Value> = counts
        .into_iter()
        .filter(|(one, count)| *one == JobStatus::Open || *one == status || *count > 0)
        .map(|(one, count)| {
            context! { href => tab(one), label => format!("job.tab.{}", one.name()), count, is_here => one == status }
        })
        .collect();
    let values = context! {
        postings => Serde(&shown), tabs, status => status.name(), more,
        ..about(page, &reader, who, employer).await?
    };
    let code = refusal.as_ref().map(|(_, problem)| problem.status_code());
    let code = code.unwrap_or(StatusCode::OK);
    page.show_to(code, Some(who), &reader, "postings.html", values)
        .await
}

/// The employer's own name, and whether the office has yet to approve the account.
async fn about(
    page: &Page,
    reader: &Reader,
    who: &Identity,
    employer: &EmployeeId,
) -> Result<Value, Problem> {
    let employer: Option<Stored<Employer>> = reader.get(&keys::employer(employer)).await?;
    let account: Option<Stored<Account>> = reader.get(&keys::account(who.account_id)).await?;
    let is_new = account.is_some_and(|account| account.status == AccountStatus::Pending);
    let lead = employer.map(|one| one.record.work_space.unwrap_or(one.record.name));
    let waits = is_new.then(|| page.words.plain("verify.waits"));
    Ok(context! { lead, waits })
}

/// A page of the postings with a status, and the address of the next one.
async fn listed(
    page: &Page,
    reader: &Reader,
    who: &Identity,
    employer: &EmployeeId,
    status: JobStatus,
) -> Result<(jobs::JobsFound, Option<String>), Problem> {
    let state = &page.state;
    let mut pairs = vec![
        ("employeeId".to_owned(), employer.to_string()),
        ("status".to_owned(), status.name().to_owned()),
        ("limit".to_owned(), PAGE.to_owned()),
    ];
    let cursor = page.query("cursor").filter(|cursor| !cursor.is_empty());
    pairs.extend(cursor.map(|cursor| ("cursor".to_owned(), cursor)));
    let known = ["employeeId", "status", "limit", "cursor"];
    let query = Query::from_pairs(page.request.path(), &pairs, &known)?;
    let wanted = wanted(state, &query)?;
    let found = jobs::find(reader, &state.cached_jobs, &state.index, Some(who), wanted).await?;
    let next = query.next_cursor(found.next.as_ref().map(|cursor| cursor.to_token()));
    let more = next.map(|next| format!("{}&cursor={next}", tab(status)));
    Ok((found, more))
}
