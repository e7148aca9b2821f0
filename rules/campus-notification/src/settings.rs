//! What the office can set; `parameters.json` describes the same to the office's form, and a test holds the two together.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// JSON Schema of the settings.
pub const SCHEMA: &str = include_str!("parameters.json");

/// A setting as it is passed.
#[derive(Clone, Debug, PartialEq)]
pub enum Setting {
    Number(f64),
    Flag(bool),
    Texts(Vec<String>),
    /// Of a kind that no setting of this rule has.
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub mails_a_day: u32,
    pub quiet_from: u8,
    pub quiet_until: u8,
    pub skill_match: bool,
    pub new_job_kinds: Vec<String>,
    pub urgent_kinds: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        let texts = |all: &[&str]| all.iter().map(ToString::to_string).collect();
        Self {
            mails_a_day: 3,
            quiet_from: 22,
            quiet_until: 7,
            skill_match: true,
            new_job_kinds: texts(&["job_posted", "job_match"]),
            urgent_kinds: texts(&[
                "application_status",
                "application_received",
                "application_filed",
            ]),
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
            "mailsADay" => self.mails_a_day = whole(value, 1_000)?,
            "quietFrom" => self.quiet_from = whole(value, 23)? as u8,
            "quietUntil" => self.quiet_until = whole(value, 23)? as u8,
            "skillMatch" => self.skill_match = flag(value)?,
            "newJobKinds" => self.new_job_kinds = texts(value)?,
            "urgentKinds" => self.urgent_kinds = texts(value)?,
            _ => {}
        }
        Ok(())
    }
}

fn whole(value: Setting, most: u32) -> Result<u32, &'static str> {
    match value {
        Setting::Number(number) if (0.0..=f64::from(most)).contains(&number) => Ok(number as u32),
        _ => Err("a whole number within its bounds"),
    }
}

fn flag(value: Setting) -> Result<bool, &'static str> {
    match value {
        Setting::Flag(flag) => Ok(flag),
        _ => Err("true or false"),
    }
}

fn texts(value: Setting) -> Result<Vec<String>, &'static str> {
    match value {
        Setting::Texts(texts) => Ok(texts),
        _ => Err("a list of texts"),
    }
}
