//! Similar postings in an index with many deleted ones.

use super::samples::{NOW, Sample, changed, id, job, upsert};
use crate::model::Job;
use crate::search::{Edit, Interests};

#[test]
fn deleted_postings_are_not_shown() {
    let every = |number| job(number, "Tutor of math", "Tutors math, math and more math.");
    let sample = Sample::new(&(0..60).map(every).collect::<Vec<_>>());
    let removed = (2..60).map(|number| Edit::Remove(id(number)));
    sample.index.apply(removed.collect(), 2).unwrap();
    let closed = changed(every(70), |job| {
        job.close();
    });
    sample.index.apply(vec![upsert(&closed)], 3).unwrap();
    let interests = Interests {
        skills: vec!["math".into(), String::new(), "\0".into()],
        liked: vec![every(0), job(80, "?!", "…")],
    };
    let found = sample.index.similar(&interests, &[id(0)], NOW, 10).unwrap();
    // Until a merge removes them, deleted postings still count in word frequencies. Then nothing is similar.
    assert!(found.is_empty() || found == [id(1)], "{found:?}");
    let nothing = Interests::default();
    assert_eq!(sample.index.similar(&nothing, &[], NOW, 10).unwrap(), []);
}

#[test]
fn rare_skills_count_most() {
    let with = |number, skills: &[&str]| {
        changed(job(number, "Aide", "Helps."), |job| {
            job.skills_required = skills.iter().map(ToString::to_string).collect();
        })
    };
    let mut jobs: Vec<Job> = (0..20).map(|number| with(number, &["Excel"])).collect();
    jobs.push(with(20, &["Basque"]));
    jobs.push(with(21, &["Excel", "Basque"]));
    let sample = Sample::new(&jobs);
    let interests = Interests {
        skills: vec!["ms excel".into(), "basque".into()],
        liked: Vec::new(),
    };
    let found = sample.index.similar(&interests, &[], NOW, 3).unwrap();
    assert_eq!(found[..2], [id(21), id(20)]);
}
