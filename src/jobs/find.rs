//! Finding postings. The plain list uses the store's index, so that a new posting shows at once. Text and filters use
//! the search index, which returns IDs. Records always come from the store, so a closed job is never shown as open.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Audience, CachedJob, CachedJobs, Refusal, audience_of};
use crate::model::{EmployeeId, FieldFault, Identity, Invalid, Job, JobId, JobStatus, Party};
use crate::search::{After, Corrected, Facets, Found, JobQuery, SearchIndex, Sort};
use crate::store::{
    Direction, Key, KeyRange, MAX_SCAN_ROWS, Page, Place, Reader, StoreError, keys,
};

/// A list request. This module sets `query.limit` and `query.after` from `limit` and `cursor`.
pub struct JobsWanted {
    pub query: JobQuery,
    pub cursor: Option<JobCursor>,
}

/// Where the next page starts.
pub enum JobCursor {
    List(Listed),
    Search(After),
}

/// The position in the plain list.
pub struct Listed {
    place: Place,
    /// Jobs on all pages so far.
    shown: u32,
}

pub struct JobsFound {
    pub jobs: Vec<(Arc<CachedJob>, Audience)>,
    pub next: Option<JobCursor>,
    pub total: usize,
    pub facets: Arc<Facets>,
    pub corrected: Option<Corrected>,
}

/// A position in the store's index: the posting time and the ID.
const LIST_PLACE_BYTES: usize = 8 + 16;

impl Listed {
    fn to_bytes(&self) -> Vec<u8> {
        [self.place.as_slice(), &self.shown.to_be_bytes()].concat()
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (place, shown) = bytes.split_at_checked(LIST_PLACE_BYTES)?;
        Some(Self {
            place: place.to_vec(),
            shown: u32::from_be_bytes(shown.try_into().ok()?),
        })
    }
}

impl JobCursor {
    pub fn to_token(&self) -> String {
        match self {
            Self::List(listed) => format!("l{}", URL_SAFE_NO_PAD.encode(listed.to_bytes())),
            Self::Search(after) => format!("s{}", after.to_token()),
        }
    }

