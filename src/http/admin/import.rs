//! Imports over HTTP. The body is the CSV file, processed as it arrives.

use std::io::{self, Read};

use actix_web::http::{StatusCode, header};
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use tokio::sync::mpsc;
use utoipa::ToSchema;

use crate::http::body::{media_type, parameter, wrong_media_type};
use crate::http::caller::{Admin, Caller};
use crate::http::idempotency::{Reply, Streamed};
use crate::http::pace::Pace;
use crate::http::problem::{Code, Problem};
use crate::http::query::Query;
use crate::http::state::State;
use crate::model::{Email, Invalid};
use crate::office::{Import, ImportError, Kind, Options, Rejection};
use crate::store::wait;

/// Most pieces of the body that wait for the store. Beyond that, the client waits.
const PIECES: usize = 16;
/// Most rejections to list. Further ones are only counted.
const MAX_REJECTIONS: usize = 10_000;

#[derive(Serialize, ToSchema)]
#[schema(as = ImportReport)]
#[serde(rename_all = "camelCase")]
pub struct ImportView {
    created: u64,
    updated: u64,
    unchanged: u64,
    rejected: Vec<Rejection>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected_in_all: Option<u64>,
    /// Unknown columns, which were ignored.
    ignored_columns: Vec<String>,
}

/// POST /admin/import/{kind}
pub async fn import(
    caller: Caller<Admin>,
    request: HttpRequest,
    state: web::Data<State>,
    path: web::Path<String>,
    body: Payload,
) -> Result<HttpResponse, Problem> {
    let kind = match path.as_str() {
        "students" => Kind::Students,
        "employers" => Kind::Employers,
        "jobs" => Kind::Jobs,
        _ => return Err(Problem::not_found()),
    };
    let options = options(&request)?;
    if !is_csv(&request) {
        return Err(wrong_media_type("text/csv in UTF-8"));
    }
    let origin = caller.origin;
    let mut keyed = Streamed::begin(&state, &request, &caller.who, origin).await?;
    if let Some(retry) = keyed.take_if(|keyed| keyed.is_retry()) {
        return recall(retry, body).await;
    }
    let (sender, upload) = Upload::new();
    let working = state.clone();
    let import = actix_web::rt::task::spawn_blocking(move || {
        let import = Import {
            store: &working.store,
            campus: working.campus(),
            origin,
            kind,
            options,
        };
        wait(run(&import, upload))
    });
    let fed = feed(body, sender, keyed.as_mut()).await;
    let imported = import.await.map_err(|error| Problem::internal(&error))?;
    fed?;
    let answer = Reply::json(StatusCode::OK, &imported?)?;
    match keyed {
        Some(keyed) => keyed.keep(origin, answer).await,
        None => Ok(answer.respond()),
    }
}

fn options(request: &HttpRequest) -> Result<Options, Problem> {
    let query = Query::of(request, &["dryRun", "owner", "strict"])?;
    let owner = query.text("owner")?.map(Email::parse).transpose();
    Ok(Options {
        dry_run: query.switch("dryRun")?.unwrap_or(false),
        owner: owner.map_err(|fault| Invalid::one("owner", fault))?,
        strict: query.switch("strict")?.unwrap_or(false),
        alone: false,
    })
}

/// Answers a repeated request. The body is read only to see that it is the same.
async fn recall(mut keyed: Streamed<'_>, mut body: Payload) -> Result<HttpResponse, Problem> {
    let mut pace = Pace::default();
    while let Some(piece) = pace.next(&mut body).await? {
        keyed.take(&piece);
    }
    keyed.recall().unwrap_or_else(|| Err(Code::Busy.into()))
}

/// Passes the body to the import as it arrives. The import answers for a body that breaks off; only a body that is too
/// slow is an error here.
async fn feed(
    mut body: Payload,
    sender: mpsc::Sender<Piece>,
    mut keyed: Option<&mut Streamed<'_>>,
) -> Result<(), Problem> {
    let mut pace = Pace::default();
    loop {
        let (piece, end) = match pace.next(&mut body).await {
            Ok(Some(bytes)) => {
                if let Some(keyed) = &mut keyed {
                    keyed.take(&bytes);
                }
                (Piece::Bytes(bytes), None)
            }
            Ok(None) => (Piece::End, Some(Ok(()))),
            Err(problem) => {
                let broken = Piece::Broken(io::Error::other(problem.to_string()));
                let is_too_slow = problem.is_too_slow();
                (
                    broken,
                    Some(if is_too_slow { Err(problem) } else { Ok(()) }),
                )
            }
        };
        // The import stops early only with an answer of its own.
        let has_stopped = sender.send(piece).await.is_err();
        if let Some(end) = end {
            return end;
        }
        if has_stopped {
            return Ok(());
        }
    }
}

async fn run(import: &Import<'_>, upload: Upload) -> Result<ImportView, ImportError> {
    let mut rejected = Vec::new();
    let keep = |rejection| {
        if rejected.len() < MAX_REJECTIONS {
            rejected.push(rejection);
        }
    };
    let report = import.run(upload, keep).await?;
    let in_all = report.rejected;
    Ok(ImportView {
        created: report.created,
        updated: report.updated,
        unchanged: report.unchanged,
        rejected_in_all: (in_all > rejected.len() as u64).then_some(in_all),
        rejected,
        ignored_columns: report.ignored_columns,
    })
}

/// Content types that clients send if none is set: curl's, a browser's for text, and others.
const UNNAMED: [&str; 3] = [
    "application/x-www-form-urlencoded",
    "text/plain",
    "application/octet-stream",
];

/// Whether the content type can be CSV.
fn is_csv(request: &HttpRequest) -> bool {
    let kind = media_type(request);
    let mut kinds = ["text/csv"].into_iter().chain(UNNAMED);
    let is_readable = kinds.any(|one| kind.eq_ignore_ascii_case(one))
        && parameter(request, "charset").is_none_or(|set| set.eq_ignore_ascii_case("utf-8"));
    is_readable || !request.headers().contains_key(header::CONTENT_TYPE)
}

/// The end is sent as a piece, because a client that disconnects drops this handler: a channel that just closes is an
/// upload that broke off, perhaps in the middle of a row.
enum Piece {
    Bytes(Bytes),
    Broken(io::Error),
    End,
}

/// Reads the body like a file.
struct Upload {
    pieces: mpsc::Receiver<Piece>,
    piece: Bytes,
    ended: bool,
}

impl Upload {
    fn new() -> (mpsc::Sender<Piece>, Self) {
        let (sender, pieces) = mpsc::channel(PIECES);
        let upload = Self {
            pieces,
            piece: Bytes::new(),
            ended: false,
        };
        (sender, upload)
    }
}

impl Read for Upload {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() && !self.ended {
            match self.pieces.blocking_recv() {
                Some(Piece::Bytes(piece)) => self.piece = piece,
                Some(Piece::End) => self.ended = true,
                Some(Piece::Broken(error)) => return Err(error),
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let count = buffer.len().min(self.piece.len());
        buffer[..count].copy_from_slice(&self.piece.split_to(count));
        Ok(count)
    }
}
