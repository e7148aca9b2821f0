//! The input and output of rules as the board's own types. They do not depend on a version of the contract: each
//! version has its own small conversion.

use serde::{Deserialize, Serialize};

/// Days since 1970-01-01 in the campus's time zone.
pub type Day = i32;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Value {
    Text(String),
    Number(f64),
    Flag(bool),
    Day(Day),
    Texts(Vec<String>),
}

/// A fact or a parameter without a field of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attribute {
    pub name: String,
    pub value: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PeriodKind {
    Term,
    Recess,
}

/// A period of the academic calendar, including its first and last day. A recess inside a term counts as recess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    pub kind: PeriodKind,
    pub start: Day,
    pub end: Day,
}

/// A job that the student has or has agreed to take. `None` as the end: no end date.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Commitment {
    pub weekly_hours: f32,
    pub hourly_rate_cents: u32,
    pub start: Day,
    pub end: Option<Day>,
    pub work_study: bool,
}

/// Never a name or an address: `id` is generated for the call. `None` is a fact that nobody has given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Student {
    pub id: String,
    pub gpa: Option<f32>,
    pub enrolled_credits: Option<f32>,
    pub visa: Option<String>,
    pub work_study_remaining_cents: Option<u64>,
    pub graduation: Option<Day>,
    pub skills: Vec<String>,
    pub commitments: Vec<Commitment>,
    pub attributes: Vec<Attribute>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Job {
    pub id: String,
    pub title: String,
    pub weekly_hours: f32,
    pub hourly_rate_cents: u32,
    pub work_study: bool,
    pub on_campus: bool,
    pub posted: Day,
    pub start: Option<Day>,
    pub end: Option<Day>,
    pub skills: Vec<String>,
    pub attributes: Vec<Attribute>,
}

/// What is the same for the whole call. `now_unix_seconds` is a rule's only clock. `language` is the reader's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Context {
    pub now_unix_seconds: i64,
    pub today: Day,
    pub calendar: Vec<Period>,
    pub language: String,
    pub parameters: Vec<Attribute>,
}

/// `code` is stable, `message` is for the student and includes the numbers, `remedy` says how to fix it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub code: String,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// From least to most strict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Eligible,
    /// Somebody in the office decides.
    Review,
    Ineligible,
}

/// Ineligible and review have at least one reason. In version 1 of the contract, eligible has none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    pub outcome: Outcome,
    #[serde(default)]
    pub reasons: Vec<Reason>,
}

impl Verdict {
    pub const ELIGIBLE: Self = Self {
        outcome: Outcome::Eligible,
        reasons: Vec::new(),
    };
}

/// What happened, for a notification rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Event {
    pub kind: String,
    pub occurred_unix_seconds: i64,
    pub job: Option<Job>,
    pub attributes: Vec<Attribute>,
}

/// A person who may be notified. `sent_last_day` counts mails in the last 24 hours.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Recipient {
    pub id: String,
    pub role: String,
    pub local_hour: u8,
    pub sent_last_day: u32,
    pub matched: Vec<String>,
    pub muted_kinds: Vec<String>,
    pub digest_preferred: bool,
    pub attributes: Vec<Attribute>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "delivery", content = "why")]
pub enum Delivery {
    Now,
    Digest,
    Suppress(String),
}

/// Which of the two questions a module answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Eligibility,
    Notification,
}

/// A module's description of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    pub name: String,
    pub version: String,
    pub summary: String,
    /// JSON Schema of an object, as text.
    pub parameter_schema: String,
}
