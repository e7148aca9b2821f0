//! Students, and which of their facts the campus vouches for.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    AccountId, Email, FieldFault, Invalid, Line, Money, StudentId, Timestamp, check_list,
    check_text,
};

/// A fact about a student that the roster may set. What the roster has set, the student cannot change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fact {
    GraduationDate,
    EnrolledCredits,
    Gpa,
    Visa,
    WorkStudyRemaining,
}

/// Where a person's campus number comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NumberFrom {
    /// Typed at registration, or made here.
    #[default]
    Person,
    Office,
    /// Made here in place of one that the person typed, since it is another's.
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
    /// The facts that a roster import has set.
    pub roster: Vec<Fact>,
    /// The account that claimed this record; none for an imported student who has not registered.
    pub account_id: Option<AccountId>,
    pub updated_at: Timestamp,
}

/// What mail a student wants; read by the notifications to come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Preferences {
    /// A language of config.toml's `campus.languages`; none: the first of them.
    pub language: Option<String>,
}

/// What a student may say of himself, at registration and later; a roster row has the same members.
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

/// Most skills of a student or a job, and the longest of them in characters (src/http/README.md).
pub(super) const MAX_SKILLS: usize = 50;
pub(super) const MAX_SKILL_CHARS: usize = 80;
const MAX_SUMMARY_CHARS: usize = 5_000;
const MAX_VISA_CHARS: usize = 20;
/// A term has far fewer credits, a GPA scale rarely ends above 10.
const MAX_CREDITS: i32 = 60;
const MAX_GPA: i32 = 10;

impl StudentProfile {
    /// Trims and checks every member.
    pub fn validate(mut self) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        let skills = check_list(&self.skills, MAX_SKILLS, MAX_SKILL_CHARS);
        self.skills = invalid.field("skills", skills).unwrap_or_default();
        for (field, value, line, most) in [
            ("summary", &mut self.summary, Line::Many, MAX_SUMMARY_CHARS),
            ("visa", &mut self.visa, Line::Single, MAX_VISA_CHARS),
            (
                "preferences.language",
                &mut self.preferences.language,
                Line::Single,
                MAX_VISA_CHARS,
            ),
        ] {
            if let Some(text) = value.take() {
                *value = invalid
                    .field(field, check_text(&text, line, 0, most))
                    .filter(|text| !text.is_empty());
            }
        }
        for (field, value, most) in [
            ("enrolledCredits", self.enrolled_credits, MAX_CREDITS),
            ("gpa", self.gpa, MAX_GPA),
        ] {
            if value.is_some_and(|value| !(0.0..=f64::from(most)).contains(&value)) {
                let max = most.into();
                invalid.add(field, FieldFault::OutOfRange { min: 0, max });
            }
        }
        if self
            .work_study_remaining
            .is_some_and(|award| award.cents() < 0)
        {
            invalid.add("workStudyRemaining", FieldFault::Negative);
        }
        invalid.into_result().map(|()| self)
    }
}

impl Student {
    /// Whether the campus vouches for a fact, so that the student may not change it.
    pub fn is_roster(&self, fact: Fact) -> bool {
        self.roster.contains(&fact)
    }

    /// The part of this record that the student wrote or may write, as PATCH /me sees it.
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

    /// The roster facts that a profile would change: what a student must not do.
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

    /// Takes a valid profile over; the campus number and the roster's facts stay as they are.
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
