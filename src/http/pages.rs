//! Health, and the web pages that are embedded in the binary.

use actix_web::http::header::{self, EntityTag, Header as _, IfNoneMatch};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use super::caller::{Anyone, Caller};
use super::problem::{Code, Problem};
use super::site;
use super::state::State;
use crate::eligibility::failing_rules;
use crate::followers::{BackupState, FollowerState, MailerState};
use crate::mail::count_waiting;
use crate::store::{Reader, Trouble};

#[derive(Serialize, ToSchema)]
pub struct Liveness {
    status: &'static str,
}

/// GET /healthz: the process is running.
pub async fn healthz(_: Caller<Anyone>) -> HttpResponse {
    HttpResponse::Ok().json(Liveness { status: "ok" })
}

/// Ready while reads work. A full disk, a search index that is behind, an unreachable mail server, a failing campus rule and
/// failing backups leave the site ready, since people can still look for jobs.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Readiness {
    /// `ready`.
    status: &'static str,
    /// What does not work: `disk_full` or `store` (nothing can be saved), `index`, `mail`, `rules`, `backup`, or another
    /// of the followers.
    degraded: Vec<&'static str>,
    store: StorePart,
    index: IndexPart,
    mail: MailPart,
    rules: RulesPart,
    backup: BackupPart,
    followers: Vec<FollowerPart>,
}

#[derive(Serialize, ToSchema)]
pub struct StorePart {
    /// `ok`, or `disk_full` or `failing` while nothing can be saved. The store tries again by itself.
    state: &'static str,
}

/// Work in the background.
#[derive(Serialize, ToSchema)]
pub struct FollowerPart {
    name: &'static str,
    /// `running`, `failing` (it tries again), `standby` (another server runs it) or `stopped`.
    #[schema(value_type = String)]
    state: FollowerState,
    /// Change log entries that it has not handled yet; null if it does not read the log, or does not run on this server.
    lag: Option<u64>,
}

#[derive(Serialize, ToSchema)]
pub struct IndexPart {
    /// `ok` or `catching up`.
    state: &'static str,
    /// Change log entries that are not in the search index yet.
    lag: u64,
}

