//! The rule by examples, as an office would tell them, and by properties over made-up students.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::check;
use crate::facts::{Commitment, Context, Day, Job, Language, Outcome, Period, Student, Verdict};
use crate::settings::{Needed, Setting, Settings};
use crate::week::{self, Peaks};

/// Monday of the first week of term.
const TERM: Day = 20_690;
const BREAK: Day = TERM + 100;

fn campus() -> Context {
    Context {
        today: TERM,
        calendar: Vec::from([
            Period {
                recess: false,
                start: TERM,
                end: TERM + 120,
            },
            Period {
                recess: true,
                start: BREAK,
                end: BREAK + 9,
            },
            Period {
                recess: true,
                start: TERM + 121,
                end: TERM + 150,
            },
        ]),
        language: Language::English,
    }
}

fn job(hours: i64) -> Job {
    Job {
        weekly_hours: hours * 100,
        rate_cents: 1_500,
        posted: TERM,
        start: Some(TERM),
        end: Some(TERM + 90),
        ..Job::default()
    }
}

fn holds(hours: i64) -> Commitment {
    Commitment {
        weekly_hours: hours * 100,
        rate_cents: 1_500,
        start: TERM - 30,
        end: Some(TERM + 120),
        work_study: false,
    }
}

fn with(hours: i64) -> Student {
    Student {
        commitments: Vec::from([holds(hours)]),
        ..Student::default()
    }
}

fn ask(student: &Student, job: &Job, settings: &Settings) -> Verdict {
    check(student, job, &campus(), settings)
}

fn codes(verdict: &Verdict) -> Vec<&'static str> {
    verdict.reasons.iter().map(|reason| reason.code).collect()
}

/// Ineligible for this and nothing else; answers the sentence and the remedy.
fn refusal(student: &Student, job: &Job, settings: &Settings, code: &str) -> (String, String) {
    let verdict = ask(student, job, settings);
    assert_eq!(verdict.outcome, Outcome::Ineligible, "{verdict:?}");
    assert_eq!(codes(&verdict), [code]);
    let reason = verdict.reasons[0].clone();
    (reason.message, reason.remedy.unwrap())
}

#[test]
fn hours_of_all_jobs_count_in_term() {
    let settings = Settings::default();
    assert_eq!(
        ask(&with(12), &job(8), &settings).outcome,
        Outcome::Eligible
    );
    let (message, remedy) = refusal(&with(16), &job(8), &settings, "hours-in-term");
    assert_eq!(
        message,
        "You can work at most 20 hours a week in term; this job would make it 24."
    );
    assert_eq!(
        remedy,
        "Ask for at most 4 hours a week, or give up hours elsewhere first."
    );
    let (_, remedy) = refusal(&with(22), &job(8), &settings, "hours-in-term");
    assert_eq!(remedy, "Give up at least 10 hours a week elsewhere first.");
}

#[test]
fn a_commitment_that_has_ended_or_not_begun_does_not_count() {
    let settings = Settings::default();
    let mut over = holds(16);
    over.end = Some(TERM - 1);
    let mut later = holds(16);
    later.start = TERM + 91;
    let student = Student {
        commitments: Vec::from([over, later]),
        ..Student::default()
    };
    assert_eq!(ask(&student, &job(8), &settings).outcome, Outcome::Eligible);
    let mut last_day = holds(16);
    last_day.start = TERM + 90;
    let student = Student {
        commitments: Vec::from([last_day]),
        ..Student::default()
    };
    assert_eq!(
        ask(&student, &job(8), &settings).outcome,
        Outcome::Ineligible
    );
}

#[test]
fn a_break_inside_a_term_has_the_breaks_limit() {
    let settings = Settings::default();
    let mut only_break = job(38);
    (only_break.start, only_break.end) = (Some(BREAK), Some(BREAK + 9));
    assert_eq!(
        ask(&Student::default(), &only_break, &settings).outcome,
        Outcome::Eligible
    );
    let (message, _) = refusal(&with(16), &only_break, &settings, "hours-in-break");
    assert_eq!(
        message,
        "You can work at most 40 hours a week in breaks; this job would make it 54."
    );
    only_break.end = Some(BREAK + 10);
    refusal(&Student::default(), &only_break, &settings, "hours-in-term");
}

