//! Records in API form: which fields a reader may see, under the names in README.md.

use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::eligibility::EligibilityView;
use crate::accounts::Me;
use crate::jobs::Audience;
use crate::model::{
    Account, AccountId, AccountStatus, Answer, Application, ApplicationId, ApplicationStatus,
    Declined, Email, EmployeeId, Employer, Fact, FileId, Job, JobId, JobSetting, JobStatus, Money,
    Move, NumberFrom, Preferences, Question, Role, Setting, StoredFile, Student, StudentId,
    Timestamp,
};
use crate::store::{Reader, StoreError, Stored, keys};

#[derive(Serialize, ToSchema)]
#[schema(as = Account)]
#[serde(rename_all = "camelCase")]
pub struct AccountView<'a> {
    pub account_id: AccountId,
    pub email: &'a Email,
    pub role: Role,
    pub name: &'a str,
    pub status: AccountStatus,
}

impl<'a> From<&'a Account> for AccountView<'a> {
    fn from(account: &'a Account) -> Self {
        Self {
            account_id: account.account_id,
            email: &account.email,
            role: account.role,
            name: &account.name,
            status: account.status,
        }
    }
}

/// An account as admins see it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountRow<'a> {
    #[serde(flatten)]
    account: AccountView<'a>,
    trusted: bool,
    student_id: &'a Option<StudentId>,
    employee_id: &'a Option<EmployeeId>,
    /// Of an employer, for the decision to approve it.
    work_space: Option<String>,
    setting: Option<Setting>,
    created_at: Timestamp,
    updated_at: Timestamp,
    version: u64,
}

impl<'a> AccountRow<'a> {
    pub async fn all(
        reader: &Reader,
        accounts: &'a [Stored<Account>],
    ) -> Result<Vec<Self>, StoreError> {
        let employers = accounts
            .iter()
            .filter_map(|account| account.employee_id.as_ref());
        let keys: Vec<_> = employers.map(keys::employer).collect();
        let mut employers = reader.get_many(&keys).await?.into_iter();
        let row = |account: &'a Stored<Account>| {
            let employer = account.employee_id.as_ref().and_then(|_| employers.next());
            Self::new(account, employer.flatten())
        };
        Ok(accounts.iter().map(row).collect())
    }

    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    fn new(stored: &'a Stored<Account>, employer: Option<Stored<Employer>>) -> Self {
        Self {
            account: AccountView::from(&stored.record),
            trusted: stored.trusted,
            student_id: &stored.record.student_id,
            employee_id: &stored.record.employee_id,
            setting: employer.as_ref().map(|employer| employer.record.setting),
            work_space: employer.and_then(|employer| employer.record.work_space),
            created_at: stored.created_at,
            updated_at: stored.updated_at,
            version: stored.version,
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = Student)]
#[serde(rename_all = "camelCase")]
pub struct StudentView<'a> {
    student_id: &'a StudentId,
    /// The number typed at registration belongs to another student, so this one was generated.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    number_cleared: bool,
    name: &'a str,
    email: &'a Email,
    #[schema(value_type = Option<String>, format = Date)]
    graduation_date: Option<Date>,
    skills: &'a [String],
    summary: Option<&'a str>,
    enrolled_credits: Option<f64>,
    gpa: Option<f64>,
    visa: Option<&'a str>,
    work_study_remaining: Option<Money>,
    weekly_hours: f64,
    preferences: &'a Preferences,
    /// The facts that the student gave, not the campus.
    self_reported: Vec<Fact>,
    version: u64,
}

impl<'a> StudentView<'a> {
    pub fn new(stored: &'a Stored<Student>, weekly_hours: f64) -> Self {
        let student = &stored.record;
        let given = [
            (Fact::GraduationDate, student.graduation_date.is_some()),
            (Fact::EnrolledCredits, student.enrolled_credits.is_some()),
            (Fact::Gpa, student.gpa.is_some()),
            (Fact::Visa, student.visa.is_some()),
            (
                Fact::WorkStudyRemaining,
                student.work_study_remaining.is_some(),
            ),
        ];
        let own = given
            .into_iter()
            .filter(|(fact, given)| *given && !student.is_roster(*fact));
        Self {
            student_id: &student.student_id,
            number_cleared: student.number == NumberFrom::Cleared,
            name: &student.name,
            email: &student.email,
            graduation_date: student.graduation_date,
            skills: &student.skills,
            summary: student.summary.as_deref(),
            enrolled_credits: student.enrolled_credits,
            gpa: student.gpa,
            visa: student.visa.as_deref(),
            work_study_remaining: student.work_study_remaining,
            weekly_hours,
            preferences: &student.preferences,
            self_reported: own.map(|(fact, _)| fact).collect(),
            version: stored.version,
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = Employer)]
#[serde(rename_all = "camelCase")]
pub struct EmployerView<'a> {
    employee_id: &'a EmployeeId,
    /// The number typed at registration belongs to another employer, so this one was generated.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    number_cleared: bool,
    name: &'a str,
    email: &'a Email,
    designation: Option<&'a str>,
    work_space: Option<&'a str>,
    setting: Setting,
    version: u64,
}

impl<'a> From<&'a Stored<Employer>> for EmployerView<'a> {
    fn from(stored: &'a Stored<Employer>) -> Self {
        let employer = &stored.record;
        Self {
            employee_id: &employer.employee_id,
            number_cleared: employer.number == NumberFrom::Cleared,
            name: &employer.name,
            email: &employer.email,
            designation: employer.designation.as_deref(),
            work_space: employer.work_space.as_deref(),
            setting: employer.setting,
            version: stored.version,
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = Me)]
pub struct MeView<'a> {
    account: AccountView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    student: Option<StudentView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    employer: Option<EmployerView<'a>>,
    version: u64,
}

