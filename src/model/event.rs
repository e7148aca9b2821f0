//! What happened, as the change log keeps it: ids only, no text of a person's.

use serde::{Deserialize, Serialize};

use super::{
    AccountId, AccountStatus, ApplicationId, ApplicationStatus, EmployeeId, JobId, JobStatus,
    Outcome, Role, RuleId, RuleState, StudentId, Timestamp,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Event {
    AccountRegistered {
        account_id: AccountId,
        role: Role,
    },
    AccountVerified {
        account_id: AccountId,
    },
    /// An admin, or verification, changed the standing.
    AccountStatusChanged {
        account_id: AccountId,
        from: AccountStatus,
        to: AccountStatus,
    },
    LoggedIn {
        account_id: AccountId,
    },
    /// A wrong password; `account_id` if the address was somebody's. `left_out`: failures before it that were not written down.
    LogInFailed {
        account_id: Option<AccountId>,
        left_out: u32,
    },
    PasswordChanged {
        account_id: AccountId,
    },
    /// A refresh token came back after it was spent; its session ended.
    RefreshReused {
        account_id: AccountId,
    },
    StudentChanged {
        student_id: StudentId,
    },
    EmployerChanged {
        employee_id: EmployeeId,
    },
    /// A posting appeared or changed; `from` is none for a new one and equals `to` when only its text changed.
    JobChanged {
        job_id: JobId,
        from: Option<JobStatus>,
        to: JobStatus,
    },
    /// An application appeared (`from` none) or moved.
    ApplicationMoved {
        application_id: ApplicationId,
        job_id: JobId,
        student_id: StudentId,
        from: Option<ApplicationStatus>,
        to: ApplicationStatus,
    },
    /// The campus rules did not let somebody accept an application.
    AcceptRefused {
        application_id: ApplicationId,
        job_id: JobId,
        student_id: StudentId,
    },
    /// An admin's word took the place of a verdict; the reason stands in the application.
    EligibilityOverridden {
        application_id: ApplicationId,
        from: Outcome,
        to: Outcome,
    },
    /// A module was uploaded (`from` none), moved on in its life, or got other parameters (`from` equals `to`).
    RuleChanged {
        rule_id: RuleId,
        from: Option<RuleState>,
        to: RuleState,
    },
    /// A module that decided nothing was deleted.
    RuleDeleted {
        rule_id: RuleId,
    },
    /// A module began to fail.
    RuleFailed {
        rule_id: RuleId,
    },
    /// A module that had failed answers again.
    RuleRecovered {
        rule_id: RuleId,
    },
}

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Actor {
    /// Nobody signed in.
    Anonymous,
    Account(AccountId, Role),
    /// The command line, on the machine itself.
    Operator,
    /// Corkboard itself: a deadline passed.
    System,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEntry {
    pub at: Timestamp,
    pub actor: Actor,
    /// The address the request came from, for the audit.
    pub address: Option<std::net::IpAddr>,
    pub event: Event,
}