#[test]
fn a_student_visa_has_its_own_limit_in_term_alone() {
    let settings = Settings {
        weekly_term: 2_900,
        ..Settings::default()
    };
    for visa in ["F-1", "f1", "J 1"] {
        let student = Student {
            visa: Some(visa.to_string()),
            ..with(16)
        };
        let (message, _) = refusal(&student, &job(8), &settings, "visa-hours-in-term");
        assert!(
            message.starts_with("With your visa you can work at most 20 hours"),
            "{message}"
        );
    }
    let other = Student {
        visa: Some("H-4".to_string()),
        ..with(16)
    };
    assert_eq!(ask(&other, &job(8), &settings).outcome, Outcome::Eligible);
    let mut only_break = job(38);
    (only_break.start, only_break.end) = (Some(BREAK), Some(BREAK + 9));
    let student = Student {
        visa: Some("F-1".to_string()),
        ..Student::default()
    };
    assert_eq!(
        ask(&student, &only_break, &settings).outcome,
        Outcome::Eligible
    );
}

#[test]
fn credits_count_in_term_and_grade_points_always() {
    let settings = Settings::default();
    let student = Student {
        credits: Some(450),
        gpa: Some(198),
        ..Student::default()
    };
    let verdict = ask(&student, &job(8), &settings);
    assert_eq!(codes(&verdict), ["credits", "gpa"]);
    assert_eq!(
        verdict.reasons[0].message,
        "You need at least 6 credits to work in term; you are enrolled in 4.5."
    );
    assert_eq!(
        verdict.reasons[1].message,
        "You need a GPA of at least 2.00; yours is 1.98."
    );
    let graduate = Student {
        graduate: true,
        gpa: None,
        ..student.clone()
    };
    assert_eq!(
        ask(&graduate, &job(8), &settings).outcome,
        Outcome::Eligible
    );
    let mut only_break = job(8);
    (only_break.start, only_break.end) = (Some(BREAK), Some(BREAK + 9));
    assert_eq!(codes(&ask(&student, &only_break, &settings)), ["gpa"]);
}

#[test]
fn an_award_is_told_by_the_day_it_runs_out() {
    let settings = Settings::default();
    let paid = Job {
        work_study: true,
        ..job(10)
    };
    // 150 dollars a week: 600 dollars are four weeks.
    let student = |cents| Student {
        award_cents: Some(cents),
        ..Student::default()
    };
    let verdict = ask(&student(60_000), &paid, &settings);
    assert_eq!(
        (verdict.outcome, codes(&verdict)),
        (Outcome::Eligible, Vec::from(["award-runs-out"]))
    );
    assert_eq!(
        verdict.reasons[0].message,
        "Your work-study award has $600.00 left, which lasts until 21 September 2026."
    );
    let strict = Settings {
        award_runs_out: Outcome::Review,
        ..Settings::default()
    };
    assert_eq!(
        ask(&student(60_000), &paid, &strict).outcome,
        Outcome::Review
    );
    refusal(&student(20_000), &paid, &settings, "award-too-small");
    refusal(&student(0), &paid, &settings, "award-used-up");
    // Thirteen weeks' worth and more lasts to the end: nothing to say.
    assert!(ask(&student(300_000), &paid, &settings).reasons.is_empty());
    // Another work-study job draws on the same award.
    let mut other = holds(5);
    other.work_study = true;
    let both = Student {
        commitments: Vec::from([other]),
        ..student(60_000)
    };
    assert!(
        ask(&both, &paid, &settings).reasons[0]
            .message
            .ends_with("11 September 2026.")
    );
    // None of it matters for a job that is not paid from it.
    assert!(ask(&student(0), &job(10), &settings).reasons.is_empty());
    let visitor = Student {
        visa: Some("F-1".to_string()),
        ..student(60_000)
    };
    refusal(&visitor, &paid, &settings, "work-study-visa");
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
        "You graduate on 23 September 2026, before this job starts on 24 September 2026."
    );
    let verdict = ask(&student(TERM + 30), &next, &settings);
    assert_eq!(
        (verdict.outcome, codes(&verdict)),
        (Outcome::Eligible, Vec::from(["graduates-before-end"]))
    );
    let strict = Settings {
        graduates_before_end: Outcome::Ineligible,
        ..settings
    };
    refusal(&student(TERM + 30), &next, &strict, "graduates-before-end");
    assert!(ask(&student(TERM + 60), &next, &strict).reasons.is_empty());
}

