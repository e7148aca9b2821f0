//! An employer's input for a posting, parsed and checked.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::student::check_skills;
use super::{
    FieldFault, Invalid, Job, JobSetting, Line, Money, Patch, Question, QuestionId, Timestamp,
    check_text, day_or_time,
};

/// The members of a posting as they arrive: in a POST, in a merge patch, or in a row of a CSV file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct JobInput {
    pub job_title: Patch<String>,
    pub job_description: Patch<String>,
    pub job_pay_rate: Patch<f64>,
    pub skills_required: Patch<Vec<String>>,
    pub work_space: Patch<String>,
    pub location: Patch<String>,
    pub setting: Patch<JobSetting>,
    pub hours_per_week: Patch<f64>,
    pub positions: Patch<i64>,
    pub work_study_required: Patch<bool>,
    #[serde(deserialize_with = "super::time::date_patch")]
    pub start_date: Patch<Date>,
    #[serde(deserialize_with = "super::time::date_patch")]
    pub end_date: Patch<Date>,
    pub deadline: Patch<String>,
    pub questions: Patch<Vec<QuestionInput>>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QuestionInput {
    pub question_id: Option<String>,
    pub prompt: String,
    #[serde(default)]
    pub required: bool,
}

/// The same fields after validation.
#[derive(Clone, Debug, PartialEq)]
pub struct JobFields {
    pub job_title: String,
    pub job_description: String,
    pub job_pay_rate: Money,
    pub skills_required: Vec<String>,
    pub work_space: Option<String>,
    pub location: Option<String>,
    pub setting: JobSetting,
    pub hours_per_week: f64,
    pub positions: u32,
    pub work_study_required: bool,
    pub start_date: Option<Date>,
    pub end_date: Option<Date>,
    pub deadline: Timestamp,
    pub questions: Vec<Question>,
}

// The limits in src/http/README.md.
const MAX_TITLE_CHARS: usize = 200;
const MAX_DESCRIPTION_CHARS: usize = 20_000;
const MAX_PLACE_CHARS: usize = 200;
const MAX_PAY_CENTS: i64 = 100_000;
const MAX_HOURS: i32 = 60;
const MAX_POSITIONS: i64 = 1_000;
const MAX_QUESTIONS: usize = 20;
const MAX_PROMPT_CHARS: usize = 1_000;
const MAX_QUESTION_ID_CHARS: usize = 64;

