//! Employers: departments of the campus, and firms in town.

use serde::{Deserialize, Serialize};

use super::{AccountId, Email, EmployeeId, Invalid, Line, NumberFrom, Timestamp, check_text};

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
    /// The account that claimed this record; none for an imported employer who has not registered.
    pub account_id: Option<AccountId>,
    pub updated_at: Timestamp,
}

/// What an employer may say of himself, at registration and later.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct EmployerProfile {
    pub employee_id: Option<EmployeeId>,
    pub designation: Option<String>,
    pub work_space: Option<String>,
    pub setting: Option<Setting>,
}

/// Longest name of a person, title or workplace, in characters.
const MAX_NAME_CHARS: usize = 200;

impl EmployerProfile {
    /// Trims and checks every member.
    pub fn validate(mut self) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        for (field, value) in [
            ("designation", &mut self.designation),
            ("workSpace", &mut self.work_space),
        ] {
            if let Some(text) = value.take() {
                let checked = check_text(&text, Line::Single, 0, MAX_NAME_CHARS);
                *value = invalid
                    .field(field, checked)
                    .filter(|text| !text.is_empty());
            }
        }
        invalid.into_result().map(|()| self)
    }
}