#[derive(Serialize, ToSchema)]
pub struct MailPart {
    #[schema(value_type = String)]
    state: MailerState,
    /// Mails in the outbox. 10,000 means that many or more.
    waiting: usize,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RulesPart {
    /// `ok`, or `failing`: applications wait for the office's review.
    state: &'static str,
    /// The number of failing modules in use. The admins' list of rules has the details.
    failing: usize,
}

#[derive(Serialize, ToSchema)]
pub struct BackupPart {
    /// `ok`, `failing`, or `off` if the settings name no folder or bucket for daily backups.
    #[schema(value_type = String)]
    state: BackupState,
}

/// The index may be this many entries behind and still count as up to date.
const INDEX_LAG: u64 = 1_000;

/// GET /readyz: the state of the parts; 503 when the store cannot be read.
pub async fn readyz(_: Caller<Anyone>, state: web::Data<State>) -> Result<HttpResponse, Problem> {
    let reader = state.read()?;
    Ok(HttpResponse::Ok().json(readiness(&state, &reader).await?))
}

impl Readiness {
    /// What does not work.
    pub fn degraded(&self) -> &[&'static str] {
        &self.degraded
    }
}

pub async fn readiness(state: &State, reader: &Reader) -> Result<Readiness, Problem> {
    let end = reader.log_end().await?;
    let followers: Vec<FollowerPart> = state
        .followers
        .followers()
        .iter()
        .map(|follower| FollowerPart {
            name: follower.name,
            state: follower.state(),
            lag: follower.lag(end),
        })
        .collect();
    let index = followers.iter().find(|follower| follower.name == "index");
    // Until it knows where to go on, it may be that far behind.
    let lag = index.and_then(|index| index.lag).unwrap_or(end);
    let caught_up = lag <= INDEX_LAG;
    let (store_state, store_trouble) = match state.store.load().trouble {
        None => ("ok", None),
        Some(Trouble::DiskFull) => ("disk_full", Some("disk_full")),
        Some(Trouble::Failing) => ("failing", Some("store")),
    };
    let mail = state.mail.state();
    let backup = state.backups.state(state.now());
    let failing_rules = failing_rules(reader).await?.len();
    let parts = [
        store_trouble,
        (!caught_up).then_some("index"),
        (mail == MailerState::Resting).then_some("mail"),
        (failing_rules > 0).then_some("rules"),
        (backup == BackupState::Failing).then_some("backup"),
    ];
    let mut degraded: Vec<_> = parts.into_iter().flatten().collect();
    for follower in &followers {
        if follower.state == FollowerState::Failing && !degraded.contains(&follower.name) {
            degraded.push(follower.name);
        }
    }
    Ok(Readiness {
        status: "ready",
        degraded,
        store: StorePart { state: store_state },
        index: IndexPart {
            state: if caught_up { "ok" } else { "catching up" },
            lag,
        },
        mail: MailPart {
            state: mail,
            waiting: count_waiting(reader).await?,
        },
        rules: RulesPart {
            state: if failing_rules > 0 { "failing" } else { "ok" },
            failing: failing_rules,
        },
        backup: BackupPart { state: backup },
        followers,
    })
}

/// For requests without a route: a file of the pages, or else a problem, as a page for a browser.
pub async fn fallback(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let path = request.path();
    if path == "/api" || path.starts_with("/api/") {
        return Err(Problem::not_found());
    }
    if let Some((file, is_current)) = site::asset_path(path) {
        return asset(&request, file, is_current);
    }
    let found = site::file(path.trim_start_matches('/'));
    if !matches!(*request.method(), Method::GET | Method::HEAD) && found.is_some() {
        let allow = "GET, HEAD".into();
        return Err(Code::MethodNotAllowed { allow }.into());
    }
    if !request.method().is_safe() {
        return Err(Problem::not_found());
    }
    if let Some(found) = found {
        let digest = found.metadata.sha256_hash();
        let kind = found.metadata.mimetype();
        return Ok(serve(
            &request,
            found.data.to_vec(),
            digest,
            kind,
            StatusCode::OK,
        ));
    }
    let accept = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    if accept.contains("text/html") {
        return site::missing(&request).await;
    }
    Err(Problem::not_found())
}

/// A file whose address changes with its content, so that browsers keep it for good. In debug builds, files change while
/// the server runs.
fn asset(request: &HttpRequest, path: &str, is_current: bool) -> Result<HttpResponse, Problem> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let allow = "GET, HEAD".into();
        return Err(Code::MethodNotAllowed { allow }.into());
    }
    let (data, kind) = site::content(path).ok_or_else(Problem::not_found)?;
    let digest = Sha256::digest(&data).into();
    let mut response = serve(request, data, digest, &kind, StatusCode::OK);
    if is_current && !cfg!(debug_assertions) {
        let for_good = header::HeaderValue::from_static("public, max-age=31536000, immutable");
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, for_good);
    }
    Ok(response)
}

/// Whether a client has the content with this tag. A proxy that compresses makes the tag weak.
fn has(request: &HttpRequest, tag: &str) -> bool {
    let tag: Result<EntityTag, _> = tag.parse();
    match (IfNoneMatch::parse(request), tag) {
        (Ok(IfNoneMatch::Any), _) => request.headers().contains_key(header::IF_NONE_MATCH),
        (Ok(IfNoneMatch::Items(held)), Ok(tag)) => held.iter().any(|one| one.weak_eq(&tag)),
        _ => false,
    }
}

fn serve(
    request: &HttpRequest,
    data: Vec<u8>,
    digest: [u8; 32],
    kind: &str,
    status: StatusCode,
) -> HttpResponse {
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&digest[..12]));
    let known = status == StatusCode::OK && has(request, &tag);
    let mut response = HttpResponse::build(if known {
        StatusCode::NOT_MODIFIED
    } else {
        status
    });
    response.insert_header((header::ETAG, tag));
    // File names contain no digest, so a browser must revalidate its copy every time.
    response.insert_header((
        header::CACHE_CONTROL,
        if kind == "text/html" {
            "private, no-cache"
        } else {
            "no-cache"
        },
    ));
    if known {
        return response.finish();
    }
    let kind = if kind.starts_with("text/") {
        format!("{kind}; charset=utf-8")
    } else {
        kind.to_owned()
    };
    response.insert_header((header::CONTENT_TYPE, kind));
    response.body(data)
}
