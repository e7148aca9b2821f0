//! The list of jobs: a search whose address holds everything, its filters, and the open job beside the results.

use std::collections::{HashMap, HashSet};

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

use super::job::opened;
use super::page::{Page, empty_form};
use super::problem_text;
use super::shown::{Card, Standing};
use crate::applications::{self, ApplicationsWanted};
use crate::http::caller::{Caller, Public};
use crate::http::eligibility::{eligible_jobs, student};
use crate::http::jobs::{LIST_PARAMETERS, wanted};
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::jobs::{self, JobsFound};
use crate::model::{
    ApplicationStatus, Eligibility, FieldError, Identity, Job, JobId, Money, Party, Role,
};
use crate::search::FacetCount;
use crate::store::Reader;

/// The parameters of a search, in the order of the address.
const PARAMETERS: [&str; 12] = [
    "q",
    "location",
    "workSpace",
    "minPay",
    "maxHours",
    "workStudy",
    "employeeId",
    "eligible",
    "sort",
    "skill",
    "setting",
    "cursor",
];
/// A student's newest applications that the list marks as applied for.
const MAX_APPLICATIONS: usize = 100;
/// Choices of a filter that show at once.
const SHOWN_CHOICES: usize = 8;

/// A search as the address has it.
struct Asked(Vec<(String, String)>);

impl Asked {
    /// What the pages do not know, such as the marks of a newsletter, is left out.
    fn of(request: &HttpRequest) -> Self {
        let given = form_urlencoded::parse(request.query_string().as_bytes());
        let mut pairs: Vec<(String, String)> = given
            .into_owned()
            .filter(|(name, value)| PARAMETERS.contains(&name.as_str()) && !value.trim().is_empty())
            .collect();
        let place = |name: &str| PARAMETERS.iter().position(|known| *known == name);
        pairs.sort_by_key(|(name, _)| place(name));
        Self(pairs)
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.trim())
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let found = self.0.iter().filter(move |(key, _)| key == name);
        found.map(|(_, value)| value.trim())
    }

    fn keep(&mut self, is_kept: impl Fn(&str, &str) -> bool) {
        self.0.retain(|(name, value)| is_kept(name, value));
    }

    /// The address without some of its parameters, and perhaps with another.
    fn address(&self, is_kept: impl Fn(&str, &str) -> bool, more: Option<(&str, &str)>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.0.iter().filter(|(name, value)| is_kept(name, value)) {
            query.append_pair(name, value.trim());
        }
        if let Some((name, value)) = more {
            query.append_pair(name, value);
        }
        let query = query.finish();
        if query.is_empty() {
            "/".to_owned()
        } else {
            format!("/?{query}")
        }
    }

    fn has_filters(&self) -> bool {
        let others = ["q", "sort", "cursor"];
        self.0
            .iter()
            .any(|(name, _)| !others.contains(&name.as_str()))
    }
}

