//! What holds for every student, job and calendar, over made-up ones.

use super::*;
use crate::award;
use crate::facts::Decimal;
use crate::week::{self, Peaks};

/// Numbers that are the same in every run (Marsaglia's xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides) as i64
    }

    fn half(&mut self) -> bool {
        self.roll(2) == 0
    }

    fn day(&mut self) -> Day {
        TERM + self.roll(80) as Day - 20
    }

    fn tenths(&mut self, most: u64) -> Decimal {
        self.roll(most * 10) * ONE / 10
    }

    fn commitment(&mut self) -> Commitment {
        let start = self.day();
        Commitment {
            weekly_hours: self.tenths(25),
            rate_cents: 1_500,
            start,
            end: (self.roll(3) > 0).then(|| start + self.roll(40) as Day),
            work_study: self.half(),
        }
    }

    fn student(&mut self) -> Student {
        Student {
            credits: self.half().then(|| self.tenths(12)),
            visa: self.half().then(|| "F-1 (initial)".to_string()),
            // Some have nothing left.
            award_cents: self
                .half()
                .then(|| (self.roll(200_000) - 20_000).max(0).unsigned_abs()),
            commitments: (0..self.roll(4)).map(|_| self.commitment()).collect(),
            ..Student::default()
        }
    }

    fn job(&mut self) -> Job {
        Job {
            weekly_hours: self.tenths(45),
            rate_cents: 1_500,
            work_study: self.half(),
            on_campus: self.half(),
            posted: TERM,
            start: (self.roll(3) > 0).then(|| self.day()),
            end: (self.roll(3) > 0).then(|| self.day()),
        }
    }

    fn context(&mut self) -> Context {
        let period = |dice: &mut Self| {
            let start = dice.day();
            Period {
                recess: dice.half(),
                start,
                end: start + dice.roll(30) as Day,
            }
        };
        Context {
            today: TERM,
            calendar: (0..self.roll(4)).map(|_| period(self)).collect(),
            language: Language::English,
        }
    }

    fn settings(&mut self) -> Settings {
        Settings {
            weekly_term: self.tenths(30),
            weekly_recess: self.tenths(50),
            visa_weekly_term: self.tenths(30),
            outside_is_recess: self.half(),
            award_for_visas: self.half(),
            award_runs_out: if self.half() {
                Outcome::Review
            } else {
                Outcome::Eligible
            },
            priority_days: self.roll(10),
            priority_off_campus: self.half(),
            ..Settings::default()
        }
    }
}

