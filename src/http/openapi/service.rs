//! Describes the routes about the service itself.

use serde_json::json;

use super::operation::{JSON, Operation, operation};
use crate::http::pages::{Liveness, Readiness};

pub fn operations() -> Vec<Operation> {
    let text = || json!({ "type": "string" });
    vec![
        operation("GET", "/healthz", "Whether the process runs")
            .answer::<Liveness>(200, "It does."),
        operation("GET", "/readyz", "Whether requests are answered well")
            .answer::<Readiness>(
                200,
                "Reads are answered; `degraded` names what does not work as it should.",
            )
            .problem(503, "store_unavailable"),
        operation("GET", "/metrics", "Measurements, for Prometheus")
            .detail(
                "Where they are switched off or have an address of their own, the answer is 404.",
            )
            .content(
                200,
                "Prometheus text; OpenMetrics to who accepts that.",
                "text/plain",
                text(),
            )
            .or_as("application/openmetrics-text", text())
            .problem(404, "not_found"),
        operation("GET", "/api/openapi.json", "This description").content(
            200,
            "OpenAPI 3.1.",
            JSON,
            json!({ "type": "object" }),
        ),
        operation("GET", "/api/docs", "This description, as a page").content(
            200,
            "A page without scripts.",
            "text/html",
            text(),
        ),
    ]
}
