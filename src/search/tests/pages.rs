//! Pages stay stable while jobs arrive.

use std::collections::HashSet;

use super::samples::{NOW, Sample, changed, id, job, posted_job, upsert};
use crate::model::{Job, JobId, Money, Timestamp};
use crate::search::{Edit, JobQuery, SearchError, Sort};

const JOBS: u64 = 40;

/// Has many ties in every order.
fn sample_job(number: u64) -> Job {
    let title = ["Tutor", "Math tutor", "Tutor of tutors", "Night clerk"][number as usize % 4];
    let description = "A tutor helps. ".repeat(number as usize % 3 + 1);
    changed(
        posted_job(number, title, &description, number.cast_signed() / 3),
        |job| {
            job.job_pay_rate = Money::from_cents(number.cast_signed() % 5 * 100);
            job.deadline = NOW.plus(std::time::Duration::from_secs(number % 6 + 1));
        },
    )
}

fn pages(sort: Sort, q: Option<&str>, mut between: impl FnMut(&Sample, &[JobId])) -> Vec<JobId> {
    let sample = Sample::new(&(0..JOBS).map(sample_job).collect::<Vec<_>>());
    let mut query = JobQuery {
        q: q.map(Into::into),
        sort,
        ..JobQuery::open(NOW, 6)
    };
    let mut listed = Vec::new();
    loop {
        let found = sample.index.find(&query).unwrap();
        assert!(found.hits.len() == 6 || found.next.is_none());
        listed.extend(&found.hits);
        let Some(next) = found.next else {
            return listed;
        };
        query.after = Some(crate::search::After::parse(&next.to_token()).unwrap());
        between(&sample, &found.hits);
    }
}

#[test]
fn nothing_repeats_and_nothing_is_skipped_while_jobs_arrive() {
    for sort in [Sort::Relevance, Sort::Newest, Sort::Pay, Sort::Deadline] {
        for q in [
            None,
            Some("tutor"),
            Some("math tutor"),
            Some("nothing but tutors"),
        ] {
            let mut next = JOBS;
            let listed = pages(sort, q, |sample, _| {
                sample
                    .index
                    .apply(vec![upsert(&sample_job(next))], next)
                    .unwrap();
                next += 1;
            });
            let unique: HashSet<_> = listed.iter().collect();
            assert_eq!(unique.len(), listed.len(), "{sort:?} {q:?} repeats");
            let matches = |number: &u64| match q {
                Some("math tutor") => number % 4 == 1,
                _ => true,
            };
            for number in (0..JOBS).filter(matches) {
                assert!(
                    unique.contains(&id(number)),
                    "{sort:?} {q:?} skips {number}"
                );
            }
        }
    }
}

#[test]
fn a_page_continues_even_if_its_last_job_is_gone() {
    for sort in [Sort::Relevance, Sort::Newest, Sort::Pay, Sort::Deadline] {
        let listed = pages(sort, Some("tutor"), |sample, hits| {
            let last = *hits.last().unwrap();
            sample.index.apply(vec![Edit::Remove(last)], 2).unwrap();
        });
        assert_eq!(listed.len() as u64, JOBS, "{sort:?}");
        assert_eq!(
            listed.iter().collect::<HashSet<_>>().len() as u64,
            JOBS,
            "{sort:?}"
        );
    }
}

#[test]
fn each_order_sorts_as_named() {
    let number = |found: &JobId| (0..JOBS).find(|number| id(*number) == *found).unwrap();
    let listed = |sort| -> Vec<u64> { pages(sort, None, |_, _| ()).iter().map(number).collect() };
    let newest = listed(Sort::Newest);
    assert!(newest.is_sorted_by_key(|n| std::cmp::Reverse((n / 3, id(*n)))));
    assert_eq!(listed(Sort::Relevance), newest);
    assert!(listed(Sort::Pay).is_sorted_by_key(|n| std::cmp::Reverse((n % 5, id(*n)))));
    assert!(listed(Sort::Deadline).is_sorted_by_key(|n| (n % 6, std::cmp::Reverse(id(*n)))));
}

#[test]
fn a_cursor_of_another_sort_order_is_refused() {
    let sample = Sample::new(&[sample_job(0), sample_job(1)]);
    let query = JobQuery {
        sort: Sort::Pay,
        ..JobQuery::open(NOW, 1)
    };
    let after = sample.index.find(&query).unwrap().next;
    let query = JobQuery {
        sort: Sort::Newest,
        after,
        ..query
    };
    assert!(matches!(
        sample.index.find(&query),
        Err(SearchError::BadCursor)
    ));
}

#[test]
fn a_cached_answer_is_used_only_while_it_is_valid() {
    let mut closing = job(2, "Library aide", "Shelves books.");
    closing.deadline = Timestamp::from_millis(NOW.as_millis() + 5);
    let sample = Sample::new(&[job(1, "Library aide", ""), closing.clone()]);
    let found = |q: &str, later: i64, limit: usize| {
        let now = Timestamp::from_millis(NOW.as_millis() + later);
        let query = JobQuery {
            q: Some(q.into()),
            ..JobQuery::open(now, limit)
        };
        let found = sample.index.find(&query).unwrap();
        (found.total, found.hits.len())
    };
    for _ in 0..2 {
        assert_eq!(found("library", 0, 20), (2, 2));
        assert_eq!(found("library", 0, 1), (2, 1));
        assert_eq!(found("shelves", 0, 20), (1, 1));
        assert_eq!(found("library", 5, 20), (1, 1));
        assert_eq!(found("shelves", 5, 20), (0, 0));
    }
    let snippet = |q: &str, job: &Job, version| {
        let snippeter = sample.index.snippeter(q).unwrap();
        snippeter.snippet_of(job, version).to_string()
    };
    let marked = "<mark>Shelves</mark> books.";
    assert_eq!(snippet("shelves", &closing, 1), marked);
    closing.job_description = "Maps.".into();
    assert_eq!(snippet("shelves", &closing, 1), marked);
    assert_eq!(snippet("shelves", &closing, 2), "Maps.");
    sample.index.apply(vec![upsert(&closing)], 2).unwrap();
    assert_eq!(found("shelves", 0, 20), (0, 0));
    assert_eq!(found("maps", 0, 20), (1, 1));
}
