//! Describes the routes of the student employment office.

use serde_json::json;

use super::operation::{Operation, operation};
use crate::http::admin::accounts::ModerateBody;
use crate::http::admin::audit::AuditRow;
use crate::http::admin::import::ImportView;
use crate::http::admin::outbox::MailRow;
use crate::http::jobs::JobsPage;
use crate::http::views::AccountRow;
use crate::model::{AccountStatus, JobStatus, MailState, Role};

pub fn operations() -> Vec<Operation> {
    vec![
        operation("GET", "/api/v1/admin/accounts", "Lists accounts")
            .query("q", "Part of the name, the email or the campus's number, in any letter case.", json!({ "type": "string" }))
            .named::<AccountStatus>("status", "Only with this status.")
            .named::<Role>("role", "Only with this role.")
            .pages()
            .page::<AccountRow<'_>>("A page."),
        operation("PATCH", "/api/v1/admin/accounts/{id}", "Approves, suspends or reinstates an account")
            .if_match()
            .body::<ModerateBody>()
            .answer::<AccountRow<'_>>(200, "The changed account.")
            .etag()
            .problem(409, "invalid_transition, last_admin"),
        operation("GET", "/api/v1/admin/jobs", "Lists postings that wait for the office")
            .named::<JobStatus>("status", "Default: pending.")
            .pages()
            .answer::<JobsPage<'_>>(200, "A page."),
        operation("GET", "/api/v1/admin/audit", "Lists who did what, when and from where")
            .pages()
            .page::<AuditRow>("A page, newest first."),
        operation("POST", "/api/v1/admin/backup", "Downloads a backup")
            .detail("Everything that is stored, as it is at this moment. `corkboard restore` restores it, and refuses an incomplete file. The \
                 file holds personal data and password hashes. It is encrypted if the settings name a public key. One backup \
                 runs at a time; another request meanwhile gets 503.")
            .content(200, "The backup, as an attachment.", "application/octet-stream", json!({})),
        operation("POST", "/api/v1/admin/import/{kind}", "Imports a CSV file")
            .detail("Valid rows are stored; invalid ones are reported with line and field. A second run changes nothing. Values are read \
                 as spreadsheets write them. A posting needs a clearly named, active employer.")
            .query("dryRun", "Reports what would happen, and changes nothing.", json!({ "type": "boolean", "default": false }))
            .query(
                "owner",
                "The email address of the employer for rows that name none.",
                json!({ "type": "string", "format": "email" }),
            )
            .query("strict", "Refuses a file with an unknown column, instead of ignoring the column.", json!({ "type": "boolean", "default": false }))
            .raw("text/csv")
            .once()
            .answer::<ImportView>(200, "What was stored and what was rejected.")
            .problem(415, "unsupported_media_type")
            .problem(422, "invalid"),
        operation("GET", "/api/v1/admin/outbox", "Lists waiting, sent and failed mail")
            .detail("After sending, a mail's row keeps no name, note or secret link.")
            .named::<MailState>("state", "Only in this state.")
            .pages()
            .page::<MailRow<'_>>("A page, newest first; waiting mail in sending order."),
        operation("POST", "/api/v1/admin/outbox/{id}/retry", "Sends a mail again")
            .answer::<MailRow<'_>>(200, "The changed mail.")
            .problem(409, "invalid_transition"),
    ]
}
