//! The rule itself: each question once, each finding with the numbers behind it.

use alloc::vec::Vec;

use crate::award::{self, Award};
use crate::facts::{Context, Day, Job, Outcome, Student, Verdict};
use crate::settings::Settings;
use crate::week::{self, Peaks};
use crate::words::{Fact, Finding};

/// What was found, with how much it matters.
type Findings = Vec<(Outcome, Finding)>;

pub fn check(student: &Student, job: &Job, context: &Context, settings: &Settings) -> Verdict {
    let mut found = Findings::new();
    let peaks = week::peaks(student, job, context, settings);
    let international = student
        .visa
        .as_deref()
        .is_some_and(|visa| settings.visas.iter().any(|one| same_visa(one, visa)));
    hours(job, &peaks, international, settings, &mut found);
    standing(student, &peaks, settings, &mut found);
    graduation(student, job, context, settings, &mut found);
    pay(job, settings, &mut found);
    if job.work_study {
        work_study(student, job, context, international, settings, &mut found);
    }
    priority(student, job, context, settings, &mut found);
    if settings.needed.visa && student.visa.is_none() {
        found.push((settings.missing, Finding::Missing(Fact::Visa)));
    }
    found.sort_by_key(|(outcome, _)| core::cmp::Reverse(*outcome));
    Verdict {
        outcome: found
            .first()
            .map_or(Outcome::Eligible, |(outcome, _)| *outcome),
        reasons: found
            .iter()
            .map(|(_, finding)| finding.reason(context.language, &settings.currency))
            .collect(),
    }
}

/// F-1, f1 and F 1 are the same visa.
fn same_visa(one: &str, other: &str) -> bool {
    letters(one).eq(letters(other))
}

fn letters(visa: &str) -> impl Iterator<Item = u8> + '_ {
    visa.bytes()
        .filter(u8::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_uppercase())
}

fn hours(job: &Job, peaks: &Peaks, international: bool, settings: &Settings, found: &mut Findings) {
    let over = |peak: Option<i64>, cap: i64| peak.filter(|hours| cap > 0 && *hours > cap);
    let visa_cap = if international {
        settings.visa_weekly_term
    } else {
        0
    };
    if let Some(hours) = over(peaks.term, visa_cap) {
        let of = Finding::VisaHours {
            cap: visa_cap,
            hours,
            job: job.weekly_hours,
        };
        found.push((Outcome::Ineligible, of));
    } else if let Some(hours) = over(peaks.term, settings.weekly_term) {
        let of = Finding::TermHours {
            cap: settings.weekly_term,
            hours,
            job: job.weekly_hours,
        };
        found.push((Outcome::Ineligible, of));
    }
    if let Some(hours) = over(peaks.recess, settings.weekly_recess) {
        let of = Finding::BreakHours {
            cap: settings.weekly_recess,
            hours,
            job: job.weekly_hours,
        };
        found.push((Outcome::Ineligible, of));
    }
}

/// Credits count for work in term alone: in a break nobody is enrolled.
fn standing(student: &Student, peaks: &Peaks, settings: &Settings, found: &mut Findings) {
    let least = if student.graduate {
        settings.graduate_credits
    } else {
        settings.credits
    };
    if peaks.term.is_some() && least > 0 {
        match student.credits {
            Some(has) if has < least => {
                found.push((Outcome::Ineligible, Finding::Credits { least, has }));
            }
            None if settings.needed.credits => {
                found.push((settings.missing, Finding::Missing(Fact::Credits)));
            }
            _ => {}
        }
    }
    match student.gpa {
        Some(has) if has < settings.gpa => {
            found.push((
                Outcome::Ineligible,
                Finding::Gpa {
                    least: settings.gpa,
                    has,
                },
            ));
        }
        None if settings.needed.gpa => {
            found.push((settings.missing, Finding::Missing(Fact::Gpa)));
        }
        _ => {}
    }
}

fn graduation(
    student: &Student,
    job: &Job,
    context: &Context,
    settings: &Settings,
    found: &mut Findings,
) {
    let (start, end) = week::span(job, context.today);
    match student.graduation {
        Some(day) if day < start => {
            found.push((
                Outcome::Ineligible,
                Finding::GraduatesBeforeStart { day, start },
            ));
        }
        Some(day) => {
            if let Some(end) = end.filter(|end| day < *end) {
                let of = Finding::GraduatesBeforeEnd { day, end };
                found.push((settings.graduates_before_end, of));
            }
        }
        None if settings.needed.graduation => {
            found.push((settings.missing, Finding::Missing(Fact::Graduation)));
        }
        None => {}
    }
}

fn pay(job: &Job, settings: &Settings, found: &mut Findings) {
    let cents = i64::from(job.rate_cents);
    if cents < settings.pay_cents {
        let of = Finding::Pay {
            least: settings.pay_cents,
            cents,
        };
        found.push((Outcome::Ineligible, of));
    }
}

fn work_study(
    student: &Student,
    job: &Job,
    context: &Context,
    international: bool,
    settings: &Settings,
    found: &mut Findings,
) {
    if international && !settings.award_for_visas {
        found.push((Outcome::Ineligible, Finding::WorkStudyVisa));
        return;
    }
    let Some(left) = student.award_cents else {
        if settings.needed.award {
            found.push((settings.missing, Finding::Missing(Fact::Award)));
        }
        return;
    };
    let (start, end) = week::span(job, context.today);
    let last = match award::award(student, job, left, start) {
        Award::UsedUp => {
            found.push((Outcome::Ineligible, Finding::AwardUsedUp));
            return;
        }
        Award::Lasts(None) => return,
        Award::Lasts(Some(last)) => last,
    };
    if end.is_some_and(|end| last >= end) {
        return;
    }
    let days = i64::from(last) - i64::from(start) + 1;
    if days < settings.award_weeks * 7 {
        let of = Finding::AwardTooSmall {
            left,
            last,
            weeks: settings.award_weeks,
        };
        found.push((Outcome::Ineligible, of));
    } else {
        found.push((
            settings.award_runs_out,
            Finding::AwardRunsOut { left, last },
        ));
    }
}

/// The last day on which work-study students come first.
fn priority_until(job: &Job, settings: &Settings) -> Option<Day> {
    let after_posting = (settings.priority_days > 0).then(|| {
        let days = Day::try_from(settings.priority_days).unwrap_or(Day::MAX);
        job.posted.saturating_add(days - 1)
    });
    settings.priority_until.max(after_posting)
}

fn priority(
    student: &Student,
    job: &Job,
    context: &Context,
    settings: &Settings,
    found: &mut Findings,
) {
    let Some(until) = priority_until(job, settings).filter(|until| context.today <= *until) else {
        return;
    };
    let outcome = match student.award_cents {
        Some(0) => Outcome::Ineligible,
        Some(_) => return,
        None if settings.unknown_award_is_none => Outcome::Ineligible,
        None => Outcome::Review,
    };
    found.push((outcome, Finding::Priority { until }));
}
