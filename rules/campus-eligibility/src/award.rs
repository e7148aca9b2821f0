//! How long a work-study award lasts: what is left, divided by what a week costs.

use crate::facts::{Day, Job, Student};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Award {
    UsedUp,
    /// The last day it pays for, counted from the first; None when it never runs out, since the work costs nothing.
    Lasts(Option<Day>),
}

/// `start` is the student's first day. Other work-study jobs that run on that day draw on the same award.
pub fn award(student: &Student, job: &Job, left_cents: u64, start: Day) -> Award {
    if left_cents == 0 {
        return Award::UsedUp;
    }
    let week = weekly_cost(job.weekly_hours, job.rate_cents)
        + student
            .commitments
            .iter()
            .filter(|one| {
                one.work_study && one.start <= start && one.end.is_none_or(|end| start <= end)
            })
            .map(|one| weekly_cost(one.weekly_hours, one.rate_cents))
            .sum::<u128>();
    if week == 0 {
        return Award::Lasts(None);
    }
    // Cents are hundredths here, as a week's cost is.
    let days = u128::from(left_cents) * 100 * 7 / week;
    if days == 0 {
        return Award::UsedUp;
    }
    let last = i64::from(start) + i64::try_from(days - 1).unwrap_or(i64::MAX / 2);
    Award::Lasts(Day::try_from(last).ok())
}

/// In hundredths of a cent.
fn weekly_cost(hours: i64, rate_cents: u32) -> u128 {
    u128::from(hours.max(0).unsigned_abs()) * u128::from(rate_cents)
}
