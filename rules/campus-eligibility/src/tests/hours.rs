//! Hours of all jobs together, in term and in breaks, with and without a student visa.

use super::*;

#[test]
fn hours_of_all_jobs_count_in_term() {
    let settings = Settings::default();
    assert_eq!(outcome(&with(12), &job(8), &settings), Outcome::Eligible);
    let (message, remedy) = refusal(&with(16), &job(8), &settings, "hours-in-term");
    assert_eq!(
        message,
        "You can work at most 20 hours a week during the term; with this job you'd work 24."
    );
    assert_eq!(
        remedy,
        "Ask the employer whether you can work 4 hours a week or fewer, or reduce hours in another job."
    );
    let (_, remedy) = refusal(&with(22), &job(8), &settings, "hours-in-term");
    assert_eq!(
        remedy,
        "Reduce your other jobs by at least 10 hours a week."
    );
}

/// E1: tenths of the contract's f32 add up.
#[test]
fn twelve_and_a_tenth_and_seven_and_nine_tenths_are_twenty() {
    let settings = Settings::default();
    let mut held = holds(0);
    held.weekly_hours = decimal(12.1);
    let mut asked = job(0);
    asked.weekly_hours = decimal(7.9);
    assert_eq!(
        outcome(&with_all([held.clone()]), &asked, &settings),
        Outcome::Eligible
    );
    asked.weekly_hours = decimal(8.0);
    let (message, remedy) = refusal(&with_all([held]), &asked, &settings, "hours-in-term");
    assert!(
        message.ends_with("with this job you'd work 20.1."),
        "{message}"
    );
    assert!(
        remedy.starts_with("Ask the employer whether you can work 7.9 hours a week or fewer"),
        "{remedy}"
    );
}

/// E5: what is advised is what every limit allows.
#[test]
fn a_remedy_keeps_to_the_strictest_limit() {
    let visitor = |student| with_visa("F-1", student);
    let low = Settings {
        weekly_term: 15 * ONE,
        ..Settings::default()
    };
    let (message, remedy) = refusal(
        &visitor(Student::default()),
        &job(25),
        &low,
        "hours-in-term",
    );
    assert_eq!(
        message,
        "You can work at most 15 hours a week during the term; with this job you'd work 25."
    );
    assert_eq!(
        remedy,
        "Ask the employer whether you can work 15 hours a week or fewer."
    );
    let (_, remedy) = refusal(&with(20), &job(25), &Settings::default(), "hours-in-term");
    assert_eq!(
        remedy,
        "Ask the employer whether you can work 20 hours a week or fewer, and leave your other jobs."
    );
    let (_, remedy) = refusal(&with(5), &job(25), &Settings::default(), "hours-in-term");
    assert_eq!(
        remedy,
        "Ask the employer whether you can work 15 hours a week or fewer."
    );
    // In term and in the break too many: the stricter of the two is advised in both places.
    let mut into_break = job(30);
    into_break.end = Some(BREAK + 5);
    let mut in_break = holds(25);
    in_break.start = BREAK;
    let verdict = ask(&with_all([in_break]), &into_break, &Settings::default());
    assert_eq!(codes(&verdict), ["hours-in-term", "hours-in-break"]);
    for reason in verdict.reasons {
        assert_eq!(
            reason.remedy.unwrap(),
            "Ask the employer whether you can work 15 hours a week or fewer."
        );
    }
}

#[test]
fn a_commitment_that_has_ended_or_not_begun_does_not_count() {
    let settings = Settings::default();
    let (mut over, mut later, mut last_day) = (holds(16), holds(16), holds(16));
    over.end = Some(TERM - 1);
    later.start = TERM + 91;
    assert_eq!(
        outcome(&with_all([over, later]), &job(8), &settings),
        Outcome::Eligible
    );
    last_day.start = TERM + 90;
    assert_eq!(
        outcome(&with_all([last_day]), &job(8), &settings),
        Outcome::Ineligible
    );
}

#[test]
fn a_break_inside_a_term_has_the_breaks_limit() {
    let settings = Settings::default();
    let mut only_break = only_in_break(38);
    assert_eq!(
        outcome(&Student::default(), &only_break, &settings),
        Outcome::Eligible
    );
    let (message, _) = refusal(&with(16), &only_break, &settings, "hours-in-break");
    assert_eq!(
        message,
        "You can work at most 40 hours a week during breaks; with this job you'd work 54."
    );
    only_break.end = Some(BREAK + 10);
    refusal(&Student::default(), &only_break, &settings, "hours-in-term");
}

/// E6: however it is written.
#[test]
fn a_student_visa_has_its_own_limit_in_term_alone() {
    let settings = Settings {
        weekly_term: 29 * ONE,
        ..Settings::default()
    };
    for visa in [
        "F-1",
        "f1",
        "J 1",
        "F-1 (initial)",
        "F-1/OPT",
        "J-1 exchange",
    ] {
        let (message, _) = refusal(
            &with_visa(visa, with(16)),
            &job(8),
            &settings,
            "visa-hours-in-term",
        );
        assert!(
            message.starts_with("With your visa, you can work at most 20 hours"),
            "{message}"
        );
        assert_eq!(
            outcome(
                &with_visa(visa, Student::default()),
                &only_in_break(38),
                &settings
            ),
            Outcome::Eligible
        );
    }
    assert_eq!(
        outcome(&with_visa("H-4", with(16)), &job(8), &settings),
        Outcome::Eligible
    );
}

/// E7: one is one.
#[test]
fn one_hour_is_an_hour() {
    let settings = Settings {
        weekly_term: ONE,
        ..Settings::default()
    };
    let (message, remedy) = refusal(&Student::default(), &job(2), &settings, "hours-in-term");
    assert_eq!(
        message,
        "You can work at most 1 hour a week during the term; with this job you'd work 2."
    );
    assert_eq!(
        remedy,
        "Ask the employer whether you can work 1 hour a week or less."
    );
    let [(message, remedy)] = in_spanish(&Student::default(), &job(2), &settings)
        .try_into()
        .unwrap();
    assert_eq!(
        message,
        "Puedes trabajar como máximo 1 hora por semana en época de clases; con este empleo llegarías a 2."
    );
    assert_eq!(
        remedy,
        "Pregúntale al empleador si puedes trabajar 1 hora o menos por semana."
    );
    let (_, remedy) = refusal(&with(20), &job(1), &Settings::default(), "hours-in-term");
    assert_eq!(remedy, "Reduce your other jobs by at least 1 hour a week.");
}