impl<'a> From<&'a Me> for MeView<'a> {
    fn from(me: &'a Me) -> Self {
        Self {
            account: AccountView::from(&me.account.record),
            student: me
                .student
                .as_ref()
                .map(|(student, hours)| StudentView::new(student, *hours)),
            employer: me.employer.as_ref().map(EmployerView::from),
            version: me.version(),
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = Job)]
#[serde(rename_all = "camelCase")]
pub struct JobView<'a> {
    job_id: JobId,
    job_title: &'a str,
    job_description: &'a str,
    job_pay_rate: Money,
    currency: &'a str,
    skills_required: &'a [String],
    employee_id: &'a EmployeeId,
    employer_name: &'a str,
    work_space: Option<&'a str>,
    location: Option<&'a str>,
    setting: JobSetting,
    hours_per_week: f64,
    positions: u32,
    positions_filled: u32,
    work_study_required: bool,
    #[schema(value_type = Option<String>, format = Date)]
    start_date: Option<Date>,
    #[schema(value_type = Option<String>, format = Date)]
    end_date: Option<Date>,
    deadline: Timestamp,
    questions: &'a [Question],
    job_status: JobStatus,
    posted_at: Timestamp,
    updated_at: Timestamp,
    version: u64,
    // Fields for the posting's employer and admins only. For them, a missing external ID is null.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false)]
    #[expect(
        clippy::option_option,
        reason = "left out for the public, null for a manager whose posting has none"
    )]
    external_id: Option<Option<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64, required = false, minimum = 0)]
    application_count: Option<i64>,
    /// The office declined or closed the posting: it is pending again when its employer opens it. Null when it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Declined>, required = false)]
    #[expect(
        clippy::option_option,
        reason = "left out for the public, null for a manager whose posting the office let through"
    )]
    declined: Option<Option<&'a Declined>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snippet: Option<String>,
}

impl<'a> JobView<'a> {
    /// `application_count` is needed only for managers.
    pub fn new(stored: &'a Stored<Job>, view: Audience, application_count: i64) -> Self {
        let job = &stored.record;
        let manages = view == Audience::Manager;
        Self {
            job_id: job.job_id,
            job_title: &job.job_title,
            job_description: &job.job_description,
            job_pay_rate: job.job_pay_rate,
            currency: &job.currency,
            skills_required: &job.skills_required,
            employee_id: &job.employee_id,
            employer_name: &job.employer_name,
            work_space: job.work_space.as_deref(),
            location: job.location.as_deref(),
            setting: job.setting,
            hours_per_week: job.hours_per_week,
            positions: job.positions,
            positions_filled: job.positions_filled(),
            work_study_required: job.work_study_required,
            start_date: job.start_date,
            end_date: job.end_date,
            deadline: job.deadline,
            questions: &job.questions,
            job_status: job.job_status(),
            posted_at: job.posted_at(),
            updated_at: job.updated_at,
            version: stored.version,
            external_id: manages.then_some(job.external_id.as_deref()),
            application_count: manages.then_some(application_count),
            declined: manages.then_some(job.declined()),
            snippet: None,
        }
    }

    /// As `shown.rs` appends it to the cached JSON.
    #[cfg(test)]
    #[must_use]
    pub fn with_snippet(mut self, snippet: Option<String>) -> Self {
        self.snippet = snippet;
        self
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = Application)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationView<'a> {
    application_id: ApplicationId,
    job_id: JobId,
    job_title: &'a str,
    student_id: &'a StudentId,
    application_status: ApplicationStatus,
    cover_note: Option<&'a str>,
    answers: &'a [Answer],
    resume: Option<ResumeView>,
    eligibility: EligibilityView<'a>,
    submitted_at: Timestamp,
    updated_at: Timestamp,
    history: &'a [Move],
    version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    student: Option<ApplicantView>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ApplicationResume)]
#[serde(rename_all = "camelCase")]
pub struct ResumeView {
    file_id: FileId,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// A student as employers see one: never credits, GPA, visa or award.
#[derive(Serialize, ToSchema)]
#[schema(as = Applicant)]
#[serde(rename_all = "camelCase")]
pub struct ApplicantView {
    student_id: StudentId,
    name: String,
    email: Email,
    #[schema(value_type = Option<String>, format = Date)]
    graduation_date: Option<Date>,
    skills: Vec<String>,
    summary: Option<String>,
}

impl<'a> ApplicationView<'a> {
    /// `applicant`: for employers and admins. Reasons of a verdict are for the student and the office.
    pub fn new(
        stored: &'a Stored<Application>,
        reader: Role,
        applicant: Option<Student>,
        resume: Option<StoredFile>,
    ) -> Self {
        let application = &stored.record;
        Self {
            application_id: application.application_id,
            job_id: application.job_id,
            job_title: &application.job_title,
            student_id: &application.student_id,
            application_status: application.application_status(),
            cover_note: application.cover_note.as_deref(),
            answers: &application.answers,
            resume: application.resume_id.map(|file_id| ResumeView {
                file_id,
                name: resume.map(|resume| resume.name),
            }),
            eligibility: EligibilityView::of(application, reader),
            submitted_at: application.submitted_at,
            updated_at: application.updated_at,
            history: &application.history,
            version: stored.version,
            student: applicant.map(|student| ApplicantView {
                student_id: student.student_id,
                name: student.name,
                email: student.email,
                graduation_date: student.graduation_date,
                skills: student.skills,
                summary: student.summary,
            }),
        }
    }
}

/// A page of anything.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PageView<T: Serialize> {
    pub items: Vec<T>,
    pub next_cursor: Option<String>,
}
