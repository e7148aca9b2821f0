//! Who is asking, once proven.

use super::{AccountId, Actor, EmployeeId, Role, SessionId, StudentId};

/// The records a signed-in person owns.
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
    /// Whether an employer's record is this party's to change: the owner's, and every admin's.
    pub fn may_manage(&self, owner: &EmployeeId) -> bool {
        match self {
            Self::Employer(own) => own == owner,
            Self::Admin => true,
            Self::Student(_) => false,
        }
    }
}
