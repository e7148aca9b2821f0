//! Backups: how the daily ones go, and one to download.

use actix_web::HttpResponse;
use minijinja::context;

use super::show;
use crate::followers::BackupState;
use crate::http::admin::backup::download;
use crate::http::caller::{Admin, Caller};
use crate::http::problem::Problem;
use crate::http::site::form::Form;
use crate::http::site::page::Page;

/// GET /office/backup
pub async fn backup(caller: Caller<Admin>, page: Page) -> Result<HttpResponse, Problem> {
    let (state, zone) = (&page.state, &page.state.campus().time_zone);
    let daily = match state.backups.state(state.now()) {
        BackupState::Off => "off",
        BackupState::Ok => "ok",
        BackupState::Failing => "failing",
    };
    let last = state.backups.last_success();
    let values = context! {
        daily, last => last.map(|at| page.words.moment(at, zone)),
        is_encrypted => state.config.backup.recipient.is_some(),
    };
    show(
        &page,
        &caller,
        &state.read()?,
        "office_backup.html",
        None,
        values,
    )
    .await
}

/// POST /office/backup: a backup to download. The form proves that the request comes from this site.
pub async fn take_backup(
    caller: Caller<Admin>,
    page: Page,
    _: Form,
) -> Result<HttpResponse, Problem> {
    download(caller, page.state).await
}
