//! The contract campus:rules@1.0.0: converts between its records and the board's own types. Another version gets its
//! own file.

use wasmtime::Store;
use wasmtime::component::InstancePre;

use self::eligibility::campus::rules::types as wire;
use self::eligibility::exports::campus::rules::eligibility_check as eligible;
use self::notification::exports::campus::rules::notification_route as route;
use super::call::Guard;
use super::{
    Attribute, Commitment, Context, Delivery, Description, Event, Job, Kind, Outcome, Period,
    PeriodKind, Reason, Recipient, Student, Value, Verdict,
};

mod eligibility {
    wasmtime::component::bindgen!({ path: "rules/wit/v1", world: "eligibility" });
}

mod notification {
    wasmtime::component::bindgen!({
        path: "rules/wit/v1",
        world: "notification",
        with: { "campus:rules/types@1.0.0": super::eligibility::campus::rules::types },
    });
}

/// The only thing a module may import: the contract's types.
pub const TYPES: &str = "campus:rules/types@1.0.0";

/// The export that determines a module's kind, without its version.
pub const EXPORTS: [(&str, Kind); 2] = [
    ("campus:rules/eligibility-check", Kind::Eligibility),
    ("campus:rules/notification-route", Kind::Notification),
];

pub const VERSION: &str = "1.0.0";

/// A linked module that can be instantiated.
pub enum Guest {
    Eligibility(eligibility::EligibilityPre<Guard>),
    Notification(notification::NotificationPre<Guard>),
}

type Answer<T> = Result<Vec<T>, String>;

impl Guest {
    pub fn new(kind: Kind, pre: InstancePre<Guard>) -> wasmtime::Result<Self> {
        Ok(match kind {
            Kind::Eligibility => Self::Eligibility(eligibility::EligibilityPre::new(pre)?),
            Kind::Notification => Self::Notification(notification::NotificationPre::new(pre)?),
        })
    }

    pub fn describe(&self, store: &mut Store<Guard>) -> wasmtime::Result<Description> {
        let description = match self {
            Self::Eligibility(pre) => pre
                .instantiate(&mut *store)?
                .campus_rules_eligibility_check()
                .call_describe(store)?,
            Self::Notification(pre) => pre
                .instantiate(&mut *store)?
                .campus_rules_notification_route()
                .call_describe(store)?,
        };
        Ok(Description {
            name: description.name,
            version: description.version,
            summary: description.summary,
            parameter_schema: description.parameter_schema,
        })
    }

    /// `None`: this module answers the other question.
    pub fn check(
        &self,
        store: &mut Store<Guard>,
        context: &Context,
        students: &[&Student],
        jobs: &[&Job],
        pairs: &[(u32, u32)],
    ) -> wasmtime::Result<Option<Answer<Verdict>>> {
        let Self::Eligibility(pre) = self else {
            return Ok(None);
        };
        let students: Vec<_> = students.iter().map(|one| student(one)).collect();
        let jobs: Vec<_> = jobs.iter().map(|one| job(one)).collect();
        let answer = pre
            .instantiate(&mut *store)?
            .campus_rules_eligibility_check()
            .call_check(store, &self::context(context), &students, &jobs, pairs)?;
        Ok(Some(
            answer.map(|all| all.into_iter().map(verdict).collect()),
        ))
    }

    /// `None`: this module answers the other question.
    pub fn route(
        &self,
        store: &mut Store<Guard>,
        context: &Context,
        event: &Event,
        recipients: &[Recipient],
    ) -> wasmtime::Result<Option<Answer<Delivery>>> {
        let Self::Notification(pre) = self else {
            return Ok(None);
        };
        let recipients: Vec<_> = recipients.iter().map(recipient).collect();
        let answer = pre
            .instantiate(&mut *store)?
            .campus_rules_notification_route()
            .call_route(
                store,
                &self::context(context),
                &self::event(event),
                &recipients,
            )?;
        Ok(Some(
            answer.map(|all| all.into_iter().map(delivery).collect()),
        ))
    }
}

