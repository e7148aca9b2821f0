//! Reading one application.

use super::Refusal;
use crate::model::{Application, ApplicationId, FileId, Identity, Party, StoredFile, Student};
use crate::store::{Reader, StoreError, Stored, keys};

/// The student, the employer and all admins. For anybody else it does not exist.
pub fn may_see(application: &Application, identity: &Identity) -> bool {
    match &identity.party {
        Party::Student(own) => *own == application.student_id,
        other => other.may_manage(&application.employee_id),
    }
}

pub async fn see(
    reader: &Reader,
    identity: &Identity,
    id: ApplicationId,
) -> Result<Stored<Application>, Refusal> {
    let stored: Option<Stored<Application>> = reader.get(&keys::application(id)).await?;
    stored
        .filter(|application| may_see(application, identity))
        .ok_or(Refusal::NotFound)
}

/// Who applied, in the order of the applications.
pub async fn applicants(
    reader: &Reader,
    applications: &[Stored<Application>],
) -> Result<Vec<Option<Student>>, StoreError> {
    let keys = applications
        .iter()
        .map(|one| keys::student(&one.student_id));
    let students = reader
        .get_many(&keys.collect::<Vec<_>>())
        .await?
        .into_iter();
    Ok(students.map(|student| Some(student?.record)).collect())
}

/// The file sent with each application, if any, in their order. Its owner was checked when the application was
/// submitted.
pub async fn shown_resumes(
    reader: &Reader,
    resume_ids: &[Option<FileId>],
) -> Result<Vec<Option<StoredFile>>, StoreError> {
    let keys = resume_ids.iter().flatten().map(|id| keys::file(*id));
    let mut files = reader
        .get_many(&keys.collect::<Vec<_>>())
        .await?
        .into_iter();
    let file = |id: &Option<FileId>| Some(id.and_then(|_| files.next())??.record);
    Ok(resume_ids.iter().map(file).collect())
}