/// GET /
pub async fn jobs(caller: Caller<Public>, page: Page) -> Result<HttpResponse, Problem> {
    let mut asked = Asked::of(&page.request);
    let reader = page.state.read()?;
    let who = caller.who.as_ref();
    if who.is_none_or(|who| who.role() != Role::Student) {
        asked.keep(|name, _| name != "eligible");
    }
    // An unchecked box is no filter.
    asked.keep(|name, value| !(matches!(name, "workStudy" | "eligible") && value == "false"));
    let mut entered = serde_json::Map::new();
    for name in ["minPay", "maxHours"] {
        entered.insert(name.into(), asked.get(name).unwrap_or_default().into());
    }
    let mut wrong = Vec::new();
    let (found, query) = loop {
        match find(&page, &reader, who, &asked).await {
            Ok(found) => break found,
            // A filter that cannot be used is named beside its field, and the search goes on without it.
            Err(problem) => {
                let before = asked.0.len();
                let errors = problem.errors();
                asked.keep(|name, _| !errors.iter().any(|error| error.field == name));
                if asked.0.len() == before {
                    return Err(problem);
                }
                wrong.extend_from_slice(errors);
            }
        }
    };
    let open = page.query("job").filter(|id| !id.is_empty());
    let opened = match &open {
        Some(id) => Some(opened(&page, &reader, who, id, 2).await?),
        None => None,
    };
    let snippeter = asked.get("q").map(|q| page.state.index.snippeter(q));
    let snippeter = snippeter.transpose();
    let snippeter = snippeter.map_err(|error| Problem::internal(&error))?;
    let snippets: Vec<_> = found
        .jobs
        .iter()
        .map(|(job, _)| Some(snippeter.as_ref()?.snippet_of(job, job.version)))
        .collect();
    let standings = Standings::of(&page, &reader, who, &found).await?;
    let voice = page.voice();
    let cards: Vec<Card<'_>> = found
        .jobs
        .iter()
        .zip(&snippets)
        .map(|((job, _), snippet)| {
            let card = Card::new(job, voice);
            let card = card.current(open.as_deref() == Some(&*job.job_id.to_string()));
            let card = card.with_standing(standings.get(job.job_id));
            match snippet {
                Some(snippet) => card.with_snippet(snippet),
                None => card,
            }
        })
        .collect();
    let next = query.next_cursor(found.next.as_ref().map(|cursor| cursor.to_token()));
    let form = wrong_filters(&page, &wrong, entered);
    let values = context! {
        cards => Serde(&cards), total => found.total, form, opened => opened.map(|opened| context! { is_gone => opened.is_none(), ..opened.unwrap_or_default() }),
        is_student => who.is_some_and(|who| who.role() == Role::Student),
        more => next.map(|next| asked.address(|name, _| name != "cursor", Some(("cursor", &next)))),
        ..values(&page, &asked, &found)
    };
    page.show_to(StatusCode::OK, who, &reader, "jobs.html", values)
        .await
}

async fn find(
    page: &Page,
    reader: &Reader,
    who: Option<&Identity>,
    asked: &Asked,
) -> Result<(JobsFound, Query), Problem> {
    let state = &page.state;
    let query = Query::from_pairs(page.request.path(), &asked.0, LIST_PARAMETERS)?;
    let mut wanted = wanted(state, &query)?;
    if query.switch("eligible")? == Some(true) {
        wanted.query.only = Some(eligible_jobs(state, reader, who, &page.request).await?);
    }
    let found = jobs::find(reader, &state.cached_jobs, &state.index, who, wanted).await?;
    Ok((found, query))
}

/// Where a student stands with each of the jobs.
#[derive(Default)]
struct Standings {
    applied: HashSet<JobId>,
    verdicts: HashMap<JobId, Eligibility>,
}

impl Standings {
    async fn of(
        page: &Page,
        reader: &Reader,
        who: Option<&Identity>,
        found: &JobsFound,
    ) -> Result<Self, Problem> {
        let Some((who, Party::Student(id))) = who.map(|who| (who, &who.party)) else {
            return Ok(Self::default());
        };
        let wanted = ApplicationsWanted::default();
        let mine = applications::list(reader, who, wanted, None, MAX_APPLICATIONS).await?;
        let mut student = student(reader, id).await?;
        student.record.preferences.language = Some(page.words.language.to_owned());
        let jobs: Vec<&Job> = found.jobs.iter().map(|(job, _)| &job.record).collect();
        let (checker, now) = (&page.state.checker, page.state.now());
        let asked = Some(page.words.language);
        let verdicts = checker
            .check_jobs(reader, &student, &jobs, now, asked)
            .await?;
        let ids = jobs.iter().map(|job| job.job_id);
        Ok(Self {
            applied: mine
                .items
                .iter()
                .filter(|one| one.application_status() != ApplicationStatus::Withdrawn)
                .map(|one| one.job_id)
                .collect(),
            verdicts: ids.zip(verdicts.into_iter().flatten()).collect(),
        })
    }

    fn get(&self, id: JobId) -> Option<Standing<'_>> {
        if self.applied.contains(&id) {
            return Some(Standing::APPLIED);
        }
        self.verdicts.get(&id).map(Standing::of)
    }
}

fn wrong_filters(
    page: &Page,
    wrong: &[FieldError],
    entered: serde_json::Map<String, serde_json::Value>,
) -> Value {
    let text = |error: &FieldError| problem_text::fault(page.words, error, false);
    let errors: serde_json::Map<_, _> = wrong
        .iter()
        .map(|error| (error.field.clone(), text(error).into()))
        .collect();
    context! { errors => Serde(errors), ..empty_form(Value::from(Serde(entered))) }
}

