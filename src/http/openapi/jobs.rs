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
        .query("q", "Words in the title, skills, workplace and description.", value.clone())
        .each("skill", "A skill that the posting must ask for. Repeat it for several; all must match.", value.clone())
        .each("setting", "Where the work is.", json!({ "type": "string", "enum": settings }))
        .query("location", "Words in the location.", value.clone())
        .query("workSpace", "The workplace.", value)
        .query("minPay", "Least pay per hour.", json!({ "type": "number" }))
        .query("maxHours", "Most hours per week.", json!({ "type": "number" }))
        .query("workStudy", "Only postings that are, or are not, for work-study students.", json!({ "type": "boolean" }))
        .query("employeeId", "Only this employer's postings.", json!({ "type": "string", "minLength": 1, "maxLength": 64 }))
        .named::<JobStatus>("status", "Default: open.")
        .query("eligible", "Only jobs that the calling student may have. 503 busy: there was no time to ask the rules about every open job. The next attempt continues.", json!({ "type": "boolean" }))
        .query(
            "sort",
            "Default: by relevance if there are words, otherwise newest first.",
            json!({ "type": "string", "enum": ["relevance", "newest", "pay", "deadline"] }),
        )
        .in_a_language()
        .pages()
        .answer::<JobsPage<'_>>(200, "A page, the total number of matches, and counts of values among them.")
        .problem(403, "forbidden")
}

fn post(path: &'static str, summary: &'static str) -> Operation {
    operation("POST", path, summary)
        .detail("It opens at once, waits for an admin, or stays a draft. Without a workSpace, the one in the employer's profile is used.")
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
        "Completes a search while typing",
    )
    .query("q", "The text so far.", text)
    .query("limit", "Most completions.", limit)
    .content(
        200,
        "Titles, skills and workplaces of open postings.",
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
        list("/api/v1/jobs", "Lists and searches postings"),
        suggest(),
        operation(
            "GET",
            "/api/v1/jobs/recommended",
            "Recommends postings to the caller",
        )
        .detail("Based on the profile's skills and earlier applications. Each has a sentence with the reason.")
        .query("limit", "Most postings.", limit.clone())
        .page::<RecommendedView<'_>>("One page, the best match first."),
        operation(
            "GET",
            "/api/v1/jobs/{jobId}/similar",
            "Lists similar postings",
        )
        .query("limit", "Most postings.", limit)
        .page::<JobView<'_>>("One page, the most similar first."),
    ]
}

fn postings() -> Vec<Operation> {
    vec![
        post("/api/v1/jobs", "Posts a job"),
        operation("GET", "/api/v1/jobs/{jobId}", "Returns a posting")
            .if_none_match()
            .answer::<JobView<'_>>(200, "The posting. Its employer and admins get more fields.")
            .etag(),
        operation("PATCH", "/api/v1/jobs/{jobId}", "Changes a posting")
            .detail(
                "A JSON merge patch. jobStatus publishes a draft, closes, or opens again. A posting that the office declined \
                 or closed is pending when its employer opens it. While applications are open, an employer cannot change \
                 hoursPerWeek, jobPayRate, workStudyRequired, setting, startDate or endDate; an admin can.",
            )
            .if_match()
            .body::<JobPatchBody>()
            .answer::<JobView<'_>>(200, "The changed posting.")
            .etag()
            .problem(409, "invalid_transition, has_applications"),
        operation("DELETE", "/api/v1/jobs/{jobId}", "Closes a posting")
            .detail("Students with open applications are notified. The posting keeps its history.")
            .if_match()
            .empty(204, "The posting is closed."),
    ]
}

fn classic_routes() -> Vec<Operation> {
    vec![
        post("/job-post", "Posts a job (classic name)"),
        list("/get-jobs", "Lists and searches postings (classic name)"),
    ]
}