/// Day by day, as a person would count; nothing in a case changes after day 200.
fn counted(student: &Student, job: &Job, context: &Context, settings: &Settings) -> Peaks {
    let (start, end) = week::span(job, context.today);
    let mut peaks = Peaks::default();
    for day in start..=end.unwrap_or(TERM + 200) {
        let running = student
            .commitments
            .iter()
            .filter(|one| one.start <= day && one.end.unwrap_or(Day::MAX) >= day);
        let held: Decimal = running.map(|one| one.weekly_hours).sum();
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
    for _ in 0..4_000 {
        let (student, job, context, settings) =
            (dice.student(), dice.job(), dice.context(), dice.settings());
        assert_eq!(
            week::peaks(&student, &job, &context, &settings),
            counted(&student, &job, &context, &settings),
            "{student:?} {job:?} {context:?}"
        );
    }
}

/// E2: the purse day by day, in sevenths of a cent's hundred-thousandths. Nothing starts or ends after day 200.
#[test]
fn an_award_lasts_as_long_as_a_count_of_every_day_says() {
    let mut dice = Dice(0xa3a7d);
    for _ in 0..4_000 {
        let (student, job) = (dice.student(), dice.job());
        let cents = dice.roll(200_000).unsigned_abs();
        let (start, end) = week::span(&job, TERM);
        let mut left = i128::from(cents) * i128::from(ONE) * 7;
        let mut last = None;
        for day in TERM..TERM + 20_000 {
            let held = student.commitments.iter().filter(|one| {
                one.work_study && one.start <= day && one.end.unwrap_or(Day::MAX) >= day
            });
            let mut hours: Decimal = held.map(|one| one.weekly_hours).sum();
            if start <= day && end.unwrap_or(Day::MAX) >= day {
                hours += job.weekly_hours;
            }
            left -= i128::from(hours) * 1_500;
            if left < 0 {
                last = Some(day - 1);
                break;
            }
            if day > TERM + 200 && hours == 0 {
                break;
            }
        }
        let draws = award::of_student(&student, TERM).chain([award::of_job(&job, TERM)]);
        assert_eq!(
            award::last_day(cents, draws, TERM),
            last,
            "{cents} {student:?} {job:?}"
        );
    }
}

#[test]
fn more_work_never_makes_a_student_more_eligible() {
    let mut dice = Dice(0xca5e);
    for _ in 0..4_000 {
        let (student, job, context, settings) =
            (dice.student(), dice.job(), dice.context(), dice.settings());
        let before = check(&student, &job, &context, &settings).outcome;
        let mut busier = student.clone();
        busier.commitments.push(dice.commitment());
        assert!(
            check(&busier, &job, &context, &settings).outcome >= before,
            "{busier:?} {job:?}"
        );
        let longer = Job {
            weekly_hours: job.weekly_hours + ONE,
            ..job
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
        let (student, job, context, settings) =
            (dice.student(), dice.job(), dice.context(), dice.settings());
        let verdict = check(&student, &job, &context, &settings);
        assert_eq!(
            verdict.outcome == Outcome::Eligible,
            verdict.reasons.is_empty()
        );
        for reason in &verdict.reasons {
            assert!(
                reason.message.ends_with('.') && reason.message.len() < 300,
                "{reason:?}"
            );
            assert!(
                reason
                    .remedy
                    .as_ref()
                    .is_some_and(|remedy| remedy.ends_with('.'))
            );
        }
    }
}

/// The first number of a sentence.
fn number_in(sentence: &str) -> Decimal {
    let word = sentence
        .split(' ')
        .find(|word| word.starts_with(|letter: char| letter.is_ascii_digit()));
    (word.unwrap().parse::<f64>().unwrap() * ONE as f64 + 0.5) as Decimal
}

/// E5: does what a remedy with a number says, every way it offers. None: it names no number of hours, credits or days.
fn followed(
    remedy: &str,
    student: &Student,
    job: &Job,
    context: &Context,
) -> Option<Vec<(Student, Job, Context)>> {
    let fewer = |hours| Job {
        weekly_hours: hours,
        ..job.clone()
    };
    let held = |change: &dyn Fn(Decimal) -> Decimal| {
        let mut student = student.clone();
        for one in &mut student.commitments {
            one.weekly_hours = change(one.weekly_hours).max(0);
        }
        student
    };
    let mut ways = Vec::new();
    if remedy.starts_with("Reduce your other jobs by at least") {
        let by = number_in(remedy);
        ways.push((held(&|hours| hours - by), job.clone(), context.clone()));
    } else if remedy.starts_with("Ask the employer whether you can work") {
        let fewer = fewer(number_in(remedy));
        if remedy.ends_with("leave your other jobs.") {
            ways.push((held(&|_| 0), fewer, context.clone()));
        } else {
            ways.push((student.clone(), fewer, context.clone()));
            if remedy.ends_with("or reduce hours in another job.") {
                // How many is not said; that it can be enough is.
                ways.push((held(&|_| 0), job.clone(), context.clone()));
            }
        }
    } else if remedy.starts_with("Enroll in") {
        let mut enrolled = student.clone();
        enrolled.credits = student.credits.map(|has| has + number_in(remedy));
        ways.push((enrolled, job.clone(), context.clone()));
    } else if remedy.starts_with("Apply on") {
        let later = (1..40).map(|days| Context {
            today: context.today + days,
            ..context.clone()
        });
        let said =
            |one: &Context| remedy.contains(&crate::date::written(one.today, Language::English));
        ways.extend(
            later
                .filter(said)
                .map(|one| (student.clone(), job.clone(), one)),
        );
    } else {
        return None;
    }
    Some(ways)
}

/// E5: a remedy that is followed is not answered by the same refusal, nor, of hours, by one for another kind of week.
#[test]
fn a_remedy_that_names_a_number_works() {
    let mut dice = Dice(0xe5e5);
    let mut tried = Vec::new();
    for _ in 0..20_000 {
        let (student, job, context, settings) =
            (dice.student(), dice.job(), dice.context(), dice.settings());
        let before = check(&student, &job, &context, &settings);
        for reason in &before.reasons {
            let remedy = reason.remedy.as_deref().unwrap();
            let Some(ways) = followed(remedy, &student, &job, &context) else {
                assert!(
                    !remedy.contains(|letter: char| letter.is_ascii_digit()),
                    "{remedy}"
                );
                continue;
            };
            assert!(!ways.is_empty(), "{remedy}");
            for (student, job, context) in ways {
                let after = check(&student, &job, &context, &settings);
                let told = |reason: &crate::Reason| {
                    let hours = |code: &str| code.contains("hours-in");
                    codes(&after)
                        .iter()
                        .any(|code| *code == reason.code || hours(code) && hours(reason.code))
                };
                assert!(
                    !told(reason),
                    "{before:?} {after:?} {student:?} {job:?} {context:?} {settings:?}"
                );
                if before.reasons.len() == 1 && !reason.code.starts_with("work-study") {
                    assert_eq!(after.outcome, Outcome::Eligible, "{before:?} {after:?}");
                }
            }
            tried.push(
                remedy.split(' ').next().unwrap().to_string() + remedy.rsplit(' ').next().unwrap(),
            );
        }
    }
    tried.sort();
    tried.dedup();
    // Every form of a remedy with a number came up.
    for form in [
        "Askfewer.",
        "Askjob.",
        "Askjobs.",
        "Reduceweek.",
        "Enrollrecord.",
        "Applylater.",
        "Applyoffice.",
    ] {
        assert!(tried.iter().any(|one| one == form), "{form} {tried:?}");
    }
}
