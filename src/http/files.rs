//! Résumés: stored unchanged, returned as attachments.

use actix_web::http::StatusCode;
use actix_web::http::header::{
    self, Charset, ContentDisposition, DispositionParam, DispositionType, ExtendedValue,
};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::{media_type, read_to_limit, wrong_media_type};
use super::caller::{Caller, SignedIn, Student};
use super::idempotency::{Reply, once};
use super::jobs::id_of;
use super::problem::{Because, Problem};
use super::query::Query;
use super::state::State;
use crate::applications::{self, MAX_RESUME_BYTES, Resume};
use crate::model::{FileId, Role, StoredFile};
use crate::store::Transaction;

const PDF: &str = "application/pdf";

#[derive(Serialize, ToSchema)]
#[schema(as = File)]
#[serde(rename_all = "camelCase")]
pub struct FileView<'a> {
    file_id: FileId,
    name: &'a str,
    size_bytes: u64,
    sha256: &'a str,
}

impl<'a> From<&'a StoredFile> for FileView<'a> {
    fn from(file: &'a StoredFile) -> Self {
        Self {
            file_id: file.file_id,
            name: &file.name,
            size_bytes: file.size_bytes,
            sha256: &file.sha256,
        }
    }
}

/// POST /files: the raw body is the file.
pub async fn keep(
    caller: Caller<Student>,
    request: HttpRequest,
    state: web::Data<State>,
    body: web::Payload,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &["name"])?;
    if !media_type(&request).eq_ignore_ascii_case(PDF) {
        return Err(wrong_media_type(PDF));
    }
    let bytes = read_to_limit(&request, &mut body.into_inner(), MAX_RESUME_BYTES).await?;
    let resume = Resume::new(query.text("name")?, bytes.into())?;
    let student_id = caller.student_id();
    once(
        &state,
        &request,
        Some(&caller.who),
        caller.origin,
        resume.bytes(),
        async |transaction: &mut Transaction| {
            applications::store_resume(transaction, student_id, &resume).await
        },
        async |file| {
            let mut answer = Reply::json(StatusCode::CREATED, &FileView::from(&file.record))?;
            answer.location = Some(format!("/api/v1/files/{}", file.file_id));
            Ok(answer)
        },
    )
    .await
}

/// Stores a file that came with a form.
pub async fn store(
    state: &State,
    caller: &Caller<Student>,
    name: Option<&str>,
    bytes: Vec<u8>,
) -> Result<FileId, Problem> {
    let resume = Resume::new(name.filter(|name| !name.is_empty()), bytes)?;
    let student_id = caller.student_id();
    let keep = async |transaction: &mut Transaction| {
        applications::store_resume(transaction, student_id, &resume).await
    };
    Ok(state.store.run(caller.origin, keep).await?.file_id)
}

/// GET /files/{fileId}: always an attachment, so that its content never runs on our pages.
pub async fn read(
    caller: Caller<SignedIn>,
    state: web::Data<State>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let reader = state.read()?;
    let file = applications::see_resume(&reader, &caller.who, id_of(&path)?).await?;
    let bytes = applications::resume_bytes(&reader, &file).await?;
    let name = DispositionParam::FilenameExt(ExtendedValue {
        charset: Charset::Ext("UTF-8".into()),
        language_tag: None,
        value: applications::pdf_name(&file.name).into_bytes(),
    });
    let mut response = HttpResponse::Ok();
    response.insert_header(ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![name],
    });
    response.insert_header((header::CONTENT_TYPE, PDF));
    response.insert_header((header::CACHE_CONTROL, "private, no-store"));
    response.insert_header((header::CONTENT_SECURITY_POLICY, "sandbox"));
    Ok(response.body(bytes))
}

/// DELETE /files/{fileId}
pub async fn remove(
    caller: Caller<SignedIn>,
    state: web::Data<State>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let file = applications::see_resume(&state.read()?, &caller.who, id_of(&path)?).await?;
    if caller.who.role() == Role::Employer {
        return Err(Problem::forbidden(Because::Role));
    }
    let removal = async |transaction: &mut Transaction| {
        applications::remove_resume(transaction, &file.student_id, file.file_id).await
    };
    state.store.run(caller.origin, removal).await?;
    Ok(HttpResponse::NoContent().finish())
}
