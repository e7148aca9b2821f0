//! Students, and which of their facts come from the campus.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    AccountId, Email, FieldFault, Invalid, Line, Money, Patch, StudentId, Timestamp, check_list,
};

/// A fact about a student that the roster may set. Students cannot change facts from the roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fact {
    GraduationDate,
    EnrolledCredits,
    Gpa,
    Visa,
    WorkStudyRemaining,
}

impl Fact {
    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::GraduationDate => "graduationDate",
            Self::EnrolledCredits => "enrolledCredits",
            Self::Gpa => "gpa",
            Self::Visa => "visa",
            Self::WorkStudyRemaining => "workStudyRemaining",
        }
    }
}

/// Where a person's campus number comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NumberFrom {
    /// Typed at registration, or generated.
    #[default]
    Person,
    Office,
    /// Generated, because the number that the person typed belongs to somebody else.
    Cleared,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Student {
    pub student_id: StudentId,
    #[serde(default)]
    pub number: NumberFrom,
    pub name: String,
    pub email: Email,
    pub graduation_date: Option<Date>,
    pub skills: Vec<String>,
    pub summary: Option<String>,
    pub enrolled_credits: Option<f64>,
    pub gpa: Option<f64>,
    pub visa: Option<String>,
    pub work_study_remaining: Option<Money>,
    pub preferences: Preferences,
    /// The facts that a roster import set.
    pub roster: Vec<Fact>,
    /// The account that claimed this record. `None` for an imported student who has not registered.
    pub account_id: Option<AccountId>,
    pub updated_at: Timestamp,
}

/// How a student wants to get mail.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Preferences {
    /// One of config.toml's `campus.languages`. `None`: the first of them.
    pub language: Option<String>,
}

/// What students may say about themselves, at registration and later. A roster row has the same fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct StudentProfile {
    pub student_id: Option<StudentId>,
    #[serde(deserialize_with = "super::time::date")]
    pub graduation_date: Option<Date>,
    pub skills: Vec<String>,
    pub summary: Option<String>,
    pub enrolled_credits: Option<f64>,
    pub gpa: Option<f64>,
    pub visa: Option<String>,
    pub work_study_remaining: Option<Money>,
    pub preferences: Preferences,
}

/// A merge patch over a student's profile.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct StudentPatch {
    pub student_id: Patch<StudentId>,
    #[serde(deserialize_with = "super::time::date_patch")]
    pub graduation_date: Patch<Date>,
    pub skills: Patch<Vec<String>>,
    pub summary: Patch<String>,
    pub enrolled_credits: Patch<f64>,
    pub gpa: Patch<f64>,
    pub visa: Patch<String>,
    pub work_study_remaining: Patch<Money>,
    pub preferences: Patch<PreferencesPatch>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PreferencesPatch {
    pub language: Patch<String>,
}

/// Most skills of a student or a job, and the most characters of each (src/http/README.md).
const MAX_SKILLS: usize = 50;
const MAX_SKILL_CHARS: usize = 80;
const MAX_SUMMARY_CHARS: usize = 5_000;
const MAX_VISA_CHARS: usize = 20;
const MAX_LANGUAGE_CHARS: usize = 20;
/// Above the credits of any term, and above almost any GPA scale.
const MAX_CREDITS: i32 = 60;
const MAX_GPA: i32 = 10;

impl StudentPatch {
    /// The whole profile after the change. Trims and checks only values that are set, since kept values were checked
    /// before.
    pub fn over(self, current: StudentProfile) -> Result<StudentProfile, Invalid> {
        let mut invalid = Invalid::default();
        let preferences = match self.preferences {
            Patch::Keep => current.preferences,
            Patch::Clear => Preferences::default(),
            Patch::Set(patch) => Preferences {
                language: invalid.optional(
                    "preferences.language",
                    patch.language.check_text(Line::Single, MAX_LANGUAGE_CHARS),
                    current.preferences.language,
                ),
            },
        };
        let profile = StudentProfile {
            student_id: self.student_id.over(current.student_id),
            graduation_date: self.graduation_date.over(current.graduation_date),
            skills: invalid
                .optional(
                    "skills",
                    self.skills.check(check_skills),
                    Some(current.skills),
                )
                .unwrap_or_default(),
            summary: invalid.optional(
                "summary",
                self.summary.check_text(Line::Many, MAX_SUMMARY_CHARS),
                current.summary,
            ),
            enrolled_credits: invalid.optional(
                "enrolledCredits",
                self.enrolled_credits.check(up_to(MAX_CREDITS)),
                current.enrolled_credits,
            ),
            gpa: invalid.optional("gpa", self.gpa.check(up_to(MAX_GPA)), current.gpa),
            visa: invalid.optional(
                "visa",
                self.visa.check_text(Line::Single, MAX_VISA_CHARS),
                current.visa,
            ),
            work_study_remaining: invalid.optional(
                "workStudyRemaining",
                self.work_study_remaining.check(check_award),
                current.work_study_remaining,
            ),
            preferences,
        };
        invalid.into_result().map(|()| profile)
    }
}

/// A whole profile sets every member.
impl From<StudentProfile> for StudentPatch {
    fn from(profile: StudentProfile) -> Self {
        Self {
            student_id: profile.student_id.into(),
            graduation_date: profile.graduation_date.into(),
            skills: Patch::Set(profile.skills),
            summary: profile.summary.into(),
            enrolled_credits: profile.enrolled_credits.into(),
            gpa: profile.gpa.into(),
            visa: profile.visa.into(),
            work_study_remaining: profile.work_study_remaining.into(),
            preferences: Patch::Set(PreferencesPatch {
                language: profile.preferences.language.into(),
            }),
        }
    }
}

