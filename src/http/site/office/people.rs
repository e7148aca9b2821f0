//! The people of the board: find, approve, suspend, reinstate.

use actix_web::HttpResponse;
use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;

use super::decisions::{Refused, decide};
use super::{asked, more, show};
use crate::accounts;
use crate::http::admin::accounts::accounts_wanted;
use crate::http::caller::{Admin, Caller};
use crate::http::problem::Problem;
use crate::http::site::form::Form;
use crate::http::site::page::Page;
use crate::http::site::shown::Voice;
use crate::http::views::AccountRow;

const PARAMETERS: [&str; 4] = ["q", "role", "status", "cursor"];
const ON_A_PAGE: usize = 20;

/// An account as the office sees it.
#[derive(Serialize)]
pub struct Person<'a> {
    #[serde(flatten)]
    account: &'a AccountRow<'a>,
    since: String,
}

impl<'a> Person<'a> {
    pub fn new(account: &'a AccountRow<'a>, voice: Voice<'_>) -> Self {
        let since = voice.day(account.created_at());
        Self { account, since }
    }
}

/// GET /office/people
pub async fn people(caller: Caller<Admin>, page: Page) -> Result<HttpResponse, Problem> {
    show_people(&caller, &page, None).await
}

/// POST /office/people
pub async fn decide_person(
    caller: Caller<Admin>,
    page: Page,
    form: Form,
) -> Result<HttpResponse, Problem> {
    match decide(&caller, &page, &form).await? {
        Ok(response) => Ok(response),
        Err(refused) => show_people(&caller, &page, Some(&refused)).await,
    }
}

async fn show_people(
    caller: &Caller<Admin>,
    page: &Page,
    refused: Option<&Refused>,
) -> Result<HttpResponse, Problem> {
    let reader = page.state.read()?;
    let query = asked(page, &PARAMETERS)?;
    let (wanted, after) = (accounts_wanted(&query)?, query.place()?);
    let found = accounts::list_accounts(&reader, &wanted, after.as_ref(), ON_A_PAGE).await?;
    let rows = AccountRow::all(&reader, &found.items).await?;
    let voice = page.voice();
    let people: Vec<_> = rows.iter().map(|row| Person::new(row, voice)).collect();
    let values = context! {
        people => Serde(people), q => wanted.q, role => page.query("role").unwrap_or_default(),
        status => page.query("status").unwrap_or_default(),
        more => more(page, &PARAMETERS, query.next_place(found.next)),
    };
    show(page, caller, &reader, "office_people.html", refused, values).await
}