fn value(value: &Value) -> wire::Value {
    match value {
        Value::Text(text) => wire::Value::Text(text.clone()),
        Value::Number(number) => wire::Value::Number(*number),
        Value::Flag(flag) => wire::Value::Flag(*flag),
        Value::Day(day) => wire::Value::Day(*day),
        Value::Texts(texts) => wire::Value::Texts(texts.clone()),
    }
}

fn attributes(attributes: &[Attribute]) -> Vec<wire::Attribute> {
    let wired = |one: &Attribute| wire::Attribute {
        name: one.name.clone(),
        value: value(&one.value),
    };
    attributes.iter().map(wired).collect()
}

fn period(period: &Period) -> wire::Period {
    wire::Period {
        kind: match period.kind {
            PeriodKind::Term => wire::PeriodKind::Term,
            PeriodKind::Recess => wire::PeriodKind::Recess,
        },
        start: period.start,
        end: period.end,
    }
}

fn context(context: &Context) -> wire::Context {
    wire::Context {
        now_unix_seconds: context.now_unix_seconds,
        today: context.today,
        calendar: context.calendar.iter().map(period).collect(),
        language: context.language.clone(),
        parameters: attributes(&context.parameters),
    }
}

fn commitment(one: &Commitment) -> wire::Commitment {
    wire::Commitment {
        weekly_hours: one.weekly_hours,
        hourly_rate_cents: one.hourly_rate_cents,
        start: one.start,
        end: one.end,
        work_study: one.work_study,
    }
}

fn student(one: &Student) -> wire::Student {
    wire::Student {
        id: one.id.clone(),
        gpa: one.gpa,
        enrolled_credits: one.enrolled_credits,
        visa: one.visa.clone(),
        work_study_remaining_cents: one.work_study_remaining_cents,
        graduation: one.graduation,
        skills: one.skills.clone(),
        commitments: one.commitments.iter().map(commitment).collect(),
        attributes: attributes(&one.attributes),
    }
}

fn job(one: &Job) -> wire::Job {
    wire::Job {
        id: one.id.clone(),
        title: one.title.clone(),
        weekly_hours: one.weekly_hours,
        hourly_rate_cents: one.hourly_rate_cents,
        work_study: one.work_study,
        on_campus: one.on_campus,
        posted: one.posted,
        start: one.start,
        end: one.end,
        skills: one.skills.clone(),
        attributes: attributes(&one.attributes),
    }
}

fn event(one: &Event) -> route::Event {
    route::Event {
        kind: one.kind.clone(),
        occurred_unix_seconds: one.occurred_unix_seconds,
        job: one.job.as_ref().map(job),
        attributes: attributes(&one.attributes),
    }
}

fn recipient(one: &Recipient) -> route::Recipient {
    route::Recipient {
        id: one.id.clone(),
        role: one.role.clone(),
        local_hour: one.local_hour,
        sent_last_day: one.sent_last_day,
        matched: one.matched.clone(),
        muted_kinds: one.muted_kinds.clone(),
        digest_preferred: one.digest_preferred,
        attributes: attributes(&one.attributes),
    }
}

fn reasons(reasons: Vec<wire::Reason>) -> Vec<Reason> {
    let plain = |one: wire::Reason| Reason {
        code: one.code,
        message: one.message,
        remedy: one.remedy,
    };
    reasons.into_iter().map(plain).collect()
}

fn verdict(verdict: eligible::Verdict) -> Verdict {
    let (outcome, given) = match verdict {
        eligible::Verdict::Eligible => (Outcome::Eligible, Vec::new()),
        eligible::Verdict::Ineligible(given) => (Outcome::Ineligible, given),
        eligible::Verdict::Review(given) => (Outcome::Review, given),
    };
    Verdict {
        outcome,
        reasons: reasons(given),
    }
}

fn delivery(delivery: route::Delivery) -> Delivery {
    match delivery {
        route::Delivery::Now => Delivery::Now,
        route::Delivery::Digest => Delivery::Digest,
        route::Delivery::Suppress(why) => Delivery::Suppress(why),
    }
}
