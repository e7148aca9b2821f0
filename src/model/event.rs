//! Events in the change log. They hold only IDs, no text that a person wrote.

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
    /// An admin, or verification, changed the account's status.
    AccountStatusChanged {
        account_id: AccountId,
        from: AccountStatus,
        to: AccountStatus,
    },
    LoggedIn {
        account_id: AccountId,
    },
    /// A wrong password. `account_id` is set if the address has an account. `left_out`: earlier failures that were not
    /// logged.
    LogInFailed {
        account_id: Option<AccountId>,
        left_out: u32,
    },
    PasswordChanged {
        account_id: AccountId,
    },
    /// A spent refresh token was used again, so its session was ended.
    RefreshReused {
        account_id: AccountId,
    },
    StudentChanged {
        student_id: StudentId,
    },
    EmployerChanged {
        employee_id: EmployeeId,
    },
    /// A posting was created or changed. `from` is `None` for a new one, and equals `to` when only its text changed.
    JobChanged {
        job_id: JobId,
        from: Option<JobStatus>,
        to: JobStatus,
    },
    /// An application was created (`from` is `None`) or changed its status.
    ApplicationMoved {
        application_id: ApplicationId,
        job_id: JobId,
        student_id: StudentId,
        from: Option<ApplicationStatus>,
        to: ApplicationStatus,
    },
    /// The campus rules kept somebody from accepting an application.
    AcceptRefused {
        application_id: ApplicationId,
        job_id: JobId,
        student_id: StudentId,
    },
    /// An admin replaced a verdict. The reason is in the application.
    EligibilityOverridden {
        application_id: ApplicationId,
        from: Outcome,
        to: Outcome,
    },
    /// A module was uploaded (`from` is `None`), changed its state, or got other parameters (`from` equals `to`).
    RuleChanged {
        rule_id: RuleId,
        from: Option<RuleState>,
        to: RuleState,
    },
    /// A module that was not in use was deleted.
    RuleDeleted {
        rule_id: RuleId,
    },
    /// A module started to fail.
    RuleFailed {
        rule_id: RuleId,
    },
    /// A module that failed works again.
    RuleRecovered {
        rule_id: RuleId,
    },
}

/// Who caused the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Actor {
    /// Not logged in.
    Anonymous,
    Account(AccountId, Role),
    /// The command line on the server.
    Operator,
    /// Corkboard itself, for example when a deadline passed.
    System,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEntry {
    pub at: Timestamp,
    pub actor: Actor,
    /// The address that the request came from, for the audit.
    pub address: Option<std::net::IpAddr>,
    pub event: Event,
}
