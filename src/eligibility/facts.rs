//! What the rules get to know: no names, no addresses, and only what the contract has a field for.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::config::{self, Calendar};
use crate::model::{
    Application, ApplicationStatus, Job, JobId, JobSetting, Student, StudentId, Timestamp,
};
use crate::rules;
use crate::store::{Direction, KeyRange, Reader, StoreError, Stored, keys};

/// Most accepted applications of one student to read. Nobody has this many jobs.
const MAX_ACCEPTED: usize = 200;

/// The jobs of a student's accepted applications that have not ended.
async fn running_jobs(
    reader: &Reader,
    student: &StudentId,
    today: Date,
) -> Result<Vec<Job>, StoreError> {
    let accepted = keys::applications_by_student_status(student, ApplicationStatus::Accepted);
    let range = KeyRange::prefix(&accepted);
    let found = reader
        .scan_keys(&range, Direction::Backward, MAX_ACCEPTED)
        .await?;
    let accepted: Vec<Stored<Application>> = reader.get_indexed(&found).await?;
    let jobs: Vec<_> = accepted
        .iter()
        .map(|application| keys::job(application.job_id))
        .collect();
    let jobs = reader.get_many(&jobs).await?.into_iter().flatten();
    let jobs = jobs.map(|job| job.record);
    Ok(jobs.filter(|job| job.runs_on(today)).collect())
}

/// Weekly hours of a student's accepted applications whose job has not ended.
pub async fn weekly_hours(
    reader: &Reader,
    student: &StudentId,
    today: Date,
) -> Result<f64, StoreError> {
    let jobs = running_jobs(reader, student, today).await?;
    // An empty sum would be -0.0, and a sum of tenths is not exact, so the sum is rounded.
    let hours = jobs.iter().fold(0.0, |sum, job| sum + job.hours_per_week);
    Ok((hours * HOURS_PRECISION).round() / HOURS_PRECISION)
}

/// Hours are rounded to a millionth.
const HOURS_PRECISION: f64 = 1e6;

/// Days since 1970-01-01, as the contract counts them.
pub(super) fn day(date: Date) -> i32 {
    const FIRST: Date = Date::constant(1970, 1, 1);
    date.duration_since(FIRST).as_hours() as i32 / 24
}

/// The campus calendar in the contract's form.
pub fn calendar(year: &Calendar) -> Vec<rules::Period> {
    let of = |kind, periods: &[config::Period]| {
        let period = |period: &config::Period| rules::Period {
            kind,
            start: day(period.start),
            end: day(period.end),
        };
        periods.iter().map(period).collect::<Vec<_>>()
    };
    let mut periods = of(rules::PeriodKind::Term, &year.terms);
    periods.extend(of(rules::PeriodKind::Recess, &year.breaks));
    periods
}

/// Creates facts from records, at one point in time.
pub struct Facts<'a> {
    zone: &'a TimeZone,
    today: Date,
}

impl<'a> Facts<'a> {
    pub fn new(zone: &'a TimeZone, now: Timestamp) -> Self {
        Self {
            zone,
            today: now.day(zone),
        }
    }

    /// `place` is the ID for the rules. It has no meaning outside one call.
    pub async fn student(
        &self,
        reader: &Reader,
        place: usize,
        student: &Student,
    ) -> Result<rules::Student, StoreError> {
        self.student_beside(reader, place, student, None).await
    }

    /// The student's facts for one job. If the student has that job already, its hours are left out.
    pub async fn student_beside(
        &self,
        reader: &Reader,
        place: usize,
        student: &Student,
        job: Option<JobId>,
    ) -> Result<rules::Student, StoreError> {
        let mut running = running_jobs(reader, &student.student_id, self.today).await?;
        running.retain(|held| Some(held.job_id) != job);
        Ok(rules::Student {
            id: place.to_string(),
            gpa: student.gpa.map(|gpa| gpa as f32),
            enrolled_credits: student.enrolled_credits.map(|credits| credits as f32),
            visa: student.visa.clone(),
            work_study_remaining_cents: student
                .work_study_remaining
                .map(|award| u64::try_from(award.cents()).unwrap_or(0)),
            graduation: student.graduation_date.map(day),
            skills: student.skills.clone(),
            commitments: running.iter().map(|job| self.commitment(job)).collect(),
            attributes: Vec::new(),
        })
    }

    fn commitment(&self, job: &Job) -> rules::Commitment {
        // A job without a start date starts when it was posted.
        let start = job
            .start_date
            .unwrap_or_else(|| job.posted_at().day(self.zone));
        rules::Commitment {
            weekly_hours: job.hours_per_week as f32,
            hourly_rate_cents: rate(job),
            start: day(start),
            end: job.end_date.map(day),
            work_study: job.work_study_required,
        }
    }

    pub fn job(&self, place: usize, job: &Job) -> rules::Job {
        rules::Job {
            id: place.to_string(),
            title: job.job_title.clone(),
            weekly_hours: job.hours_per_week as f32,
            hourly_rate_cents: rate(job),
            work_study: job.work_study_required,
            on_campus: job.setting == JobSetting::OnCampus,
            posted: day(job.posted_at().day(self.zone)),
            start: job.start_date.map(day),
            end: job.end_date.map(day),
            skills: job.skills_required.clone(),
            attributes: Vec::new(),
        }
    }
}

fn rate(job: &Job) -> u32 {
    u32::try_from(job.job_pay_rate.cents()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_before_and_after_1970_are_counted() {
        assert_eq!(day(Date::constant(1970, 1, 1)), 0);
        assert_eq!(day(Date::constant(1969, 12, 31)), -1);
        assert_eq!(day(Date::constant(2026, 12, 1)), 20_788);
    }
}