#[test]
fn pay_below_the_minimum_wage_is_nobodys_job() {
    let cheap = Job {
        rate_cents: 700,
        ..job(8)
    };
    let (message, _) = refusal(
        &Student::default(),
        &cheap,
        &Settings::default(),
        "minimum-wage",
    );
    assert_eq!(
        message,
        "This job pays $7.00 an hour; the least allowed is $7.25."
    );
}

#[test]
fn work_study_students_come_first_for_as_long_as_the_office_says() {
    let until = Settings {
        priority_until: Some(TERM),
        ..Settings::default()
    };
    let (message, remedy) = refusal(&Student::default(), &job(8), &until, "work-study-first");
    assert_eq!(
        message,
        "Until 25 August 2026 this job is for students with work-study money left."
    );
    assert_eq!(remedy, "Apply from 26 August 2026 on.");
    let gentle = Settings {
        unknown_award_is_none: false,
        ..until.clone()
    };
    assert_eq!(
        ask(&Student::default(), &job(8), &gentle).outcome,
        Outcome::Review
    );
    let first = Student {
        award_cents: Some(1),
        ..Student::default()
    };
    assert_eq!(ask(&first, &job(8), &until).outcome, Outcome::Eligible);
    let over = Settings {
        priority_until: Some(TERM - 1),
        ..until
    };
    assert_eq!(
        ask(&Student::default(), &job(8), &over).outcome,
        Outcome::Eligible
    );
    let days = Settings {
        priority_days: 3,
        ..Settings::default()
    };
    for (posted, outcome) in [
        (TERM - 2, Outcome::Ineligible),
        (TERM - 3, Outcome::Eligible),
    ] {
        let job = Job { posted, ..job(8) };
        assert_eq!(ask(&Student::default(), &job, &days).outcome, outcome);
    }
}

#[test]
fn a_fact_nobody_has_given_matters_only_where_it_is_asked_for() {
    let paid = Job {
        work_study: true,
        ..job(8)
    };
    assert_eq!(
        ask(&Student::default(), &paid, &Settings::default()).outcome,
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
        ask(&Student::default(), &paid, &stricter).outcome,
        Outcome::Ineligible
    );
}

#[test]
fn students_read_it_in_their_language() {
    let spanish = Context {
        language: Language::of("es-MX"),
        ..campus()
    };
    let verdict = check(&with(16), &job(8), &spanish, &Settings::default());
    assert_eq!(
        verdict.reasons[0].message,
        "Puedes trabajar como máximo 20 horas por semana durante el curso; con este empleo serían 24."
    );
    assert_eq!(Language::of("fr"), Language::English);
}

#[test]
fn a_setting_of_the_wrong_kind_is_named() {
    let wrong = |name: &str, value| Settings::of([(name.to_string(), value)]).unwrap_err();
    assert_eq!(
        wrong("weeklyHoursInTerm", Setting::Flag(true)),
        "weeklyHoursInTerm must be a number, zero or more"
    );
    assert_eq!(
        wrong("whenAFactIsMissing", Setting::Text("perhaps".to_string())),
        "whenAFactIsMissing must be allow, review or refuse"
    );
    wrong("minimumGpa", Setting::Number(f64::NAN));
    let other = Settings::of([("another's".to_string(), Setting::Flag(true))]);
    assert_eq!(other.unwrap(), Settings::default());
}

