//! A rule in Rust: at most so many hours a week over all jobs of a student.
//!
//! The board calls `describe` once, and `check` with students, jobs and pairs of their places in these lists. A rule has no
//! clock, no network and no files: all it may know stands in the arguments.

wit_bindgen::generate!({ path: "../../wit/v1", world: "eligibility" });

use campus::rules::types::{Context, Day, Description, Job, Reason, Student, Value};
use exports::campus::rules::eligibility_check::{Guest, Outcome, Verdict};

struct Rule;

export!(Rule);

impl Guest for Rule {
    fn describe() -> Description {
        let schema = serde_json::json!({
            "type": "object",
            "title": "Weekly hours",
            "properties": {
                "weeklyHours": {
                    "type": "number",
                    "title": "Hours a week",
                    "description": "The most a student may work in a week, all jobs together.",
                    "default": 20,
                    "minimum": 0,
                    "maximum": 168,
                },
            },
        });
        Description {
            name: "weekly-hours".into(),
            version: "1.0.0".into(),
            summary: "At most so many hours a week, all jobs together.".into(),
            parameter_schema: schema.to_string(),
        }
    }

    fn check(
        ctx: Context,
        students: Vec<Student>,
        jobs: Vec<Job>,
        pairs: Vec<(u32, u32)>,
    ) -> Result<Vec<Verdict>, String> {
        let most = number(&ctx, "weeklyHours", 20.0);
        let verdicts = pairs.into_iter().map(|(student, job)| {
            judge(
                &students[student as usize],
                &jobs[job as usize],
                ctx.today,
                most,
            )
        });
        Ok(verdicts.collect())
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
        return Verdict {
            outcome: Outcome::Eligible,
            reasons: vec![],
        };
    }
    let reason = Reason {
        code: "weekly-hours".into(),
        message: format!(
            "You can work at most {most} hours a week; this job would make it {hours}."
        ),
        remedy: Some(format!(
            "Ask for at most {} hours a week.",
            (most - f64::from(held)).max(0.0)
        )),
    };
    Verdict {
        outcome: Outcome::Ineligible,
        reasons: vec![reason],
    }
}

fn number(ctx: &Context, name: &str, otherwise: f64) -> f64 {
    let found = ctx.parameters.iter().find(|one| one.name == name);
    match found.map(|one| &one.value) {
        Some(Value::Number(number)) => *number,
        _ => otherwise,
    }
}
