//! Totals, hits and facet counts compared with a naive count.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::samples::{Sample, changed, draft_job, id, job, upsert};
use crate::model::{EmployeeId, Job, JobSetting, JobStatus, Money, Timestamp};
use crate::search::{Edit, FacetCount, JobQuery, Sort};

const SKILLS: [&str; 4] = ["Python", "C++", "Data Entry", "python"];
const PLACES: [Option<&str>; 3] = [None, Some("Library"), Some("Rec Center")];
const SETTINGS: [JobSetting; 3] = [
    JobSetting::OnCampus,
    JobSetting::OffCampus,
    JobSetting::Remote,
];
const WORDS: [&str; 3] = ["tutor", "clerk", "guide"];

prop_compose! {
    fn a_job()(
        number in 0u64..40,
        words in prop::collection::btree_set(0..WORDS.len(), 1..3),
        skills in prop::collection::btree_set(0..3usize, 0..4),
        shouts: bool,
        place in 0..PLACES.len(),
        setting in 0..SETTINGS.len(),
        hours in 1u8..25,
        pay in 1i64..35,
        open in 0..4u8,
        deadline in 0i64..6,
        employer in 0..2u8,
        work_study: bool,
    ) -> Job {
        let words: Vec<_> = words.into_iter().map(|word| WORDS[word]).collect();
        let spell = |skill: usize| if shouts { SKILLS[skill].to_uppercase() } else { SKILLS[skill].into() };
        let sample = if open == 0 { draft_job } else { job };
        changed(sample(number, &words.join(" "), "A job."), |job| {
            job.skills_required = skills.into_iter().map(spell).collect();
            job.work_space = PLACES[place].map(Into::into);
            job.location = PLACES[place].map(|place| format!("{place}, Room 1"));
            job.setting = SETTINGS[setting];
            job.hours_per_week = f64::from(hours);
            job.job_pay_rate = Money::from_cents(pay * 100);
            job.deadline = Timestamp::from_millis(deadline);
            job.employee_id = EmployeeId::parse(&format!("E{employer}")).unwrap();
            job.work_study_required = work_study;
        })
    }
}

prop_compose! {
    fn a_query()(
        words in prop::collection::btree_set(0..WORDS.len(), 0..3),
        skills in prop::collection::vec(0..SKILLS.len(), 0..3),
        settings in prop::collection::vec(0..SETTINGS.len(), 0..3),
        location in prop::option::of(0..2usize),
        place in 0..PLACES.len(),
        min_pay in prop::option::of(1i64..35),
        max_hours in prop::option::of(1u8..25),
        employer in prop::option::of(0..2u8),
        work_study: Option<bool>,
        is_draft in prop::bool::weighted(0.2),
        now in 0i64..6,
        sort in 0..4usize,
    ) -> JobQuery {
        let words: Vec<_> = words.into_iter().map(|word| WORDS[word]).collect();
        JobQuery {
            q: Some(words.join(" ")),
            skills: skills.into_iter().map(|skill| SKILLS[skill].into()).collect(),
            settings: settings.into_iter().map(|setting| SETTINGS[setting]).collect(),
            location: location.map(|at| ["room library", "CENTER"][at].into()),
            work_space: PLACES[place].map(str::to_uppercase),
            min_pay: min_pay.map(|pay| Money::from_cents(pay * 100)),
            max_hours: max_hours.map(f64::from),
            work_study,
            employee_id: employer.map(|employer| EmployeeId::parse(&format!("E{employer}")).unwrap()),
            only: None,
            status: if is_draft { JobStatus::Draft } else { JobStatus::Open },
            sort: [Sort::Relevance, Sort::Newest, Sort::Pay, Sort::Deadline][sort],
            ..JobQuery::open(Timestamp::from_millis(now), 100)
        }
    }
}

/// The filter to leave out.
#[derive(PartialEq)]
enum But {
    None,
    Skills,
    WorkSpace,
    Setting,
    Pay,
    Hours,
    WorkStudy,
}

fn fits(job: &Job, query: &JobQuery, any_word: bool, but: &But) -> bool {
    let lower = |text: &str| text.to_lowercase();
    let skills: BTreeSet<_> = job
        .skills_required
        .iter()
        .map(|skill| lower(skill))
        .collect();
    let location = lower(job.location.as_deref().unwrap_or_default());
    let q = query.q.clone().unwrap_or_default();
    let mut words = q.split_whitespace();
    let has = |word: &str| job.job_title.contains(word);
    job.job_status() == query.status
        && (query.status != JobStatus::Open || job.deadline > query.now)
        && (q.is_empty()
            || if any_word {
                words.any(has)
            } else {
                words.all(has)
            })
        && (*but == But::Skills
            || query
                .skills
                .iter()
                .all(|skill| skills.contains(&lower(skill))))
        && (*but == But::Setting
            || query.settings.is_empty()
            || query.settings.contains(&job.setting))
        && (*but == But::WorkSpace
            || query.work_space.as_ref().is_none_or(|place| {
                job.work_space
                    .as_ref()
                    .is_some_and(|own| lower(own) == lower(place))
            }))
        && query
            .location
            .as_ref()
            .is_none_or(|words| lower(words).split(' ').all(|word| location.contains(word)))
        && (*but == But::Pay || query.min_pay.is_none_or(|pay| job.job_pay_rate >= pay))
        && (*but == But::Hours
            || query
                .max_hours
                .is_none_or(|hours| job.hours_per_week <= hours))
        && (*but == But::WorkStudy
            || query
                .work_study
                .is_none_or(|wanted| wanted == job.work_study_required))
        && query
            .employee_id
            .as_ref()
            .is_none_or(|id| *id == job.employee_id)
}

