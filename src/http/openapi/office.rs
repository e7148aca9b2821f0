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
            .named::<AccountStatus>("status", "In one standing.")
            .named::<Role>("role", "Of one kind.")
            .pages()
            .page::<AccountRow<'_>>("A page."),
        operation("PATCH", "/api/v1/admin/accounts/{id}", "Approves, suspends or reinstates an account")
            .if_match()
            .body::<ModerateBody>()
            .answer::<AccountRow<'_>>(200, "As it is now.")
            .etag()
            .problem(409, "invalid_transition, last_admin"),
        operation("GET", "/api/v1/admin/jobs", "Postings that wait")
            .named::<JobStatus>("status", "Pending where it is left out.")
            .pages()
            .answer::<JobsPage<'_>>(200, "A page."),
        operation("GET", "/api/v1/admin/audit", "Who did what, when and from where")
            .pages()
            .page::<AuditRow>("A page, newest first."),
        operation("POST", "/api/v1/admin/import/{kind}", "Imports a CSV file")
            .detail("Good rows land, bad ones are reported with line and field; a second run changes nothing. Values are read as \
                 spreadsheets write them. A posting lands only with an active employer who is named without doubt.")
            .query("dryRun", "Tells what would happen, and changes nothing.", json!({ "type": "boolean", "default": false }))
            .query(
                "owner",
                "The e-mail address of the employer of postings whose row names none.",
                json!({ "type": "string", "format": "email" }),
            )
            .query("strict", "Refuses a file with a column that is not known, in place of leaving it out.", json!({ "type": "boolean", "default": false }))
            .raw("text/csv")
            .once()
            .answer::<ImportView>(200, "What landed and what did not.")
            .problem(415, "unsupported_media_type")
            .problem(422, "invalid"),
        operation("GET", "/api/v1/admin/outbox", "Mail that waits, was sent or failed")
            .detail("Once a mail was sent, its row keeps no name, no note and no secret link.")
            .named::<MailState>("state", "In one state.")
            .pages()
            .page::<MailRow<'_>>("A page, newest first; what waits in the order it will be sent."),
        operation("POST", "/api/v1/admin/outbox/{id}/retry", "Sends a mail again")
            .answer::<MailRow<'_>>(200, "As it is now.")
            .problem(409, "invalid_transition"),
    ]
}
