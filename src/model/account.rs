//! Who may sign in, and in what standing.

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
    /// The mailbox is not proven yet.
    Unverified,
    /// An employer whom no admin has approved: may sign in and post, but the public sees nothing of it.
    Pending,
    Active,
    Suspended,
    /// The person is gone; the row keeps references whole.
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
    /// An employer's postings open without an admin's look.
    pub trusted: bool,
    /// Argon2id in PHC form. `None`: nobody can sign in with a password.
    pub password_hash: Option<String>,
    /// Set once the profile record exists; of the kind that `role` says.
    pub student_id: Option<StudentId>,
    pub employee_id: Option<EmployeeId>,
    /// A new address that counts once it is verified.
    pub pending_email: Option<Email>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What one registration typed. The link that its mail carries keeps it, so that nobody else's registration of the same
/// address can take its place, and an unproven claim changes no profile.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    pub role: Role,
    pub name: String,
    /// Of the password that opens the link.
    pub password_hash: String,
    pub profile: Registration,
}

/// The profile members of a registration; of the kind that its role says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Registration {
    Student(super::StudentProfile),
    Employer(super::EmployerProfile),
}