    pub fn parse(token: &str) -> Result<Self, Invalid> {
        let wrong = || Invalid::one("cursor", FieldFault::UnknownCursor);
        match token.split_at_checked(1) {
            Some(("l", listed)) => {
                let bytes = URL_SAFE_NO_PAD.decode(listed).ok();
                let listed = bytes.and_then(|bytes| Listed::parse(&bytes));
                listed.map(Self::List).ok_or_else(wrong)
            }
            Some(("s", after)) => After::parse(after).map(Self::Search).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }
}

pub async fn find(
    reader: &Reader,
    cached_jobs: &CachedJobs,
    index: &SearchIndex,
    identity: Option<&Identity>,
    mut wanted: JobsWanted,
) -> Result<JobsFound, Refusal> {
    let query = &mut wanted.query;
    if query.status != JobStatus::Open {
        match identity.map(|identity| &identity.party) {
            Some(Party::Admin) => {}
            Some(Party::Employer(own)) if query.employee_id.as_ref().is_none_or(|id| id == own) => {
                query.employee_id = Some(own.clone());
            }
            _ => return Err(Refusal::StatusNotYours),
        }
    }
    let wrong = || Invalid::one("cursor", FieldFault::UnknownCursor);
    if is_plain(query) {
        let after = match wanted.cursor {
            None => None,
            Some(JobCursor::List(listed)) => Some(listed),
            Some(JobCursor::Search(_)) => return Err(wrong().into()),
        };
        list(
            reader,
            cached_jobs,
            index,
            identity,
            &mut wanted.query,
            after.as_ref(),
        )
        .await
    } else {
        query.after = match wanted.cursor {
            None => None,
            Some(JobCursor::Search(after)) => Some(after),
            Some(JobCursor::List(_)) => return Err(wrong().into()),
        };
        search(reader, cached_jobs, index, identity, &wanted.query).await
    }
}

/// Whether the store's index can answer it: newest first, filtered only by status and employer.
fn is_plain(query: &JobQuery) -> bool {
    query.sort == Sort::Newest
        && query.q.is_none()
        && query.skills.is_empty()
        && query.settings.is_empty()
        && query.location.is_none()
        && query.work_space.is_none()
        && query.min_pay.is_none()
        && query.max_hours.is_none()
        && query.work_study.is_none()
        && query.only.is_none()
}

async fn list(
    reader: &Reader,
    cached_jobs: &CachedJobs,
    index: &SearchIndex,
    identity: Option<&Identity>,
    query: &mut JobQuery,
    after: Option<&Listed>,
) -> Result<JobsFound, Refusal> {
    let prefix = match &query.employee_id {
        Some(employer) => keys::jobs_by_employer(employer, query.status),
        None => keys::jobs_by_status(query.status),
    };
    let page = Page::new(
        prefix,
        Direction::Backward,
        query.limit,
        after.map(|listed| &listed.place),
    );
    let load = async |rows: &[Key]| {
        let ids = rows.iter().map(keys::indexed_id::<Job>);
        let ids: Vec<JobId> = ids.collect::<Result<_, _>>()?;
        let jobs = cached_jobs.get_many(reader, &ids).await?.into_iter();
        let shown = |job: Option<_>| job.and_then(|job| shown(job, query, identity));
        Ok::<_, StoreError>(jobs.map(shown).collect())
    };
    let paged = page.collect(reader, load).await?;
    query.limit = 0;
    let Found { total, facets, .. } = index.find(query)?;
    let before = after.map_or(0, |listed| listed.shown);
    let items = u32::try_from(paged.items.len()).unwrap_or(u32::MAX);
    let shown = before.saturating_add(items);
    let total = if after.is_none() && paged.next.is_none() {
        paged.items.len()
    } else {
        // The search index may be behind what the store has shown.
        let least = shown.saturating_add(u32::from(paged.next.is_some()));
        total.max(usize::try_from(least).unwrap_or(usize::MAX))
    };
    let next = paged.next.map(|place| Listed { place, shown });
    Ok(JobsFound {
        jobs: paged.items,
        next: next.map(JobCursor::List),
        total,
        facets,
        corrected: None,
    })
}

async fn search(
    reader: &Reader,
    cached_jobs: &CachedJobs,
    index: &SearchIndex,
    identity: Option<&Identity>,
    query: &JobQuery,
) -> Result<JobsFound, Refusal> {
    let found = index.find(query)?;
    let jobs = cached_jobs.get_many(reader, &found.hits).await?;
    let jobs = jobs.into_iter().flatten();
    let jobs = jobs.filter_map(|job| shown(job, query, identity)).collect();
    let next = found.next.map(JobCursor::Search);
    Ok(JobsFound {
        jobs,
        next,
        total: found.total,
        facets: found.facets,
        corrected: found.corrected,
    })
}

/// The search index may be behind, so the stored record decides.
fn shown(
    job: Arc<CachedJob>,
    query: &JobQuery,
    identity: Option<&Identity>,
) -> Option<(Arc<CachedJob>, Audience)> {
    let fits = job.job_status() == query.status
        && (job.job_status() != JobStatus::Open || job.takes_applications(query.now));
    let view = audience_of(&job, identity)?;
    fits.then_some((job, view))
}

/// Number of an employer's postings with a status. It stops counting at `MAX_SCAN_ROWS`.
pub async fn count_of_employer(
    reader: &Reader,
    employer: &EmployeeId,
    status: JobStatus,
) -> Result<usize, StoreError> {
    let range = KeyRange::prefix(&keys::jobs_by_employer(employer, status));
    let rows = reader.scan_keys(&range, Direction::Forward, MAX_SCAN_ROWS);
    Ok(rows.await?.len())
}
