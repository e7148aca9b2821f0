//! A rule author's test cases: input and expected answers in readable JSON, and how the actual answers differ.

use std::fmt;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::{
    Context, Delivery, Event, Fault, Host, Job, Kind, Module, Outcome, Period, Recipient, Student,
    Verdict, parameters,
};
use crate::model::Parameters;

/// Members that contain a date, written as 2026-10-01.
const DAYS: [&str; 5] = ["today", "posted", "start", "end", "graduation"];
/// The size of the timed batch, which shows what one student costs in a batch.
const BATCH: u32 = 256;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    today: i32,
    language: String,
    calendar: Vec<Period>,
    parameters: Parameters,
    cases: Vec<Case>,
}

impl Default for File {
    fn default() -> Self {
        Self {
            today: 0,
            language: "en".into(),
            calendar: Vec::new(),
            parameters: Parameters::new(),
            cases: Vec::new(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Case {
    name: String,
    student: Student,
    job: Job,
    event: Event,
    recipient: Recipient,
    parameters: Option<Parameters>,
    expect: Expected,
}

/// Only the given members are compared.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Expected {
    outcome: Option<Outcome>,
    /// The codes of all reasons, in order.
    codes: Option<Vec<String>>,
    /// Each must be the start of the message at its position.
    messages: Option<Vec<String>>,
    /// now, digest or suppress.
    delivery: Option<String>,
}

#[derive(Clone, Debug)]
pub struct CaseReport {
    pub name: String,
    /// Empty if the case passed, otherwise one line per difference.
    pub differences: Vec<String>,
    pub took: Duration,
    /// Instructions counted by wasmtime. `None` unless the host counts.
    pub fuel: Option<u64>,
}

#[derive(Clone, Debug)]
pub struct Report {
    pub cases: Vec<CaseReport>,
    /// The time per student or recipient in a batch, or a fault if the batch is too much for one call.
    pub each: Result<Duration, Fault>,
}

impl Report {
    pub fn passed(&self) -> bool {
        self.each.is_ok() && self.cases.iter().all(|case| case.differences.is_empty())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for case in &self.cases {
            let mark = if case.differences.is_empty() {
                "ok  "
            } else {
                "FAIL"
            };
            write!(f, "{mark} {} ({} µs", case.name, case.took.as_micros())?;
            match case.fuel {
                Some(fuel) => writeln!(f, ", {fuel} instructions)")?,
                None => writeln!(f, ")")?,
            }
            for line in &case.differences {
                writeln!(f, "       {line}")?;
            }
        }
        let failed = self
            .cases
            .iter()
            .filter(|case| !case.differences.is_empty())
            .count();
        let all = self.cases.len();
        write!(f, "{} of {all} cases passed; ", all - failed)?;
        match &self.each {
            Ok(each) => {
                let each = each.as_nanos() as f64 / 1000.0;
                write!(f, "{each:.1} µs each in a batch")
            }
            Err(fault) => write!(f, "failed in a batch of {BATCH}: {fault}"),
        }
    }
}

impl Host {
    /// Runs test cases against a module. Fails with `Refused` if the file cannot be read as cases.
    pub fn run_cases(&self, bytes: &[u8], cases: &str) -> Result<Report, Fault> {
        let inspected = self.inspect(bytes)?;
        let module = self.module(inspected.digest, bytes)?;
        let file = read(cases)
            .and_then(|file| meant_for(module.kind(), &file).map(|()| file))
            .map_err(|why| Fault::Refused(format!("cannot read the cases: {why}")))?;
        let mut reports = Vec::with_capacity(file.cases.len());
        let mut each = Ok(Duration::ZERO);
        for (place, case) in file.cases.iter().enumerate() {
            let name = case.called(place);
            let written = case.parameters.as_ref().unwrap_or(&file.parameters);
            let parameters = inspected
                .parameter_schema
                .read(written)
                .map_err(|fault| Fault::Refused(format!("{name}: {fault}")))?;
            let context = Context {
                now_unix_seconds: i64::from(file.today) * 86_400,
                today: file.today,
                calendar: file.calendar.clone(),
                language: file.language.clone(),
                parameters,
            };
            let spent = self.fuel_spent();
            let started = Instant::now();
            let got = ask(&module, &context, case, 1);
            let took = started.elapsed();
            let fuel = spent
                .zip(self.fuel_spent())
                .map(|(before, after)| after - before);
            reports.push(CaseReport {
                name,
                differences: case.expect.differences(&got),
                took,
                fuel,
            });
            if got.is_ok() {
                let started = Instant::now();
                let many = ask(&module, &context, case, BATCH);
                let took = started.elapsed() / BATCH;
                each = each.and_then(|slowest| many.map(|_| slowest.max(took)));
            }
        }
        Ok(Report {
            cases: reports,
            each,
        })
    }
}

enum Got {
    Verdict(Verdict),
    Delivery(Delivery),
}

/// The first answer for a batch of equal students or recipients.
fn ask(module: &Module, context: &Context, case: &Case, times: u32) -> Result<Got, Fault> {
    let none = || Fault::WrongAnswer("it gave no answer".into());
    match module.kind() {
        Kind::Eligibility => {
            let pairs: Vec<_> = (0..times).map(|student| (student, 0)).collect();
            let students = vec![case.student.clone(); times as usize];
            let job = std::slice::from_ref(&case.job);
            let verdicts = module.check(context, &students, job, &pairs)?;
            verdicts
                .into_iter()
                .next()
                .map(Got::Verdict)
                .ok_or_else(none)
        }
        Kind::Notification => {
            let recipients = vec![case.recipient.clone(); times as usize];
            let deliveries = module.route(context, &case.event, &recipients)?;
            deliveries
                .into_iter()
                .next()
                .map(Got::Delivery)
                .ok_or_else(none)
        }
    }
}

impl Case {
    fn called(&self, place: usize) -> String {
        if self.name.is_empty() {
            format!("case {}", place + 1)
        } else {
            self.name.clone()
        }
    }
}

/// Refuses a case that compares nothing that this module answers, since it would always pass.
fn meant_for(kind: Kind, file: &File) -> Result<(), String> {
    for (place, case) in file.cases.iter().enumerate() {
        let Expected {
            outcome,
            codes,
            messages,
            delivery,
        } = &case.expect;
        let verdict = outcome.is_some() || codes.is_some() || messages.is_some();
        let wrong = match (kind, verdict, delivery) {
            (_, false, None) => "nothing; write the expected answer",
            (Kind::Eligibility, _, Some(_)) => "a delivery, but this rule gives verdicts",
            (Kind::Notification, true, _) => "a verdict, but this rule decides about mail",
            _ => continue,
        };
        return Err(format!("{} expects {wrong}", case.called(place)));
    }
    Ok(())
}

impl Expected {
    fn differences(&self, got: &Result<Got, Fault>) -> Vec<String> {
        match got {
            Err(fault @ Fault::Trapped(_)) => vec![
                fault.to_string(),
                "An answer with the wrong shape and an uncaught error also count as a crash."
                    .into(),
            ],
            Err(fault) => vec![fault.to_string()],
            Ok(Got::Verdict(verdict)) => self.against(verdict),
            Ok(Got::Delivery(delivery)) => {
                let (word, why) = match delivery {
                    Delivery::Now => ("now", ""),
                    Delivery::Digest => ("digest", ""),
                    Delivery::Suppress(why) => ("suppress", why.as_str()),
                };
                let expected = self
                    .delivery
                    .as_deref()
                    .filter(|expected| *expected != word);
                expected
                    .map(|expected| {
                        format!("expected {expected}, got {word} {why}")
                            .trim_end()
                            .to_owned()
                    })
                    .into_iter()
                    .collect()
            }
        }
    }

    fn against(&self, verdict: &Verdict) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(outcome) = self.outcome.filter(|outcome| *outcome != verdict.outcome) {
            lines.push(format!(
                "expected {}, got {}",
                word(outcome),
                word(verdict.outcome)
            ));
        }
        let codes: Vec<_> = verdict
            .reasons
            .iter()
            .map(|reason| reason.code.clone())
            .collect();
        if let Some(expected) = self.codes.as_ref().filter(|expected| **expected != codes) {
            lines.push(format!("expected the reasons {expected:?}, got {codes:?}"));
        }
        for (place, expected) in self.messages.iter().flatten().enumerate() {
            let message = verdict
                .reasons
                .get(place)
                .map(|reason| reason.message.as_str());
            if !message.is_some_and(|message| message.starts_with(expected.as_str())) {
                lines.push(format!("expected the message {expected:?}"));
                lines.push(format!(
                    "             but got {:?}",
                    message.unwrap_or_default()
                ));
            }
        }
        if !lines.is_empty() {
            let reasons = verdict.reasons.iter();
            lines.extend(
                reasons.map(|reason| format!("it answered {}: {}", reason.code, reason.message)),
            );
        }
        lines
    }
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Eligible => "eligible",
        Outcome::Review => "review",
        Outcome::Ineligible => "ineligible",
    }
}

fn read(text: &str) -> Result<File, String> {
    let mut json: Json = serde_json::from_str(text).map_err(|error| error.to_string())?;
    plain(&mut json)?;
    let file: File = serde_path_to_error::deserialize(json).map_err(|error| error.to_string())?;
    if file.cases.is_empty() {
        return Err("there are no cases in it".into());
    }
    Ok(file)
}

/// Converts dates and attributes from their readable form to the contract's.
fn plain(json: &mut Json) -> Result<(), String> {
    match json {
        Json::Array(list) => list.iter_mut().try_for_each(plain),
        Json::Object(object) => object
            .iter_mut()
            .try_for_each(|(name, member)| match member {
                Json::String(text) if DAYS.contains(&name.as_str()) => {
                    let day = parameters::day(text)
                        .ok_or_else(|| format!("{name}: {text} is not a date, as in 2026-10-01"))?;
                    *member = day.into();
                    Ok(())
                }
                Json::Object(named) if name == "attributes" => {
                    *member = attributes(named)?;
                    Ok(())
                }
                // Parameters are read by the schema, unchanged.
                _ if name == "parameters" => Ok(()),
                _ => plain(member),
            }),
        _ => Ok(()),
    }
}

fn attributes(named: &Map<String, Json>) -> Result<Json, String> {
    let attribute = |(name, value): (&String, &Json)| {
        let kind = match value {
            Json::String(text) => match parameters::day(text) {
                Some(day) => return Ok(json!({ "name": name, "value": { "day": day } })),
                None => "text",
            },
            Json::Number(_) => "number",
            Json::Bool(_) => "flag",
            Json::Array(_) => "texts",
            _ => {
                return Err(format!(
                    "the attribute {name} must be a text, a number, a flag or a list"
                ));
            }
        };
        Ok(json!({ "name": name, "value": { kind: value } }))
    };
    named
        .iter()
        .map(attribute)
        .collect::<Result<Vec<_>, _>>()
        .map(Json::Array)
}
