//! What the rule looks at, and nothing more of what it is passed. Hours are hundredths of an hour, days are counted from
//! 1970-01-01, money is cents: so that nothing is rounded twice.

use alloc::string::String;
use alloc::vec::Vec;

/// Hundredths of an hour, credit or grade point.
pub type Hundredths = i64;
pub type Day = i32;

#[derive(Clone, Debug)]
pub struct Commitment {
    pub weekly_hours: Hundredths,
    pub rate_cents: u32,
    pub start: Day,
    pub end: Option<Day>,
    pub work_study: bool,
}

/// None is a fact that nobody has given.
#[derive(Clone, Debug, Default)]
pub struct Student {
    pub gpa: Option<Hundredths>,
    pub credits: Option<Hundredths>,
    pub graduate: bool,
    pub visa: Option<String>,
    pub award_cents: Option<u64>,
    pub graduation: Option<Day>,
    pub commitments: Vec<Commitment>,
}

#[derive(Clone, Debug, Default)]
pub struct Job {
    pub weekly_hours: Hundredths,
    pub rate_cents: u32,
    pub work_study: bool,
    pub posted: Day,
    pub start: Option<Day>,
    pub end: Option<Day>,
}

/// Both days included; a recess inside a term is recess.
#[derive(Clone, Copy, Debug)]
pub struct Period {
    pub recess: bool,
    pub start: Day,
    pub end: Day,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    #[default]
    English,
    Spanish,
}

impl Language {
    /// English for every language this rule does not speak.
    pub fn of(tag: &str) -> Self {
        if tag.starts_with("es") {
            Self::Spanish
        } else {
            Self::English
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Context {
    pub today: Day,
    pub calendar: Vec<Period>,
    pub language: Language,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Eligible,
    Review,
    Ineligible,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    pub code: &'static str,
    pub message: String,
    pub remedy: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub outcome: Outcome,
    pub reasons: Vec<Reason>,
}

/// Hundredths of what the contract passes as a fraction; nonsense becomes nothing or very much, never a negative.
pub fn hundredths(number: f32) -> Hundredths {
    (f64::from(number) * 100.0 + 0.5).max(0.0) as Hundredths
}
