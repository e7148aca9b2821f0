//! The rule itself: each question once, each finding with the numbers behind it.

use alloc::vec::Vec;

use crate::award;
use crate::facts::{Context, Day, Decimal, Job, Level, Outcome, Student, Verdict};
use crate::settings::Settings;
use crate::visa;
use crate::week::{self, Peaks};
use crate::words::{Fact, Finding, HoursRemedy, Week};

/// What was found, with how much it matters.
#[derive(Default)]
struct Findings(Vec<(Outcome, Finding)>);

impl Findings {
    /// What the office allows is no ground for a verdict.
    fn add(&mut self, outcome: Outcome, finding: Finding) {
        if outcome != Outcome::Eligible {
            self.0.push((outcome, finding));
        }
    }

    fn refuse(&mut self, finding: Finding) {
        self.add(Outcome::Ineligible, finding);
    }
}

pub fn check(student: &Student, job: &Job, context: &Context, settings: &Settings) -> Verdict {
    let mut found = Findings::default();
    let peaks = week::peaks(student, job, context, settings);
    let visa = student.visa.as_deref();
    let international =
        visa.is_some_and(|visa| settings.visas.iter().any(|one| visa::is_named(one, visa)));
    hours(job, &peaks, international, settings, &mut found);
    credits(student, &peaks, settings, &mut found);
    grades(student, settings, &mut found);
    graduation(student, job, context, settings, &mut found);
    pay(job, settings, &mut found);
    if job.work_study {
        work_study(student, job, context, international, settings, &mut found);
    }
    priority(student, job, context, settings, &mut found);
    if settings.needed.visa && visa.is_none() {
        found.add(settings.missing, Finding::Missing(Fact::Visa));
    }
    let Findings(mut found) = found;
    found.sort_by_key(|(outcome, _)| core::cmp::Reverse(*outcome));
    let worst = found.first().map(|(outcome, _)| *outcome);
    let reason =
        |(_, finding): &(Outcome, Finding)| finding.reason(context.language, &settings.currency);
    Verdict {
        outcome: worst.unwrap_or(Outcome::Eligible),
        reasons: found.iter().map(reason).collect(),
    }
}

/// The most hours of a kind of week, and what is allowed there.
#[derive(Clone, Copy)]
struct Limit {
    week: Week,
    hours: Decimal,
    cap: Decimal,
}

fn hours(job: &Job, peaks: &Peaks, international: bool, settings: &Settings, found: &mut Findings) {
    let bound = |cap: Decimal| (cap > 0).then_some(cap);
    let visa = bound(settings.visa_weekly_term).filter(|_| international);
    let term = bound(settings.weekly_term);
    // The stricter limit decides; of two that are equal, the law's.
    let (week, term) = match (visa, term) {
        (Some(visa), term) if term.is_none_or(|term| visa <= term) => {
            (Week::TermWithVisa, Some(visa))
        }
        _ => (Week::Term, term),
    };
    let limit = |week, hours: Option<Decimal>, cap: Option<Decimal>| {
        let (hours, cap) = (hours?, cap?);
        Some(Limit { week, hours, cap })
    };
    let limits = [
        limit(week, peaks.term, term),
        limit(Week::Break, peaks.recess, bound(settings.weekly_recess)),
    ];
    let limits = || limits.iter().flatten();
    if let Some(remedy) = fewer_hours(job.weekly_hours, limits) {
        for Limit { week, hours, cap } in limits().copied().filter(|one| one.hours > one.cap) {
            found.refuse(Finding::Hours {
                week,
                hours,
                cap,
                remedy,
            });
        }
    }
}

/// What makes the hours fit into every kind of week at once. None: they do.
fn fewer_hours<'a, I: Iterator<Item = &'a Limit>>(
    job: Decimal,
    limits: impl Fn() -> I,
) -> Option<HoursRemedy> {
    let excess = limits()
        .map(|one| one.hours - one.cap)
        .max()
        .filter(|excess| *excess > 0)?;
    let cap = limits().map(|one| one.cap).min()?;
    let room = job - excess;
    Some(match (room > 0, job <= cap) {
        (true, true) => HoursRemedy::AskOrReduce(room),
        (true, false) => HoursRemedy::Ask(room),
        (false, true) => HoursRemedy::Reduce(excess),
        (false, false) => HoursRemedy::AskAndLeave(cap),
    })
}

