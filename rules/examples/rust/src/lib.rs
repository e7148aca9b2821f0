//! A rule in Rust: at most so many hours a week over all jobs of a student.
//!
//! The board calls `describe` once, and `check` with students, jobs and pairs of their places in these lists. A rule has no
//! clock, no network and no files: all it may know stands in the arguments.

wit_bindgen::generate!({ path: "wit", world: "eligibility" });

use campus::rules::types::{Context, Day, Description, Job, Reason, Student, Value};
use exports::campus::rules::eligibility_check::{Guest, Verdict};

struct Rule;

export!(Rule);

/// The office's form is made from this.
const SCHEMA: &str = r#"{
  "type": "object",
  "title": "Weekly hours",
  "properties": {
    "weeklyHours": {
      "type": "number",
      "title": "Hours a week",
      "description": "The most a student may work in a week, all jobs together.",
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
            summary: "At most so many hours a week, all jobs together.".into(),
            parameter_schema: SCHEMA.into(),
        }
    }

    fn check(
        ctx: Context,
        students: Vec<Student>,
        jobs: Vec<Job>,
        pairs: Vec<(u32, u32)>,
    ) -> Result<Vec<Verdict>, String> {
        let most = number(&ctx, "weeklyHours", 20.0);
        let verdict = |(student, job): (u32, u32)| {
            let student = &students[student as usize];
            judge(student, &jobs[job as usize], ctx.today, most)
        };
        Ok(pairs.into_iter().map(verdict).collect())
    }
}

fn judge(student: &Student, job: &Job, today: Day, most: f64) -> Verdict {
    let start = job.start.unwrap_or(today).max(today);
    let held: f32 = student
        .commitments
        .iter()
        .filter(|one| one.start <= start && one.end.is_none_or(|end| end >= start))
        .map(|one| one.weekly_hours)
        .sum();
    let hours = f64::from(held + job.weekly_hours);
    if hours <= most {
        return Verdict::Eligible;
    }
    let left = (most - f64::from(held)).max(0.0);
    Verdict::Ineligible(vec![Reason {
        code: "weekly-hours".into(),
        message: format!(
            "You can work at most {most} hours a week; this job would make it {hours}."
        ),
        remedy: Some(format!("Ask for at most {left} hours a week.")),
    }])
}

fn number(ctx: &Context, name: &str, otherwise: f64) -> f64 {
    let found = ctx.parameters.iter().find(|one| one.name == name);
    match found.map(|one| &one.value) {
        Some(Value::Number(number)) => *number,
        _ => otherwise,
    }
}
