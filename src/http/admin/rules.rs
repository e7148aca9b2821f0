//! Campus rules: upload, inspect, set parameters, dry-run, activate, retire.

use std::time::Instant;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::audit::ActorView;
use crate::http::body::{JsonBody, media_type, read_to_limit, wrong_media_type};
use crate::http::caller::{Admin, Caller};
use crate::http::etag::{IfMatch, etag, is_known};
use crate::http::idempotency::{Reply, once};
use crate::http::jobs::id_of;
use crate::http::problem::Problem;
use crate::http::query::{Query, wrong_cursor};
use crate::http::state::State;
use crate::http::views::PageView;
use crate::model::{
    ApplicationId, JobId, ParameterPatch, Parameters, Reason, RuleAnswer, RuleId, RuleInUse,
    RuleKind, RuleModule, RuleState, StudentId, Timestamp,
};
use crate::office::{self, NewRule, RulePatch, Sample};
use crate::rules::Inspected;
use crate::store::{Reader, StoreError, Stored, Transaction, keys};

#[derive(Serialize, ToSchema)]
#[schema(as = Rule)]
#[serde(rename_all = "camelCase")]
pub struct RuleView<'a> {
    rule_id: RuleId,
    name: &'a str,
    kind: RuleKind,
    version: &'a str,
    summary: &'a str,
    digest: &'a str,
    size_bytes: u64,
    state: RuleState,
    /// JSON Schema of the parameters.
    #[schema(value_type = Object)]
    parameter_schema: Box<RawValue>,
    /// What the office set. Missing parameters come from config.toml, then from the schema's defaults.
    #[schema(value_type = Object)]
    parameters: &'a Parameters,
    /// Whether the effect of these parameters was seen: in a dry run, or because the rule was in use with them.
    dry_run: bool,
    failing: Option<FailureView<'a>>,
    shadow: ShadowView,
    /// Who uploaded it. Null for a built-in rule.
    uploaded_by: Option<ActorView>,
    uploaded_at: Timestamp,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Since when a module has been failing, and the last error.
#[derive(Serialize, ToSchema)]
#[schema(as = RuleFailure)]
struct FailureView<'a> {
    since: Timestamp,
    message: &'a str,
}

/// The number of shadow verdicts, and of those that differed from the real ones.
#[derive(Serialize, ToSchema)]
#[schema(as = Shadow)]
struct ShadowView {
    evaluated: i64,
    changed: i64,
}

impl<'a> RuleView<'a> {
    async fn new(reader: &Reader, rule: &'a RuleModule) -> Result<Self, Problem> {
        let schema = RawValue::from_string(rule.parameter_schema.clone())
            .map_err(|error| StoreError::Corrupt(format!("the schema of a rule: {error}")))?;
        Ok(Self {
            rule_id: rule.rule_id,
            name: &rule.name,
            kind: rule.kind,
            version: &rule.version,
            summary: &rule.summary,
            digest: &rule.digest,
            size_bytes: rule.size_bytes,
            state: rule.state,
            parameter_schema: schema,
            parameters: &rule.parameters,
            dry_run: rule.dry_run,
            failing: rule.failing.as_ref().map(|failing| FailureView {
                since: failing.since,
                message: &failing.message,
            }),
            shadow: ShadowView {
                evaluated: reader.counter(&keys::shadow_verdicts(rule.rule_id)).await?,
                changed: reader
                    .counter(&keys::shadow_differences(rule.rule_id))
                    .await?,
            },
            uploaded_by: match rule.uploaded_by {
                Some(actor) => Some(ActorView::new(reader, actor).await?),
                None => None,
            },
            uploaded_at: rule.created_at,
            created_at: rule.created_at,
            updated_at: rule.updated_at,
        })
    }
}

async fn answer(reader: &Reader, rule: &Stored<RuleModule>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, etag(rule.version)))
        .json(RuleView::new(reader, rule).await?))
}

/// GET /admin/rules: newest first.
pub async fn list(
    _: Caller<Admin>,
    state: web::Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let reader = state.read()?;
    let query = Query::of(&request, &["limit", "cursor"])?;
    let limit = query.limit()?;
    let after: Option<RuleId> = (query.cursor()?)
        .map(|cursor| cursor.parse().map_err(|_| wrong_cursor()))
        .transpose()?;
    let rules = office::list_rules(&reader).await?;
    // IDs sort by upload time.
    let mut older = rules
        .iter()
        .rev()
        .skip_while(|rule| after.is_some_and(|after| rule.rule_id.as_bytes() >= after.as_bytes()));
    let page: Vec<_> = older.by_ref().take(limit).collect();
    let last = page.last().filter(|_| older.next().is_some());
    let next_cursor = query.next_cursor(last.map(|rule| rule.rule_id.to_string()));
    let mut items = Vec::with_capacity(page.len());
    for rule in page {
        items.push(RuleView::new(&reader, rule).await?);
    }
    Ok(HttpResponse::Ok().json(PageView { items, next_cursor }))
}

/// GET /admin/rules/{ruleId}
pub async fn read(
    _: Caller<Admin>,
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let reader = state.read()?;
    let rule = office::see_rule(&reader, id_of(&path)?).await?;
    if is_known(&request, rule.version) {
        let tag = (header::ETAG, etag(rule.version));
        return Ok(HttpResponse::NotModified().insert_header(tag).finish());
    }
    answer(&reader, &rule).await
}

