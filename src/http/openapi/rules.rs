//! Describes the routes of verdicts and campus rules.

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
            "Checks whether the caller may have a job",
        )
        .in_a_language()
        .answer::<EligibilityView<'_>>(200, "The verdict of the campus rules, before applying.")
        .with_header("Content-Language", "The language of the verdict."),
        operation(
            "PATCH",
            "/api/v1/admin/applications/{id}/eligibility",
            "Overrides a verdict",
        )
        .detail("The override stays until an admin changes it. The audit shows it with its reason.")
        .if_match()
        .body::<OverrideBody>()
        .answer::<ApplicationView<'_>>(200, "The changed application.")
        .etag()
        .problem(409, "invalid_transition"),
        operation("GET", "/api/v1/admin/rules", "Lists the campus rules")
            .pages()
            .page::<RuleView<'_>>("Newest first."),
        operation("POST", "/api/v1/admin/rules", "Uploads a rule")
            .detail("The body is a WebAssembly component of the contract campus:rules. It is compiled in a separate process with limits, inspected, and called once before it is stored. The names of built-in rules are reserved.")
            .query(
                "name",
                "The name that all versions of the rule share. Default: the module's own.",
                json!({ "type": "string", "pattern": "^[a-z0-9-]{1,60}$" }),
            )
            .raw("application/wasm")
            .once()
            .answer::<RuleView<'_>>(201, "The draft.")
            .location()
            .etag()
            .problem(409, "already_uploaded")
            .problem(413, "body_too_large")
            .problem(415, "unsupported_media_type")
            .problem(422, "invalid_module")
            .problem(422, "invalid"),
        operation("GET", "/api/v1/admin/rules/{ruleId}", "Returns a rule")
            .if_none_match()
            .answer::<RuleView<'_>>(200, "The rule.")
            .etag(),
        operation("PATCH", "/api/v1/admin/rules/{ruleId}", "Changes a rule's state or parameters")
            .detail("Activating a version retires the active one. The given parameters replace those of the same name; null resets one.")
            .if_match()
            .body::<PatchBody>()
            .answer::<RuleView<'_>>(200, "The changed rule.")
            .etag()
            .problem(409, "invalid_transition")
            .problem(409, "dry_run_first"),
        operation("DELETE", "/api/v1/admin/rules/{ruleId}", "Deletes a draft or a retired rule")
            .detail("Deletes its module too. Built-in rules cannot be deleted.")
            .if_match()
            .empty(204, "The rule is deleted.")
            .problem(409, "rule_in_use")
            .problem(409, "rule_ships"),
        operation(
            "POST",
            "/api/v1/admin/rules/{ruleId}/dry-run",
            "Shows what a rule would change",
        )
        .detail("Checks the campus's open applications, and all students with all open jobs (at most 100,000 pairs, evenly sampled). A notification rule is checked with the newest postings. Changes nothing. A rule becomes active only after a dry run that evaluated something and had no faults.")
        .answer::<DryRunView>(200, "How many answers would change, and which.")
        .problem(422, "invalid"),
    ]
}