impl JobInput {
    /// The fields of a posting after the change. `current` is the posting before it, if any. Checks only values that
    /// are set, since kept values were checked before. `zone` is the campus's time zone, for a deadline without a time.
    /// `now` is for generated question IDs.
    pub fn over(
        self,
        current: Option<&Job>,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Result<JobFields, Invalid> {
        let mut invalid = Invalid::default();
        let positions = self.positions.check(check_positions);
        let fields = JobFields {
            job_title: invalid.required(
                "jobTitle",
                self.job_title.check(check_title),
                current.map(|job| job.job_title.clone()),
            ),
            job_description: invalid.required(
                "jobDescription",
                self.job_description.check(check_description),
                current.map(|job| job.job_description.clone()),
            ),
            job_pay_rate: invalid.required(
                "jobPayRate",
                self.job_pay_rate.check(check_pay),
                current.map(|job| job.job_pay_rate),
            ),
            skills_required: invalid
                .optional(
                    "skillsRequired",
                    self.skills_required.check(check_skills),
                    current.map(|job| job.skills_required.clone()),
                )
                .unwrap_or_default(),
            work_space: invalid.optional(
                "workSpace",
                self.work_space.check_text(Line::Single, MAX_PLACE_CHARS),
                current.and_then(|job| job.work_space.clone()),
            ),
            location: invalid.optional(
                "location",
                self.location.check_text(Line::Single, MAX_PLACE_CHARS),
                current.and_then(|job| job.location.clone()),
            ),
            setting: (self.setting.over(current.map(|job| job.setting))).unwrap_or_default(),
            hours_per_week: invalid.required(
                "hoursPerWeek",
                self.hours_per_week.check(check_hours),
                current.map(|job| job.hours_per_week),
            ),
            positions: invalid
                .optional("positions", positions, current.map(|job| job.positions))
                .unwrap_or(1),
            work_study_required: (self.work_study_required)
                .over(current.map(|job| job.work_study_required))
                .unwrap_or_default(),
            start_date: self.start_date.over(current.and_then(|job| job.start_date)),
            end_date: self.end_date.over(current.and_then(|job| job.end_date)),
            deadline: invalid.required(
                "deadline",
                self.deadline.check(|text| day_or_time(&text, zone)),
                current.map(|job| job.deadline),
            ),
            questions: match self.questions {
                Patch::Keep => current.map_or_else(Vec::new, |job| job.questions.clone()),
                Patch::Clear => Vec::new(),
                Patch::Set(inputs) => check_questions(inputs, now, &mut invalid),
            },
        };
        invalid.field("endDate", check_end(fields.start_date, fields.end_date));
        invalid.into_result().map(|()| fields)
    }
}

fn check_title(text: String) -> Result<String, FieldFault> {
    check_text(&text, Line::Single, 1, MAX_TITLE_CHARS)
}

fn check_description(text: String) -> Result<String, FieldFault> {
    check_text(&text, Line::Many, 1, MAX_DESCRIPTION_CHARS)
}

fn check_pay(amount: f64) -> Result<Money, FieldFault> {
    let pay = Money::from_decimal(amount)?;
    if (0..=MAX_PAY_CENTS).contains(&pay.cents()) {
        Ok(pay)
    } else {
        let max = MAX_PAY_CENTS / 100;
        Err(FieldFault::OutOfRange { min: 0, max })
    }
}

fn check_hours(hours: f64) -> Result<f64, FieldFault> {
    if hours > 0.0 && hours <= f64::from(MAX_HOURS) {
        Ok(hours)
    } else {
        let max = MAX_HOURS.into();
        Err(FieldFault::OutOfOpenRange { above: 0, max })
    }
}

fn check_positions(count: i64) -> Result<u32, FieldFault> {
    let (min, max) = (1, MAX_POSITIONS);
    u32::try_from(count)
        .ok()
        .filter(|_| (min..=max).contains(&count))
        .ok_or(FieldFault::OutOfRange { min, max })
}

fn check_end(start: Option<Date>, end: Option<Date>) -> Result<(), FieldFault> {
    match (start, end) {
        (Some(start), Some(end)) if end < start => Err(FieldFault::BeforeStartDate),
        _ => Ok(()),
    }
}

fn check_questions(
    inputs: Vec<QuestionInput>,
    now: Timestamp,
    invalid: &mut Invalid,
) -> Vec<Question> {
    if inputs.len() > MAX_QUESTIONS {
        let (max, actual) = (MAX_QUESTIONS, inputs.len());
        invalid.add("questions", FieldFault::TooManyEntries { max, actual });
        return Vec::new();
    }
    let mut questions: Vec<Question> = Vec::with_capacity(inputs.len());
    for (position, input) in inputs.into_iter().enumerate() {
        // A question keeps its ID when others are added around it. A question without an ID gets a new one.
        let question_id = input
            .question_id
            .unwrap_or_else(|| QuestionId::generate(now).to_string());
        let id = check_text(&question_id, Line::Single, 1, MAX_QUESTION_ID_CHARS);
        let prompt = check_text(&input.prompt, Line::Many, 1, MAX_PROMPT_CHARS);
        let id = invalid.field(&format!("questions[{position}].questionId"), id);
        let prompt = invalid.field(&format!("questions[{position}].prompt"), prompt);
        if let (Some(question_id), Some(prompt)) = (id, prompt) {
            if questions
                .iter()
                .any(|other| other.question_id == question_id)
            {
                invalid.add(
                    format!("questions[{position}].questionId"),
                    FieldFault::Duplicate,
                );
            }
            questions.push(Question {
                question_id,
                prompt,
                required: input.required,
            });
        }
    }
    questions
}

impl Job {
    /// Takes over valid fields. Returns whether anything changed.
    pub fn apply(&mut self, fields: JobFields) -> bool {
        let before = self.clone();
        let JobFields {
            job_title,
            job_description,
            job_pay_rate,
            skills_required,
            work_space,
            location,
            setting,
            hours_per_week,
            positions,
            work_study_required,
            start_date,
            end_date,
            deadline,
            questions,
        } = fields;
        self.job_title = job_title;
        self.job_description = job_description;
        self.job_pay_rate = job_pay_rate;
        self.skills_required = skills_required;
        self.work_space = work_space;
        self.location = location;
        self.setting = setting;
        self.hours_per_week = hours_per_week;
        self.positions = positions;
        self.work_study_required = work_study_required;
        self.start_date = start_date;
        self.end_date = end_date;
        self.deadline = deadline;
        self.questions = questions;
        *self != before
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{EmployeeId, JobId};

    /// An older release may have accepted what this one refuses. Such a posting can still be changed elsewhere.
    #[test]
    fn a_kept_value_is_not_checked_again() {
        let now = Timestamp::from_millis(0);
        let employer = EmployeeId::parse("e1").unwrap();
        let mut job = Job::draft(JobId::from_parts(0, 1), employer, now);
        job.job_title = "\u{200b}".into();
        job.hours_per_week = 99.0;
        let over = |input: JobInput| input.over(Some(&job), &TimeZone::UTC, now);

        let room = JobInput {
            location: Patch::Set(" Room 2 ".into()),
            ..JobInput::default()
        };
        let fields = over(room).unwrap();
        assert_eq!(fields.location.as_deref(), Some("Room 2"));
        assert_eq!(
            (fields.job_title, fields.hours_per_week),
            (job.job_title.clone(), 99.0)
        );

        let sent_back = JobInput {
            job_title: Patch::Set(job.job_title.clone()),
            hours_per_week: Patch::Clear,
            ..JobInput::default()
        };
        let Err(Invalid(errors)) = over(sent_back) else {
            panic!("it is taken")
        };
        let errors: Vec<_> = errors
            .into_iter()
            .map(|error| (error.field, error.fault))
            .collect();
        let wanted = [
            ("jobTitle".to_owned(), FieldFault::Empty),
            ("hoursPerWeek".to_owned(), FieldFault::Required),
        ];
        assert_eq!(errors, wanted);
    }
}