/// Numbers that are the same in every run (Marsaglia's xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides) as i64
    }

    fn day(&mut self) -> Day {
        TERM + self.roll(80) as Day - 20
    }

    fn commitment(&mut self) -> Commitment {
        let start = self.day();
        Commitment {
            weekly_hours: self.roll(25) * 100,
            rate_cents: 1_500,
            start,
            end: (self.roll(3) > 0).then(|| start + self.roll(40) as Day),
            work_study: self.roll(2) == 0,
        }
    }

    fn case(&mut self) -> (Student, Job, Context) {
        let commitments = (0..self.roll(4)).map(|_| self.commitment()).collect();
        let student = Student {
            award_cents: (self.roll(2) == 0).then(|| self.roll(200_000).unsigned_abs()),
            commitments,
            ..Student::default()
        };
        let job = Job {
            weekly_hours: self.roll(45) * 100,
            rate_cents: 1_500,
            work_study: self.roll(2) == 0,
            posted: TERM,
            start: (self.roll(3) > 0).then(|| self.day()),
            end: (self.roll(3) > 0).then(|| self.day()),
        };
        let period = |dice: &mut Self| {
            let start = dice.day();
            Period {
                recess: dice.roll(2) == 0,
                start,
                end: start + dice.roll(30) as Day,
            }
        };
        let calendar = (0..self.roll(4)).map(|_| period(self)).collect();
        (
            student,
            job,
            Context {
                today: TERM,
                calendar,
                language: Language::English,
            },
        )
    }
}

/// Day by day, as a person would count; nothing in a case changes after day 200.
fn counted(student: &Student, job: &Job, context: &Context, settings: &Settings) -> Peaks {
    let (start, end) = week::span(job, context.today);
    let mut peaks = Peaks::default();
    for day in start..=end.unwrap_or(TERM + 200) {
        let held: i64 = student
            .commitments
            .iter()
            .filter(|one| one.start <= day && one.end.unwrap_or(Day::MAX) >= day)
            .map(|one| one.weekly_hours)
            .sum();
        let over = |recess| {
            let mut all = context.calendar.iter().filter(|one| one.recess == recess);
            all.any(|one| (one.start..=one.end).contains(&day))
        };
        let recess = over(true) || !over(false) && settings.outside_is_recess;
        let peak = if recess {
            &mut peaks.recess
        } else {
            &mut peaks.term
        };
        *peak = Some(peak.unwrap_or(0).max(held + job.weekly_hours));
    }
    peaks
}

#[test]
fn the_highest_week_is_found_without_looking_at_every_day() {
    let mut dice = Dice(0x5eed);
    for round in 0..4_000 {
        let (student, job, context) = dice.case();
        let settings = Settings {
            outside_is_recess: round % 2 == 0,
            ..Settings::default()
        };
        assert_eq!(
            week::peaks(&student, &job, &context, &settings),
            counted(&student, &job, &context, &settings),
            "{student:?} {job:?} {context:?}"
        );
    }
}

#[test]
fn more_work_never_makes_a_student_more_eligible() {
    let mut dice = Dice(0xca5e);
    let settings = Settings::default();
    for _ in 0..4_000 {
        let (student, job, context) = dice.case();
        let before = check(&student, &job, &context, &settings).outcome;
        let mut busier = student.clone();
        busier.commitments.push(dice.commitment());
        assert!(
            check(&busier, &job, &context, &settings).outcome >= before,
            "{busier:?} {job:?}"
        );
        let longer = Job {
            weekly_hours: job.weekly_hours + 100,
            ..job.clone()
        };
        assert!(
            check(&student, &longer, &context, &settings).outcome >= before,
            "{student:?} {longer:?}"
        );
    }
}

#[test]
fn whatever_is_refused_has_a_reason_and_a_remedy() {
    let mut dice = Dice(0xbead);
    for _ in 0..4_000 {
        let (student, job, context) = dice.case();
        let verdict = check(&student, &job, &context, &Settings::default());
        assert!(verdict.outcome == Outcome::Eligible || !verdict.reasons.is_empty());
        for reason in &verdict.reasons {
            assert!(
                reason.message.ends_with('.') && reason.message.len() < 300,
                "{reason:?}"
            );
            assert!(
                reason
                    .remedy
                    .as_ref()
                    .is_some_and(|remedy| !remedy.is_empty())
            );
        }
    }
}
