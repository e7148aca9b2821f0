//! Events in the change log. They hold only IDs, no text that a person wrote.

use jiff::civil::Date;
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
    /// A wrong password. `account_id` is set if the address has an account. `suppressed`: earlier failures that were not
    /// logged.
    LogInFailed {
        account_id: Option<AccountId>,
        /// Version 0.1 stored members with their names, and this one under another.
        #[serde(alias = "leftOut")]
        suppressed: u32,
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
    /// An admin downloaded a backup.
    BackupTaken,
    /// A scheduled backup failed for the first time that day. `last_success`: the day of the last good one. Days are those
    /// of the campus.
    BackupFailed {
        because: BackupFault,
        last_success: Option<Date>,
    },
    /// The board was restored from a backup. Earlier entries are the backup's.
    BackupRestored,
}

/// Why a scheduled backup failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BackupFault {
    DiskFull,
    /// The folder is missing, and cannot be created.
    NoFolder,
    NotAllowed,
    /// The disk reported another error.
    Disk,
    /// The file is not what was written to it.
    Damaged,
    /// The board's own data could not be read.
    Store,
    BucketUnreachable,
    /// Its service does not accept the keys, or they do not allow enough.
    BucketRefused,
    NoBucket,
    /// The bucket reported another error.
    Bucket,
}

impl BackupFault {
    /// A sentence for the log and the office.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::DiskFull => "The disk for backups is full.",
            Self::NoFolder => {
                "The folder for backups is missing. Its path may be wrong, or its disk is not mounted."
            }
            Self::NotAllowed => "Corkboard is not allowed to write to the folder for backups.",
            Self::Disk => "The disk for backups reported an error.",
            Self::Damaged => "The backup was damaged when it was read back.",
            Self::Store => "The board's data could not be read.",
            Self::BucketUnreachable => "The bucket for backups could not be reached.",
            Self::BucketRefused => {
                "The bucket for backups refused access. Its keys may be wrong or not allow enough."
            }
            Self::NoBucket => "The bucket for backups does not exist.",
            Self::Bucket => "The bucket for backups reported an error.",
        }
    }
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