/// POST /admin/rules: the raw body is the module. It is compiled, inspected and called once before it is stored.
pub async fn upload(
    caller: Caller<Admin>,
    request: HttpRequest,
    state: web::Data<State>,
    body: web::Payload,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &["name"])?;
    let name = query.text("name")?.map(office::rule_name).transpose()?;
    if !media_type(&request).eq_ignore_ascii_case("application/wasm") {
        return Err(wrong_media_type("application/wasm"));
    }
    let limit = state.config.rules.module_limit_kib * 1024;
    let bytes = read_to_limit(&request, &mut body.into_inner(), limit).await?;
    let (host, looked_at) = (state.checker.host().clone(), bytes.clone());
    let found = web::block(move || host.inspect(&looked_at)).await;
    let found = found.map_err(|error| Problem::internal(&error))??;
    let digest = found.digest;
    let kept = keep(&caller, &request, &state, name, found, &bytes).await;
    if kept.is_err() {
        state
            .checker
            .forget_unless_kept(&state.read()?, digest)
            .await?;
    }
    kept
}

async fn keep(
    caller: &Caller<Admin>,
    request: &HttpRequest,
    state: &State,
    name: Option<String>,
    found: Inspected,
    bytes: &[u8],
) -> Result<HttpResponse, Problem> {
    let new = NewRule::found(found, name, bytes.to_vec())?;
    once(
        state,
        request,
        Some(&caller.who),
        caller.origin,
        bytes,
        async |transaction: &mut Transaction| office::upload_rule(transaction, &new).await,
        async |rule| {
            let mut answer = Reply::json(
                StatusCode::CREATED,
                &RuleView::new(&state.read()?, rule).await?,
            )?;
            answer.location = Some(format!("/api/v1/admin/rules/{}", rule.rule_id));
            answer.etag = Some(etag(rule.version));
            Ok(answer)
        },
    )
    .await
}

#[derive(Deserialize, ToSchema)]
#[schema(as = RulePatch)]
#[serde(deny_unknown_fields)]
pub struct PatchBody {
    #[serde(default)]
    state: Option<RuleState>,
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    parameters: Option<ParameterPatch>,
}

/// PATCH /admin/rules/{ruleId}
pub async fn update(
    caller: Caller<Admin>,
    request: HttpRequest,
    state: web::Data<State>,
    path: web::Path<String>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let id: RuleId = id_of(&path)?;
    let PatchBody {
        state: wanted,
        parameters,
    } = body.parse()?;
    let rule = office::see_rule(&state.read()?, id).await?;
    let parameters = parameters
        .map(|changes| office::patched_parameters(&rule, changes, &state.config.rules))
        .transpose()?;
    let patch = RulePatch {
        state: wanted,
        parameters,
    };
    let if_match = IfMatch::of(&request);
    let rule = state
        .store
        .run(caller.origin, async |transaction: &mut Transaction| {
            let matches = |version| if_match.holds(version);
            office::change_rule(transaction, id, &patch, &state.config.rules, &matches).await
        })
        .await?;
    state.checker.forget_failures(id);
    answer(&state.read()?, &rule).await
}

/// DELETE /admin/rules/{ruleId}: a draft or a retired rule.
pub async fn delete(
    caller: Caller<Admin>,
    request: HttpRequest,
    state: web::Data<State>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id: RuleId = id_of(&path)?;
    let if_match = IfMatch::of(&request);
    let rule = state
        .store
        .run(caller.origin, async |transaction: &mut Transaction| {
            office::delete_rule(transaction, id, &|version| if_match.holds(version)).await
        })
        .await?;
    state.checker.forget_module(&rule);
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Serialize, ToSchema)]
#[schema(as = DryRun)]
#[serde(rename_all = "camelCase")]
pub struct DryRunView {
    /// Answers that the rule gave.
    evaluated: u64,
    changed: u64,
    /// Questions without an answer after two attempts. If there are any, or nothing was evaluated, the rule cannot
    /// become active.
    faults: u64,
    /// The first fault's text.
    first_fault: Option<String>,
    samples: Vec<SampleView>,
    /// Milliseconds.
    took: u64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ChangedAnswer)]
#[serde(rename_all = "camelCase")]
struct SampleView {
    application_id: Option<ApplicationId>,
    job_id: JobId,
    student_id: StudentId,
    before: RuleAnswer,
    after: RuleAnswer,
    reasons: Vec<Reason>,
}

impl From<Sample> for SampleView {
    fn from(sample: Sample) -> Self {
        let Sample {
            application_id,
            job_id,
            student_id,
            before,
            after,
            reasons,
        } = sample;
        Self {
            application_id,
            job_id,
            student_id,
            before,
            after,
            reasons,
        }
    }
}

/// POST /admin/rules/{ruleId}/dry-run
pub async fn dry_run(
    caller: Caller<Admin>,
    state: web::Data<State>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let reader = state.read()?;
    let started = Instant::now();
    let id: RuleId = id_of(&path)?;
    let rule = office::see_rule(&reader, id).await?;
    office::check_complete(&rule, &state.config.rules)?;
    let module = RuleInUse::from(&rule.record);
    let run = office::dry_run(&state.checker, &reader, &module, state.now()).await?;
    // A command opens a view of its own, and there may be only so many.
    drop(reader);
    state
        .store
        .run(caller.origin, async |transaction: &mut Transaction| {
            office::note_dry_run(transaction, id, &module.parameters, &run).await
        })
        .await?;
    Ok(HttpResponse::Ok().json(DryRunView {
        evaluated: run.evaluated,
        changed: run.changed,
        faults: run.faults,
        first_fault: run.first_fault,
        samples: run.samples.into_iter().map(SampleView::from).collect(),
        took: started.elapsed().as_millis() as u64,
    }))
}
