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
        .detail(
            "Newest first. Students see their own, employers those for their postings, admins all.",
        )
        .query("jobId", "Only for this posting.", id())
        .named::<ApplicationStatus>("status", "Only with this status.")
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

fn change_status(path: &'static str, summary: &'static str) -> Operation {
    operation("PATCH", path, summary)
        .if_match()
        .answer::<ApplicationView<'_>>(200, "The changed application.")
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
            "Lists a posting's applications",
        )
        .named::<ApplicationStatus>("status", "Only with this status.")
        .pages()
        .page::<ApplicationView<'_>>("A page."),
        apply("/api/v1/applications", "Applies for a job"),
        list("/api/v1/applications", "Lists applications"),
        operation("GET", "/api/v1/applications/{id}", "Returns an application")
            .if_none_match()
            .answer::<ApplicationView<'_>>(
                200,
                "The application. Employers and admins also get the student.",
            )
            .etag(),
        change_status(
            "/api/v1/applications/{id}",
            "Changes an application's status",
        )
        .detail(
            "The student and the employer may make different changes. Accepting takes a position.",
        )
        .body::<MoveBody>(),
        operation(
            "DELETE",
            "/api/v1/applications/{id}",
            "Withdraws an application",
        )
        .if_match()
        .empty(204, "The application is withdrawn.")
        .problem(409, "invalid_transition"),
    ]
}

fn files() -> Vec<Operation> {
    vec![
        operation("POST", "/api/v1/files", "Uploads a résumé")
            .detail("The body is the file: a PDF of at most 5 MiB.")
            .query(
                "name",
                "The file name.",
                json!({ "type": "string", "minLength": 1, "maxLength": 200 }),
            )
            .raw("application/pdf")
            .once()
            .answer::<FileView<'_>>(201, "The file's description.")
            .location()
            .problem(409, "too_many_files")
            .problem(413, "body_too_large")
            .problem(415, "unsupported_media_type")
            .problem(422, "invalid"),
        operation("GET", "/api/v1/files/{fileId}", "Returns a résumé").content(
            200,
            "The file, as an attachment.",
            "application/pdf",
            json!({}),
        ),
        operation("DELETE", "/api/v1/files/{fileId}", "Deletes a résumé")
            .detail(
                "An application that shows the file keeps it: its employer and the office can still read it, until the \
                 student's account is erased.",
            )
            .empty(204, "The file is deleted."),
    ]
}

fn classic_routes() -> Vec<Operation> {
    let change_status = |path, summary| {
        change_status(path, summary)
            .body::<classic::Move>()
            .problem(404, "not_found")
    };
    vec![
        apply("/apply-job", "Applies for a job (classic name)"),
        list("/get-applications", "Lists applications (classic name)"),
        change_status(
            "/update-application-jobs",
            "Changes an application's status (classic name)",
        ),
        change_status(
            "/update-application-status",
            "Changes an application's status (another classic name)",
        ),
        operation(
            "DELETE",
            "/delete-service",
            "Closes a posting or withdraws an application",
        )
        .detail("Give exactly one of the two IDs.")
        .query("jobId", "The posting to close.", id())
        .query("applicationId", "The application to withdraw.", id())
        .if_match()
        .empty(204, "Done.")
        .problem(404, "not_found")
        .problem(409, "invalid_transition")
        .problem(422, "invalid"),
    ]
}
