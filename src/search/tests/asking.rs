//! What a query can ask for: skills by any name, places, limits, exclusions.

use super::samples::{NOW, Sample, changed, id, job, upsert};
use crate::model::{JobId, JobSetting, Money, Vocabulary};
use crate::search::{JobQuery, SearchIndex};

fn sample() -> Sample {
    let with = |number, title: &str, description: &str, skills: &[&str], place: &str, pay| {
        changed(job(number, title, description), |job| {
            job.skills_required = skills.iter().map(ToString::to_string).collect();
            job.work_space = Some(place.into());
            job.location = Some("33 Beaver St".into());
            job.job_pay_rate = Money::from_cents(pay);
            job.hours_per_week = (pay / 100) as f64;
        })
    };
    let (coder, clerk) = ("Writes pages in JS.", "Keeps lists.");
    Sample::new(&[
        with(1, "Web Aide", coder, &["javascript"], "Library", 1_500),
        with(2, "Night Clerk", clerk, &["MS Excel"], "Library", 1_200),
        with(3, "Day Clerk", clerk, &["Excel", "Dewey"], "Gym", 1_800),
        changed(
            with(4, "Script Writer", coder, &[], "Theatre", 2_000),
            |job| {
                job.setting = JobSetting::Remote;
            },
        ),
        with(5, "☕ Barista", "図書館 café", &["Latte art"], "Café", 900),
    ])
}

#[test]
fn field_prefixes_choose_the_field() {
    let sample = sample();
    for (typed, found) in [
        ("js", vec![1, 4]),
        ("java script", vec![1, 4]),
        ("JavaScript", vec![1, 4]),
        ("excel", vec![2, 3]),
        ("ms excel", vec![2, 3]),
        ("skill:js", vec![1]),
        ("skill:\"ms excel\"", vec![2, 3]),
        ("skill:dewey", vec![3]),
        ("clerk -night", vec![3]),
        ("-clerk", vec![1, 4, 5]),
        ("-clerk -skill:js", vec![4, 5]),
        ("clerk at:library", vec![2]),
        ("at:beaver", vec![1, 2, 3, 4, 5]),
        ("title:clerk", vec![2, 3]),
        ("title:js", vec![]),
        ("pay:>15", vec![3, 4]),
        ("pay:>=15", vec![1, 3, 4]),
        ("clerk pay:<15", vec![2]),
        ("pay:12-15", vec![1, 2]),
        ("hours:12", vec![2, 5]),
        ("setting:remote", vec![4]),
        ("remote", vec![4]),
        ("remote writer", vec![4]),
        ("skill:js setting:remote", vec![]),
        ("☕", vec![5]),
        ("図書", vec![5]),
        ("cafe", vec![5]),
        ("clrk", vec![2, 3]),
        ("clerk \"", vec![2, 3]),
        ("(clerk]", vec![2, 3]),
        ("clerk pay:", vec![2, 3]),
        ("-clerk pay:>100", vec![]),
    ] {
        let mut hits = sample.search(typed);
        hits.sort_unstable();
        let expected: Vec<_> = found.into_iter().map(id).collect();
        assert_eq!(hits, expected, "{typed:?}");
    }
}

#[test]
fn filters_know_skills_by_any_name() {
    let sample = sample();
    let found = |skill: &str| {
        let query = JobQuery {
            skills: vec![skill.into()],
            ..JobQuery::open(NOW, 100)
        };
        sample.index.find(&query).unwrap()
    };
    for name in ["Excel", "ms excel", "MICROSOFT EXCEL"] {
        assert_eq!(found(name).total, 2, "{name}");
        let skills = &found(name).facets.skills;
        assert_eq!(
            (skills[0].value.as_str(), skills[0].count),
            ("Microsoft Excel", 2)
        );
    }
    assert_eq!(found("latte ART").total, 1);
}

#[test]
fn an_index_with_other_skill_names_is_rebuilt() {
    let dir = tempfile::tempdir().unwrap();
    let own = [("Sierra ILS".to_owned(), vec!["sierra".to_owned()])];
    let vocabulary = Vocabulary::with(&own.into());
    let clerk = changed(job(1, "Clerk", "Files."), |job| {
        job.skills_required = vec!["sierra".into()];
    });
    let index = SearchIndex::open_with(dir.path(), vocabulary.clone()).unwrap();
    index.apply(vec![upsert(&clerk)], 3).unwrap();
    let query = JobQuery {
        skills: vec!["SIERRA ils".into()],
        ..JobQuery::open(NOW, 10)
    };
    let found: Vec<JobId> = index.find(&query).unwrap().hits;
    assert_eq!(found, [id(1)]);
    drop(index);
    let index = SearchIndex::open_with(dir.path(), vocabulary).unwrap();
    assert_eq!(index.position(), 3);
    drop(index);
    let index = SearchIndex::open(dir.path()).unwrap();
    assert_eq!(index.position(), 0);
}
