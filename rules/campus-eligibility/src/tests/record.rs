//! What the record of a student says: credits, grade points, level, graduation, facts nobody has given.

use super::*;
use crate::facts::Level;
use crate::settings::Needed;

#[test]
fn credits_count_in_term_and_grade_points_always() {
    let settings = Settings::default();
    let student = Student {
        credits: Some(decimal(4.5)),
        gpa: Some(decimal(1.98)),
        ..Student::default()
    };
    let verdict = ask(&student, &job(8), &settings);
    assert_eq!(codes(&verdict), ["credits", "gpa"]);
    assert_eq!(
        verdict.reasons[0].message,
        "You need at least 6 credits to work during the term; you're enrolled in 4.5."
    );
    assert!(
        verdict.reasons[0]
            .remedy
            .as_ref()
            .unwrap()
            .starts_with("Enroll in 1.5 credits more")
    );
    assert_eq!(
        verdict.reasons[1].message,
        "You need a GPA of at least 2.0; yours is 1.98."
    );
    assert_eq!(codes(&ask(&student, &only_in_break(8), &settings)), ["gpa"]);
    let five = Student {
        credits: Some(5 * ONE),
        gpa: None,
        ..student
    };
    let (_, remedy) = refusal(&five, &job(8), &settings, "credits");
    assert!(remedy.starts_with("Enroll in 1 credit more"), "{remedy}");
    assert!(
        in_spanish(&five, &job(8), &settings)[0]
            .1
            .starts_with("Inscribe 1 crédito más")
    );
}

/// E4: grade points are compared and shown as they were given.
#[test]
fn grade_points_are_not_rounded() {
    let of = |gpa: f32| Student {
        gpa: Some(decimal(gpa)),
        ..Student::default()
    };
    let least = |gpa: f32| Settings {
        gpa: decimal(gpa),
        ..Settings::default()
    };
    assert_eq!(
        outcome(&of(2.675), &job(8), &least(2.675)),
        Outcome::Eligible
    );
    let (message, _) = refusal(&of(2.674), &job(8), &least(2.675), "gpa");
    assert_eq!(message, "You need a GPA of at least 2.675; yours is 2.674.");
    let (message, _) = refusal(&of(1.995), &job(8), &least(2.0), "gpa");
    assert_eq!(message, "You need a GPA of at least 2.0; yours is 1.995.");
    refusal(&of(1.9999), &job(8), &least(2.0), "gpa");
}

/// E6: a graduate student has the graduate figure, by attribute or by the office's word for those of whom nothing is known.
#[test]
fn the_level_decides_the_credits() {
    let student = |level| Student {
        credits: Some(4 * ONE),
        level,
        ..Student::default()
    };
    let unknown_is = |unknown_level| Settings {
        unknown_level,
        ..Settings::default()
    };
    let graduate = Some(Level::Graduate);
    assert_eq!(
        outcome(&student(graduate), &job(8), &Settings::default()),
        Outcome::Eligible
    );
    refusal(&student(None), &job(8), &Settings::default(), "credits");
    assert_eq!(
        outcome(&student(None), &job(8), &unknown_is(graduate)),
        Outcome::Eligible
    );
    refusal(
        &student(Some(Level::Undergraduate)),
        &job(8),
        &unknown_is(graduate),
        "credits",
    );
    let (message, remedy) = only(
        &ask(&student(None), &job(8), &unknown_is(None)),
        Outcome::Review,
        "level-unknown",
    );
    assert_eq!(
        message,
        "You're enrolled in 4 credits. Undergraduates need at least 6 to work during the term, graduate students 3; we don't know which you are."
    );
    assert_eq!(
        remedy,
        "Tell the student employment office whether you are a graduate student."
    );
    let two = Student {
        credits: Some(2 * ONE),
        ..Student::default()
    };
    let (message, _) = refusal(&two, &job(8), &unknown_is(None), "credits");
    assert!(
        message.starts_with("You need at least 3 credits"),
        "{message}"
    );
}

#[test]
fn graduation_is_compared_with_both_ends_of_the_job() {
    let settings = Settings::default();
    let student = |day| Student {
        graduation: Some(day),
        ..Student::default()
    };
    let mut next = job(8);
    (next.start, next.end) = (Some(TERM + 30), Some(TERM + 60));
    let (message, _) = refusal(
        &student(TERM + 29),
        &next,
        &settings,
        "graduates-before-start",
    );
    assert_eq!(
        message,
        "You graduate on September 23, 2026, before this job starts on September 24, 2026."
    );
    assert_eq!(ask(&student(TERM + 30), &next, &settings).reasons, []);
    let strict = Settings {
        graduates_before_end: Outcome::Ineligible,
        ..settings
    };
    refusal(&student(TERM + 30), &next, &strict, "graduates-before-end");
    assert!(ask(&student(TERM + 60), &next, &strict).reasons.is_empty());
}

/// E10: who has graduated is told so, and no start is made up.
#[test]
fn a_graduate_of_the_past_has_graduated() {
    let student = Student {
        graduation: Some(TERM - 100),
        ..Student::default()
    };
    let mut open = job(8);
    open.start = None;
    for job in [open, job(8)] {
        let (message, _) = refusal(&student, &job, &Settings::default(), "graduated");
        assert_eq!(
            message,
            "You graduated on May 17, 2026, and this job is for students."
        );
    }
}

/// E11: what the office allows is no ground beside a refusal.
#[test]
fn what_is_allowed_is_not_told_as_a_ground() {
    let student = Student {
        graduation: Some(TERM + 30),
        gpa: Some(ONE),
        award_cents: Some(60_000),
        ..Student::default()
    };
    let paid = Job {
        work_study: true,
        ..job(10)
    };
    refusal(&student, &paid, &Settings::default(), "gpa");
}

#[test]
fn a_fact_nobody_has_given_matters_only_where_it_is_asked_for() {
    let paid = Job {
        work_study: true,
        ..job(8)
    };
    assert_eq!(
        outcome(&Student::default(), &paid, &Settings::default()),
        Outcome::Eligible
    );
    let needed = Needed {
        gpa: true,
        credits: true,
        visa: true,
        award: true,
        graduation: true,
    };
    let strict = Settings {
        needed,
        ..Settings::default()
    };
    let verdict = ask(&Student::default(), &paid, &strict);
    assert_eq!(verdict.outcome, Outcome::Review);
    assert_eq!(
        codes(&verdict),
        [
            "credits-unknown",
            "gpa-unknown",
            "graduation-unknown",
            "award-unknown",
            "visa-unknown"
        ]
    );
    let stricter = Settings {
        missing: Outcome::Ineligible,
        ..strict
    };
    assert_eq!(
        outcome(&Student::default(), &paid, &stricter),
        Outcome::Ineligible
    );
}

/// One credit is singular, and the word before it agrees.
#[test]
fn credits_agree_in_spanish() {
    for (least, wanted) in [
        (6, "debes tener inscritos al menos 6 créditos; tienes 0.5."),
        (1, "debes tener inscrito al menos 1 crédito; tienes 0.5."),
    ] {
        let settings = Settings {
            credits: least * ONE,
            graduate_credits: least * ONE,
            ..Settings::default()
        };
        let half = Student {
            credits: Some(decimal(0.5)),
            ..Student::default()
        };
        let told = in_spanish(&half, &job(8), &settings);
        assert!(told[0].0.ends_with(wanted), "{told:?}");
    }
}
