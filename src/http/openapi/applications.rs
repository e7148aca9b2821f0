//! Describes the routes of applications and résumés.

use serde_json::json;

use super::operation::{Operation, operation};
use crate::http::applications::{MoveBody, SubmitBody};
use crate::http::classic;
use crate::http::files::FileView;
use crate::http::views::ApplicationView;
use crate::model::ApplicationStatus;

const UUID: &str = "uuid";

fn id() -> serde_json::Value {
    json!({ "type": "string", "format": UUID })
}

fn list(path: &'static str, summary: &'static str) -> Operation {
    operation("GET", path, summary)
        .detail("A student's own, an employer's postings', or all for an admin; newest first.")
        .query("jobId", "To one posting.", id())
        .named::<ApplicationStatus>("status", "In one status.")
        .pages()
        .page::<ApplicationView<'_>>("A page.")
}

fn apply(path: &'static str, summary: &'static str) -> Operation {
    operation("POST", path, summary)
        .in_a_language()
        .body::<SubmitBody>()
        .once()
        .answer::<ApplicationView<'_>>(201, "The application.")
        .location()
        .etag()
        .problem(404, "not_found")
        .problem(409, "already_applied, job_not_open")
        .problem(422, "ineligible")
}

fn move_on(path: &'static str, summary: &'static str) -> Operation {
    operation("PATCH", path, summary)
        .if_match()
        .answer::<ApplicationView<'_>>(200, "As it is now.")
        .etag()
        .problem(
            409,
            "invalid_transition, not_eligible, positions_filled, review_pending",
        )
}

pub fn operations() -> Vec<Operation> {
    [applications(), files(), classic_routes()]
        .into_iter()
        .flatten()
        .collect()
}

fn applications() -> Vec<Operation> {
    vec![
        operation(
            "GET",
            "/api/v1/jobs/{jobId}/applications",
            "The applications to a posting",
        )
        .named::<ApplicationStatus>("status", "In one status.")
        .pages()
        .page::<ApplicationView<'_>>("A page."),
        apply("/api/v1/applications", "Applies for a job"),
        list("/api/v1/applications", "Lists applications"),
        operation("GET", "/api/v1/applications/{id}", "One application")
            .if_none_match()
            .answer::<ApplicationView<'_>>(
                200,
                "The application; with its student for those who choose.",
            )
            .etag(),
        move_on("/api/v1/applications/{id}", "Moves an application")
            .detail("Each side has its own moves; accepting takes a position.")
            .body::<MoveBody>(),
        operation(
            "DELETE",
            "/api/v1/applications/{id}",
            "Withdraws an application",
        )
        .if_match()
        .empty(204, "It is withdrawn.")
        .problem(409, "invalid_transition"),
    ]
}

fn files() -> Vec<Operation> {
    vec![
        operation("POST", "/api/v1/files", "Keeps a résumé")
            .detail("The body is the file: a PDF of at most 5 MiB.")
            .query(
                "name",
                "What it is called.",
                json!({ "type": "string", "minLength": 1, "maxLength": 200 }),
            )
            .raw("application/pdf")
            .once()
            .answer::<FileView<'_>>(201, "Its description.")
            .location()
            .problem(409, "too_many_files")
            .problem(413, "body_too_large")
            .problem(415, "unsupported_media_type")
            .problem(422, "invalid"),
        operation("GET", "/api/v1/files/{fileId}", "A résumé").content(
            200,
            "The file, as an attachment.",
            "application/pdf",
            json!({}),
        ),
        operation("DELETE", "/api/v1/files/{fileId}", "Removes a résumé")
            .detail(
                "An application that shows the file keeps it: its employer and the office can still read it, until the \
                 student's account is erased.",
            )
            .empty(204, "It is removed."),
    ]
}

fn classic_routes() -> Vec<Operation> {
    let move_on = |path, summary| {
        move_on(path, summary)
            .body::<classic::Move>()
            .problem(404, "not_found")
    };
    vec![
        apply("/apply-job", "Applies for a job, under its classic name"),
        list(
            "/get-applications",
            "Lists applications, under its classic name",
        ),
        move_on(
            "/update-application-jobs",
            "Moves an application, under its classic name",
        ),
        move_on(
            "/update-application-status",
            "Moves an application, under its other classic name",
        ),
        operation(
            "DELETE",
            "/delete-service",
            "Closes a posting or withdraws an application",
        )
        .detail("One of the two ids must be given, and not both.")
        .query("jobId", "The posting to close.", id())
        .query("applicationId", "The application to withdraw.", id())
        .if_match()
        .empty(204, "Done.")
        .problem(404, "not_found")
        .problem(409, "invalid_transition")
        .problem(422, "invalid"),
    ]
}
