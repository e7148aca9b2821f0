//! Describes the routes of postings.

use serde_json::json;

use super::bodies::{JobBody, JobPatchBody};
use super::operation::{JSON, Operation, operation, reference};
use crate::http::jobs::JobsPage;
use crate::http::likes::RecommendedView;
use crate::http::views::JobView;
use crate::model::{JobSetting, JobStatus};
use crate::search::Suggestion;

fn list(path: &'static str, summary: &'static str) -> Operation {
    let value = json!({ "type": "string", "maxLength": 4096 });
    let settings = crate::model::names_of::<JobSetting>();
    operation("GET", path, summary)
        .detail(
            "Without words and filters the newest come first, straight from the store. A status other than open is for an \
             employer's own postings and for admins.",
        )
        .query("q", "Words in title, skills, work space and description.", value.clone())
        .each("skill", "A skill that a posting must ask for; all that are given must match.", value.clone())
        .each("setting", "Where the work is.", json!({ "type": "string", "enum": settings }))
        .query("location", "Words of the location.", value.clone())
        .query("workSpace", "The work space.", value)
        .query("minPay", "Least pay an hour.", json!({ "type": "number" }))
        .query("maxHours", "Most hours a week.", json!({ "type": "number" }))
        .query("workStudy", "Whether it is for work-study students.", json!({ "type": "boolean" }))
        .query("employeeId", "Of one employer.", json!({ "type": "string", "minLength": 1, "maxLength": 64 }))
        .named::<JobStatus>("status", "Open where it is left out.")
        .query("eligible", "Only what the student who asks may have.", json!({ "type": "boolean" }))
        .query(
            "sort",
            "By relevance where words are given, else the newest first.",
            json!({ "type": "string", "enum": ["relevance", "newest", "pay", "deadline"] }),
        )
        .in_a_language()
        .pages()
        .answer::<JobsPage<'_>>(200, "A page, the number of all matches, and counts of values among them.")
        .problem(403, "forbidden")
}

fn post(path: &'static str, summary: &'static str) -> Operation {
    operation("POST", path, summary)
        .detail("It opens at once, or waits for an admin, or stays a draft. Without a workSpace it has that of its employer's profile.")
        .body::<JobBody>()
        .once()
        .answer::<JobView<'_>>(201, "The posting.")
        .location()
        .etag()
}

fn suggest() -> Operation {
    let suggestions = json!({
        "type": "object",
        "required": ["items"],
        "properties": { "items": { "type": "array", "items": reference("Suggestion") } },
    });
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": 10 });
    let text = json!({ "type": "string", "maxLength": 4096 });
    let mut suggest = operation(
        "GET",
        "/api/v1/jobs/suggest",
        "Completes what is being typed",
    )
    .query("q", "What has been typed.", text)
    .query("limit", "Most completions.", limit)
    .content(
        200,
        "Titles, skills and work spaces of open postings.",
        JSON,
        suggestions,
    );
    super::model::push::<Suggestion>(&mut suggest.sent);
    suggest
}

pub fn operations() -> Vec<Operation> {
    [lists(), postings(), classic_routes()]
        .into_iter()
        .flatten()
        .collect()
}

fn lists() -> Vec<Operation> {
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": 20 });
    vec![
        list("/api/v1/jobs", "Lists and finds postings"),
        suggest(),
        operation(
            "GET",
            "/api/v1/jobs/recommended",
            "Postings for the caller",
        )
        .detail("By the profile's skills and by what the student applied for; each says why in a sentence.")
        .query("limit", "Most postings.", limit.clone())
        .page::<RecommendedView<'_>>("One page, the most fitting first."),
        operation(
            "GET",
            "/api/v1/jobs/{jobId}/similar",
            "Postings like one",
        )
        .query("limit", "Most postings.", limit)
        .page::<JobView<'_>>("One page, the most alike first."),
    ]
}

fn postings() -> Vec<Operation> {
    vec![
        post("/api/v1/jobs", "Posts a job"),
        operation("GET", "/api/v1/jobs/{jobId}", "One posting")
            .if_none_match()
            .answer::<JobView<'_>>(200, "The posting; its employer and admins see more of it.")
            .etag(),
        operation("PATCH", "/api/v1/jobs/{jobId}", "Changes a posting")
            .detail(
                "A JSON merge patch. jobStatus publishes a draft, closes, or opens again. A posting that the office declined \
                 or closed is pending when its employer opens it. While applications are open, an employer cannot change \
                 hoursPerWeek, jobPayRate, workStudyRequired, setting, startDate or endDate; an admin can.",
            )
            .if_match()
            .body::<JobPatchBody>()
            .answer::<JobView<'_>>(200, "As it is now.")
            .etag()
            .problem(409, "invalid_transition, has_applications"),
        operation("DELETE", "/api/v1/jobs/{jobId}", "Closes a posting")
            .detail("Its open applicants are told; it keeps its history.")
            .if_match()
            .empty(204, "It is closed."),
    ]
}

fn classic_routes() -> Vec<Operation> {
    vec![
        post("/job-post", "Posts a job, under its classic name"),
        list(
            "/get-jobs",
            "Lists and finds postings, under its classic name",
        ),
    ]
}
