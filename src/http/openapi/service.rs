//! Describes the routes about the service itself.

use serde_json::json;

use super::operation::{JSON, Operation, operation};
use crate::http::pages::{Liveness, Readiness};

pub fn operations() -> Vec<Operation> {
    let text = || json!({ "type": "string" });
    vec![
        operation("GET", "/healthz", "Reports that the process is running")
            .answer::<Liveness>(200, "It is running."),
        operation("GET", "/readyz", "Reports the state of the parts")
            .answer::<Readiness>(
                200,
                "Reads work. `degraded` names the parts that do not work properly.",
            )
            .problem(503, "store_unavailable"),
        operation("GET", "/metrics", "Metrics for Prometheus")
            .detail("If metrics are switched off or have their own address, the answer is 404.")
            .content(
                200,
                "Prometheus text, or OpenMetrics if the client accepts it.",
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
