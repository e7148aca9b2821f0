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
            .detail("The body is a WebAssembly component of the contract campus:rules. It is compiled in a process with limits of its own, looked into and asked once before it is kept. The names of the rules that ship are reserved.")
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
            .problem(409, "already_uploaded")
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
        operation("DELETE", "/api/v1/admin/rules/{ruleId}", "Deletes a draft or a retired rule")
            .detail("Its module goes with it. A rule that ships with Corkboard stays.")
            .if_match()
            .empty(204, "It is deleted.")
            .problem(409, "rule_in_use")
            .problem(409, "rule_ships"),
        operation(
            "POST",
            "/api/v1/admin/rules/{ruleId}/dry-run",
            "What a rule would change",
        )
        .detail("Asks the rule about the campus's open applications, and about all students with all open jobs (100,000 pairs at most, spread evenly); of a rule about mail, about the newest postings. Changes nothing. A rule becomes active only after a dry run that evaluated something and had no faults.")
        .answer::<DryRunView>(200, "How many answers would change, and which.")
        .problem(422, "invalid"),
    ]
}