/// Counts by lower-case value, since the spelling shown depends on all jobs.
fn counted(values: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    values.for_each(|value| *counts.entry(value.to_lowercase()).or_default() += 1);
    counts
}

fn listed(counts: &[FacetCount]) -> BTreeMap<String, usize> {
    assert!(counts.is_sorted_by_key(|count| (usize::MAX - count.count, count.value.clone())));
    counts
        .iter()
        .map(|count| (count.value.to_lowercase(), count.count))
        .collect()
}

fn band(edges: &[f64], is_within: impl Fn(f64, f64) -> bool) -> String {
    let pair = edges.windows(2).find(|pair| is_within(pair[0], pair[1]));
    match pair.unwrap() {
        [low, high] if high.is_infinite() => format!("{low}+"),
        [low, high] => format!("{low}-{high}"),
        _ => unreachable!("windows of two"),
    }
}

/// Bands have their own order.
fn in_order(counts: &[FacetCount]) -> BTreeMap<String, usize> {
    let edge = |count: &FacetCount| -> u32 {
        let digits = count.value.split(['-', '+']).next().unwrap();
        digits.parse().unwrap()
    };
    assert!(counts.is_sorted_by_key(edge));
    counts
        .iter()
        .map(|count| (count.value.clone(), count.count))
        .collect()
}

fn check(sample: &Sample, jobs: &BTreeMap<u64, Job>, query: &JobQuery) {
    let fitting = |any_word, but: But| {
        let fits = move |job: &&Job| fits(job, query, any_word, &but);
        jobs.values().filter(fits)
    };
    let any_word = fitting(false, But::None).next().is_none();
    let found = sample.index.find(query).unwrap();
    let expected: BTreeSet<_> = fitting(any_word, But::None).map(|job| job.job_id).collect();
    assert_eq!(found.total, expected.len());
    assert_eq!(
        found.hits.iter().copied().collect::<BTreeSet<_>>(),
        expected
    );
    assert_eq!(found.hits.len(), found.total);
    // Without hits, it may answer from the cache.
    let counts = JobQuery {
        limit: 0,
        ..query.clone()
    };
    let known = sample.index.find(&counts).unwrap();
    assert_eq!((known.total, known.hits.len()), (found.total, 0));
    assert_eq!(known.facets, found.facets);
    let skills = fitting(any_word, But::Skills).flat_map(|job| job.skills_required.clone());
    assert_eq!(listed(&found.facets.skills), counted(skills));
    let places = fitting(any_word, But::WorkSpace).filter_map(|job| job.work_space.clone());
    assert_eq!(listed(&found.facets.work_space), counted(places));
    let setting = |job: &Job| {
        serde_json::to_value(job.setting)
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned()
    };
    let settings = fitting(any_word, But::Setting).map(setting);
    assert_eq!(listed(&found.facets.setting), counted(settings));
    let work_study = fitting(any_word, But::WorkStudy).map(|job| job.work_study_required);
    assert_eq!(
        listed(&found.facets.work_study),
        counted(work_study.map(|one| one.to_string()))
    );
    let pay = |job: &Job| {
        let edges = [0.0, 12.0, 15.0, 18.0, 22.0, 30.0, f64::INFINITY];
        let pay = job.job_pay_rate.to_decimal();
        band(&edges, |low, high| low <= pay && pay < high)
    };
    let pay = fitting(any_word, But::Pay).map(pay);
    assert_eq!(in_order(&found.facets.pay), counted(pay));
    let hours = |job: &Job| {
        let edges = [0.0, 5.0, 10.0, 15.0, 20.0, f64::INFINITY];
        band(&edges, |low, high| {
            low < job.hours_per_week && job.hours_per_week <= high
        })
    };
    let hours = fitting(any_word, But::Hours).map(hours);
    assert_eq!(in_order(&found.facets.hours), counted(hours));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn hits_and_facets_are_those_of_a_naive_count(
        batches in prop::collection::vec(
            prop::collection::vec((a_job(), prop::bool::weighted(0.2)), 0..25), 1..4),
        queries in prop::collection::vec(a_query(), 1..40),
    ) {
        let sample = Sample::new(&[]);
        let mut jobs = BTreeMap::new();
        for (at, batch) in batches.into_iter().enumerate() {
            let mut edits = Vec::new();
            for (job, is_removed) in batch {
                let number = (0..40).find(|number| id(*number) == job.job_id).unwrap();
                if is_removed {
                    jobs.remove(&number);
                    edits.push(Edit::Remove(job.job_id));
                } else {
                    edits.push(upsert(&job));
                    jobs.insert(number, job);
                }
            }
            sample.index.apply(edits, at as u64 + 2).unwrap();
            for query in &queries {
                check(&sample, &jobs, query);
            }
        }
    }
}

#[test]
fn a_skill_shows_in_its_most_frequent_spelling() {
    let spelled = |number, skill: &str| {
        changed(job(number, "Coder", "Codes."), |job| {
            job.skills_required = vec![skill.into()];
        })
    };
    let sample = Sample::new(&[
        spelled(1, "JAVASCRIPT"),
        spelled(2, "JavaScript"),
        spelled(3, "JavaScript"),
        spelled(4, "javascript"),
    ]);
    let query = JobQuery {
        skills: vec![" javaSCRIPT ".into(), String::new()],
        ..JobQuery::open(Timestamp::from_millis(0), 2)
    };
    let found = sample.index.find(&query).unwrap();
    assert_eq!((found.total, found.hits.len()), (4, 2));
    let expected = FacetCount {
        value: "JavaScript".into(),
        count: 4,
    };
    assert_eq!(found.facets.skills, [expected]);
}
