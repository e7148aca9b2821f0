//! Different wordings: one word or two, limits in words, short names, reported corrections.

use super::samples::{NOW, Sample, changed, id, job};
use crate::model::{Job, Money};
use crate::search::{Corrected, Found, JobQuery};

fn find(sample: &Sample, typed: &str) -> Found {
    let query = JobQuery {
        q: Some(typed.into()),
        ..JobQuery::open(NOW, 100)
    };
    sample.index.find(&query).unwrap()
}

/// C5: each spelling finds the postings of every other.
#[test]
fn one_word_or_two_finds_the_same() {
    for spellings in [
        ["health care", "Healthcare", "health-care"],
        ["e-mail", "email", "e mail"],
        ["wifi", "Wi-Fi", "wi fi"],
        ["part time", "parttime", "part-time"],
        ["book store", "bookstore", "Book-Store"],
        ["after-school", "afterschool", "after school"],
        ["lifeguard", "life guard", "life-guard"],
        ["check-in", "checkin", "check in"],
        ["fund raising", "fundraising", "Fund-raising"],
        ["data base", "database", "data-base"],
        ["day care", "daycare", "day-care"],
    ] {
        for in_title in [true, false] {
            let jobs: Vec<Job> = (1..)
                .zip(spellings)
                .map(|(number, spelling)| {
                    if in_title {
                        job(number, &format!("{spelling} aide"), "Helps.")
                    } else {
                        let text = format!("Helps with {spelling} on weekends.");
                        job(number, "Aide", &text)
                    }
                })
                .chain([job(9, "Forester", "Plants trees.")])
                .collect();
            let sample = Sample::new(&jobs);
            for typed in spellings {
                let mut hits = sample.search(typed);
                hits.sort_unstable();
                assert_eq!(hits, [id(1), id(2), id(3)], "{typed:?}, title: {in_title}");
                let mut hits = sample.search(&format!("{typed} aide"));
                hits.sort_unstable();
                assert_eq!(hits, [id(1), id(2), id(3)], "{typed:?} aide");
            }
        }
    }
}

/// Parts that happen to be words find nothing by themselves.
#[test]
fn a_word_is_not_split_by_chance() {
    let sample = Sample::new(&[
        job(1, "Manager", "Leads."),
        job(2, "Man of the theater", "Age is no matter."),
        job(3, "Therapist", "Listens."),
        job(4, "Guard", "The rapid one."),
    ]);
    assert_eq!(sample.search("manage"), [id(1)]);
    assert_eq!(sample.search("therapist"), [id(3)]);
}

/// C2: invisible characters in a posting or a query do not hide words.
#[test]
fn invisible_characters_do_not_hide_words() {
    let sample = Sample::new(&[job(1, "Lib\u{ad}rary A\u{200b}ide", "Shel\u{ad}ves.")]);
    for typed in [
        "library",
        "aide",
        "shelves",
        "li\u{ad}brary",
        "\u{202e}aide",
    ] {
        assert_eq!(sample.search(typed), [id(1)], "{typed:?}");
    }
}

/// C6: an unknown word is replaced by few others, and the answer names them.
#[test]
fn a_correction_is_reported() {
    let sample = Sample::new(&[
        job(1, "Hiring Assistant", "Helps."),
        job(2, "Housing Aide", "Helps."),
        job(3, "Bank Teller", "Takes and makes payments."),
        job(4, "Forms Clerk", "Files forms."),
    ]);
    for (typed, to) in [("hiking", "hiring"), ("librery housng", "housing")] {
        let found = find(&sample, typed);
        let told = found.corrected.unwrap();
        assert_eq!(told.to, to, "{typed}");
        assert!(typed.contains(&told.from), "{typed}: {told:?}");
    }
    let twice = find(&sample, "asistant hirng").corrected;
    let (from, to) = ("asistant hirng".into(), "assistant hiring".into());
    assert_eq!(twice, Some(Corrected { from, to }));
    for typed in ["hiring", "hir", "unicorn", "", "housings"] {
        assert_eq!(find(&sample, typed).corrected, None, "{typed}");
    }
    for typed in ["hiking", "horse", "farm", "baking"] {
        assert!(sample.search(typed).len() <= 1, "{typed}");
    }
}

/// C7: limits on pay, hours and work-study in words are understood.
#[test]
fn limits_in_words_are_understood() {
    let with = |number, title: &str, cents, hours, work_study| {
        let text = "Works and studies what the lab does.";
        changed(job(number, title, text), |job| {
            job.job_pay_rate = Money::from_cents(cents);
            job.hours_per_week = hours;
            job.work_study_required = work_study;
        })
    };
    let sample = Sample::new(&[
        with(1, "Lab Aide", 1_500, 8.0, false),
        with(2, "Lab Tutor", 2_000, 10.0, true),
        with(3, "Lab Manager", 2_500, 20.0, false),
    ]);
    for (typed, found) in [
        ("over $20", vec![3]),
        ("lab at least $20 an hour", vec![2, 3]),
        ("under 10 hours", vec![1]),
        ("lab up to 10 hours a week", vec![1, 2]),
        ("lab over $15 under 20 hours", vec![2]),
        ("work study", vec![2]),
        ("work-study lab", vec![2]),
        ("workstudy", vec![2]),
        ("Federal Work-Study", vec![2]),
    ] {
        let mut hits = sample.search(typed);
        hits.sort_unstable();
        let expected: Vec<_> = found.into_iter().map(id).collect();
        assert_eq!(hits, expected, "{typed}");
    }
}

/// C7: "IT" is a name; the ordinary word is in every description.
#[test]
fn two_capitals_are_a_name() {
    let sample = Sample::new(&[
        job(1, "IT Help Desk", "Fixes laptops."),
        job(
            2,
            "Gardener",
            "Waters the lawn and mows it. Its information is on the board.",
        ),
        job(3, "Support Aide", "Works for Information Technology."),
        changed(job(4, "Clerk", "Files."), |job| {
            job.work_space = Some("IT Services".into());
        }),
        job(5, "Items Keeper", "Counts."),
    ]);
    let mut hits = sample.search("IT");
    hits.sort_unstable();
    assert_eq!(hits, [id(1), id(3), id(4)]);
    assert_eq!(sample.search("IT")[0], id(1));
    assert_eq!(sample.search("IT help desk"), [id(1)]);
    let marks = sample.index.snippeter("IT").unwrap();
    let gardener = job(2, "Gardener", "Mows it. Its information is on the board.");
    assert!(!marks.snippet(&gardener).contains("<mark>"));
    let aide = job(3, "Aide", "Works for Information Technology.");
    let marked = "Works for <mark>Information</mark> <mark>Technology</mark>.";
    assert_eq!(marks.snippet(&aide), marked);
}

/// C7: a query that equals a title finds that title before postings that list it as a skill.
#[test]
fn a_title_match_ranks_before_a_skill_match() {
    let skilled = |number, title: &str| {
        changed(job(number, title, "Help desk and more help desk."), |job| {
            job.skills_required = vec!["Help desk".into()];
        })
    };
    let mut jobs: Vec<Job> = (1..=8)
        .map(|number| skilled(number, "Office Assistant"))
        .collect();
    jobs.push(job(9, "Help Desk Technician", "Fixes laptops."));
    let sample = Sample::new(&jobs);
    assert_eq!(sample.search("help desk")[0], id(9));
}
