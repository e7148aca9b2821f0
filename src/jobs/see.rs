//! Reading one posting.

use std::sync::Arc;

use super::{Card, Cards, Refusal, View};
use crate::model::{Identity, Job, JobId};
use crate::store::{Reader, Stored, keys};

/// How much of a posting this reader may see; `None`: not even that it exists.
pub fn view_of(job: &Job, reader: Option<&Identity>) -> Option<View> {
    let manages = reader.is_some_and(|identity| identity.party.may_manage(&job.employee_id));
    if manages {
        Some(View::Manager)
    } else {
        job.is_public().then_some(View::Public)
    }
}

pub fn see(
    reader: &Reader,
    identity: Option<&Identity>,
    id: JobId,
) -> Result<(Stored<Job>, View), Refusal> {
    let stored: Option<Stored<Job>> = reader.get(&keys::job(id))?;
    let job = stored.ok_or(Refusal::NotFound)?;
    let view = view_of(&job, identity).ok_or(Refusal::NotFound)?;
    Ok((job, view))
}

/// `see`, of a posting that may be kept in memory.
pub fn see_card(
    reader: &Reader,
    cards: &Cards,
    identity: Option<&Identity>,
    id: JobId,
) -> Result<(Arc<Card>, View), Refusal> {
    let job = cards.get(reader, id)?.ok_or(Refusal::NotFound)?;
    let view = view_of(&job, identity).ok_or(Refusal::NotFound)?;
    Ok((job, view))
}
