//! Reading one application.

use super::Refusal;
use crate::model::{Application, ApplicationId, Identity, Party, StoredFile, Student};
use crate::store::{Reader, StoreError, Stored, keys};

/// The student who filed it, the employer it went to, every admin; to anybody else it does not exist.
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

/// What an employer is shown of a student beside the application. No facts of the campus: those are the office's.
pub struct Applicant {
    pub student: Student,
    pub resume: Option<StoredFile>,
}

pub fn applicant(
    reader: &Reader,
    application: &Application,
) -> Result<Option<Applicant>, StoreError> {
    let student: Option<Stored<Student>> = reader.get(&keys::student(&application.student_id))?;
    let Some(student) = student else {
        return Ok(None);
    };
    let resume: Option<Stored<StoredFile>> = match application.resume_id {
        Some(id) => reader.get(&keys::file(id))?,
        None => None,
    };
    Ok(Some(Applicant {
        student: student.record,
        resume: resume.map(|resume| resume.record),
    }))
}
