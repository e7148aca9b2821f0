//! Lists of applications, newest first.

use super::Refusal;
use crate::model::{Application, ApplicationStatus, Identity, JobId, Party};
use crate::store::{
    Direction, Key, KeyRange, MAX_SCAN_ROWS, Page, Paged, Place, Reader, StoreError, Stored, keys,
};

#[derive(Clone, Copy, Debug, Default)]
pub struct ApplicationsWanted {
    pub job_id: Option<JobId>,
    pub status: Option<ApplicationStatus>,
}

/// The caller's own applications. Admins see all.
pub async fn list(
    reader: &Reader,
    identity: &Identity,
    wanted: ApplicationsWanted,
    after: Option<&Place>,
    limit: usize,
) -> Result<Paged<Stored<Application>>, Refusal> {
    let page = Page::new(index(identity, wanted), Direction::Backward, limit, after);
    let is_wanted = |application: &Stored<Application>| {
        super::may_see(application, identity)
            && wanted
                .job_id
                .is_none_or(|job_id| job_id == application.job_id)
    };
    Ok(page.records(reader, is_wanted).await?)
}

/// The narrowest index that contains them all.
fn index(identity: &Identity, wanted: ApplicationsWanted) -> Key {
    match (&identity.party, wanted.job_id, wanted.status) {
        (Party::Student(own), _, None) => keys::applications_by_student(own),
        (Party::Student(own), _, Some(status)) => keys::applications_by_student_status(own, status),
        (_, Some(job), None) => keys::applications_by_job(job),
        (_, Some(job), Some(status)) => keys::applications_by_job_status(job, status),
        (Party::Employer(own), None, None) => keys::applications_by_employer(own),
        (Party::Employer(own), None, Some(status)) => {
            keys::applications_by_employer_status(own, status)
        }
        (Party::Admin, None, None) => keys::applications(),
        (Party::Admin, None, Some(status)) => keys::applications_by_status(status),
    }
}

/// Number of applications to a job at each stage that has any. It stops counting a stage at `MAX_SCAN_ROWS`.
pub async fn count_by_stage(
    reader: &Reader,
    job_id: JobId,
) -> Result<Vec<(ApplicationStatus, usize)>, StoreError> {
    let mut counts = Vec::new();
    if reader.counter(&keys::application_count(job_id)).await? == 0 {
        return Ok(counts);
    }
    for status in ApplicationStatus::ALL {
        let range = KeyRange::prefix(&keys::applications_by_job_status(job_id, status));
        let rows = reader.scan_keys(&range, Direction::Forward, MAX_SCAN_ROWS);
        let count = rows.await?.len();
        if count > 0 {
            counts.push((status, count));
        }
    }
    Ok(counts)
}
