//! Postings in answers. The public JSON of a posting is created once and cached; fields for one reader or one search
//! are appended to it. The result equals `JobView`.

use serde::Serialize;

use super::problem::Problem;
use super::views::JobView;
use crate::jobs::{Audience, CachedJob};
use crate::model::{Declined, Identity};
use crate::store::{Reader, Stored, keys};

/// Whether a list of postings may be cached. An employer's list shows application counts, and a student's may be a
/// personal selection.
pub fn may_keep_list(identity: Option<&Identity>) -> &'static str {
    match identity {
        Some(_) => "no-store",
        None => "no-cache",
    }
}

/// The last members of a `JobView`, which the public JSON lacks.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExtraMembers<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[expect(
        clippy::option_option,
        reason = "left out for the public, null for a manager whose posting has none"
    )]
    external_id: Option<Option<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    application_count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[expect(
        clippy::option_option,
        reason = "left out for the public, null for a manager whose posting the office let through"
    )]
    declined: Option<Option<&'a Declined>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snippet: Option<&'a str>,
}

/// Appends a posting as this reader may see it.
pub async fn write_job(
    body: &mut Vec<u8>,
    reader: &Reader,
    cached: &CachedJob,
    view: Audience,
    snippet: Option<&str>,
) -> Result<(), Problem> {
    let shown = cached
        .shown(|job: &Stored<_>| serde_json::to_string(&JobView::new(job, Audience::Public, 0)))
        .map_err(|error| Problem::internal(&error))?;
    body.extend_from_slice(shown.as_bytes());
    if view == Audience::Public && snippet.is_none() {
        return Ok(());
    }
    let manages = view == Audience::Manager;
    let application_count = if manages {
        Some(
            reader
                .counter(&keys::application_count(cached.job_id))
                .await?,
        )
    } else {
        None
    };
    let beyond = ExtraMembers {
        external_id: manages.then_some(cached.external_id.as_deref()),
        application_count,
        declined: manages.then_some(cached.declined()),
        snippet,
    };
    append_members(body, &beyond)
}

/// Appends members to the object at the end of the body.
pub fn append_members(body: &mut Vec<u8>, more: &impl Serialize) -> Result<(), Problem> {
    // Neither object is empty, so the closing brace becomes a comma.
    body.pop();
    let joint = body.len();
    serde_json::to_writer(&mut *body, more).map_err(|error| Problem::internal(&error))?;
    body[joint] = b',';
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::clock::Clock;
    use crate::store::Now as _;
    use crate::store::{MemoryEngine, Store};

    fn cached(external_id: Value, declined: Value) -> CachedJob {
        let job = json!({
            "jobId": "018f0000-0000-7000-8000-000000000000",
            "jobTitle": "Aide \"at\" the <desk>", "jobDescription": "Line\nand \u{1} line {}", "jobPayRate": 1850,
            "currency": "USD", "skillsRequired": ["Excel"], "employeeId": "E1", "employerName": "Library",
            "workSpace": null, "location": "Hall", "setting": "onCampus", "hoursPerWeek": 10.0, "positions": 2,
            "positionsFilled": 0, "workStudyRequired": false, "startDate": null, "endDate": null, "deadline": "2026-12-01T17:00:00Z",
            "questions": [], "jobStatus": "open", "externalId": external_id, "declined": declined, "postedAt": "2026-12-01T17:00:00Z", "updatedAt": "2026-12-01T17:00:00Z",
        });
        let record = serde_json::from_value(job).unwrap();
        CachedJob::new(Stored { version: 3, record })
    }

    #[test]
    fn appended_json_equals_a_serialized_view() {
        let store = Store::new(Arc::new(MemoryEngine::default()), Clock::System);
        let reader = store.read().unwrap();
        let declined = json!({"at": "2026-12-01T17:00:00Z", "reason": null});
        for (external_id, declined) in [(Value::Null, Value::Null), (json!("x"), declined)] {
            let cached = cached(external_id, declined);
            for view in [Audience::Public, Audience::Manager] {
                for snippet in [None, Some("a <mark>\"b\"</mark>")] {
                    let mut body = Vec::new();
                    write_job(&mut body, &reader, &cached, view, snippet)
                        .now()
                        .unwrap();
                    let whole =
                        JobView::new(&cached, view, 0).with_snippet(snippet.map(str::to_owned));
                    let whole = serde_json::to_string(&whole).unwrap();
                    assert_eq!(String::from_utf8(body).unwrap(), whole);
                }
            }
        }
    }
}
