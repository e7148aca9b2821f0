//! What waits for the office, and whether the board is well.

use actix_web::HttpResponse;
use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;

use super::decisions::{Refused, decide};
use super::people::Person;
use super::show;
use crate::accounts::{self, AccountsWanted};
use crate::http::admin::jobs::moderated;
use crate::http::caller::{Admin, Caller};
use crate::http::pages::readiness;
use crate::http::problem::Problem;
use crate::http::site::form::Form;
use crate::http::site::page::Page;
use crate::http::site::shown::{Block, Card, Voice, blocks};
use crate::http::views::AccountRow;
use crate::jobs::{self, JobsWanted};
use crate::mail::count_failed;
use crate::model::{AccountStatus, Job, JobStatus, Role};
use crate::store::{Reader, Stored};

/// Most accounts and most postings to show. The rest follows when these are decided.
const MOST: usize = 50;

/// A posting to decide on.
#[derive(Serialize)]
struct Posting<'a> {
    #[serde(flatten)]
    card: Card<'a>,
    employer: &'a str,
    version: u64,
    description: Vec<Block<'a>>,
}

impl<'a> Posting<'a> {
    fn new(job: &'a Stored<Job>, voice: Voice<'_>) -> Self {
        Self {
            card: Card::new(job, voice),
            employer: &job.employer_name,
            version: job.version,
            description: blocks(&job.job_description),
        }
    }
}

/// GET /office
pub async fn today(caller: Caller<Admin>, page: Page) -> Result<HttpResponse, Problem> {
    show_today(&caller, &page, None).await
}

/// POST /office
pub async fn decide_today(
    caller: Caller<Admin>,
    page: Page,
    form: Form,
) -> Result<HttpResponse, Problem> {
    match decide(&caller, &page, &form).await? {
        Ok(response) => Ok(response),
        Err(refused) => show_today(&caller, &page, Some(&refused)).await,
    }
}

async fn show_today(
    caller: &Caller<Admin>,
    page: &Page,
    refused: Option<&Refused>,
) -> Result<HttpResponse, Problem> {
    let (state, voice) = (&page.state, page.voice());
    let reader = state.read()?;
    let wanted = AccountsWanted {
        status: Some(AccountStatus::Pending),
        role: Some(Role::Employer),
        q: "",
    };
    let employers = accounts::list_accounts(&reader, &wanted, None, MOST).await?;
    let rows = AccountRow::all(&reader, &employers.items).await?;
    let people: Vec<_> = rows.iter().map(|row| Person::new(row, voice)).collect();
    let wanted = JobsWanted {
        query: moderated(JobStatus::Pending, state.now(), MOST),
        cursor: None,
    };
    let who = Some(&caller.who);
    let found = jobs::find(&reader, &state.cached_jobs, &state.index, who, wanted).await?;
    let postings = found.jobs.iter();
    let postings: Vec<_> = postings.map(|(job, _)| Posting::new(job, voice)).collect();
    let values = context! {
        employers => Serde(people), more_employers => employers.next.is_some(),
        postings => Serde(postings), more_postings => found.next.is_some(),
        failed_mails => count_failed(&reader).await?, troubles => troubles(page, &reader).await?,
    };
    show(page, caller, &reader, "office_today.html", refused, values).await
}

/// What does not work, in words.
async fn troubles(page: &Page, reader: &Reader) -> Result<Vec<String>, Problem> {
    let readiness = readiness(&page.state, reader).await?;
    let text = |part: &&str| {
        let name = format!("trouble.{part}");
        if page.words.has(&name) {
            page.words.plain(&name)
        } else {
            page.words.with("trouble.other", [("name", (*part).into())])
        }
    };
    Ok(readiness.degraded().iter().map(text).collect())
}
