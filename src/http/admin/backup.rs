//! A backup while the board runs, sent as it is written.

use std::io;
use std::time::Duration;

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, web};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::http::caller::{Admin, Caller};
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::http::watch;
use crate::model::Event;
use crate::store::{
    About, ENCRYPTED_SUFFIX, StoreError, Transaction, give_way, wait, write_backup_for,
};

/// Most records of a backup, of about half a mebibyte, that wait for the client. Beyond that, the backup waits.
const RECORDS: usize = 4;
/// How long it waits for a client that takes nothing. A backup keeps a view of the store open, and while it is open, the
/// store's file cannot reuse space.
const MAX_WAIT: Duration = Duration::from_mins(1);

/// POST /admin/backup
pub async fn download(
    caller: Caller<Admin>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let permit = state.backups.try_start();
    let permit = permit.ok_or_else(|| Problem::from(Code::Busy))?;
    let note = async |transaction: &mut Transaction| transaction.log(Event::BackupTaken);
    match state.store.run(caller.origin, note).await {
        // The backup is needed most on a full disk, and it is not written there.
        Err(StoreError::DiskFull) => {
            tracing::warn!("a backup is downloaded; the disk is full, so the audit log lacks it");
        }
        noted => noted?,
    }
    drop(caller);
    let reader = state.read()?;
    let taken_at = state.now();
    let about = About::new(&state.campus().name, taken_at);
    let (records, mut sent) = mpsc::channel(RECORDS);
    let recipient = state.config.backup.recipient.clone();
    let suffix = recipient.as_ref().map_or("", |_| ENCRYPTED_SUFFIX);
    let (request_id, runtime) = (watch::request_id(), Handle::current());
    // Reading the store blocks. The thread is its own, since its priority cannot be raised again.
    let work = move || {
        give_way();
        let mut output = Output { records, runtime };
        let mut written = wait(write_backup_for(
            recipient.as_ref(),
            &reader,
            about,
            &mut output,
        ))
        .map(drop);
        drop(reader);
        // Before the end of the answer, so that the client's next request finds it free.
        drop(permit);
        written = written.and_then(|()| Ok(output.pass(None)?));
        if let Err(error) = written {
            tracing::warn!(request_id, %error, "a backup was not completed");
        }
    };
    let thread = std::thread::Builder::new().name("backup".into());
    let started = thread.spawn(work);
    started.map_err(|error| Problem::internal(&error))?;
    let day = taken_at.day(&state.campus().time_zone);
    let name = format!("attachment; filename=\"corkboard-{day}.backup{suffix}\"");
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/octet-stream"))
        .insert_header((header::CONTENT_DISPOSITION, name))
        .streaming(futures_util::stream::poll_fn(move |context| {
            sent.poll_recv(context).map(|next| match next {
                Some(record) => record.map(Ok),
                // Cuts the connection, so that the client does not take the part for the whole.
                None => Some(Err(io::Error::other("the backup was not completed"))),
            })
        })))
}

/// Passes what is written to the answer.
struct Output {
    /// `None` is the end of a complete backup.
    records: mpsc::Sender<Option<Bytes>>,
    runtime: Handle,
}

impl Output {
    fn pass(&self, record: Option<Bytes>) -> io::Result<()> {
        let sent = self.records.send_timeout(record, MAX_WAIT);
        let gone = |_| io::Error::other("the client has gone or takes nothing");
        self.runtime.block_on(sent).map_err(gone)
    }
}

impl io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pass(Some(Bytes::copy_from_slice(bytes)))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