/// Credits count for work in term alone: in a break nobody is enrolled.
fn credits(student: &Student, peaks: &Peaks, settings: &Settings, found: &mut Findings) {
    if peaks.term.is_none() {
        return;
    }
    let (undergraduate, graduate) = (settings.credits, settings.graduate_credits);
    let (least, most) = match student.level.or(settings.unknown_level) {
        Some(Level::Undergraduate) => (undergraduate, undergraduate),
        Some(Level::Graduate) => (graduate, graduate),
        None => (undergraduate.min(graduate), undergraduate.max(graduate)),
    };
    match student.credits {
        Some(has) if has < least => found.refuse(Finding::Credits { least, has }),
        Some(has) if has < most => found.add(
            Outcome::Review,
            Finding::Level {
                undergraduate,
                graduate,
                has,
            },
        ),
        None if settings.needed.credits && most > 0 => {
            found.add(settings.missing, Finding::Missing(Fact::Credits))
        }
        _ => {}
    }
}

fn grades(student: &Student, settings: &Settings, found: &mut Findings) {
    let least = settings.gpa;
    match student.gpa {
        Some(has) if has < least => found.refuse(Finding::Gpa { least, has }),
        None if settings.needed.gpa => found.add(settings.missing, Finding::Missing(Fact::Gpa)),
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
        Some(day) if day < context.today => found.refuse(Finding::Graduated { day }),
        Some(day) if day < start => found.refuse(Finding::GraduatesBeforeStart { day, start }),
        Some(day) => {
            if let Some(end) = end.filter(|end| day < *end) {
                found.add(
                    settings.graduates_before_end,
                    Finding::GraduatesBeforeEnd { day, end },
                );
            }
        }
        None if settings.needed.graduation => {
            found.add(settings.missing, Finding::Missing(Fact::Graduation))
        }
        None => {}
    }
}

fn pay(job: &Job, settings: &Settings, found: &mut Findings) {
    let (least, cents) = (settings.pay_cents, u64::from(job.rate_cents));
    if cents < least {
        found.refuse(Finding::Pay { least, cents });
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
        return found.refuse(Finding::WorkStudyVisa);
    }
    let Some(left) = student.award_cents else {
        if settings.needed.award {
            found.add(settings.missing, Finding::Missing(Fact::Award));
        }
        return;
    };
    let today = context.today;
    let this = award::of_job(job, today);
    if !award::pays_a_day(left, &this) {
        return found.refuse(Finding::NoAwardLeft);
    }
    if this.is_free() {
        return;
    }
    let held = award::of_student(student, today);
    let all = held.clone().chain([this]);
    let Some(last) = award::last_day(left, all.clone(), today) else {
        return;
    };
    let weeks = settings.award_weeks;
    let promised = held
        .clone()
        .find(|one| one.start > today && !one.is_paid(last, weeks));
    if last < this.start {
        found.refuse(Finding::AwardGoneBefore {
            last,
            start: this.start,
        });
    } else if !this.is_paid(last, weeks) {
        found.refuse(Finding::AwardTooSmall { left, last, weeks });
    } else if let Some(other) = promised {
        found.refuse(Finding::AwardPromised { start: other.start });
    } else if all.clone().any(|one| one.outlasts(last)) {
        found.add(
            settings.award_runs_out,
            Finding::AwardRunsOut { left, last },
        );
    }
}

/// The last day on which work-study students come first.
fn priority_until(job: &Job, settings: &Settings) -> Option<Day> {
    if !job.on_campus && !settings.priority_off_campus {
        return None;
    }
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
    let known = student.award_cents.is_some();
    found.add(outcome, Finding::Priority { until, known });
}
