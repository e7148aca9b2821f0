//! The module around the rule: the contract's records in, verdicts out.

#![cfg(target_arch = "wasm32")]
#![no_std]

extern crate alloc;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use campus_eligibility as facts;
use facts::{NAME, SCHEMA, SUMMARY, Setting, Settings, VERSION};

wit_bindgen::generate!({ path: "../../wit/v1", world: "eligibility" });

use campus::rules::types as wire;
use exports::campus::rules::eligibility_check::{Guest, Verdict};

#[global_allocator]
static MEMORY: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn panicked(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

struct Rule;

export!(Rule);

impl Guest for Rule {
    fn describe() -> wire::Description {
        wire::Description {
            name: NAME.to_string(),
            version: VERSION.to_string(),
            summary: SUMMARY.to_string(),
            parameter_schema: SCHEMA.to_string(),
        }
    }

    fn check(
        ctx: wire::Context,
        students: Vec<wire::Student>,
        jobs: Vec<wire::Job>,
        pairs: Vec<(u32, u32)>,
    ) -> Result<Vec<Verdict>, String> {
        let settings = Settings::of(ctx.parameters.into_iter().map(setting))?;
        let context = facts::Context {
            today: ctx.today,
            calendar: ctx.calendar.into_iter().map(period).collect(),
            language: facts::Language::of(&ctx.language),
        };
        let students: Vec<_> = students.into_iter().map(student).collect();
        let jobs: Vec<_> = jobs.iter().map(job).collect();
        let judge = |(student, job): (u32, u32)| {
            let student = students
                .get(student as usize)
                .ok_or("a pair names no student")?;
            let job = jobs.get(job as usize).ok_or("a pair names no job")?;
            Ok(verdict(facts::check(student, job, &context, &settings)))
        };
        pairs.into_iter().map(judge).collect()
    }
}

fn setting(attribute: wire::Attribute) -> (String, Setting) {
    let value = match attribute.value {
        wire::Value::Text(text) => Setting::Text(text),
        wire::Value::Number(number) => Setting::Number(number),
        wire::Value::Flag(flag) => Setting::Flag(flag),
        wire::Value::Day(day) => Setting::Day(day),
        wire::Value::Texts(texts) => Setting::Texts(texts),
    };
    (attribute.name, value)
}

fn period(period: wire::Period) -> facts::Period {
    facts::Period {
        recess: period.kind == wire::PeriodKind::Recess,
        start: period.start,
        end: period.end,
    }
}

fn student(student: wire::Student) -> facts::Student {
    let level = student.attributes.iter().find(|one| one.name == "level");
    facts::Student {
        gpa: student.gpa.map(facts::decimal),
        credits: student.enrolled_credits.map(facts::decimal),
        level: level.and_then(|one| match &one.value {
            wire::Value::Text(name) => facts::Level::of(name),
            _ => None,
        }),
        visa: student.visa,
        award_cents: student.work_study_remaining_cents,
        graduation: student.graduation,
        commitments: student.commitments.into_iter().map(commitment).collect(),
    }
}

fn commitment(one: wire::Commitment) -> facts::Commitment {
    facts::Commitment {
        weekly_hours: facts::decimal(one.weekly_hours),
        rate_cents: one.hourly_rate_cents,
        start: one.start,
        end: one.end,
        work_study: one.work_study,
    }
}

fn job(job: &wire::Job) -> facts::Job {
    facts::Job {
        weekly_hours: facts::decimal(job.weekly_hours),
        rate_cents: job.hourly_rate_cents,
        work_study: job.work_study,
        on_campus: job.on_campus,
        posted: job.posted,
        start: job.start,
        end: job.end,
    }
}

fn verdict(verdict: facts::Verdict) -> Verdict {
    let reason = |one: facts::Reason| wire::Reason {
        code: one.code.to_string(),
        message: one.message,
        remedy: one.remedy,
    };
    let reasons = verdict.reasons.into_iter().map(reason).collect();
    match verdict.outcome {
        facts::Outcome::Eligible => Verdict::Eligible,
        facts::Outcome::Review => Verdict::Review(reasons),
        facts::Outcome::Ineligible => Verdict::Ineligible(reasons),
    }
}
