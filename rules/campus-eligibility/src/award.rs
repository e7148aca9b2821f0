//! How long a work-study award lasts: it is spent day after day by all work-study jobs that run on that day. A job costs
//! the same in every week, in term and in breaks, since the contract has one figure for its hours.

use crate::facts::{Day, Job, ONE, Student};
use crate::week;

/// A job that is paid from the award. No end: it runs on.
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    /// A week's, in hundred-thousandths of a cent.
    cost: u128,
    pub start: Day,
    pub end: Option<Day>,
}

impl Draw {
    /// Whether an award that lasts until a day pays all of this job, or the first `weeks` of it and one day at least.
    pub fn is_paid(&self, last: Day, weeks: i64) -> bool {
        let days = i64::from(last) - i64::from(self.start) + 1;
        !self.outlasts(last) || days >= (weeks * 7).max(1)
    }

    pub fn is_free(&self) -> bool {
        self.cost == 0
    }

    pub fn outlasts(&self, last: Day) -> bool {
        self.end.is_none_or(|end| last < end)
    }

    fn runs_on(&self, day: i64) -> bool {
        i64::from(self.start) <= day && self.end.is_none_or(|end| day <= i64::from(end))
    }
}

pub fn of_job(job: &Job, today: Day) -> Draw {
    let (start, end) = week::span(job, today);
    Draw {
        cost: cost(job.weekly_hours, job.rate_cents),
        start,
        end,
    }
}

/// The work-study jobs that a student holds and that have not ended, from today on.
pub fn of_student(student: &Student, today: Day) -> impl Iterator<Item = Draw> + Clone {
    let held = student.commitments.iter();
    let held = held.filter(move |one| one.work_study && one.end.is_none_or(|end| today <= end));
    let draws = held.map(move |one| Draw {
        cost: cost(one.weekly_hours, one.rate_cents),
        start: one.start.max(today),
        end: one.end,
    });
    draws.filter(|one| !one.is_free())
}

fn cost(hours: i64, rate_cents: u32) -> u128 {
    u128::from(hours.max(0).unsigned_abs()) * u128::from(rate_cents)
}

/// In the units of `cost`, times the days of a week: so that a day's share is whole.
fn purse(left_cents: u64) -> u128 {
    u128::from(left_cents) * u128::from(ONE.unsigned_abs()) * 7
}

/// Whether it pays one day of a job.
pub fn pays_a_day(left_cents: u64, job: &Draw) -> bool {
    left_cents > 0 && purse(left_cents) >= job.cost
}

/// The last day before the award runs out, which may be yesterday. None: it never does.
pub fn last_day(
    left_cents: u64,
    draws: impl Iterator<Item = Draw> + Clone,
    today: Day,
) -> Option<Day> {
    let mut left = purse(left_cents);
    let mut day = i64::from(today);
    loop {
        let cost: u128 = draws
            .clone()
            .filter(|one| one.runs_on(day))
            .map(|one| one.cost)
            .sum();
        // What a day costs changes where a job starts or has ended, and nowhere else.
        let changes = draws
            .clone()
            .flat_map(|one| [Some(one.start), one.end.map(|end| end.saturating_add(1))]);
        let next = changes
            .flatten()
            .map(i64::from)
            .filter(|change| *change > day)
            .min();
        let days = left
            .checked_div(cost)
            .and_then(|days| i64::try_from(days).ok())
            .unwrap_or(i64::MAX);
        match next {
            Some(next) if days >= next - day => {
                left -= cost * u128::from((next - day).unsigned_abs());
                day = next;
            }
            _ => return Day::try_from(day.saturating_add(days).saturating_sub(1)).ok(),
        }
    }
}
