//! Accounts: who may log in, and the state of each account.

use serde::{Deserialize, Serialize};

use super::{AccountId, Email, EmployeeId, StudentId, Timestamp};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Student,
    Employer,
    Admin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccountStatus {
    /// The email address is not verified yet.
    Unverified,
    /// An employer that no admin has approved. May log in and post, but nothing of it is public.
    Pending,
    Active,
    Suspended,
    /// The person was erased. The row stays so that references to it keep working.
    Erased,
}

impl AccountStatus {
    pub fn name(self) -> &'static str {
        match self {
            Self::Unverified => "unverified",
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Erased => "erased",
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    pub account_id: AccountId,
    pub email: Email,
    pub role: Role,
    pub name: String,
    pub status: AccountStatus,
    /// The office does not review this employer's postings before they open.
    pub trusted: bool,
    /// Argon2id in PHC format. `None`: this account cannot log in with a password.
    pub password_hash: Option<String>,
    /// Set once the profile record exists. `role` says which kind it is.
    pub student_id: Option<StudentId>,
    pub employee_id: Option<EmployeeId>,
    /// A new address. It takes effect once it is verified.
    pub pending_email: Option<Email>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What one registration typed. It is kept with the link in its mail, so that another registration of the same address
/// cannot replace it, and so that an unverified registration changes no profile.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    pub role: Role,
    pub name: String,
    /// The hash of the password that must be given with the link.
    pub password_hash: String,
    pub profile: Registration,
}

/// The profile fields of a registration, by role.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Registration {
    Student(super::StudentProfile),
    Employer(super::EmployerProfile),
}
