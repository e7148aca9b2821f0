//! A rule in Rust: a limit of weekly hours for all of a student's jobs together.
//!
//! The board calls `describe` once, and `check` with students, jobs and pairs of indexes into these lists. A rule has no
//! clock, no network and no files: all it knows is in the arguments.

wit_bindgen::generate!({ path: "wit", world: "eligibility" });

use campus::rules::types::{Context, Day, Description, Job, Reason, Student, Value};
use exports::campus::rules::eligibility_check::{Guest, Verdict};

struct Rule;

export!(Rule);

/// The office's form is created from this.
const SCHEMA: &str = r#"{
  "type": "object",
  "title": "Weekly hours",
  "properties": {
    "weeklyHours": {
      "type": "number",
      "title": "Hours a week",
      "description": "The most a student can work in a week, all jobs together.",
      "default": 20,
      "minimum": 0,
      "maximum": 168
    }
  }
}"#;

impl Guest for Rule {
    fn describe() -> Description {
        Description {
            name: "weekly-hours".into(),
            version: "1.0.0".into(),
            summary: "Limits the hours a week, all jobs together.".into(),
            parameter_schema: SCHEMA.into(),
        }
    }

    fn check(
        ctx: Context,
        students: Vec<Student>,
        jobs: Vec<Job>,
        pairs: Vec<(u32, u32)>,
    ) -> Result<Vec<Verdict>, String> {
        let most = hundredths(number(&ctx, "weeklyHours", 20.0));
        let verdict = |(student, job): (u32, u32)| {
            let student = &students[student as usize];
            decide(student, &jobs[job as usize], ctx.today, most)
        };
        Ok(pairs.into_iter().map(verdict).collect())
    }
}

/// Hours arrive as 32-bit fractions: 12.1 is 12.1000003815. Whole hundredths add up exactly.
fn hundredths(hours: f64) -> i64 {
    (hours * 100.0).round() as i64
}

fn written(count: i64) -> String {
    (count as f64 / 100.0).to_string()
}

fn hours(count: i64) -> String {
    let unit = if count == 100 { "hour" } else { "hours" };
    format!("{} {unit}", written(count))
}

fn decide(student: &Student, job: &Job, today: Day, most: i64) -> Verdict {
    let start = job.start.unwrap_or(today).max(today);
    let held: i64 = student
        .commitments
        .iter()
        .filter(|one| one.start <= start && one.end.is_none_or(|end| end >= start))
        .map(|one| hundredths(one.weekly_hours.into()))
        .sum();
    let total = held + hundredths(job.weekly_hours.into());
    if total <= most {
        return Verdict::Eligible;
    }
    let remedy = if held < most {
        format!("Ask for at most {}.", hours(most - held))
    } else {
        "Reduce hours in another job first.".into()
    };
    Verdict::Ineligible(vec![Reason {
        code: "weekly-hours".into(),
        message: format!(
            "You can work at most {} a week; this job would make it {}.",
            hours(most),
            written(total)
        ),
        remedy: Some(remedy),
    }])
}

fn number(ctx: &Context, name: &str, otherwise: f64) -> f64 {
    let found = ctx.parameters.iter().find(|one| one.name == name);
    match found.map(|one| &one.value) {
        Some(Value::Number(number)) => *number,
        _ => otherwise,
    }
}