/// What the page says about the search.
fn values(page: &Page, asked: &Asked, found: &JobsFound) -> Value {
    let facets = &found.facets;
    let filters = context! {
        setting => Serde(choices(asked, "setting", &facets.setting)),
        skill => Serde(choices(asked, "skill", &facets.skills)),
        workSpace => Serde(choices(asked, "workSpace", &facets.work_space)),
        work_study => asked.get("workStudy") == Some("true"),
        eligible => asked.get("eligible") == Some("true"),
    };
    let usual_sort = if asked.get("q").is_some() {
        "relevance"
    } else {
        "newest"
    };
    let sort = asked.get("sort").unwrap_or(usual_sort);
    let corrected = found.corrected.as_ref();
    let other = |name: &str, _: &str| name != "cursor";
    context! {
        q => asked.get("q").unwrap_or_default(), sort, usual_sort, filters, chips => Serde(chips(asked, page)),
        corrected => corrected.map(|corrected| context! { from => &*corrected.from, to => &*corrected.to }),
        has_filters => asked.has_filters(), is_later => asked.get("cursor").is_some(),
        first => asked.address(other, None), cleared => asked.address(|name, _| name == "q", None),
        open => asked.address(other, Some(("job", ""))),
        hidden => Serde(asked.0.iter().filter(|(name, _)| matches!(name.as_str(), "location" | "employeeId")).collect::<Vec<_>>()),
    }
}

/// A choice of a filter.
#[derive(Serialize)]
struct Choice<'a> {
    value: &'a str,
    count: usize,
    is_chosen: bool,
    /// Below "show all".
    is_more: bool,
}

/// The choices of a filter. A chosen one without results stays, so that it can be taken back.
fn choices<'a>(asked: &'a Asked, name: &'a str, counts: &'a [FacetCount]) -> Vec<Choice<'a>> {
    let is = |value: &str, other: &str| value.to_lowercase() == other.to_lowercase();
    let lost = asked
        .all(name)
        .filter(|chosen| !counts.iter().any(|row| is(&row.value, chosen)));
    let lost = lost.map(|value| Choice {
        value,
        count: 0,
        is_chosen: true,
        is_more: false,
    });
    let known = counts.iter().enumerate().map(|(at, row)| {
        let is_chosen = asked.all(name).any(|chosen| is(&row.value, chosen));
        Choice {
            value: &row.value,
            count: row.count,
            is_chosen,
            is_more: at >= SHOWN_CHOICES && !is_chosen,
        }
    });
    let mut all: Vec<_> = lost.chain(known).collect();
    all.sort_by_key(|choice| choice.is_more);
    all
}

/// An active filter, and the address without it.
#[derive(Serialize)]
struct Chip {
    text: String,
    without: String,
}

fn chips(asked: &Asked, page: &Page) -> Vec<Chip> {
    let others = ["q", "sort", "cursor"];
    let filters = asked
        .0
        .iter()
        .filter(|(name, _)| !others.contains(&name.as_str()));
    filters
        .map(|(name, value)| Chip {
            text: chip_text(page, name, value.trim()),
            without: asked.address(
                |key, other| key != "cursor" && (key != name || other != value),
                None,
            ),
        })
        .collect()
}

fn chip_text(page: &Page, name: &str, value: &str) -> String {
    let words = page.words;
    let number = value.parse::<f64>().ok();
    match (name, number) {
        ("setting", _) if words.has(&format!("setting.{value}")) => {
            words.plain(&format!("setting.{value}"))
        }
        ("minPay", Some(number)) => {
            let amount = Money::from_decimal(number).unwrap_or_default();
            let amount = words.money(amount, &page.state.campus().currency);
            words.with("filter.min_pay_is", [("amount", amount.into())])
        }
        ("maxHours", Some(hours)) => words.with("filter.max_hours_is", [("count", hours.into())]),
        ("workStudy", _) => words.plain("job.work_study"),
        ("eligible", _) => words.plain("filter.eligible"),
        ("employeeId", _) => words.plain("filter.one_employer"),
        _ => value.to_owned(),
    }
}
