//! What the office can set. `parameters.json` describes the same settings to the office's form; a test holds the two
//! together.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::facts::{Day, Hundredths, Outcome};

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
    pub weekly_term: Hundredths,
    pub weekly_recess: Hundredths,
    pub visa_weekly_term: Hundredths,
    pub visas: Vec<String>,
    pub outside_is_recess: bool,
    pub credits: Hundredths,
    pub graduate_credits: Hundredths,
    pub gpa: Hundredths,
    pub pay_cents: i64,
    pub currency: String,
    pub award_weeks: i64,
    pub award_runs_out: Outcome,
    pub award_for_visas: bool,
    pub graduates_before_end: Outcome,
    pub priority_until: Option<Day>,
    pub priority_days: i64,
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
            weekly_term: 2_000,
            weekly_recess: 4_000,
            visa_weekly_term: 2_000,
            visas: Vec::from(["F-1".to_string(), "J-1".to_string()]),
            outside_is_recess: false,
            credits: 600,
            graduate_credits: 300,
            gpa: 200,
            pay_cents: 725,
            currency: "$".to_string(),
            award_weeks: 2,
            award_runs_out: Outcome::Eligible,
            award_for_visas: false,
            graduates_before_end: Outcome::Eligible,
            priority_until: None,
            priority_days: 0,
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
            "weeklyHoursInTerm" => self.weekly_term = hundredths(value)?,
            "weeklyHoursInBreaks" => self.weekly_recess = hundredths(value)?,
            "internationalWeeklyHoursInTerm" => self.visa_weekly_term = hundredths(value)?,
            "internationalVisas" => self.visas = texts(value)?,
            "daysOutsideTheCalendar" => {
                self.outside_is_recess = match text(value)?.as_str() {
                    "term" => false,
                    "break" => true,
                    _ => return Err("term or break"),
                }
            }
            "minimumCredits" => self.credits = hundredths(value)?,
            "minimumCreditsForGraduates" => self.graduate_credits = hundredths(value)?,
            "minimumGpa" => self.gpa = hundredths(value)?,
            "minimumHourlyPay" => self.pay_cents = hundredths(value)?,
            "currency" => self.currency = text(value)?,
            "awardMustLastWeeks" => self.award_weeks = hundredths(value)? / 100,
            "whenTheAwardRunsOutEarly" => self.award_runs_out = outcome(value)?,
            "workStudyForInternationalStudents" => self.award_for_visas = flag(value)?,
            "whenGraduatingBeforeTheEnd" => self.graduates_before_end = outcome(value)?,
            "workStudyFirstUntil" => self.priority_until = Some(day(value)?),
            "workStudyFirstDays" => self.priority_days = hundredths(value)? / 100,
            "unknownAwardCountsAsNone" => self.unknown_award_is_none = flag(value)?,
            "neededFacts" => self.needed = needed(&texts(value)?)?,
            "whenAFactIsMissing" => self.missing = outcome(value)?,
            _ => {}
        }
        Ok(())
    }
}

fn hundredths(value: Setting) -> Result<Hundredths, &'static str> {
    match value {
        Setting::Number(number) if (0.0..=1_000_000.0).contains(&number) => {
            Ok((number * 100.0 + 0.5) as Hundredths)
        }
        _ => Err("a number, zero or more"),
    }
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
