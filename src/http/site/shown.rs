//! Postings as pages show them: texts in the reader's language, ready for a template.

use jiff::tz::TimeZone;
use serde::Serialize;

use crate::model::{Campus, Eligibility, Job, JobId, JobStatus, Outcome, Question, Timestamp};
use crate::store::Stored;
use crate::words::Words;

/// A deadline this close is marked.
const SOON_MILLIS: i64 = 3 * 24 * 60 * 60 * 1_000;
/// Most skills in a list of postings.
const CARD_SKILLS: usize = 4;

/// What texts about postings depend on.
#[derive(Clone, Copy)]
pub struct Voice<'a> {
    pub words: &'static Words,
    pub now: Timestamp,
    pub zone: &'a TimeZone,
}

impl<'a> Voice<'a> {
    pub fn new(words: &'static Words, now: Timestamp, campus: &'a Campus) -> Self {
        let zone = &campus.time_zone;
        Self { words, now, zone }
    }

    pub fn pay(&self, job: &Job) -> String {
        let amount = self.words.money(job.job_pay_rate, &job.currency);
        self.words.with("job.pay", [("amount", amount.into())])
    }

    pub fn hours(&self, job: &Job) -> String {
        let hours = job.hours_per_week;
        self.words.with("job.hours", [("count", hours.into())])
    }

    pub fn place(&self, job: &Job) -> String {
        let setting = setting(job);
        let setting = self.words.plain(&format!("setting.{setting}"));
        match &job.location {
            Some(location) => format!("{location} · {setting}"),
            None => setting,
        }
    }

    /// The day of a moment.
    pub fn day(&self, at: Timestamp) -> String {
        self.words.date(at.day(self.zone))
    }

    pub fn closes(&self, job: &Job) -> String {
        self.words.closes(job.deadline, self.now, self.zone)
    }
}

/// The name of a posting's setting in the API and in the catalogs.
fn setting(job: &Job) -> &'static str {
    use crate::model::JobSetting::{OffCampus, OnCampus, Remote};
    match job.setting {
        OnCampus => "onCampus",
        OffCampus => "offCampus",
        Remote => "remote",
    }
}

/// A posting in a list.
#[derive(Serialize)]
pub struct Card<'a> {
    id: JobId,
    title: &'a str,
    by: &'a str,
    pay: String,
    hours: String,
    place: String,
    /// Safe HTML: only `<mark>` is markup.
    snippet: Option<&'a str>,
    skills: &'a [String],
    more_skills: usize,
    closes: String,
    is_soon: bool,
    work_study: bool,
    is_current: bool,
    /// For a student.
    standing: Option<Standing<'a>>,
}

/// Where a student stands with a posting.
#[derive(Serialize)]
pub struct Standing<'a> {
    /// `applied`, or what the campus rules say: `eligible`, `review` or `ineligible`.
    kind: &'static str,
    why: Option<&'a str>,
}

impl<'a> Standing<'a> {
    pub const APPLIED: Self = Self {
        kind: "applied",
        why: None,
    };

    pub fn of(verdict: &'a Eligibility) -> Self {
        let kind = match verdict.outcome {
            Outcome::Eligible => "eligible",
            Outcome::Review => "review",
            Outcome::Ineligible => "ineligible",
        };
        let first = verdict.reasons.first();
        let why = first.filter(|_| verdict.outcome == Outcome::Ineligible);
        let why = why.map(|reason| &*reason.message);
        Self { kind, why }
    }
}

impl<'a> Card<'a> {
    pub fn new(job: &'a Job, voice: Voice<'_>) -> Self {
        let shown = job.skills_required.len().min(CARD_SKILLS);
        let left = job.deadline.as_millis() - voice.now.as_millis();
        Self {
            id: job.job_id,
            title: &job.job_title,
            by: job.work_space.as_deref().unwrap_or(&job.employer_name),
            pay: voice.pay(job),
            hours: voice.hours(job),
            place: voice.place(job),
            snippet: None,
            skills: &job.skills_required[..shown],
            more_skills: job.skills_required.len() - shown,
            closes: voice.closes(job),
            is_soon: left < SOON_MILLIS,
            work_study: job.work_study_required,
            is_current: false,
            standing: None,
        }
    }

    /// One that only repeats the title is left out.
    #[must_use]
    pub fn with_snippet(mut self, snippet: &'a str) -> Self {
        let plain = snippet.replace("<mark>", "").replace("</mark>", "");
        self.snippet = (plain != escaped(self.title)).then_some(snippet);
        self
    }

    #[must_use]
    pub fn current(mut self, is_current: bool) -> Self {
        self.is_current = is_current;
        self
    }

    #[must_use]
    pub fn with_standing(mut self, standing: Option<Standing<'a>>) -> Self {
        self.standing = standing;
        self
    }
}

/// As snippets escape.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

/// A fact of a posting, with a text of the catalogs as its name.
#[derive(Serialize)]
struct Fact {
    name: &'static str,
    value: String,
}

/// The whole posting.
#[derive(Serialize)]
pub struct Detail<'a> {
    id: JobId,
    title: &'a str,
    by: String,
    status: &'static str,
    takes_applications: bool,
    facts: Vec<Fact>,
    skills: &'a [String],
    description: Vec<Block<'a>>,
    posted: String,
    questions: &'a [Question],
}

/// Why the office declined a posting. Only for its employer and the office.
#[derive(Serialize)]
pub struct DeclinedNote<'a> {
    day: String,
    reason: Option<&'a str>,
    /// Whether its employer can do something.
    is_closed: bool,
}