impl StudentProfile {
    /// Trims and checks all fields.
    pub fn validate(self) -> Result<Self, Invalid> {
        StudentPatch::from(self).over(Self::default())
    }
}

/// Checks the names of skills that a student has or a job asks for.
pub(super) fn check_skills(names: Vec<String>) -> Result<Vec<String>, FieldFault> {
    check_list(&names, MAX_SKILLS, MAX_SKILL_CHARS)
}

fn up_to(max: i32) -> impl FnOnce(f64) -> Result<f64, FieldFault> {
    move |value| {
        let max_value = f64::from(max);
        let is_within = (0.0..=max_value).contains(&value);
        is_within.then_some(value).ok_or(FieldFault::OutOfRange {
            min: 0,
            max: max.into(),
        })
    }
}

fn check_award(award: Money) -> Result<Money, FieldFault> {
    if award.cents() < 0 {
        return Err(FieldFault::Negative);
    }
    Ok(award)
}

impl Student {
    /// A student of whom only the name and the email address are known.
    pub fn new(
        student_id: StudentId,
        number: NumberFrom,
        name: String,
        email: Email,
        now: Timestamp,
    ) -> Self {
        Self {
            student_id,
            number,
            name,
            email,
            graduation_date: None,
            skills: Vec::new(),
            summary: None,
            enrolled_credits: None,
            gpa: None,
            visa: None,
            work_study_remaining: None,
            preferences: Preferences::default(),
            roster: Vec::new(),
            account_id: None,
            updated_at: now,
        }
    }

    /// Whether a fact comes from the roster, so that the student may not change it.
    pub fn is_roster(&self, fact: Fact) -> bool {
        self.roster.contains(&fact)
    }

    /// The part of this record that PATCH /me shows and changes.
    pub fn profile(&self) -> StudentProfile {
        StudentProfile {
            student_id: Some(self.student_id.clone()),
            graduation_date: self.graduation_date,
            skills: self.skills.clone(),
            summary: self.summary.clone(),
            enrolled_credits: self.enrolled_credits,
            gpa: self.gpa,
            visa: self.visa.clone(),
            work_study_remaining: self.work_study_remaining,
            preferences: self.preferences.clone(),
        }
    }

    /// The roster facts that a profile would change, which is not allowed.
    pub fn roster_facts_changed_by(&self, profile: &StudentProfile) -> Vec<Fact> {
        let changes = [
            (
                Fact::GraduationDate,
                self.graduation_date != profile.graduation_date,
            ),
            (
                Fact::EnrolledCredits,
                self.enrolled_credits != profile.enrolled_credits,
            ),
            (Fact::Gpa, self.gpa != profile.gpa),
            (Fact::Visa, self.visa != profile.visa),
            (
                Fact::WorkStudyRemaining,
                self.work_study_remaining != profile.work_study_remaining,
            ),
        ];
        changes
            .into_iter()
            .filter(|(fact, changed)| *changed && self.is_roster(*fact))
            .map(|(fact, _)| fact)
            .collect()
    }

    /// Takes over a valid profile. The campus number and the roster's facts stay.
    pub fn apply(&mut self, profile: StudentProfile) {
        let StudentProfile {
            student_id: _,
            graduation_date,
            skills,
            summary,
            enrolled_credits,
            gpa,
            visa,
            work_study_remaining,
            preferences,
        } = profile;
        self.skills = skills;
        self.summary = summary;
        self.preferences = preferences;
        if !self.is_roster(Fact::GraduationDate) {
            self.graduation_date = graduation_date;
        }
        if !self.is_roster(Fact::EnrolledCredits) {
            self.enrolled_credits = enrolled_credits;
        }
        if !self.is_roster(Fact::Gpa) {
            self.gpa = gpa;
        }
        if !self.is_roster(Fact::Visa) {
            self.visa = visa;
        }
        if !self.is_roster(Fact::WorkStudyRemaining) {
            self.work_study_remaining = work_study_remaining;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_has_the_name_of_its_member() {
        use Fact as F;
        for fact in [
            F::GraduationDate,
            F::EnrolledCredits,
            F::Gpa,
            F::Visa,
            F::WorkStudyRemaining,
        ] {
            assert_eq!(serde_json::to_value(fact).unwrap(), fact.name());
        }
    }

    #[test]
    fn a_kept_value_is_not_checked_again() {
        let current = StudentProfile {
            visa: Some("v".repeat(MAX_VISA_CHARS + 1)),
            gpa: Some(99.0),
            summary: Some("Night owl".into()),
            ..StudentProfile::default()
        };
        let patch = StudentPatch {
            summary: Patch::Set("\u{200b}".into()),
            skills: Patch::Set(vec![" R ".into()]),
            ..StudentPatch::default()
        };
        let wanted = StudentProfile {
            summary: None,
            skills: vec!["R".into()],
            ..current.clone()
        };
        assert_eq!(patch.over(current.clone()), Ok(wanted));

        let sent_back = StudentPatch::from(current.clone()).over(current.clone());
        let fields: Vec<String> = sent_back
            .unwrap_err()
            .0
            .into_iter()
            .map(|error| error.field)
            .collect();
        assert_eq!(fields, ["gpa", "visa"]);
    }
}
