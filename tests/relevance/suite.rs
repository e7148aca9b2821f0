//! Queries over real postings with graded results, and the figures computed from them. Shared by the test that guards
//! the baseline and the bench that prints the tables. The figures are those of the suite's own eval.py: nDCG@10 with
//! the grade as gain, MRR over the whole list, recall@20; a query without results scores 0.

#![allow(dead_code, reason = "the test and the bench each use a part of this")]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use corkboard::model::{
    EmployeeId, Job, JobFields, JobId, JobSetting, Money, Timestamp, day_or_time,
};
use corkboard::search::{Edit, JobQuery, SearchIndex};

/// Most hits per query in a run.
const DEPTH: usize = 100;
const HOUR: Duration = Duration::from_hours(1);

pub struct Query {
    pub id: String,
    pub kind: String,
    pub text: String,
    /// The grades of relevant postings, by external ID.
    grades: HashMap<String, f64>,
}

pub struct Suite {
    pub queries: Vec<Query>,
    jobs: Vec<Job>,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    pub queries: usize,
    pub ndcg: f64,
    pub mrr: f64,
    pub recall: f64,
}

/// The results of one query: external IDs, best first.
pub struct Answer<'a> {
    pub query: &'a Query,
    pub found: Vec<String>,
}

/// The day that the postings' dates count from.
pub fn now() -> Timestamp {
    day_or_time("2026-11-30", &jiff::tz::TimeZone::UTC).unwrap()
}

impl Suite {
    /// The suite in this folder.
    pub fn own() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/relevance");
        Self::load(&folder, &folder.join("postings.csv.gz"))
    }

    /// The queries.tsv and qrels.txt of another folder, with another file of postings.
    pub fn load(folder: &Path, postings: &Path) -> Self {
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        let mut grades: HashMap<String, HashMap<String, f64>> = HashMap::new();
        for line in read("qrels.txt").lines() {
            let parts: Vec<&str> = line.split_whitespace().collect();
            let [query, _, job, grade] = parts[..] else {
                panic!("{line:?} is no judgement")
            };
            let grade: f64 = grade.parse().unwrap();
            if grade > 0.0 {
                let of_query = grades.entry(query.into()).or_default();
                of_query.insert(job.into(), grade);
            }
        }
        let query = |line: &str| {
            let parts: Vec<&str> = line.split('\t').collect();
            let [id, kind, text] = parts[..] else {
                panic!("{line:?} is no query")
            };
            Query {
                id: id.into(),
                kind: kind.into(),
                text: text.into(),
                grades: grades.remove(id).unwrap_or_default(),
            }
        };
        let queries = read("queries.tsv").lines().skip(1).map(query).collect();
        Self {
            queries,
            jobs: jobs(postings),
        }
    }

    /// All postings, as imported.
    pub fn jobs(&self) -> &[Job] {
        &self.jobs
    }

    pub fn jobs_mut(&mut self) -> &mut [Job] {
        &mut self.jobs
    }

    /// Keeps only the first few postings.
    pub fn keep(&mut self, count: usize) {
        self.jobs.truncate(count);
    }

    pub fn index(&self, folder: &Path) -> SearchIndex {
        let index = SearchIndex::open(folder).unwrap();
        let edit = |job: &Job| Edit::Upsert(Box::new(job.clone()));
        index
            .apply(self.jobs.iter().map(edit).collect(), 1)
            .unwrap();
        index
    }

    pub fn answers(&self, index: &SearchIndex) -> Vec<Answer<'_>> {
        let names: HashMap<JobId, &str> = self
            .jobs
            .iter()
            .map(|job| (job.job_id, job.external_id.as_deref().unwrap()))
            .collect();
        let mut answers = Vec::with_capacity(self.queries.len());
        for query in &self.queries {
            let asked = JobQuery {
                q: Some(query.text.clone()),
                ..JobQuery::open(now(), DEPTH)
            };
            let found = index.find(&asked).unwrap().hits;
            answers.push(Answer {
                query,
                found: found.iter().map(|id| names[id].to_owned()).collect(),
            });
        }
        answers
    }
}

impl Query {
    /// The relevant postings, best first.
    pub fn best(&self) -> Vec<&str> {
        let mut jobs: Vec<(&str, f64)> = self
            .grades
            .iter()
            .map(|(job, grade)| (job.as_str(), *grade))
            .collect();
        jobs.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
        jobs.into_iter().map(|(job, _)| job).collect()
    }

    /// Queries with odd numbers were used for tuning, the others were held out.
    pub fn is_odd(&self) -> bool {
        self.id.ends_with(['1', '3', '5', '7', '9'])
    }
}

