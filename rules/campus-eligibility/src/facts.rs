//! What the rule looks at, and nothing more of what it is passed. Days are counted from 1970-01-01, money is cents, and
//! hours, credits and grade points are whole numbers too: so that tenths add up and nothing is rounded twice.

use alloc::string::String;
use alloc::vec::Vec;

/// Hours, credits or grade points, in hundred-thousandths. The contract's f32 holds five places of any number below 128.
pub type Decimal = i64;
pub const ONE: Decimal = 100_000;
pub type Day = i32;

#[derive(Clone, Debug)]
pub struct Commitment {
    pub weekly_hours: Decimal,
    pub rate_cents: u32,
    pub start: Day,
    pub end: Option<Day>,
    pub work_study: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Undergraduate,
    Graduate,
}

impl Level {
    /// None for a level this rule does not know.
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "undergraduate" => Some(Self::Undergraduate),
            "graduate" => Some(Self::Graduate),
            _ => None,
        }
    }
}

/// None is a fact that nobody has given.
#[derive(Clone, Debug, Default)]
pub struct Student {
    pub gpa: Option<Decimal>,
    pub credits: Option<Decimal>,
    pub level: Option<Level>,
    pub visa: Option<String>,
    pub award_cents: Option<u64>,
    pub graduation: Option<Day>,
    pub commitments: Vec<Commitment>,
}

#[derive(Clone, Debug, Default)]
pub struct Job {
    pub weekly_hours: Decimal,
    pub rate_cents: u32,
    pub work_study: bool,
    pub on_campus: bool,
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
        let language = tag.split(['-', '_']).next().unwrap_or_default();
        if language.eq_ignore_ascii_case("es") {
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

/// Far more than any sum of hours, and far from overflow.
const MOST: f64 = 1e15;

/// What the contract passes as a fraction, as it was typed: 12.1 is 12.1. Nonsense becomes nothing or very much, never a
/// negative.
pub fn decimal(number: f32) -> Decimal {
    (f64::from(number) * ONE as f64 + 0.5).clamp(0.0, MOST) as Decimal
}
