//! The rule by examples, as an office would tell them, and by properties over made-up students.

mod award;
mod hours;
mod properties;
mod record;
mod settings;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::check;
use crate::facts::{
    Commitment, Context, Day, Job, Language, ONE, Outcome, Period, Student, Verdict, decimal,
};
use crate::settings::Settings;

/// Monday of the first week of term.
const TERM: Day = 20_690;
const BREAK: Day = TERM + 100;

fn campus() -> Context {
    let period = |recess, start, end| Period { recess, start, end };
    Context {
        today: TERM,
        calendar: Vec::from([
            period(false, TERM, TERM + 120),
            period(true, BREAK, BREAK + 9),
            period(true, TERM + 121, TERM + 150),
        ]),
        language: Language::English,
    }
}

fn job(hours: i64) -> Job {
    Job {
        weekly_hours: hours * ONE,
        rate_cents: 1_500,
        on_campus: true,
        posted: TERM,
        start: Some(TERM),
        end: Some(TERM + 90),
        ..Job::default()
    }
}

fn only_in_break(hours: i64) -> Job {
    Job {
        start: Some(BREAK),
        end: Some(BREAK + 9),
        ..job(hours)
    }
}

fn holds(hours: i64) -> Commitment {
    Commitment {
        weekly_hours: hours * ONE,
        rate_cents: 1_500,
        start: TERM - 30,
        end: Some(TERM + 120),
        work_study: false,
    }
}

fn with(hours: i64) -> Student {
    with_all([holds(hours)])
}

fn with_all<const MANY: usize>(commitments: [Commitment; MANY]) -> Student {
    Student {
        commitments: Vec::from(commitments),
        ..Student::default()
    }
}

fn with_visa(visa: &str, student: Student) -> Student {
    Student {
        visa: Some(visa.to_string()),
        ..student
    }
}

fn ask(student: &Student, job: &Job, settings: &Settings) -> Verdict {
    check(student, job, &campus(), settings)
}

fn outcome(student: &Student, job: &Job, settings: &Settings) -> Outcome {
    ask(student, job, settings).outcome
}

fn codes(verdict: &Verdict) -> Vec<&'static str> {
    verdict.reasons.iter().map(|reason| reason.code).collect()
}

/// Ineligible for this and nothing else; answers the sentence and the remedy.
fn refusal(student: &Student, job: &Job, settings: &Settings, code: &str) -> (String, String) {
    only(&ask(student, job, settings), Outcome::Ineligible, code)
}

fn only(verdict: &Verdict, outcome: Outcome, code: &str) -> (String, String) {
    assert_eq!(verdict.outcome, outcome, "{verdict:?}");
    assert_eq!(codes(verdict), [code]);
    let reason = verdict.reasons[0].clone();
    (reason.message, reason.remedy.unwrap())
}

fn in_spanish(student: &Student, job: &Job, settings: &Settings) -> Vec<(String, String)> {
    let spanish = Context {
        language: Language::Spanish,
        ..campus()
    };
    let verdict = check(student, job, &spanish, settings);
    let told = verdict.reasons.into_iter();
    told.map(|reason| (reason.message, reason.remedy.unwrap()))
        .collect()
}
