//! What the campus rules say, and what the office does with them.

use serde_json::json;

use super::operation::{Operation, operation};
use crate::http::admin::rules::{DryRunView, PatchBody, RuleView};
use crate::http::eligibility::{EligibilityView, OverrideBody};
use crate::http::views::ApplicationView;

pub fn operations() -> Vec<Operation> {
    vec![
        operation(
            "GET",
            "/api/v1/jobs/{jobId}/eligibility",
            "Whether the caller may have a job",
        )
        .in_a_language()
        .answer::<EligibilityView<'_>>(200, "The verdict of the campus rules, before applying.")
        .with_header("Content-Language", "The language in which the rules were asked to answer."),
        operation(
            "PATCH",
            "/api/v1/admin/applications/{id}/eligibility",
            "Puts an admin's word in place of a verdict",
        )
        .detail("It stands until it is changed; the audit shows it with its reason.")
        .if_match()
        .body::<OverrideBody>()
        .answer::<ApplicationView<'_>>(200, "As it is now.")
        .etag()
        .problem(409, "invalid_transition"),
        operation("GET", "/api/v1/admin/rules", "The campus rules")
            .pages()
            .page::<RuleView<'_>>("Newest first."),
        operation("POST", "/api/v1/admin/rules", "Uploads a rule")
            .detail("The body is a WebAssembly component of the contract campus:rules. It is compiled, looked into and asked once before it is kept.")
            .query(
                "name",
                "Versions of one rule share it; without it, the module's own.",
                json!({ "type": "string", "pattern": "^[a-z0-9-]{1,60}$" }),
            )
            .raw("application/wasm")
            .once()
            .answer::<RuleView<'_>>(201, "The draft.")
            .location()
            .etag()
            .problem(413, "body_too_large")
            .problem(415, "unsupported_media_type")
            .problem(422, "invalid_module")
            .problem(422, "invalid"),
        operation("GET", "/api/v1/admin/rules/{ruleId}", "One rule")
            .if_none_match()
            .answer::<RuleView<'_>>(200, "As it is now.")
            .etag(),
        operation("PATCH", "/api/v1/admin/rules/{ruleId}", "Moves a rule on, or sets its parameters")
            .detail("Making one active retires the version that was. Parameters are laid over those that are set.")
            .if_match()
            .body::<PatchBody>()
            .answer::<RuleView<'_>>(200, "As it is now.")
            .etag()
            .problem(409, "invalid_transition")
            .problem(409, "dry_run_first"),
        operation(
            "POST",
            "/api/v1/admin/rules/{ruleId}/dry-run",
            "What a rule would change",
        )
        .detail("Over the campus's open applications, and what their students could apply for; of a rule about mail, over the newest postings. Changes nothing.")
        .answer::<DryRunView>(200, "How many answers would change, and which."),
    ]
}