impl<'a> DeclinedNote<'a> {
    pub fn of(job: &'a Job, voice: Voice<'_>) -> Option<Self> {
        let declined = job.declined()?;
        Some(Self {
            day: voice.day(declined.at),
            reason: declined.reason.as_deref(),
            is_closed: job.job_status() == JobStatus::Closed,
        })
    }
}

impl<'a> Detail<'a> {
    pub fn new(stored: &'a Stored<Job>, voice: Voice<'_>) -> Self {
        let job = &stored.record;
        let by = [job.work_space.as_deref(), Some(&*job.employer_name)];
        let by: Vec<&str> = by.into_iter().flatten().collect();
        let status = job.job_status();
        Self {
            id: job.job_id,
            title: &job.job_title,
            by: by.join(" · "),
            status: status.name(),
            takes_applications: job.takes_applications(voice.now),
            facts: facts(job, voice),
            skills: &job.skills_required,
            description: blocks(&job.job_description),
            posted: voice.day(job.posted_at()),
            questions: &job.questions,
        }
    }
}

fn facts(job: &Job, voice: Voice<'_>) -> Vec<Fact> {
    let words = voice.words;
    let deadline = match job.job_status() {
        JobStatus::Closed | JobStatus::Filled => voice.day(job.deadline),
        _ => words.due(job.deadline, voice.now, voice.zone),
    };
    let dates = job.start_date.map(|start| {
        let from = words.date(start).into();
        match job.end_date {
            Some(end) => {
                let to = words.date(end).into();
                words.with("job.from_to", [("from", from), ("to", to)])
            }
            None => words.with("job.from", [("from", from)]),
        }
    });
    let left = job.positions.saturating_sub(job.positions_filled());
    let work_study = job.work_study_required;
    [
        ("fact.pay", Some(voice.pay(job))),
        ("fact.hours", Some(voice.hours(job))),
        ("fact.place", Some(voice.place(job))),
        ("fact.deadline", Some(deadline)),
        ("fact.dates", dates),
        ("fact.positions", Some(words.number(left.into()))),
        (
            "fact.work_study",
            work_study.then(|| words.plain("job.work_study_long")),
        ),
    ]
    .into_iter()
    .filter_map(|(name, value)| {
        Some(Fact {
            name,
            value: value?,
        })
    })
    .collect()
}

/// A part of a description.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Block<'a> {
    /// A list; otherwise one paragraph.
    is_list: bool,
    lines: Vec<Vec<Part<'a>>>,
}

/// Text, or a link that shows its own address.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Part<'a> {
    text: &'a str,
    is_link: bool,
}

/// A description as typed: each line is a paragraph, and lines with a bullet become a list.
pub fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut goes_on = false;
    for line in text.lines().map(str::trim) {
        if line.is_empty() {
            goes_on = false;
            continue;
        }
        let item = line.strip_prefix(['•', '-', '*', '–']);
        let item = item.filter(|item| item.starts_with(char::is_whitespace));
        let is_list = item.is_some();
        let parts = parts(item.unwrap_or(line).trim());
        match blocks.last_mut() {
            Some(last) if goes_on && is_list && last.is_list => last.lines.push(parts),
            _ => blocks.push(Block {
                is_list,
                lines: vec![parts],
            }),
        }
        goes_on = true;
    }
    blocks
}

/// Web addresses become links. What follows one in a sentence does not belong to it.
fn parts(line: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = line;
    let text = |text| Part {
        text,
        is_link: false,
    };
    while let Some(start) = ["https://", "http://"]
        .iter()
        .filter_map(|scheme| rest.find(scheme))
        .min()
    {
        let (before, after) = rest.split_at(start);
        let end = after.find(char::is_whitespace).unwrap_or(after.len());
        let address =
            after[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '"', '\'', '>']);
        if !before.is_empty() {
            parts.push(text(before));
        }
        let is_link = address
            .split_once("://")
            .is_some_and(|(_, host)| !host.is_empty());
        parts.push(Part {
            text: address,
            is_link,
        });
        rest = &after[address.len()..];
    }
    if !rest.is_empty() {
        parts.push(text(rest));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(blocks: &[Block<'_>]) -> Vec<(bool, Vec<String>)> {
        let line = |line: &Vec<Part<'_>>| {
            let part = |part: &Part<'_>| {
                if part.is_link {
                    format!("[{}]", part.text)
                } else {
                    part.text.to_owned()
                }
            };
            line.iter().map(part).collect()
        };
        blocks
            .iter()
            .map(|block| (block.is_list, block.lines.iter().map(line).collect()))
            .collect()
    }

    #[test]
    fn a_description_has_paragraphs_lists_and_links() {
        let text = "You will:\n- shelve\n• scan\n\n- later\n-5 degrees\nSee https://a.example/x?y=1. Or (http://b.example), or https://.";
        assert_eq!(
            plain(&blocks(text)),
            [
                (false, vec!["You will:".to_owned()]),
                (true, vec!["shelve".into(), "scan".into()]),
                (true, vec!["later".into()]),
                (false, vec!["-5 degrees".into()]),
                (
                    false,
                    vec![
                        "See [https://a.example/x?y=1]. Or ([http://b.example]), or https://."
                            .into()
                    ]
                ),
            ]
        );
        assert!(blocks("\n \n").is_empty());
    }
}
