//! The most hours a week a student would work during a job, in term and in breaks.

use crate::facts::{Context, Day, Decimal, Job, Period, Student};
use crate::settings::Settings;

/// None: the job has no day of that kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peaks {
    pub term: Option<Decimal>,
    pub recess: Option<Decimal>,
}

/// When a student would work: from the job's start, or from today if it is running, to its end, if it has one.
pub fn span(job: &Job, today: Day) -> (Day, Option<Day>) {
    let start = job.start.map_or(today, |start| start.max(today));
    (start, job.end.map(|end| end.max(start)))
}

/// Hours rise only where a job starts and a day's kind changes only where a period starts or has ended, so the highest
/// week begins on one of those days or on the first.
pub fn peaks(student: &Student, job: &Job, context: &Context, settings: &Settings) -> Peaks {
    let (start, end) = span(job, context.today);
    let mut peaks = Peaks::default();
    let mut look = |day: Day| {
        if day < start || end.is_some_and(|end| day > end) {
            return;
        }
        let hours = job.weekly_hours + held(student, day);
        let peak = if is_recess(&context.calendar, day, settings.outside_is_recess) {
            &mut peaks.recess
        } else {
            &mut peaks.term
        };
        *peak = Some(peak.map_or(hours, |most| most.max(hours)));
    };
    look(start);
    for commitment in &student.commitments {
        look(commitment.start);
    }
    for period in &context.calendar {
        look(period.start);
        look(period.end.saturating_add(1));
    }
    peaks
}

/// What the student works that week elsewhere.
fn held(student: &Student, day: Day) -> Decimal {
    student
        .commitments
        .iter()
        .filter(|one| one.start <= day && one.end.is_none_or(|end| day <= end))
        .map(|one| one.weekly_hours)
        .sum()
}

fn is_recess(calendar: &[Period], day: Day, outside: bool) -> bool {
    let mut covered = false;
    for period in calendar {
        if period.start <= day && day <= period.end {
            if period.recess {
                return true;
            }
            covered = true;
        }
    }
    !covered && outside
}
