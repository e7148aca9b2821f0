//! What the office can set. `parameters.json` describes the same settings to the office's form; a test holds the two
//! together.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::facts::{Day, Decimal, Level, ONE, Outcome};

/// JSON Schema of the settings.
pub const SCHEMA: &str = include_str!("parameters.json");

/// A setting as it is passed.
#[derive(Clone, Debug, PartialEq)]
pub enum Setting {
    Text(String),
    Number(f64),
    Flag(bool),
    Day(Day),
    Texts(Vec<String>),
}

/// A bound of zero is no bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub weekly_term: Decimal,
    pub weekly_recess: Decimal,
    pub visa_weekly_term: Decimal,
    pub visas: Vec<String>,
    pub outside_is_recess: bool,
    pub credits: Decimal,
    pub graduate_credits: Decimal,
    /// None: the office looks where it makes a difference.
    pub unknown_level: Option<Level>,
    pub gpa: Decimal,
    pub pay_cents: u64,
    pub currency: String,
    pub award_weeks: i64,
    pub award_runs_out: Outcome,
    pub award_for_visas: bool,
    pub graduates_before_end: Outcome,
    pub priority_until: Option<Day>,
    pub priority_days: i64,
    pub priority_off_campus: bool,
    pub unknown_award_is_none: bool,
    pub needed: Needed,
    pub missing: Outcome,
}

/// Facts that must be known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needed {
    pub gpa: bool,
    pub credits: bool,
    pub visa: bool,
    pub award: bool,
    pub graduation: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            weekly_term: 20 * ONE,
            weekly_recess: 40 * ONE,
            visa_weekly_term: 20 * ONE,
            visas: Vec::from(["F-1".to_string(), "J-1".to_string()]),
            outside_is_recess: false,
            credits: 6 * ONE,
            graduate_credits: 3 * ONE,
            unknown_level: Some(Level::Undergraduate),
            gpa: 2 * ONE,
            pay_cents: 725,
            currency: "$".to_string(),
            award_weeks: 2,
            award_runs_out: Outcome::Eligible,
            award_for_visas: false,
            graduates_before_end: Outcome::Eligible,
            priority_until: None,
            priority_days: 0,
            priority_off_campus: false,
            unknown_award_is_none: true,
            needed: Needed::default(),
            missing: Outcome::Review,
        }
    }
}

impl Settings {
    /// Settings that are not given keep their default; those this rule does not know are left alone.
    pub fn of(given: impl IntoIterator<Item = (String, Setting)>) -> Result<Self, String> {
        let mut settings = Self::default();
        for (name, value) in given {
            settings
                .set(&name, value)
                .map_err(|wanted| format!("{name} must be {wanted}"))?;
        }
        Ok(settings)
    }

    fn set(&mut self, name: &str, value: Setting) -> Result<(), &'static str> {
        match name {
            "weeklyHoursInTerm" => self.weekly_term = decimal(value)?,
            "weeklyHoursInBreaks" => self.weekly_recess = decimal(value)?,
            "internationalWeeklyHoursInTerm" => self.visa_weekly_term = decimal(value)?,
            "internationalVisas" => self.visas = texts(value)?,
            "daysOutsideTheCalendar" => {
                self.outside_is_recess = match text(value)?.as_str() {
                    "term" => false,
                    "break" => true,
                    _ => return Err("term or break"),
                }
            }
            "minimumCredits" => self.credits = decimal(value)?,
            "minimumCreditsForGraduates" => self.graduate_credits = decimal(value)?,
            "levelWhenUnknown" => self.unknown_level = level(value)?,
            "minimumGpa" => self.gpa = decimal(value)?,
            "minimumHourlyPay" => self.pay_cents = cents(value)?,
            "currency" => self.currency = text(value)?,
            "awardMustLastWeeks" => self.award_weeks = whole(value)?,
            "whenTheAwardRunsOutEarly" => self.award_runs_out = outcome(value)?,
            "workStudyForInternationalStudents" => self.award_for_visas = flag(value)?,
            "whenGraduatingBeforeTheEnd" => self.graduates_before_end = outcome(value)?,
            "workStudyFirstUntil" => self.priority_until = Some(day(value)?),
            "workStudyFirstDays" => self.priority_days = whole(value)?,
            "workStudyFirstOffCampus" => self.priority_off_campus = flag(value)?,
            "unknownAwardCountsAsNone" => self.unknown_award_is_none = flag(value)?,
            "neededFacts" => self.needed = needed(&texts(value)?)?,
            "whenAFactIsMissing" => self.missing = outcome(value)?,
            _ => {}
        }
        Ok(())
    }
}

/// So many of a number, rounded: hundredths of a dollar are cents.
fn parts(value: &Setting, of_one: i64) -> Result<i64, &'static str> {
    match value {
        Setting::Number(number) if (0.0..=1_000_000.0).contains(number) => {
            Ok((number * of_one as f64 + 0.5) as i64)
        }
        _ => Err("a number, zero or more"),
    }
}

fn decimal(value: Setting) -> Result<Decimal, &'static str> {
    parts(&value, ONE)
}

fn cents(value: Setting) -> Result<u64, &'static str> {
    parts(&value, 100).map(i64::unsigned_abs)
}

fn whole(value: Setting) -> Result<i64, &'static str> {
    parts(&value, 1)
}

fn text(value: Setting) -> Result<String, &'static str> {
    match value {
        Setting::Text(text) => Ok(text),
        _ => Err("a text"),
    }
}

fn texts(value: Setting) -> Result<Vec<String>, &'static str> {
    match value {
        Setting::Texts(texts) => Ok(texts),
        _ => Err("a list of texts"),
    }
}

fn flag(value: Setting) -> Result<bool, &'static str> {
    match value {
        Setting::Flag(flag) => Ok(flag),
        _ => Err("true or false"),
    }
}

fn day(value: Setting) -> Result<Day, &'static str> {
    match value {
        Setting::Day(day) => Ok(day),
        _ => Err("a date"),
    }
}

fn outcome(value: Setting) -> Result<Outcome, &'static str> {
    match text(value)?.as_str() {
        "allow" => Ok(Outcome::Eligible),
        "review" => Ok(Outcome::Review),
        "refuse" => Ok(Outcome::Ineligible),
        _ => Err("allow, review or refuse"),
    }
}

fn level(value: Setting) -> Result<Option<Level>, &'static str> {
    match text(value)?.as_str() {
        "review" => Ok(None),
        name => Level::of(name)
            .map(Some)
            .ok_or("undergraduate, graduate or review"),
    }
}

fn needed(names: &[String]) -> Result<Needed, &'static str> {
    let mut needed = Needed::default();
    for name in names {
        match name.as_str() {
            "gpa" => needed.gpa = true,
            "credits" => needed.credits = true,
            "visa" => needed.visa = true,
            "workStudyAward" => needed.award = true,
            "graduation" => needed.graduation = true,
            _ => return Err("a list of gpa, credits, visa, workStudyAward, graduation"),
        }
    }
    Ok(needed)
}
