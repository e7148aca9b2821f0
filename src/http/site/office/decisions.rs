//! What an admin decides with a button: about an account, a posting or a mail.

use actix_web::HttpResponse;

use crate::accounts::{self, Moderation};
use crate::http::admin::accounts::reason_of;
use crate::http::caller::{Admin, Caller};
use crate::http::jobs::id_of;
use crate::http::problem::Problem;
use crate::http::site::form::Form;
use crate::http::site::page::{Page, see_other};
use crate::http::site::problem_text;
use crate::jobs::{self, JobPatch};
use crate::mail::retry_mail;
use crate::model::{AccountStatus, JobInput, JobStatus};
use crate::store::Transaction;

/// A decision that was not carried out.
pub struct Refused {
    /// Of the account, posting or mail.
    pub id: String,
    /// As it was typed.
    pub reason: String,
    pub problem: Problem,
}

impl Refused {
    /// In the reader's words.
    pub fn text(&self, page: &Page) -> String {
        match self.problem.errors().first() {
            Some(error) => problem_text::fault(page.words, error, false),
            None => problem_text::problem(page.words, &self.problem),
        }
    }
}

/// Carries out the decision of a form. The same page comes again, with what was done.
pub async fn decide(
    caller: &Caller<Admin>,
    page: &Page,
    form: &Form,
) -> Result<Result<HttpResponse, Refused>, Problem> {
    match carry_out(caller, page, form).await {
        Ok((text, name)) => {
            let mut response = see_other(&page.here());
            page.tell(&mut response, text, &[("name", &name)])?;
            Ok(Ok(response))
        }
        Err(problem) => Ok(Err(Refused {
            id: form.text("id").to_owned(),
            reason: form.text("reason").to_owned(),
            problem,
        })),
    }
}

/// The text that says what was done, and the name in it.
async fn carry_out(
    caller: &Caller<Admin>,
    page: &Page,
    form: &Form,
) -> Result<(&'static str, String), Problem> {
    use AccountStatus::{Active, Suspended};
    let (status, trusted, text) = match form.text("do") {
        "approve" => (Some(Active), None, "office.did.approved"),
        "decline" => (Some(Suspended), None, "office.did.declined"),
        "suspend" => (Some(Suspended), None, "office.did.suspended"),
        "reinstate" => (Some(Active), None, "office.did.reinstated"),
        "trust" => (None, Some(true), "office.did.saved"),
        "distrust" => (None, Some(false), "office.did.saved"),
        "open" => return job(caller, page, form, JobStatus::Open).await,
        "close" => return job(caller, page, form, JobStatus::Closed).await,
        "send" => return mail(caller, page, form).await,
        _ => return Err(Problem::not_found()),
    };
    let moderation = Moderation {
        status,
        trusted,
        reason: reason_of(Some(form.text("reason")))?,
    };
    let id = id_of(form.text("id"))?;
    let state = &page.state;
    let matches = known_version(form);
    let decide = async |transaction: &mut Transaction| {
        accounts::moderate(&state.registrar, transaction, id, &moderation, &matches).await
    };
    let account = state.store.run(caller.origin, decide).await?;
    Ok((text, account.record.name))
}

/// Whether a record is as it was when the page showed it.
fn known_version(form: &Form) -> impl Fn(u64) -> bool + use<> {
    let known: Option<u64> = form.text("version").parse().ok();
    move |version| known == Some(version)
}

async fn job(
    caller: &Caller<Admin>,
    page: &Page,
    form: &Form,
    status: JobStatus,
) -> Result<(&'static str, String), Problem> {
    let patch = JobPatch {
        members: JobInput::default(),
        status: Some(status),
        reason: reason_of(Some(form.text("reason")))?,
    };
    let id = id_of(form.text("id"))?;
    let state = &page.state;
    let matches = known_version(form);
    let decide = async |transaction: &mut Transaction| {
        let (campus, outbox, who) = (state.campus(), &state.registrar.outbox, &caller.who);
        jobs::edit(campus, outbox, transaction, who, id, &patch, &matches).await
    };
    let job = state.store.run(caller.origin, decide).await?;
    let text = match status {
        JobStatus::Open => "office.did.opened",
        _ => "office.did.closed",
    };
    Ok((text, job.record.job_title))
}

async fn mail(
    caller: &Caller<Admin>,
    page: &Page,
    form: &Form,
) -> Result<(&'static str, String), Problem> {
    let id = id_of(form.text("id"))?;
    let again = async |transaction: &mut Transaction| retry_mail(transaction, id).await;
    let mail = page.state.store.run(caller.origin, again).await?;
    Ok(("office.did.retried", mail.record.to.to_string()))
}
