//! Employers: campus departments and local companies.

use serde::{Deserialize, Serialize};

use super::{AccountId, Email, EmployeeId, Invalid, Line, NumberFrom, Patch, Timestamp};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Setting {
    #[default]
    OnCampus,
    OffCampus,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Employer {
    pub employee_id: EmployeeId,
    #[serde(default)]
    pub number: NumberFrom,
    pub name: String,
    pub email: Email,
    pub designation: Option<String>,
    pub work_space: Option<String>,
    pub setting: Setting,
    /// The account that claimed this record. `None` for an imported employer that has not registered.
    pub account_id: Option<AccountId>,
    pub updated_at: Timestamp,
    /// The office's file has this workplace. Otherwise the employer typed it.
    #[serde(default)]
    pub work_space_by_office: bool,
}

/// What employers may say about themselves, at registration and later.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct EmployerProfile {
    pub employee_id: Option<EmployeeId>,
    pub designation: Option<String>,
    pub work_space: Option<String>,
    pub setting: Option<Setting>,
}

/// A merge patch over an employer's profile.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct EmployerPatch {
    pub employee_id: Patch<EmployeeId>,
    pub designation: Patch<String>,
    pub work_space: Patch<String>,
    pub setting: Patch<Setting>,
}

/// Longest name of a person, title or workplace, in characters.
const MAX_NAME_CHARS: usize = 200;

impl EmployerPatch {
    /// The whole profile after the change. Trims and checks only values that are set, since kept values were checked
    /// before.
    pub fn over(self, current: EmployerProfile) -> Result<EmployerProfile, Invalid> {
        let mut invalid = Invalid::default();
        let profile = EmployerProfile {
            employee_id: self.employee_id.over(current.employee_id),
            designation: invalid.optional(
                "designation",
                self.designation.check_text(Line::Single, MAX_NAME_CHARS),
                current.designation,
            ),
            work_space: invalid.optional(
                "workSpace",
                self.work_space.check_text(Line::Single, MAX_NAME_CHARS),
                current.work_space,
            ),
            setting: self.setting.over(current.setting),
        };
        invalid.into_result().map(|()| profile)
    }
}

/// A whole profile sets every member.
impl From<EmployerProfile> for EmployerPatch {
    fn from(profile: EmployerProfile) -> Self {
        Self {
            employee_id: profile.employee_id.into(),
            designation: profile.designation.into(),
            work_space: profile.work_space.into(),
            setting: profile.setting.into(),
        }
    }
}

impl EmployerProfile {
    /// Trims and checks all fields.
    pub fn validate(self) -> Result<Self, Invalid> {
        EmployerPatch::from(self).over(Self::default())
    }
}

impl Employer {
    /// An employer of whom only the name and the email address are known.
    pub fn new(
        employee_id: EmployeeId,
        number: NumberFrom,
        name: String,
        email: Email,
        now: Timestamp,
    ) -> Self {
        Self {
            employee_id,
            number,
            name,
            email,
            designation: None,
            work_space: None,
            setting: Setting::default(),
            account_id: None,
            updated_at: now,
            work_space_by_office: false,
        }
    }

    /// Sets the workplace that the employer typed.
    pub fn set_own_work_space(&mut self, work_space: Option<String>) {
        self.work_space_by_office &= self.work_space == work_space;
        self.work_space = work_space;
    }

    /// The part of this record that PATCH /me shows and changes.
    pub fn profile(&self) -> EmployerProfile {
        EmployerProfile {
            employee_id: Some(self.employee_id.clone()),
            designation: self.designation.clone(),
            work_space: self.work_space.clone(),
            setting: Some(self.setting),
        }
    }
}
