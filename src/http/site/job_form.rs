//! The form of a posting: a posting as typed text, and typed text as the body of a request.

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::account::listed;
use super::amount::amount;
use super::form::Form;
use crate::model::Job;

pub const TEXTS: [&str; 8] = [
    "jobTitle",
    "jobDescription",
    "deadline",
    "setting",
    "location",
    "workSpace",
    "startDate",
    "endDate",
];
pub const AMOUNTS: [&str; 3] = ["jobPayRate", "hoursPerWeek", "positions"];
/// Most questions of a posting from elsewhere.
const MAX_QUESTIONS: usize = 20;

pub fn part(row: usize, name: &str) -> String {
    format!("questions[{row}].{name}")
}

/// A posting as its form has it.
pub fn typed(job: &Job, zone: &TimeZone) -> Map<String, Value> {
    let cents = job.job_pay_rate.cents();
    let pay = match cents % 100 {
        0 => (cents / 100).to_string(),
        _ => format!("{:.2}", job.job_pay_rate.to_decimal()),
    };
    let date = |date: Option<jiff::civil::Date>| date.map(|day| day.to_string());
    let setting = json!(job.setting);
    let mut values = Map::new();
    let mut set = |name: &str, text: String| values.insert(name.to_owned(), text.into());
    set("jobTitle", job.job_title.clone());
    set("jobDescription", job.job_description.clone());
    set("jobPayRate", pay);
    set("hoursPerWeek", job.hours_per_week.to_string());
    set("positions", job.positions.to_string());
    set("deadline", job.deadline.day(zone).to_string());
    set("skillsRequired", job.skills_required.join(", "));
    set("setting", setting.as_str().unwrap_or_default().to_owned());
    set("location", job.location.clone().unwrap_or_default());
    set("workSpace", job.work_space.clone().unwrap_or_default());
    set("startDate", date(job.start_date).unwrap_or_default());
    set("endDate", date(job.end_date).unwrap_or_default());
    if job.work_study_required {
        set("workStudyRequired", "true".to_owned());
    }
    for (row, question) in job.questions.iter().enumerate() {
        set(&part(row, "questionId"), question.question_id.clone());
        set(&part(row, "prompt"), question.prompt.clone());
        if question.required {
            set(&part(row, "required"), "true".to_owned());
        }
    }
    values
}

fn is_blank(value: Option<&Value>) -> bool {
    let text = value.and_then(Value::as_str).unwrap_or_default();
    text.trim().is_empty()
}

/// What was typed, without the empty questions, so that the rows of the form are those of the request.
pub fn entered(form: &Form) -> Map<String, Value> {
    let mut values = form.entered();
    for value in values.values_mut() {
        *value = value
            .as_str()
            .unwrap_or_default()
            .replace("\r\n", "\n")
            .into();
    }
    let mut next = 0;
    for row in 0..MAX_QUESTIONS {
        let parts = ["questionId", "prompt", "required"];
        let parts = parts.map(|name| (name, values.remove(&part(row, name))));
        if is_blank(parts[1].1.as_ref()) {
            continue;
        }
        for (name, value) in parts {
            if let Some(value) = value {
                values.insert(part(next, name), value);
            }
        }
        next += 1;
    }
    values
}

/// The number of questions in a form.
pub fn rows(values: &Map<String, Value>) -> usize {
    let is_there = |row: &usize| values.contains_key(&part(*row, "prompt"));
    (0..MAX_QUESTIONS).take_while(is_there).count()
}

fn questions(values: &Map<String, Value>) -> Value {
    let one = |row| {
        let id = values.get(&part(row, "questionId"));
        let id = id.filter(|id| !is_blank(Some(id)));
        let prompt = values.get(&part(row, "prompt"));
        let required = values.contains_key(&part(row, "required"));
        json!({ "questionId": id, "prompt": prompt, "required": required })
    };
    (0..rows(values)).map(one).collect()
}

/// The members of the API's request. `before`: the posting that is changed, of which only what differs is sent.
pub fn members(
    values: &Map<String, Value>,
    before: Option<&Map<String, Value>>,
    sign: &str,
) -> Map<String, Value> {
    let text = |name: &str| {
        let text = values.get(name).and_then(Value::as_str);
        text.unwrap_or_default().trim()
    };
    let is_kept = |name: &str| {
        let old = before.and_then(|before| before.get(name)?.as_str());
        old.is_some_and(|old| old.trim() == text(name))
    };
    let mut members = Map::new();
    let fields = TEXTS.iter().chain(&AMOUNTS).chain(&["skillsRequired"]);
    for name in fields.filter(|name| !is_kept(name)) {
        let typed = text(name);
        let value = match (*name, typed.is_empty()) {
            (_, true) if before.is_none() => continue,
            // A merge patch removes a member with null.
            (_, true) => Value::Null,
            ("skillsRequired", _) => json!(listed(typed)),
            (name, _) if AMOUNTS.contains(&name) => amount(typed, sign),
            _ => typed.into(),
        };
        members.insert((*name).to_owned(), value);
    }
    let checked = |values: &Map<String, Value>| values.contains_key("workStudyRequired");
    if before.is_none_or(|before| checked(before) != checked(values)) {
        members.insert("workStudyRequired".into(), checked(values).into());
    }
    let asked = questions(values);
    if before.is_none_or(|before| questions(before) != asked) {
        members.insert("questions".into(), asked);
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_questions_leave_no_gap() {
        let typed = [(0, " "), (1, "First?"), (3, "Second?")];
        let values = typed.map(|(row, prompt)| (part(row, "prompt"), Value::from(prompt)));
        let form = Form::of(&Map::from_iter(values));
        let values = entered(&form);
        assert_eq!(rows(&values), 2);
        let asked = questions(&values);
        assert_eq!(asked[0]["prompt"], "First?");
        assert_eq!(
            asked[1],
            json!({ "questionId": null, "prompt": "Second?", "required": false })
        );
    }
}
