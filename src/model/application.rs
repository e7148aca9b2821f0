//! An application and the status changes it allows.

use serde::{Deserialize, Serialize};

use super::{AccountId, ApplicationId, EmployeeId, FileId, Job, JobId, Role, StudentId, Timestamp};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationStatus {
    Submitted,
    UnderReview,
    Interview,
    Offered,
    Accepted,
    Rejected,
    Declined,
    Withdrawn,
}

impl ApplicationStatus {
    pub const ALL: [Self; 8] = [
        Self::Submitted,
        Self::UnderReview,
        Self::Interview,
        Self::Offered,
        Self::Accepted,
        Self::Rejected,
        Self::Declined,
        Self::Withdrawn,
    ];

    pub fn is_final(self) -> bool {
        matches!(
            self,
            Self::Accepted | Self::Rejected | Self::Declined | Self::Withdrawn
        )
    }

    /// The name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::UnderReview => "under_review",
            Self::Interview => "interview",
            Self::Offered => "offered",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Declined => "declined",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Whether this side may make this change (the table in src/http/README.md).
    pub fn allows(self, side: ActingSide, to: Self) -> bool {
        use ApplicationStatus::{
            Accepted, Declined, Interview, Offered, Rejected, Submitted, UnderReview, Withdrawn,
        };
        match (side, self) {
            (ActingSide::Employer, Submitted) => {
                matches!(to, UnderReview | Interview | Offered | Accepted | Rejected)
            }
            (ActingSide::Employer, UnderReview) => {
                matches!(to, Interview | Offered | Accepted | Rejected)
            }
            (ActingSide::Employer, Interview) => matches!(to, Offered | Accepted | Rejected),
            (ActingSide::Employer, Offered) => to == Rejected,
            (ActingSide::Student, Submitted | UnderReview | Interview) => to == Withdrawn,
            (ActingSide::Student, Offered) => matches!(to, Accepted | Declined | Withdrawn),
            (_, Accepted | Rejected | Declined | Withdrawn) => false,
        }
    }
}

/// The side that changes a status: a column of the table of changes. An admin has the employer's rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActingSide {
    Student,
    Employer,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Answer {
    pub question_id: String,
    pub answer: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Eligible,
    Ineligible,
    Review,
}

/// The reason for a verdict, and how to fix it. `rule` names the module and its version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    pub code: String,
    pub message: String,
    pub remedy: Option<String>,
    pub rule: String,
}

/// The verdict of the campus's active rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Eligibility {
    pub outcome: Outcome,
    pub reasons: Vec<Reason>,
}

/// An admin's decision that replaces the rules' verdict until an admin changes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Override {
    pub at: Timestamp,
    pub by: AccountId,
    pub outcome: Outcome,
    pub reason: String,
}

impl Eligibility {
    /// The verdict when no rule objects.
    pub fn eligible() -> Self {
        Self {
            outcome: Outcome::Eligible,
            reasons: Vec::new(),
        }
    }
}

/// One step of an application's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Move {
    pub at: Timestamp,
    pub by: Role,
    pub from: Option<ApplicationStatus>,
    pub to: ApplicationStatus,
    pub note: Option<String>,
}

/// The status is private: only `change_status` changes it, and only `applications/` calls that.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Application {
    pub application_id: ApplicationId,
    pub job_id: JobId,
    /// The title when the application was submitted.
    pub job_title: String,
    pub student_id: StudentId,
    /// The posting's employer, so that an employer's list needs no other record.
    pub employee_id: EmployeeId,
    application_status: ApplicationStatus,
    pub cover_note: Option<String>,
    pub answers: Vec<Answer>,
    pub resume_id: Option<FileId>,
    pub eligibility: Eligibility,
    /// The language of the application request, if it named one. The verdict is written in it.
    #[serde(default)]
    pub language: Option<String>,
    /// Admin decisions that replace the rules' verdict, oldest first. The last one counts.
    #[serde(default)]
    pub overrides: Vec<Override>,
    pub submitted_at: Timestamp,
    pub updated_at: Timestamp,
    pub history: Vec<Move>,
}

impl Application {
    /// A student's new application to a job, without a note.
    pub fn submitted(
        application_id: ApplicationId,
        job: &Job,
        student_id: StudentId,
        eligibility: Eligibility,
        now: Timestamp,
    ) -> Self {
        Self {
            application_id,
            job_id: job.job_id,
            job_title: job.job_title.clone(),
            student_id,
            employee_id: job.employee_id.clone(),
            application_status: ApplicationStatus::Submitted,
            cover_note: None,
            answers: Vec::new(),
            resume_id: None,
            eligibility,
            language: None,
            overrides: Vec::new(),
            submitted_at: now,
            updated_at: now,
            history: vec![Move {
                at: now,
                by: Role::Student,
                from: None,
                to: ApplicationStatus::Submitted,
                note: None,
            }],
        }
    }

    pub fn application_status(&self) -> ApplicationStatus {
        self.application_status
    }

    /// Changes the status. The caller has checked `ApplicationStatus::allows`.
    pub fn change_status(
        &mut self,
        by: Role,
        to: ApplicationStatus,
        note: Option<String>,
        now: Timestamp,
    ) {
        let from = Some(self.application_status);
        self.history.push(Move {
            at: now,
            by,
            from,
            to,
            note,
        });
        self.application_status = to;
        self.updated_at = now;
    }
}

/// Replaces a text that was erased.
const ERASED: &str = "(erased)";

impl Application {
    /// Removes what an erased student wrote, and what was written to or about them. `nobody` replaces their number.
    pub fn erase_student(&mut self, nobody: StudentId) {
        self.student_id = nobody;
        self.cover_note = None;
        self.answers.clear();
        self.resume_id = None;
        self.eligibility.reasons.clear();
        for word in &mut self.overrides {
            word.reason = ERASED.into();
        }
        for step in &mut self.history {
            step.note = None;
        }
    }

    /// Removes what an erased employer wrote. `nobody` replaces their number.
    pub fn erase_employer(&mut self, nobody: EmployeeId) {
        self.employee_id = nobody;
        for step in &mut self.history {
            if step.by == Role::Employer {
                step.note = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn status() -> impl Strategy<Value = ApplicationStatus> {
        prop::sample::select(ApplicationStatus::ALL.to_vec())
    }

    proptest! {
        #[test]
        fn a_final_status_never_changes_and_no_change_is_to_itself(from in status(), to in status()) {
            for side in [ActingSide::Student, ActingSide::Employer] {
                if from.is_final() || from == to || to == ApplicationStatus::Submitted {
                    prop_assert!(!from.allows(side, to));
                }
            }
        }

        #[test]
        fn only_one_side_may_make_each_change(from in status(), to in status()) {
            prop_assert!(!(from.allows(ActingSide::Student, to) && from.allows(ActingSide::Employer, to)));
        }
    }

    #[test]
    fn only_the_student_accepts_an_offer() {
        use ApplicationStatus::{Accepted, Offered};
        assert!(Offered.allows(ActingSide::Student, Accepted));
        assert!(!Offered.allows(ActingSide::Employer, Accepted));
    }
}
