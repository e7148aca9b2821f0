//! Converts the board's types into the built-in rules' own, as the modules' wrappers do from the contract's.

use campus_eligibility as rule;
use corkboard::rules::{
    Attribute, Commitment, Context, Job, Outcome, Period, PeriodKind, Reason, Student, Value,
    Verdict,
};

pub fn settings(attributes: &[Attribute]) -> Vec<(String, rule::Setting)> {
    let setting = |one: &Attribute| {
        let value = match &one.value {
            Value::Text(text) => rule::Setting::Text(text.clone()),
            Value::Number(number) => rule::Setting::Number(*number),
            Value::Flag(flag) => rule::Setting::Flag(*flag),
            Value::Day(day) => rule::Setting::Day(*day),
            Value::Texts(texts) => rule::Setting::Texts(texts.clone()),
        };
        (one.name.clone(), value)
    };
    attributes.iter().map(setting).collect()
}

pub fn context(context: &Context) -> rule::Context {
    let period = |one: &Period| rule::Period {
        recess: one.kind == PeriodKind::Recess,
        start: one.start,
        end: one.end,
    };
    rule::Context {
        today: context.today,
        calendar: context.calendar.iter().map(period).collect(),
        language: rule::Language::of(&context.language),
    }
}

pub fn student(one: &Student) -> rule::Student {
    let level = one.attributes.iter().find(|one| one.name == "level");
    let commitment = |one: &Commitment| rule::Commitment {
        weekly_hours: rule::decimal(one.weekly_hours),
        rate_cents: one.hourly_rate_cents,
        start: one.start,
        end: one.end,
        work_study: one.work_study,
    };
    rule::Student {
        gpa: one.gpa.map(rule::decimal),
        credits: one.enrolled_credits.map(rule::decimal),
        level: level.and_then(|one| match &one.value {
            Value::Text(name) => rule::Level::of(name),
            _ => None,
        }),
        visa: one.visa.clone(),
        award_cents: one.work_study_remaining_cents,
        graduation: one.graduation,
        commitments: one.commitments.iter().map(commitment).collect(),
    }
}

pub fn job(one: &Job) -> rule::Job {
    rule::Job {
        weekly_hours: rule::decimal(one.weekly_hours),
        rate_cents: one.hourly_rate_cents,
        work_study: one.work_study,
        on_campus: one.on_campus,
        posted: one.posted,
        start: one.start,
        end: one.end,
    }
}

pub fn verdict(verdict: rule::Verdict) -> Verdict {
    let reason = |one: rule::Reason| Reason {
        code: one.code.into(),
        message: one.message,
        remedy: one.remedy,
    };
    let outcome = match verdict.outcome {
        rule::Outcome::Eligible => Outcome::Eligible,
        rule::Outcome::Review => Outcome::Review,
        rule::Outcome::Ineligible => Outcome::Ineligible,
    };
    Verdict {
        outcome,
        reasons: verdict.reasons.into_iter().map(reason).collect(),
    }
}
