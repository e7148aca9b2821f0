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

pub fn see(
    reader: &Reader,
    identity: &Identity,
    id: ApplicationId,
) -> Result<Stored<Application>, Refusal> {
    let stored: Option<Stored<Application>> = reader.get(&keys::application(id))?;
    stored
        .filter(|application| may_see(application, identity))
        .ok_or(Refusal::NotFound)
}

/// The student to show an employer next to the application.
pub fn applicant(
    reader: &Reader,
    application: &Application,
) -> Result<Option<Student>, StoreError> {
    let student: Option<Stored<Student>> = reader.get(&keys::student(&application.student_id))?;
    Ok(student.map(|student| student.record))
}

/// The file sent with an application, if any. Its owner was checked when the application was submitted.
pub fn shown_resume(
    reader: &Reader,
    resume_id: Option<FileId>,
) -> Result<Option<StoredFile>, StoreError> {
    let Some(id) = resume_id else {
        return Ok(None);
    };
    let file: Option<Stored<StoredFile>> = reader.get(&keys::file(id))?;
    Ok(file.map(|file| file.record))
}
