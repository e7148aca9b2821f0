//! Work-study: how long an award lasts, who comes first.

use super::*;

fn paid(hours: i64) -> Job {
    Job {
        work_study: true,
        ..job(hours)
    }
}

fn starting(start: Day, end: Option<Day>, hours: i64) -> Job {
    Job {
        start: Some(start),
        end,
        ..paid(hours)
    }
}

fn held(start: Day, end: Option<Day>, hours: i64) -> Commitment {
    Commitment {
        work_study: true,
        start,
        end,
        ..holds(hours)
    }
}

fn student<const MANY: usize>(cents: u64, held: [Commitment; MANY]) -> Student {
    Student {
        award_cents: Some(cents),
        ..with_all(held)
    }
}

fn telling() -> Settings {
    Settings {
        award_runs_out: Outcome::Review,
        ..Settings::default()
    }
}

#[test]
fn an_award_is_told_by_the_day_it_runs_out() {
    // 150 dollars a week: 600 dollars are four weeks.
    let (message, _) = only(
        &ask(&student(60_000, []), &paid(10), &telling()),
        Outcome::Review,
        "award-runs-out",
    );
    assert_eq!(
        message,
        "You have $600.00 of your work-study award left. With this job it lasts until September 21, 2026."
    );
    assert_eq!(
        ask(&student(60_000, []), &paid(10), &Settings::default()).reasons,
        []
    );
    let (message, _) = refusal(
        &student(20_000, []),
        &paid(10),
        &telling(),
        "award-too-small",
    );
    assert_eq!(
        message,
        "You have $200.00 of your work-study award left. With this job it would last until September 2, 2026; it must pay for at least 2 weeks."
    );
    // Thirteen weeks' worth and more lasts to the end: nothing to say.
    assert_eq!(
        ask(&student(300_000, []), &paid(10), &telling()).reasons,
        []
    );
    // Another work-study job draws on the same award.
    let both = student(60_000, [held(TERM - 30, Some(TERM + 120), 5)]);
    let (message, _) = only(
        &ask(&both, &paid(10), &telling()),
        Outcome::Review,
        "award-runs-out",
    );
    assert!(message.ends_with("September 11, 2026."), "{message}");
    // None of it matters for a job that is not paid from it.
    assert_eq!(ask(&student(0, []), &job(10), &telling()).reasons, []);
    refusal(
        &with_visa("F-1", student(60_000, [])),
        &paid(10),
        &telling(),
        "work-study-visa",
    );
}

/// E3: nothing is said of spending that nobody knows of.
#[test]
fn an_award_that_pays_no_day_is_none() {
    for cents in [0, 1, 2_142] {
        let (message, _) = refusal(
            &student(cents, []),
            &paid(10),
            &Settings::default(),
            "award-used-up",
        );
        assert_eq!(message, "You have no work-study award left.");
        assert_eq!(
            in_spanish(&student(cents, []), &paid(10), &Settings::default())[0].0,
            "No te queda ayuda work-study."
        );
    }
    refusal(
        &student(2_143, []),
        &paid(10),
        &Settings::default(),
        "award-too-small",
    );
}

/// E2: a job that ends before the next one starts spends the award all the same.
#[test]
fn an_award_is_spent_by_one_job_after_another() {
    // 135 dollars a week until day 50, then 150 dollars a week.
    let first = held(TERM - 30, Some(TERM + 50), 9);
    let next = starting(TERM + 51, Some(TERM + 110), 10);
    let (message, remedy) = refusal(
        &student(30_000, [first.clone()]),
        &next,
        &Settings::default(),
        "award-used-up",
    );
    assert_eq!(
        message,
        "Your other work-study jobs use up your award by September 8, 2026, before this job starts on October 15, 2026."
    );
    assert!(remedy.starts_with("Ask the financial aid office for more"));
    // 51 days of the first are 983.57 dollars; two weeks of the next are 300.
    refusal(
        &student(128_000, [first.clone()]),
        &next,
        &Settings::default(),
        "award-too-small",
    );
    let verdict = ask(&student(128_400, [first.clone()]), &next, &telling());
    only(&verdict, Outcome::Review, "award-runs-out");
    assert_eq!(
        outcome(&student(228_000, [first]), &next, &telling()),
        Outcome::Eligible
    );
}