impl Answer<'_> {
    pub fn figures(&self) -> Figures {
        let grades = &self.query.grades;
        let discounted = |rank: usize, grade: f64| grade / ((rank + 2) as f64).log2();
        let grade = |job: &String| grades.get(job).copied().unwrap_or(0.0);
        let gain: f64 = (self.found.iter().take(10).enumerate())
            .map(|(rank, job)| discounted(rank, grade(job)))
            .sum();
        let mut best: Vec<f64> = grades.values().copied().collect();
        best.sort_by(|a, b| b.total_cmp(a));
        let ideal: f64 = (best.iter().take(10).enumerate())
            .map(|(rank, grade)| discounted(rank, *grade))
            .sum();
        let first = self.found.iter().position(|job| grades.contains_key(job));
        let within = self.found.iter().take(20);
        let found = within.filter(|job| grades.contains_key(*job)).count();
        Figures {
            queries: 1,
            ndcg: gain / ideal,
            mrr: first.map_or(0.0, |rank| 1.0 / (rank + 1) as f64),
            recall: found as f64 / grades.len() as f64,
        }
    }
}

/// The mean figures of each kind, in the order of the queries, with "all" at the end.
pub fn table<'a>(answers: impl Iterator<Item = &'a Answer<'a>>) -> Vec<(String, Figures)> {
    let mut sums: Vec<(String, Figures)> = Vec::new();
    let mut all = Figures::default();
    for answer in answers.filter(|answer| !answer.query.grades.is_empty()) {
        let kind = &answer.query.kind;
        let at = sums.iter().position(|(name, _)| name == kind);
        let at = at.unwrap_or_else(|| {
            sums.push((kind.clone(), Figures::default()));
            sums.len() - 1
        });
        let own = answer.figures();
        for sum in [&mut sums[at].1, &mut all] {
            sum.queries += 1;
            sum.ndcg += own.ndcg;
            sum.mrr += own.mrr;
            sum.recall += own.recall;
        }
    }
    sums.push(("all".into(), all));
    for (_, sum) in &mut sums {
        let count = sum.queries.max(1) as f64;
        sum.ndcg /= count;
        sum.mrr /= count;
        sum.recall /= count;
    }
    sums
}

pub fn shown(table: &[(String, Figures)]) -> String {
    let mut text = format!(
        "{:<12}{:>8}{:>10}{:>8}{:>11}\n",
        "kind", "queries", "nDCG@10", "MRR", "recall@20"
    );
    for (kind, figures) in table {
        writeln!(
            text,
            "{kind:<12}{:>8}{:>10.3}{:>8.3}{:>11.3}",
            figures.queries, figures.ndcg, figures.mrr, figures.recall
        )
        .unwrap();
    }
    text
}

fn jobs(file: &Path) -> Vec<Job> {
    let mut bytes = std::fs::read(file).unwrap();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut text = Vec::new();
        let mut reader = flate2::read::GzDecoder::new(&bytes[..]);
        reader.read_to_end(&mut text).unwrap();
        bytes = text;
    }
    let mut rows = csv::Reader::from_reader(&bytes[..]);
    let columns = rows.headers().unwrap().clone();
    let rows = rows.records().map(|row| row.unwrap());
    let job = |(number, row): (usize, csv::StringRecord)| {
        let text = |name: &str| {
            let at = columns.iter().position(|column| column == name).unwrap();
            row[at].to_owned()
        };
        let given = |name: &str| Some(text(name)).filter(|text| !text.is_empty());
        let posted = now().minus(HOUR);
        let employer = EmployeeId::parse("E1").unwrap();
        let mut job = Job::draft(JobId::from_parts(1, number as u64), employer, posted);
        job.apply(JobFields {
            job_title: text("jobTitle"),
            job_description: text("jobDescription"),
            job_pay_rate: Money::from_decimal(text("jobPayRate").parse().unwrap()).unwrap(),
            skills_required: given("skillsRequired")
                .map(|list| list.split(';').map(str::to_owned).collect())
                .unwrap_or_default(),
            work_space: given("workSpace"),
            location: given("location"),
            setting: match text("setting").as_str() {
                "offCampus" => JobSetting::OffCampus,
                "remote" => JobSetting::Remote,
                _ => JobSetting::OnCampus,
            },
            hours_per_week: text("hoursPerWeek").parse().unwrap(),
            positions: text("positions").parse().unwrap(),
            work_study_required: text("workStudyRequired") == "true",
            start_date: None,
            end_date: None,
            deadline: day_or_time(&text("deadline"), &jiff::tz::TimeZone::UTC).unwrap(),
            questions: Vec::new(),
        });
        job.currency = "USD".into();
        job.employer_name = text("workSpace");
        job.external_id = given("externalId");
        job.approve(posted);
        job
    };
    rows.enumerate().map(job).collect()
}
