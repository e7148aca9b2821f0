//! The identity of a logged-in caller.

use super::{AccountId, Actor, EmployeeId, Role, SessionId, StudentId};

/// The records a logged-in person owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Party {
    Student(StudentId),
    Employer(EmployeeId),
    Admin,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub account_id: AccountId,
    pub session_id: SessionId,
    pub party: Party,
}

impl Identity {
    pub fn role(&self) -> Role {
        match self.party {
            Party::Student(_) => Role::Student,
            Party::Employer(_) => Role::Employer,
            Party::Admin => Role::Admin,
        }
    }

    pub fn actor(&self) -> Actor {
        Actor::Account(self.account_id, self.role())
    }
}

impl Party {
    /// Whether this party may change an employer's records: the owner and admins may.
    pub fn may_manage(&self, owner: &EmployeeId) -> bool {
        match self {
            Self::Employer(own) => own == owner,
            Self::Admin => true,
            Self::Student(_) => false,
        }
    }
}