/// E2: whichever of the two jobs was agreed first.
#[test]
fn an_award_that_is_promised_to_a_later_job_is_not_spent_before() {
    let later = held(TERM + 51, Some(TERM + 110), 10);
    let first = starting(TERM, Some(TERM + 50), 9);
    let (message, _) = refusal(
        &student(100_000, [later.clone()]),
        &first,
        &Settings::default(),
        "award-promised",
    );
    assert_eq!(
        message,
        "Your work-study award doesn't cover both this job and your other job that starts on October 15, 2026."
    );
    only(
        &ask(&student(128_400, [later.clone()]), &first, &telling()),
        Outcome::Review,
        "award-runs-out",
    );
    assert_eq!(
        outcome(&student(228_000, [later]), &first, &telling()),
        Outcome::Eligible
    );
}

/// E2: a job without an end runs on and spends the award, until nothing is left for the next.
#[test]
fn a_job_without_an_end_spends_to_the_last() {
    let endless = held(TERM - 30, None, 10);
    refusal(
        &student(30_000, [endless.clone()]),
        &starting(TERM + 14, None, 10),
        &Settings::default(),
        "award-used-up",
    );
    refusal(
        &student(30_000, [endless.clone()]),
        &starting(TERM + 12, None, 10),
        &Settings::default(),
        "award-too-small",
    );
    // The last of 600 dollars: two weeks of one job, one week of both.
    let verdict = ask(
        &student(60_000, [endless]),
        &starting(TERM + 14, None, 10),
        &telling(),
    );
    refusal_of(&verdict, "award-too-small", "September 14, 2026");
}

fn refusal_of(verdict: &Verdict, code: &str, day: &str) {
    let (message, _) = only(verdict, Outcome::Ineligible, code);
    assert!(message.contains(day), "{message}");
}

/// E2: a job of the break has hours of its own, and spends while it runs.
#[test]
fn a_job_of_the_break_spends_in_the_break() {
    // Ten days at 600 dollars a week are 857.14 dollars.
    let in_break = held(BREAK, Some(BREAK + 9), 40);
    let after = starting(BREAK + 10, Some(TERM + 120), 10);
    refusal(
        &student(86_000, [in_break.clone()]),
        &after,
        &Settings::default(),
        "award-used-up",
    );
    assert_eq!(
        outcome(&student(109_300, [in_break]), &after, &telling()),
        Outcome::Eligible
    );
}

/// E7: one week.
#[test]
fn one_week_is_a_week() {
    let settings = Settings {
        award_weeks: 1,
        ..Settings::default()
    };
    let (message, _) = refusal(&student(5_000, []), &paid(10), &settings, "award-too-small");
    assert!(message.ends_with("at least 1 week."), "{message}");
    let spanish = in_spanish(&student(5_000, []), &paid(10), &settings);
    assert!(spanish[0].0.ends_with("al menos 1 semana."), "{spanish:?}");
}

#[test]
fn work_study_students_come_first_for_as_long_as_the_office_says() {
    let until = Settings {
        priority_until: Some(TERM),
        ..Settings::default()
    };
    let none = student(0, []);
    let (message, remedy) = refusal(&none, &job(8), &until, "work-study-first");
    assert_eq!(
        message,
        "Through August 25, 2026, this job is only for students with a work-study award."
    );
    assert_eq!(remedy, "Apply on August 26, 2026 or later.");
    let (_, remedy) = refusal(&Student::default(), &job(8), &until, "work-study-first");
    assert_eq!(
        remedy,
        "Apply on August 26, 2026 or later. We don't have your award; add it or ask the office."
    );
    let gentle = Settings {
        unknown_award_is_none: false,
        ..until.clone()
    };
    assert_eq!(
        outcome(&Student::default(), &job(8), &gentle),
        Outcome::Review
    );
    assert_eq!(outcome(&student(1, []), &job(8), &until), Outcome::Eligible);
    let over = Settings {
        priority_until: Some(TERM - 1),
        ..until
    };
    assert_eq!(outcome(&none, &job(8), &over), Outcome::Eligible);
    let days = Settings {
        priority_days: 3,
        ..Settings::default()
    };
    for (posted, expected) in [
        (TERM - 2, Outcome::Ineligible),
        (TERM - 3, Outcome::Eligible),
    ] {
        assert_eq!(outcome(&none, &Job { posted, ..job(8) }, &days), expected);
    }
}

/// E8: off campus only where the office says so.
#[test]
fn the_first_days_are_for_jobs_on_campus_unless_the_office_says_more() {
    let settings = Settings {
        priority_until: Some(TERM),
        ..Settings::default()
    };
    let off_campus = Job {
        on_campus: false,
        ..job(8)
    };
    assert_eq!(
        outcome(&Student::default(), &off_campus, &settings),
        Outcome::Eligible
    );
    let everywhere = Settings {
        priority_off_campus: true,
        ..settings
    };
    refusal(
        &Student::default(),
        &off_campus,
        &everywhere,
        "work-study-first",
    );
}
