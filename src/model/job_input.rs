//! What an employer writes into a posting, parsed and checked.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::student::{MAX_SKILL_CHARS, MAX_SKILLS};
use super::{
    FieldFault, Invalid, Job, JobSetting, Line, Money, Question, QuestionId, Timestamp, check_list,
    check_text, day_or_time,
};

/// The members of a posting as they arrive: from a request, from a merge patch over an existing posting, from a CSV row.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JobInput {
    pub job_title: Option<String>,
    pub job_description: Option<String>,
    pub job_pay_rate: Option<f64>,
    pub skills_required: Option<Vec<String>>,
    pub work_space: Option<String>,
    pub location: Option<String>,
    pub setting: Option<JobSetting>,
    pub hours_per_week: Option<f64>,
    pub positions: Option<i64>,
    pub work_study_required: Option<bool>,
    #[serde(default, deserialize_with = "super::time::date")]
    pub start_date: Option<Date>,
    #[serde(default, deserialize_with = "super::time::date")]
    pub end_date: Option<Date>,
    pub deadline: Option<String>,
    pub questions: Option<Vec<QuestionInput>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QuestionInput {
    pub question_id: Option<String>,
    pub prompt: String,
    #[serde(default)]
    pub required: bool,
}

/// The same members, valid.
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

// The limits that src/http/README.md names.
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
    /// Checks every member at once. `zone` is the campus's, for a deadline that is a bare date; `now` is for the ids of
    /// questions that came without one.
    pub fn validate(self, zone: &TimeZone, now: Timestamp) -> Result<JobFields, Invalid> {
        let mut invalid = Invalid::default();
        let job_title = required(self.job_title)
            .and_then(|text| check_text(&text, Line::Single, 1, MAX_TITLE_CHARS));
        let job_description = required(self.job_description)
            .and_then(|text| check_text(&text, Line::Many, 1, MAX_DESCRIPTION_CHARS));
        let deadline = required(self.deadline).and_then(|text| day_or_time(&text, zone));
        let pay = required(self.job_pay_rate)
            .and_then(Money::from_decimal)
            .and_then(|pay| {
                if (0..=MAX_PAY_CENTS).contains(&pay.cents()) {
                    Ok(pay)
                } else {
                    let max = MAX_PAY_CENTS / 100;
                    Err(FieldFault::OutOfRange { min: 0, max })
                }
            });
        let hours = required(self.hours_per_week).and_then(|hours| {
            if hours > 0.0 && hours <= f64::from(MAX_HOURS) {
                Ok(hours)
            } else {
                let max = MAX_HOURS.into();
                Err(FieldFault::OutOfOpenRange { above: 0, max })
            }
        });
        let positions = u32::try_from(self.positions.unwrap_or(1))
            .ok()
            .filter(|count| (1..=MAX_POSITIONS).contains(&i64::from(*count)))
            .ok_or(FieldFault::OutOfRange {
                min: 1,
                max: MAX_POSITIONS,
            });
        let skills = check_list(
            &self.skills_required.unwrap_or_default(),
            MAX_SKILLS,
            MAX_SKILL_CHARS,
        );
        let mut place = |field, text: Option<String>| {
            let checked = check_text(&text.unwrap_or_default(), Line::Single, 0, MAX_PLACE_CHARS);
            invalid
                .field(field, checked)
                .filter(|text| !text.is_empty())
        };
        let work_space = place("workSpace", self.work_space);
        let location = place("location", self.location);
        let questions = check_questions(self.questions.unwrap_or_default(), now, &mut invalid);
        if let (Some(start), Some(end)) = (self.start_date, self.end_date)
            && end < start
        {
            invalid.add("endDate", FieldFault::BeforeStartDate);
        }

        let job_title = invalid.field("jobTitle", job_title);
        let job_description = invalid.field("jobDescription", job_description);
        let job_pay_rate = invalid.field("jobPayRate", pay);
        let skills_required = invalid.field("skillsRequired", skills);
        let hours_per_week = invalid.field("hoursPerWeek", hours);
        let positions = invalid.field("positions", positions);
        let deadline = invalid.field("deadline", deadline);
        invalid.into_result()?;
        let sound = "an invalid member has returned above";
        Ok(JobFields {
            job_title: job_title.expect(sound),
            job_description: job_description.expect(sound),
            job_pay_rate: job_pay_rate.expect(sound),
            skills_required: skills_required.expect(sound),
            work_space,
            location,
            setting: self.setting.unwrap_or_default(),
            hours_per_week: hours_per_week.expect(sound),
            positions: positions.expect(sound),
            work_study_required: self.work_study_required.unwrap_or(false),
            start_date: self.start_date,
            end_date: self.end_date,
            deadline: deadline.expect(sound),
            questions,
        })
    }
}

fn required<T>(value: Option<T>) -> Result<T, FieldFault> {
    value.ok_or(FieldFault::Required)
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
        // A question keeps its id when others are added around it; one that came without gets one that no other has.
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
    /// The part of a posting that its employer wrote, in the shape it arrives in: what a merge patch is applied to.
    pub fn input(&self) -> JobInput {
        JobInput {
            job_title: Some(self.job_title.clone()),
            job_description: Some(self.job_description.clone()),
            job_pay_rate: Some(self.job_pay_rate.to_decimal()),
            skills_required: Some(self.skills_required.clone()),
            work_space: self.work_space.clone(),
            location: self.location.clone(),
            setting: Some(self.setting),
            hours_per_week: Some(self.hours_per_week),
            positions: Some(i64::from(self.positions)),
            work_study_required: Some(self.work_study_required),
            start_date: self.start_date,
            end_date: self.end_date,
            deadline: Some(self.deadline.to_string()),
            questions: Some(
                self.questions
                    .iter()
                    .cloned()
                    .map(QuestionInput::from)
                    .collect(),
            ),
        }
    }

    /// Takes valid members over; true if any of them differs from what was there.
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

impl From<Question> for QuestionInput {
    fn from(question: Question) -> Self {
        Self {
            question_id: Some(question.question_id),
            prompt: question.prompt,
            required: question.required,
        }
    }
}
